package crm

// A Catalog is what a provider offers.
type Catalog struct {
	Methods []Method
	Forms   []Form
	// Faults are entries that could not be read, in words; an operator sees them.
	Faults []string
	// Raw is the provider's own text of the catalogue, for the operator. Nil when there is none.
	Raw []byte
}

// A Method can be asked for.
type Method struct {
	Key         string
	Name        string // caption
	Description string
	In, Out     []Param
	ForUser     bool // the caller must say for which user
	Permanent   bool // needs the permanent channel: not to be had over HTTP
}

// A Form can be shown at a user's screen.
type Form struct {
	Key         string
	Name        string
	Description string
	In, Out     []Param
	AllowCancel bool
	ForUser     bool
	Permanent   bool
}

// A Param is a parameter of a method or a form.
type Param struct {
	Key         string
	Name        string
	Description string
	Type        Type
	Items       []Item // of a list: what may be chosen
}

// An Item is one choice of a list.
type Item struct{ ID, Name string }

// Type is a parameter's type; an unknown one is read as text.
type Type string

// The types.
const (
	String   Type = "string"
	Choice   Type = "list"
	Int      Type = "int"
	Float    Type = "float"
	Bool     Type = "bool"
	DateTime Type = "datetime"
	GUID     Type = "guid"
)

// Method finds a method by key.
func (c Catalog) Method(key string) (Method, bool) {
	for _, m := range c.Methods {
		if m.Key == key {
			return m, true
		}
	}
	return Method{}, false
}

// Form finds a form by key.
func (c Catalog) Form(key string) (Form, bool) {
	for _, f := range c.Forms {
		if f.Key == key {
			return f, true
		}
	}
	return Form{}, false
}

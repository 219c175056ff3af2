package crm

import "context"

// A Provider is a CRM.
type Provider interface {
	// Name is the provider's name in the directory; a link's or a plugin's.
	Name() string
	// Catalog is what it offers now. It answers from memory.
	Catalog() Catalog
	// Invoke runs a dynamic method and waits for its result. Errors: [ErrNoMethod], [ErrTimeout],
	// [ErrGone], [ErrUnsupported], *[Error] with what the CRM itself says.
	Invoke(ctx context.Context, call Call) (Values, error)
}

// A Call is one run of a dynamic method.
type Call struct {
	Method  string // key, without the provider's name
	In      Values
	User    string // login; for methods that are meant for one user's screen. "" for the CRM itself
	Session string // the run on whose behalf it is made, told to the CRM. "" makes a new one
	Late    int    // milliseconds for which an answer after the time-out still counts. Zero means none
}

// Values are parameters by key, in order. Values are nil, bool, string, wire numbers as
// [Number], List and Values.
type Values []Value

// A Value is one parameter.
type Value struct {
	Key   string
	Value any
}

// Number is a number as its JSON literal: nothing is lost between systems.
type Number string

// List is a list of values.
type List []any

// Get finds a value by key.
func (v Values) Get(key string) (any, bool) {
	for _, p := range v {
		if p.Key == key {
			return p.Value, true
		}
	}
	return nil, false
}

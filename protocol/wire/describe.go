package wire

import (
	"fmt"
	"reflect"
)

// FieldDoc describes one field for the reference pages.
type FieldDoc struct {
	Name     string     // as on the wire
	Type     string     // str, int, float, bool, obj, arr of …, any
	Doc      string     // the field's doc tag
	Required bool       // must come in
	Optional bool       // may be missing from what goes out
	Fields   []FieldDoc // of an object or of the objects in a list
}

// Describe lists the fields of a struct in the order of their declaration. It fails for types that
// have no form on the wire.
func Describe(t reflect.Type) ([]FieldDoc, error) {
	c, err := codecOf(t)
	if err != nil {
		return nil, err
	}
	if c.plan == nil {
		return nil, fmt.Errorf("wire: %s is not a struct", t)
	}
	return c.plan.describe(), nil
}

func (p *plan) describe() []FieldDoc {
	docs := make([]FieldDoc, len(p.fields))
	for i := range p.fields {
		f := &p.fields[i]
		docs[i] = FieldDoc{
			Name:     f.name,
			Type:     f.codec.describe(),
			Doc:      f.doc,
			Required: f.required,
			Optional: f.omitEmpty,
		}
		if inner := f.codec.inner(); inner != nil {
			docs[i].Fields = inner.describe()
		}
	}
	return docs
}

// describe names the type of a value [P 0.2].
func (k *codec) describe() string {
	switch k.shape {
	case textShape:
		return "str"
	case intShape:
		return "int"
	case floatShape:
		return "float"
	case boolShape:
		return "bool"
	case objectShape:
		return "obj"
	case listShape:
		if list := k.list(); list.elem != nil {
			return "arr of " + list.elem.describe()
		}
		return "arr"
	}
	return "any"
}

// list gives the codec of a list that may stand behind pointers.
func (k *codec) list() *codec {
	for k.pointer {
		k = k.elem
	}
	return k
}

// inner finds the struct that a value consists of, behind lists, maps and pointers.
func (k *codec) inner() *plan {
	for k != nil {
		if k.plan != nil {
			return k.plan
		}
		k = k.elem
	}
	return nil
}

// Check tells at start-up whether a struct can be used for what comes in: every field has a form on
// the wire, a tag and a doc sentence. What a caller reads must be documented.
func Check(t reflect.Type) error {
	docs, err := Describe(t)
	if err != nil {
		return err
	}
	return checkDocs(t, "", docs)
}

// CheckOut is Check for what only goes out: doc sentences may be missing.
func CheckOut(t reflect.Type) error {
	_, err := Describe(t)
	return err
}

func checkDocs(t reflect.Type, path string, docs []FieldDoc) error {
	for _, d := range docs {
		if d.Doc == "" {
			return fmt.Errorf("wire: %s: field %q has no doc tag", t, path+d.Name)
		}
		if err := checkDocs(t, path+d.Name+".", d.Fields); err != nil {
			return err
		}
	}
	return nil
}

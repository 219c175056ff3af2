package wire

import (
	"reflect"
	"unsafe"
)

// An Encoder writes the fields of one struct type, the same bytes as [AppendFields] and without a
// look-up of the type. The zero Encoder must not be used.
type Encoder[T any] struct{ plan *plan }

// NewEncoder makes an Encoder; it reports false for a type that is not a struct, or has no form on the
// wire.
func NewEncoder[T any]() (e Encoder[T], ok bool) {
	t := reflect.TypeFor[T]()
	if t.Kind() != reflect.Struct {
		return e, false
	}
	c, err := codecOf(t)
	if err != nil {
		return e, false
	}
	return Encoder[T]{c.plan}, true
}

// AppendFields appends the fields of v. After an error dst is as before.
func (e Encoder[T]) AppendFields(dst []byte, f Format, v *T) ([]byte, error) {
	grown, err := e.plan.encodeFields(dst, out{f: f}, unsafe.Pointer(v)) //nolint:gosec // the plan is T's
	if err != nil {
		return dst, err
	}
	return grown, nil
}

// AppendQID appends the query id, as [AppendHead] does when it is given one. qid is not empty.
func AppendQID(dst []byte, f Format, qid Token) []byte {
	return appendToken(dst, out{f: f}, label{pre: &qidPrefix}, qid)
}

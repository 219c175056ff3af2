package wire

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// The parts of an XML frame around its parameters [P 3.5].
const (
	xmlHead   = declaration + `<oktellxmlmapper version="80710"><data name=`
	xmlParams = ` count="1"><property_set name="params">`
	xmlTail   = `</property_set></data></oktellxmlmapper>`
)

var qidPrefix = newPrefix("qid")

// AppendHead appends the beginning of a frame: the name and, unless it is empty, the query id. Fields
// and AppendTail must follow. Fields that were encoded apart, to be shared by several frames, can only
// follow a head with a query id: they begin with a comma.
func AppendHead(dst []byte, f Format, name string, qid Token) []byte {
	if f == XML {
		dst = append(dst, xmlHead...)
		dst = appendXMLKey(dst, name)
		dst = append(dst, xmlParams...)
	} else {
		dst = append(dst, '[')
		dst = appendJSONText(dst, name)
		dst = append(dst, ',', '{')
	}
	if qid == "" {
		return dst
	}
	return appendToken(dst, out{f: f}, label{pre: &qidPrefix}, qid)
}

// AppendField appends one field. v may have any type that a struct's field may have: text, bool,
// numbers, lists, structs with wire tags, pointers to these, maps with text keys, Object, List, Number,
// Token, Raw and nil. Pointers and interfaces that are nil become null, lists and maps that are nil
// become empty. JSON fields begin with a comma unless dst ends with '{'. After an error dst is as before.
func AppendField(dst []byte, f Format, key string, v any) ([]byte, error) {
	grown, err := appendAny(dst, out{f: f}, label{key: key}, v)
	if err != nil {
		return dst, inField(key, err)
	}
	return grown, nil
}

// AppendFields appends the fields of a struct in the order of their declaration, or the members of an
// Object or of a map with text keys. nil has no fields. After an error dst is as before.
func AppendFields(dst []byte, f Format, v any) ([]byte, error) {
	if v == nil {
		return dst, nil
	}
	grown, err := appendFieldsOf(dst, out{f: f}, v)
	if err != nil {
		return dst, err
	}
	return grown, nil
}

func appendFieldsOf(dst []byte, o out, fields any) ([]byte, error) {
	if tree, ok := fields.(Object); ok {
		return appendMembers(dst, o, tree)
	}
	v := reflect.ValueOf(fields)
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return dst, nil
		}
		v = v.Elem()
	}
	c, err := codecOf(v.Type())
	switch {
	case err != nil:
		return dst, err
	case c.plan != nil && v.Kind() == reflect.Struct:
		return c.plan.encodeFields(dst, o, addressOf(v))
	case v.Kind() == reflect.Map:
		return c.elem.encodeEntries(dst, o, v)
	case v.Type() == objectType:
		return appendMembers(dst, o, v.Interface().(Object))
	}
	return dst, fmt.Errorf("wire: %s has no fields", v.Type())
}

// AppendTail appends the end of a frame.
func AppendTail(dst []byte, f Format) []byte {
	if f == XML {
		return append(dst, xmlTail...)
	}
	return append(dst, '}', ']')
}

// Append appends a whole frame: head, the fields of v and tail. After an error dst is as before.
func Append(dst []byte, f Format, name string, qid Token, v any) ([]byte, error) {
	grown, err := AppendFields(AppendHead(dst, f, name, qid), f, v)
	if err != nil {
		return dst, fmt.Errorf("wire: encode %s: %w", cut(name, maxErrorText), err)
	}
	return AppendTail(grown, f), nil
}

// inField names the field that could not be encoded.
func inField(key string, err error) error {
	return fmt.Errorf("field %q: %w", cut(key, maxErrorText), err)
}

// appendAny writes a value of any supported type; the common ones without reflection.
func appendAny(dst []byte, o out, l label, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return appendNull(dst, o, l), nil
	case string:
		return appendText(dst, o, l, v), nil
	case bool:
		return appendBool(dst, o, l, v), nil
	case int:
		return appendInt(dst, o, l, int64(v)), nil
	case int64:
		return appendInt(dst, o, l, v), nil
	case float64:
		return appendFloat(dst, o, l, v, 64)
	case Number:
		return appendNumber(dst, o, l, v)
	case Token:
		return appendToken(dst, o, l, v), nil
	case Raw:
		return appendRaw(dst, o, l, v)
	case Object:
		return appendObject(dst, o, l, v)
	case List:
		return appendTreeList(dst, o, l, v)
	}
	r := reflect.ValueOf(v)
	c, err := codecOf(r.Type())
	if err != nil {
		return dst, err
	}
	return c.encode(dst, o, l, addressOf(r))
}

func appendObject(dst []byte, o out, l label, v Object) ([]byte, error) {
	in, err := o.deeper()
	if err != nil {
		return dst, err
	}
	if dst, err = appendMembers(openObject(dst, o, l), in, v); err != nil {
		return dst, err
	}
	return closeObject(dst, o), nil
}

func appendMembers(dst []byte, o out, v Object) ([]byte, error) {
	var err error
	for i := range v {
		if dst, err = appendAny(dst, o, label{key: v[i].Key}, v[i].Value); err != nil {
			return dst, inField(v[i].Key, err)
		}
	}
	return dst, nil
}

func appendTreeList(dst []byte, o out, l label, v List) ([]byte, error) {
	in, err := o.deeper()
	if err != nil {
		return dst, err
	}
	dst = openList(dst, o, l, len(v))
	for i := range v {
		if dst, err = appendAny(dst, in, label{pre: &item}, v[i]); err != nil {
			return dst, err
		}
	}
	return closeList(dst, o), nil
}

// appendRaw writes a JSON value: into JSON as it is, into XML as the tree that it stands for.
func appendRaw(dst []byte, o out, l label, v Raw) ([]byte, error) {
	if len(v) == 0 {
		return appendNull(dst, o, l), nil
	}
	s := scanner{b: v, max: maxOut - o.depth}
	if s.value() {
		s.space()
	}
	if s.fault != "" || s.i < len(v) {
		return dst, fmt.Errorf("wire: raw value: not JSON at byte %d", s.i)
	}
	if o.f == JSON {
		return append(l.appendJSON(dst), v...), nil
	}
	return appendAny(dst, o, l, (&cursor{b: v}).value())
}

// appendToken writes a query id as it came. An empty one is null.
func appendToken(dst []byte, o out, l label, t Token) []byte {
	if o.f == JSON {
		if t == "" {
			return appendNull(dst, o, l)
		}
		return append(l.appendJSON(dst), t...)
	}
	if n := len(t) - 1; n > 0 && t[0] == '"' && strings.IndexByte(string(t), '\\') < 0 {
		return appendText(dst, o, l, string(t[1:n])) // the usual one
	}
	grown, err := appendRaw(dst, o, l, Raw(t))
	if err != nil {
		return appendText(dst, o, l, string(t)) // a Token that was never on a wire
	}
	return grown
}

// sortedKeys gives the keys of a map in order, so that equal maps are equal bytes.
func sortedKeys(v reflect.Value) []reflect.Value {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	return keys
}

package wire

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"unsafe"
)

// maxFields is how many fields a struct may have, those of embedded structs included.
const maxFields = 256

// A codec knows how to read and write values of one Go type. It is made once per type.
type codec struct {
	bind    func(c *cursor, v reflect.Value) error
	encode  func(dst []byte, o out, l label, p unsafe.Pointer) ([]byte, error) // p points at the value
	leaf    leaf
	typ     reflect.Type
	shape   shape
	elem    *codec // of what a list, a map or a pointer holds
	plan    *plan  // of a struct or a pointer to one
	pointer bool
}

// shape is what a value looks like on the wire.
type shape uint8

const (
	anyShape shape = iota
	textShape
	intShape
	floatShape
	boolShape
	objectShape
	listShape
)

// A plan is a struct's fields in the order in which they are declared, embedded structs flattened.
type plan struct {
	fields []field
	byName map[string]int
}

// A field is one field with a wire tag.
type field struct {
	name      string
	doc       string
	index     []int
	offset    uintptr // within the outermost struct
	required  bool
	omitEmpty bool
	prefix    prefix
	codec     *codec
}

// codecs holds a *codec or an error for each reflect.Type that was asked for. It only saves time.
var codecs sync.Map

// codecOf gives the codec of a type; an error when the type has no form on the wire.
func codecOf(t reflect.Type) (*codec, error) {
	known, ok := codecs.Load(t)
	if !ok {
		c, err := compile(t, nil)
		if err != nil {
			known, _ = codecs.LoadOrStore(t, err)
		} else {
			known, _ = codecs.LoadOrStore(t, c)
		}
	}
	if err, bad := known.(error); bad {
		return nil, err
	}
	return known.(*codec), nil
}

var (
	objectType = reflect.TypeFor[Object]()
	treeType   = reflect.TypeFor[List]()
	numberType = reflect.TypeFor[Number]()
	rawType    = reflect.TypeFor[Raw]()
	tokenType  = reflect.TypeFor[Token]()
	anyType    = reflect.TypeFor[any]()
)

// compile makes a codec. outer are the structs that the type stands in.
func compile(t reflect.Type, outer []reflect.Type) (*codec, error) {
	c, err := compileType(t, outer)
	if err == nil {
		c.typ = t
	}
	return c, err
}

func compileType(t reflect.Type, outer []reflect.Type) (*codec, error) {
	switch t {
	case objectType:
		return &codec{bind: bindObject, encode: encodeObject, shape: objectShape}, nil
	case treeType:
		return &codec{bind: bindTreeList, encode: encodeTreeList, shape: listShape}, nil
	case numberType:
		return &codec{bind: bindNumber, encode: encodeNumber, shape: floatShape}, nil
	case rawType:
		return &codec{bind: bindRaw, encode: encodeRaw}, nil
	case tokenType:
		return &codec{bind: bindToken, encode: encodeToken, shape: textShape}, nil
	case anyType:
		return &codec{bind: bindAny, encode: encodeInterface}, nil
	}
	switch t.Kind() {
	case reflect.String:
		return &codec{bind: bindText, encode: encodeText, leaf: textLeaf, shape: textShape}, nil
	case reflect.Bool:
		return &codec{bind: bindBool, encode: encodeBool, leaf: boolLeaf, shape: boolShape}, nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return intCodec(t.Kind()), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return &codec{bind: bindUint, encode: uintEncoder(t.Kind()), shape: intShape}, nil
	case reflect.Float32:
		return &codec{bind: bindFloat, encode: encodeFloat32, shape: floatShape}, nil
	case reflect.Float64:
		return &codec{bind: bindFloat, encode: encodeFloat64, shape: floatShape}, nil
	}
	return compileOuter(t, outer)
}

// compileOuter makes the codec of a type that holds others.
func compileOuter(t reflect.Type, outer []reflect.Type) (*codec, error) {
	switch t.Kind() {
	case reflect.Struct:
		return compileStruct(t, outer)
	case reflect.Pointer, reflect.Slice, reflect.Map:
	default:
		return nil, fmt.Errorf("wire: %s has no form on the wire", t)
	}
	elem, err := compile(t.Elem(), outer)
	if err != nil {
		return nil, err
	}
	switch {
	case t.Kind() == reflect.Pointer:
		return &codec{bind: elem.bindPointer, encode: elem.encodePointer, shape: elem.shape, elem: elem, plan: elem.plan, pointer: true}, nil
	case t.Kind() == reflect.Map && t.Key().Kind() == reflect.String:
		return &codec{bind: elem.bindMap, encode: elem.mapEncoder(t), shape: objectShape, elem: elem}, nil
	case t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8:
		return &codec{bind: elem.bindList, encode: elem.encodeList, shape: listShape, elem: elem}, nil
	}
	return nil, fmt.Errorf("wire: %s has no form on the wire", t)
}

func compileStruct(t reflect.Type, outer []reflect.Type) (*codec, error) {
	for _, o := range outer {
		if o == t {
			return nil, fmt.Errorf("wire: %s contains itself", t)
		}
	}
	p := &plan{byName: map[string]int{}}
	if err := p.add(t, place{}, append(outer[:len(outer):len(outer)], t)); err != nil {
		return nil, err
	}
	if len(p.fields) > maxFields {
		return nil, fmt.Errorf("wire: %s has %d fields, %d are allowed", t, len(p.fields), maxFields)
	}
	return &codec{bind: p.bind, encode: p.encode, shape: objectShape, plan: p}, nil
}

// A place is where a field lies within the outermost struct.
type place struct {
	index  []int
	offset uintptr
}

// add takes the fields of a struct, that lies there, into the plan.
func (p *plan) add(t reflect.Type, there place, outer []reflect.Type) error {
	for i := range t.NumField() {
		sf := t.Field(i)
		at := place{append(there.index[:len(there.index):len(there.index)], i), there.offset + sf.Offset}
		tag, tagged := sf.Tag.Lookup("wire")
		var err error
		switch {
		case tag == "-" || !tagged && !sf.IsExported() && !sf.Anonymous:
			continue
		case !tagged && sf.Anonymous && sf.Type.Kind() == reflect.Struct:
			err = p.add(sf.Type, at, outer)
		case !tagged:
			err = errors.New(`has no wire tag; wire:"-" leaves it out`)
		case !sf.IsExported():
			err = errors.New("has a wire tag but is not exported")
		default:
			err = p.addField(sf, tag, at, outer)
		}
		if err != nil {
			return fmt.Errorf("wire: %s.%s: %w", t, sf.Name, err)
		}
	}
	return nil
}

func (p *plan) addField(sf reflect.StructField, tag string, at place, outer []reflect.Type) error {
	name, options, _ := strings.Cut(tag, ",")
	if name == "" {
		return errors.New("its wire tag has no name")
	}
	if _, doubled := p.byName[name]; doubled {
		return fmt.Errorf("%q is there twice", name)
	}
	f := field{name: name, doc: sf.Tag.Get("doc"), index: at.index, offset: at.offset, prefix: newPrefix(name)}
	for option := range strings.SplitSeq(options, ",") {
		switch option {
		case "":
		case "required":
			f.required = true
		case "omitempty":
			f.omitEmpty = true
		default:
			return fmt.Errorf("unknown option %q in its wire tag", option)
		}
	}
	c, err := compile(sf.Type, outer)
	if err != nil {
		return err
	}
	f.codec = c
	p.byName[name] = len(p.fields)
	p.fields = append(p.fields, f)
	return nil
}

// in gives the field's value within a struct.
func (f *field) in(v reflect.Value) reflect.Value {
	if len(f.index) == 1 {
		return v.Field(f.index[0])
	}
	return v.FieldByIndex(f.index)
}

// find gives the position of the field with a name; -1 when there is none. Peers mostly send the
// fields in one order: the search begins at the one that is likely next.
func (p *plan) find(name []byte, likely int) int {
	if likely < len(p.fields) && string(name) == p.fields[likely].name {
		return likely
	}
	if i, ok := p.byName[string(name)]; ok {
		return i
	}
	return -1
}

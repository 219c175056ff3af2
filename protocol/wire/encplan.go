package wire

import (
	"reflect"
	"strconv"
	"unsafe"
)

// The functions of this file write Go values from where they lie in memory, as a codec wants them: a
// reply is written many thousand times a second, and reflection would ask each time what never
// changes. Which function fits which type is settled once, by compile; nothing keeps a pointer.

// leaf tells which values a struct's plan writes by itself, without a call through the codec.
type leaf uint8

const (
	noLeaf leaf = iota
	textLeaf
	boolLeaf
	intLeaf
)

func encodeText(dst []byte, o out, l label, p unsafe.Pointer) ([]byte, error) {
	return appendText(dst, o, l, *(*string)(p)), nil
}

func encodeBool(dst []byte, o out, l label, p unsafe.Pointer) ([]byte, error) {
	return appendBool(dst, o, l, *(*bool)(p)), nil
}

func encodeInt[T int | int8 | int16 | int32 | int64](dst []byte, o out, l label, p unsafe.Pointer) ([]byte, error) {
	return appendInt(dst, o, l, int64(*(*T)(p))), nil
}

func encodeUint[T uint | uint8 | uint16 | uint32 | uint64](dst []byte, o out, l label, p unsafe.Pointer) ([]byte, error) {
	return appendUint(dst, o, l, uint64(*(*T)(p))), nil
}

func intCodec(k reflect.Kind) *codec {
	c := &codec{bind: bindInt, shape: intShape}
	switch k {
	case reflect.Int8:
		c.encode = encodeInt[int8]
	case reflect.Int16:
		c.encode = encodeInt[int16]
	case reflect.Int32:
		c.encode = encodeInt[int32]
	case reflect.Int64:
		c.encode = encodeInt[int64]
	default:
		c.encode, c.leaf = encodeInt[int], intLeaf
	}
	return c
}

func uintEncoder(k reflect.Kind) func([]byte, out, label, unsafe.Pointer) ([]byte, error) {
	switch k {
	case reflect.Uint8:
		return encodeUint[uint8]
	case reflect.Uint16:
		return encodeUint[uint16]
	case reflect.Uint32:
		return encodeUint[uint32]
	case reflect.Uint64:
		return encodeUint[uint64]
	}
	return encodeUint[uint]
}

func encodeFloat32(dst []byte, o out, l label, p unsafe.Pointer) ([]byte, error) {
	return appendFloat(dst, o, l, float64(*(*float32)(p)), 32)
}

func encodeFloat64(dst []byte, o out, l label, p unsafe.Pointer) ([]byte, error) {
	return appendFloat(dst, o, l, *(*float64)(p), 64)
}

func encodeNumber(dst []byte, o out, l label, p unsafe.Pointer) ([]byte, error) {
	return appendNumber(dst, o, l, *(*Number)(p))
}

func encodeToken(dst []byte, o out, l label, p unsafe.Pointer) ([]byte, error) {
	return appendToken(dst, o, l, *(*Token)(p)), nil
}

func encodeRaw(dst []byte, o out, l label, p unsafe.Pointer) ([]byte, error) {
	return appendRaw(dst, o, l, *(*Raw)(p))
}

func encodeObject(dst []byte, o out, l label, p unsafe.Pointer) ([]byte, error) {
	return appendObject(dst, o, l, *(*Object)(p))
}

func encodeTreeList(dst []byte, o out, l label, p unsafe.Pointer) ([]byte, error) {
	return appendTreeList(dst, o, l, *(*List)(p))
}

func encodeInterface(dst []byte, o out, l label, p unsafe.Pointer) ([]byte, error) {
	return appendAny(dst, o, l, *(*any)(p))
}

// The methods of a codec that write pointers, lists and maps belong to the codec of the elements.

func (k *codec) encodePointer(dst []byte, o out, l label, p unsafe.Pointer) ([]byte, error) {
	to := *(*unsafe.Pointer)(p)
	if to == nil {
		return appendNull(dst, o, l), nil
	}
	return k.encode(dst, o, l, to)
}

// sliceHeader is how a list lies in memory, whatever its elements are.
type sliceHeader struct {
	data     unsafe.Pointer
	len, cap int
}

func (k *codec) encodeList(dst []byte, o out, l label, p unsafe.Pointer) ([]byte, error) {
	in, err := o.deeper()
	if err != nil {
		return dst, err
	}
	list, size := (*sliceHeader)(p), k.typ.Size()
	dst = openList(dst, o, l, list.len)
	for i := range list.len {
		if dst, err = k.encode(dst, in, label{pre: &item}, unsafe.Add(list.data, uintptr(i)*size)); err != nil {
			return dst, err
		}
	}
	return closeList(dst, o), nil
}

// mapEncoder writes maps of the type t. How they lie in memory is the runtime's matter.
func (k *codec) mapEncoder(t reflect.Type) func([]byte, out, label, unsafe.Pointer) ([]byte, error) {
	return func(dst []byte, o out, l label, p unsafe.Pointer) ([]byte, error) {
		in, err := o.deeper()
		if err != nil {
			return dst, err
		}
		if dst, err = k.encodeEntries(openObject(dst, o, l), in, reflect.NewAt(t, p).Elem()); err != nil {
			return dst, err
		}
		return closeObject(dst, o), nil
	}
}

func (k *codec) encodeEntries(dst []byte, o out, v reflect.Value) ([]byte, error) {
	var err error
	for _, key := range sortedKeys(v) {
		if dst, err = k.encode(dst, o, label{key: key.String()}, addressOf(v.MapIndex(key))); err != nil {
			return dst, inField(key.String(), err)
		}
	}
	return dst, nil
}

// addressOf is where a value lies, or a copy of it when it has no place of its own.
func addressOf(v reflect.Value) unsafe.Pointer {
	if v.CanAddr() {
		return v.Addr().UnsafePointer()
	}
	at := reflect.New(v.Type())
	at.Elem().Set(v)
	return at.UnsafePointer()
}

func (p *plan) encode(dst []byte, o out, l label, v unsafe.Pointer) ([]byte, error) {
	in, err := o.deeper()
	if err != nil {
		return dst, err
	}
	if dst, err = p.encodeFields(openObject(dst, o, l), in, v); err != nil {
		return dst, err
	}
	return closeObject(dst, o), nil
}

// encodeFields writes the fields of the struct that lies at v.
func (p *plan) encodeFields(dst []byte, o out, v unsafe.Pointer) ([]byte, error) {
	if o.f == JSON {
		return p.encodeJSON(dst, o, v)
	}
	for i := range p.fields {
		f := &p.fields[i]
		at := unsafe.Add(v, f.offset)
		if f.omitEmpty && f.codec.empty(at) {
			continue
		}
		var err error
		if dst, err = f.codec.encode(dst, o, label{pre: &f.prefix}, at); err != nil {
			return dst, inField(f.name, err)
		}
	}
	return dst, nil
}

// encodeJSON is encodeFields for JSON; most fields are written here, without a call for each.
func (p *plan) encodeJSON(dst []byte, o out, v unsafe.Pointer) ([]byte, error) {
	for i := range p.fields {
		f := &p.fields[i]
		at := unsafe.Add(v, f.offset)
		if f.omitEmpty && f.codec.empty(at) {
			continue
		}
		if f.codec.leaf == noLeaf {
			var err error
			if dst, err = f.codec.encode(dst, o, label{pre: &f.prefix}, at); err != nil {
				return dst, inField(f.name, err)
			}
			continue
		}
		dst = f.prefix.appendJSON(dst)
		switch f.codec.leaf {
		case textLeaf:
			dst = appendJSONText(dst, *(*string)(at))
		case boolLeaf:
			if *(*bool)(at) {
				dst = append(dst, "true"...)
			} else {
				dst = append(dst, "false"...)
			}
		case intLeaf:
			dst = appendDigits(dst, *(*int)(at))
		}
	}
	return dst, nil
}

// appendDigits appends a number; most have one digit.
func appendDigits(dst []byte, n int) []byte {
	if 0 <= n && n < 10 {
		return append(dst, byte('0'+n))
	}
	return strconv.AppendInt(dst, int64(n), 10)
}

// empty tells what omitempty leaves out: zero values, lists and maps without elements.
func (k *codec) empty(p unsafe.Pointer) bool {
	switch k.leaf {
	case textLeaf:
		return *(*string)(p) == ""
	case boolLeaf:
		return !*(*bool)(p)
	case intLeaf:
		return *(*int)(p) == 0
	}
	v := reflect.NewAt(k.typ, p).Elem()
	switch v.Kind() {
	case reflect.Slice, reflect.Map:
		return v.Len() == 0
	}
	return v.IsZero()
}

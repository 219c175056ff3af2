package wire

import "reflect"

// The functions of this file write Go values by reflection, as a codec wants them.

func encodeText(dst []byte, o out, l label, v reflect.Value) ([]byte, error) {
	return appendText(dst, o, l, v.String()), nil
}

func encodeBool(dst []byte, o out, l label, v reflect.Value) ([]byte, error) {
	return appendBool(dst, o, l, v.Bool()), nil
}

func encodeInt(dst []byte, o out, l label, v reflect.Value) ([]byte, error) {
	return appendInt(dst, o, l, v.Int()), nil
}

func encodeUint(dst []byte, o out, l label, v reflect.Value) ([]byte, error) {
	return appendUint(dst, o, l, v.Uint()), nil
}

func encodeFloat(dst []byte, o out, l label, v reflect.Value) ([]byte, error) {
	return appendFloat(dst, o, l, v.Float(), v.Type().Bits())
}

func encodeNumber(dst []byte, o out, l label, v reflect.Value) ([]byte, error) {
	return appendNumber(dst, o, l, Number(v.String()))
}

func encodeToken(dst []byte, o out, l label, v reflect.Value) ([]byte, error) {
	return appendToken(dst, o, l, Token(v.String())), nil
}

func encodeRaw(dst []byte, o out, l label, v reflect.Value) ([]byte, error) {
	return appendRaw(dst, o, l, v.Bytes())
}

func encodeObject(dst []byte, o out, l label, v reflect.Value) ([]byte, error) {
	return appendObject(dst, o, l, v.Interface().(Object))
}

func encodeTreeList(dst []byte, o out, l label, v reflect.Value) ([]byte, error) {
	return appendTreeList(dst, o, l, v.Interface().(List))
}

func encodeInterface(dst []byte, o out, l label, v reflect.Value) ([]byte, error) {
	return appendAny(dst, o, l, v.Interface())
}

// The methods of a codec that write pointers, lists and maps belong to the codec of the elements.

func (k *codec) encodePointer(dst []byte, o out, l label, v reflect.Value) ([]byte, error) {
	if v.IsNil() {
		return appendNull(dst, o, l), nil
	}
	return k.encode(dst, o, l, v.Elem())
}

func (k *codec) encodeList(dst []byte, o out, l label, v reflect.Value) ([]byte, error) {
	in, err := o.deeper()
	if err != nil {
		return dst, err
	}
	n := v.Len()
	dst = openList(dst, o, l, n)
	for i := range n {
		if dst, err = k.encode(dst, in, label{pre: &item}, v.Index(i)); err != nil {
			return dst, err
		}
	}
	return closeList(dst, o), nil
}

func (k *codec) encodeMap(dst []byte, o out, l label, v reflect.Value) ([]byte, error) {
	in, err := o.deeper()
	if err != nil {
		return dst, err
	}
	if dst, err = k.encodeEntries(openObject(dst, o, l), in, v); err != nil {
		return dst, err
	}
	return closeObject(dst, o), nil
}

func (k *codec) encodeEntries(dst []byte, o out, v reflect.Value) ([]byte, error) {
	var err error
	for _, key := range sortedKeys(v) {
		if dst, err = k.encode(dst, o, label{key: key.String()}, v.MapIndex(key)); err != nil {
			return dst, inField(key.String(), err)
		}
	}
	return dst, nil
}

func (p *plan) encode(dst []byte, o out, l label, v reflect.Value) ([]byte, error) {
	in, err := o.deeper()
	if err != nil {
		return dst, err
	}
	if dst, err = p.encodeFields(openObject(dst, o, l), in, v); err != nil {
		return dst, err
	}
	return closeObject(dst, o), nil
}

func (p *plan) encodeFields(dst []byte, o out, v reflect.Value) ([]byte, error) {
	for i := range p.fields {
		f := &p.fields[i]
		value := f.in(v)
		if f.omitEmpty && isEmpty(value) {
			continue
		}
		var err error
		if dst, err = f.codec.encode(dst, o, label{pre: &f.prefix}, value); err != nil {
			return dst, inField(f.name, err)
		}
	}
	return dst, nil
}

// isEmpty tells what omitempty leaves out: zero values, lists and maps without elements.
func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map:
		return v.Len() == 0
	}
	return v.IsZero()
}

package wire_test

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/octolink/octolink/protocol/wire"
)

// tree builds by reflection what a value is on the wire.
func tree(v reflect.Value) any {
	switch v.Interface().(type) {
	case wire.Object, wire.List, wire.Number, wire.Token, wire.Raw:
		return v.Interface()
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil
		}
		return tree(v.Elem())
	case reflect.String:
		return v.String()
	case reflect.Slice:
		list := wire.List{}
		for i := range v.Len() {
			list = append(list, tree(v.Index(i)))
		}
		return list
	case reflect.Map:
		o := wire.Object{}
		for _, k := range v.MapKeys() {
			o = append(o, wire.Member{Key: k.String(), Value: tree(v.MapIndex(k))})
		}
		slices.SortFunc(o, func(a, b wire.Member) int { return strings.Compare(a.Key, b.Key) })
		return o
	case reflect.Struct:
		return fieldsOf(v)
	}
	return v.Interface()
}

func fieldsOf(v reflect.Value) wire.Object {
	o := wire.Object{}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("wire"), ",")
		switch {
		case name == "-":
		case f.Anonymous && name == "":
			o = append(o, fieldsOf(v.Field(i))...)
		case strings.Contains(options, "omitempty") && v.Field(i).IsZero():
		default:
			o = append(o, wire.Member{Key: name, Value: tree(v.Field(i))})
		}
	}
	return o
}

// A struct of every kind of field is written as the tree that it stands for, whatever is in it.
func TestStructsAreTheirTrees(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		var v wide
		fill(r, reflect.ValueOf(&v).Elem(), 0)
		v.Raw = wire.Raw(`{"a":[1]}`)
		v.Number = wire.Number("12.5")
		v.Token = wire.Token(`"t"`)
		v.Object, v.List, v.Any = wire.Object{{Key: "k", Value: 1}}, wire.List{"x", nil}, &inner{"n", 1}
		want := fieldsOf(reflect.ValueOf(v))
		for _, f := range []wire.Format{wire.JSON, wire.XML} {
			got, err := wire.AppendFields(nil, f, &v)
			if err != nil {
				t.Fatal(err)
			}
			copied, err := wire.AppendFields(nil, f, v)
			if err != nil {
				t.Fatal(err)
			}
			oracle, err := wire.AppendFields(nil, f, want)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, oracle) || !bytes.Equal(copied, oracle) {
				t.Fatalf("%v:\n got %s\n and %s\nwant %s", f, got, copied, oracle)
			}
		}
	}
}

// texts are those that need care.
var texts = []string{"", "a", "plain text of some length, 12345678", "a\"b\\c", "\x01", "ж€\U0001F600", "a\xffb", "<&>\t\n", "1234567\"", "\uFFFE", "]]>"}

// fill puts something into a value.
func fill(r *rand.Rand, v reflect.Value, depth int) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(texts[r.IntN(len(texts))])
	case reflect.Bool:
		v.SetBool(r.IntN(2) == 0)
	case reflect.Int, reflect.Int8:
		v.SetInt(int64(r.IntN(256) - 128))
	case reflect.Uint16:
		v.SetUint(uint64(r.IntN(1 << 16)))
	case reflect.Float32, reflect.Float64:
		v.SetFloat(float64(r.IntN(1000)) / 8)
	case reflect.Pointer:
		if r.IntN(2) == 0 {
			v.Set(reflect.New(v.Type().Elem()))
			fill(r, v.Elem(), depth)
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), r.IntN(4), 4))
		for i := range v.Len() {
			fill(r, v.Index(i), depth+1)
		}
	case reflect.Map:
		if r.IntN(3) > 0 {
			v.Set(reflect.MakeMap(v.Type()))
			for _, k := range []string{"b", "a\"", "c"} {
				e := reflect.New(v.Type().Elem()).Elem()
				fill(r, e, depth+1)
				v.SetMapIndex(reflect.ValueOf(k).Convert(v.Type().Key()), e)
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).Type != reflect.TypeFor[wire.Object]() && v.Type().Field(i).Type != reflect.TypeFor[wire.List]() && v.Field(i).CanSet() {
				fill(r, v.Field(i), depth+1)
			}
		}
	}
}

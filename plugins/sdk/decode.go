package sdk

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	basev1 "github.com/octolink/octolink/plugins/proto/base/v1"
)

// maxDepth is how deep values may be nested.
const maxDepth = 64

// Decode puts a message into a struct with crm tags. It takes what is meant: "1" is a number and true,
// one value is a list of one. The error names the field.
func Decode(o *basev1.Object, into any) error {
	v := reflect.ValueOf(into)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return fmt.Errorf("sdk: want a pointer to a struct, got %T", into)
	}
	return decodeStruct(o, v.Elem(), maxDepth)
}

func decodeStruct(o *basev1.Object, into reflect.Value, depth int) error {
	if depth == 0 {
		return errors.New("is nested too deeply")
	}
	fields, err := planOf(into.Type())
	if err != nil {
		return err
	}
	for _, f := range fields {
		v := valueOf(o, f.key)
		if isNull(v) {
			if f.required {
				return fmt.Errorf("%s: is missing", f.key)
			}
			continue
		}
		if err := decode(v, into.Field(f.index), depth-1); err != nil {
			return fmt.Errorf("%s: %w", f.key, err)
		}
		if f.required && into.Field(f.index).Kind() == reflect.String && into.Field(f.index).String() == "" {
			return fmt.Errorf("%s: is missing", f.key)
		}
		if err := chosen(f, into.Field(f.index)); err != nil {
			return err
		}
	}
	return nil
}

// chosen checks a text of which only some are offered.
func chosen(f field, v reflect.Value) error {
	if f.choices == "" || v.Kind() != reflect.String || v.String() == "" {
		return nil
	}
	for choice := range strings.SplitSeq(f.choices, ",") {
		if id, _, _ := strings.Cut(choice, "="); id == v.String() {
			return nil
		}
	}
	return fmt.Errorf("%s: %q is not to be chosen", f.key, v.String())
}

func valueOf(o *basev1.Object, key string) *basev1.Value {
	for _, f := range o.GetFields() {
		if f.GetKey() == key {
			return f.GetValue()
		}
	}
	return nil
}

func isNull(v *basev1.Value) bool {
	if v.GetKind() == nil {
		return true
	}
	_, null := v.GetKind().(*basev1.Value_Null)
	return null
}

func decode(v *basev1.Value, into reflect.Value, depth int) error {
	if depth == 0 {
		return errors.New("is nested too deeply")
	}
	switch into.Kind() {
	case reflect.Pointer:
		made := reflect.New(into.Type().Elem())
		into.Set(made)
		return decode(v, made.Elem(), depth)
	case reflect.Slice:
		return decodeList(v, into, depth)
	case reflect.Interface:
		if plain := plainValue(v, depth); plain != nil {
			into.Set(reflect.ValueOf(plain))
		}
		return nil
	case reflect.Struct:
		if into.Type() == timeType {
			return decodeTime(v, into)
		}
		return decodeObject(v, into, depth)
	case reflect.String:
		return decodeText(v, into)
	case reflect.Bool:
		return decodeBool(v, into)
	}
	return decodeNumber(v, into)
}

func decodeList(v *basev1.Value, into reflect.Value, depth int) error {
	items := []*basev1.Value{v}
	if l, ok := v.GetKind().(*basev1.Value_List); ok {
		items = l.List.GetItems()
	}
	into.Set(reflect.MakeSlice(into.Type(), len(items), len(items)))
	for i, item := range items {
		if isNull(item) {
			continue
		}
		if err := decode(item, into.Index(i), depth-1); err != nil {
			return fmt.Errorf("%d: %w", i, err)
		}
	}
	return nil
}

func decodeObject(v *basev1.Value, into reflect.Value, depth int) error {
	o, ok := v.GetKind().(*basev1.Value_Object)
	if !ok {
		return errors.New("want an object")
	}
	return decodeStruct(o.Object, into, depth)
}

// times are what CRMs write for a moment; without a zone it is this machine's.
var times = []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02", "02.01.2006 15:04:05"}

func decodeTime(v *basev1.Value, into reflect.Value) error {
	if t, ok := v.GetKind().(*basev1.Value_Time); ok {
		into.Set(reflect.ValueOf(t.Time.AsTime()))
		return nil
	}
	text, err := textOf(v)
	if err != nil {
		return err
	}
	for _, layout := range times {
		if t, err := time.ParseInLocation(layout, text, time.Local); err == nil {
			into.Set(reflect.ValueOf(t))
			return nil
		}
	}
	return fmt.Errorf("%q is no time", text)
}

func decodeText(v *basev1.Value, into reflect.Value) error {
	text, err := textOf(v)
	into.SetString(text)
	return err
}

func decodeBool(v *basev1.Value, into reflect.Value) error {
	if b, ok := v.GetKind().(*basev1.Value_Truth); ok {
		into.SetBool(b.Truth)
		return nil
	}
	text, err := textOf(v)
	if err != nil {
		return err
	}
	switch strings.ToLower(text) {
	case "1", "true", "yes":
		into.SetBool(true)
	case "0", "false", "no", "":
		into.SetBool(false)
	default:
		return fmt.Errorf("%q is neither true nor false", text)
	}
	return nil
}

func decodeNumber(v *basev1.Value, into reflect.Value) error {
	text, err := textOf(v)
	if err != nil {
		return err
	}
	if b, ok := v.GetKind().(*basev1.Value_Truth); ok {
		text = map[bool]string{true: "1", false: "0"}[b.Truth]
	}
	text = strings.TrimSpace(text)
	bits := into.Type().Bits()
	switch {
	case into.CanFloat():
		f, err := strconv.ParseFloat(text, bits)
		if err != nil {
			return fmt.Errorf("%q is no number", text)
		}
		into.SetFloat(f)
	case into.CanInt():
		n, err := strconv.ParseInt(text, 10, bits)
		if err != nil {
			return fmt.Errorf("%q is no whole number of %d bits", text, bits)
		}
		into.SetInt(n)
	default:
		n, err := strconv.ParseUint(text, 10, bits)
		if err != nil {
			return fmt.Errorf("%q is no whole number of %d bits without a sign", text, bits)
		}
		into.SetUint(n)
	}
	return nil
}

// textOf is a single value as a text.
func textOf(v *basev1.Value) (string, error) {
	switch k := v.GetKind().(type) {
	case *basev1.Value_Text:
		return k.Text, nil
	case *basev1.Value_Integer:
		return strconv.FormatInt(k.Integer, 10), nil
	case *basev1.Value_Real:
		return strconv.FormatFloat(k.Real, 'g', -1, 64), nil
	case *basev1.Value_Number:
		return k.Number, nil
	case *basev1.Value_Truth:
		return strconv.FormatBool(k.Truth), nil
	case *basev1.Value_Time:
		return k.Time.AsTime().Format(time.RFC3339Nano), nil
	case *basev1.Value_List:
		if len(k.List.GetItems()) == 1 {
			return textOf(k.List.GetItems()[0])
		}
	}
	return "", errors.New("want a single value")
}

// plainValue is a value as any: nil, bool, string, int64, float64, [time.Time], []any, map[string]any.
func plainValue(v *basev1.Value, depth int) any {
	if depth == 0 {
		return nil
	}
	switch k := v.GetKind().(type) {
	case *basev1.Value_Text:
		return k.Text
	case *basev1.Value_Integer:
		return k.Integer
	case *basev1.Value_Real:
		return k.Real
	case *basev1.Value_Number:
		return k.Number
	case *basev1.Value_Truth:
		return k.Truth
	case *basev1.Value_Time:
		return k.Time.AsTime()
	case *basev1.Value_List:
		all := make([]any, 0, len(k.List.GetItems()))
		for _, item := range k.List.GetItems() {
			all = append(all, plainValue(item, depth-1))
		}
		return all
	case *basev1.Value_Object:
		return plainMap(k.Object, depth)
	}
	return nil
}

// Map is a message as a map of plain values.
func Map(o *basev1.Object) map[string]any { return plainMap(o, maxDepth) }

func plainMap(o *basev1.Object, depth int) map[string]any {
	m := make(map[string]any, len(o.GetFields()))
	for _, f := range o.GetFields() {
		if _, double := m[f.GetKey()]; !double {
			m[f.GetKey()] = plainValue(f.GetValue(), depth-1)
		}
	}
	return m
}

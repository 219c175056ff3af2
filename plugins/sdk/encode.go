package sdk

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	basev1 "github.com/octolink/octolink/plugins/proto/base/v1"
)

// Encode makes a message of a struct with crm tags, or of a map[string]any, whose keys are sorted.
func Encode(v any) (*basev1.Object, error) {
	r := reflect.ValueOf(v)
	for r.Kind() == reflect.Pointer && !r.IsNil() {
		r = r.Elem()
	}
	if m, ok := v.(map[string]any); ok {
		return encodeMap(m)
	}
	if !r.IsValid() || r.Kind() != reflect.Struct {
		return nil, fmt.Errorf("sdk: want a struct, got %T", v)
	}
	return encodeStruct(r)
}

func encodeMap(m map[string]any) (*basev1.Object, error) {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	out := &basev1.Object{}
	for _, key := range keys {
		value, err := encode(reflect.ValueOf(m[key]))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		out.Fields = append(out.Fields, &basev1.Field{Key: key, Value: value})
	}
	return out, nil
}

func encodeStruct(v reflect.Value) (*basev1.Object, error) {
	fields, err := planOf(v.Type())
	if err != nil {
		return nil, err
	}
	made := make([]basev1.Field, len(fields))
	out := &basev1.Object{Fields: make([]*basev1.Field, 0, len(fields))}
	for i, f := range fields {
		from := v.Field(f.index)
		if from.Kind() == reflect.Pointer && from.IsNil() {
			continue
		}
		value, err := encode(from)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.key, err)
		}
		made[i].Key, made[i].Value = f.key, value
		out.Fields = append(out.Fields, &made[i])
	}
	return out, nil
}

func encode(v reflect.Value) (*basev1.Value, error) {
	switch v.Kind() {
	case reflect.Invalid:
		return &basev1.Value{}, nil
	case reflect.String:
		return textValue(v.String()), nil
	case reflect.Bool:
		return &basev1.Value{Kind: &basev1.Value_Truth{Truth: v.Bool()}}, nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return &basev1.Value{Kind: &basev1.Value_Integer{Integer: v.Int()}}, nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if v.Uint() > math.MaxInt64 {
			return &basev1.Value{Kind: &basev1.Value_Number{Number: strconv.FormatUint(v.Uint(), 10)}}, nil
		}
		return &basev1.Value{Kind: &basev1.Value_Integer{Integer: int64(v.Uint())}}, nil
	case reflect.Float32, reflect.Float64:
		return &basev1.Value{Kind: &basev1.Value_Real{Real: v.Float()}}, nil
	case reflect.Interface, reflect.Pointer:
		if v.IsNil() {
			return &basev1.Value{}, nil
		}
		return encode(v.Elem())
	case reflect.Slice:
		return encodeList(v)
	case reflect.Struct:
		if t, ok := v.Interface().(time.Time); ok {
			return &basev1.Value{Kind: &basev1.Value_Time{Time: timestamppb.New(t)}}, nil
		}
		o, err := encodeStruct(v)
		return &basev1.Value{Kind: &basev1.Value_Object{Object: o}}, err
	case reflect.Map:
		if m, ok := v.Interface().(map[string]any); ok {
			o, err := encodeMap(m)
			return &basev1.Value{Kind: &basev1.Value_Object{Object: o}}, err
		}
	}
	return nil, fmt.Errorf("%s cannot be carried", v.Type())
}

func textValue(s string) *basev1.Value {
	return &basev1.Value{Kind: &basev1.Value_Text{Text: strings.ToValidUTF8(s, "\uFFFD")}}
}

func encodeList(v reflect.Value) (*basev1.Value, error) {
	list := &basev1.List{Items: make([]*basev1.Value, v.Len())}
	for i := range v.Len() {
		item, err := encode(v.Index(i))
		if err != nil {
			return nil, err
		}
		list.Items[i] = item
	}
	return &basev1.Value{Kind: &basev1.Value_List{List: list}}, nil
}

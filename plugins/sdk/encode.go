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
		f := &basev1.Field{Key: key, Value: &basev1.Value{}}
		if err := encode(f.Value, reflect.ValueOf(m[key])); err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		out.Fields = append(out.Fields, f)
	}
	return out, nil
}

func encodeStruct(v reflect.Value) (*basev1.Object, error) {
	fields, err := planOf(v.Type())
	if err != nil {
		return nil, err
	}
	made, values := make([]basev1.Field, len(fields)), make([]basev1.Value, len(fields)) // one allocation for all of them
	out := &basev1.Object{Fields: make([]*basev1.Field, 0, len(fields))}
	for i, f := range fields {
		from := v.Field(f.index)
		if from.Kind() == reflect.Pointer && from.IsNil() {
			continue
		}
		if err := encode(&values[i], from); err != nil {
			return nil, fmt.Errorf("%s: %w", f.key, err)
		}
		made[i].Key, made[i].Value = f.key, &values[i]
		out.Fields = append(out.Fields, &made[i])
	}
	return out, nil
}

func encode(into *basev1.Value, v reflect.Value) error {
	switch v.Kind() {
	case reflect.Invalid:
	case reflect.String:
		into.Kind = &basev1.Value_Text{Text: valid(v.String())}
	case reflect.Bool:
		into.Kind = &basev1.Value_Truth{Truth: v.Bool()}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		into.Kind = &basev1.Value_Integer{Integer: v.Int()}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		into.Kind = &basev1.Value_Integer{Integer: int64(v.Uint())}
		if v.Uint() > math.MaxInt64 {
			into.Kind = &basev1.Value_Number{Number: strconv.FormatUint(v.Uint(), 10)}
		}
	case reflect.Float32, reflect.Float64:
		into.Kind = &basev1.Value_Real{Real: v.Float()}
	case reflect.Interface, reflect.Pointer:
		if !v.IsNil() {
			return encode(into, v.Elem())
		}
	case reflect.Slice:
		return encodeList(into, v)
	default:
		return encodeObject(into, v)
	}
	return nil
}

func encodeObject(into *basev1.Value, v reflect.Value) error {
	var o *basev1.Object
	var err error
	switch plain := v.Interface().(type) {
	case time.Time:
		into.Kind = &basev1.Value_Time{Time: timestamppb.New(plain)}
		return nil
	case map[string]any:
		o, err = encodeMap(plain)
	default:
		if v.Kind() != reflect.Struct {
			return fmt.Errorf("%s cannot be carried", v.Type())
		}
		o, err = encodeStruct(v)
	}
	into.Kind = &basev1.Value_Object{Object: o}
	return err
}

// valid makes a text one that protobuf carries.
func valid(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

func encodeList(into *basev1.Value, v reflect.Value) error {
	values := make([]basev1.Value, v.Len())
	list := &basev1.List{Items: make([]*basev1.Value, v.Len())}
	for i := range v.Len() {
		if err := encode(&values[i], v.Index(i)); err != nil {
			return err
		}
		list.Items[i] = &values[i]
	}
	into.Kind = &basev1.Value_List{List: list}
	return nil
}

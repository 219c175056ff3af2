package crmsim

import (
	"fmt"
	"strconv"

	"github.com/goccy/go-yaml"

	"github.com/octolink/octolink/protocol/wire"
)

// plain turns a value of YAML into one of the wire's tree.
func plain(v any) any {
	switch v := v.(type) {
	case nil, bool, string:
		return v
	case uint64:
		return wire.Number(strconv.FormatUint(v, 10))
	case int64:
		return wire.Number(strconv.FormatInt(v, 10))
	case int:
		return wire.Number(strconv.Itoa(v))
	case float64:
		return wire.Number(strconv.FormatFloat(v, 'g', -1, 64))
	case []any:
		list := make(wire.List, len(v))
		for i := range v {
			list[i] = plain(v[i])
		}
		return list
	case yaml.MapSlice:
		return object(v)
	}
	return fmt.Sprint(v)
}

func object(m yaml.MapSlice) wire.Object {
	o := make(wire.Object, 0, len(m))
	for _, item := range m {
		o = append(o, wire.Member{Key: fmt.Sprint(item.Key), Value: plain(item.Value)})
	}
	return o
}

// text is a value as a person would write it; "" for null, lists and objects.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case wire.Number:
		return string(v)
	case bool:
		return strconv.FormatBool(v)
	case int:
		return strconv.Itoa(v)
	}
	return ""
}

// field is a parameter of a message as text.
func field(o wire.Object, key string) string {
	v, _ := o.Get(key)
	return text(v)
}

// parameters are the values of a field that holds an object by key, or a list of {key, value}, or
// PHP's empty list [P 9.2].
func parameters(o wire.Object, key string) wire.Object {
	v, _ := o.Get(key)
	switch v := v.(type) {
	case wire.Object:
		return v
	case wire.List:
		var all wire.Object
		for _, entry := range v {
			if pair, ok := entry.(wire.Object); ok {
				value, _ := pair.Get("value")
				all = append(all, wire.Member{Key: either(field(pair, "key"), field(pair, "name")), Value: value})
			}
		}
		return all
	}
	return nil
}

package scripting

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/dop251/goja"
	"github.com/octolink/octolink/crm"
)

// Bounds of values that go out of a flow and come into it.
const (
	maxDepth  = 32
	maxValues = 100_000
)

var (
	errDeep     = fmt.Errorf("nested deeper than %d, or within itself", maxDepth)
	errMany     = fmt.Errorf("more than %d values", maxValues)
	errBig      = fmt.Errorf("more than %d bytes", maxBytes)
	errNotPlain = errors.New("a function or a symbol")
)

// A reader makes plain values of a flow's.
type reader struct{ values, bytes int }

// fromJS makes nil, bool, string, crm.Number, crm.List or crm.Values of a flow's value. Dates become
// texts in UTC; what is undefined inside an object is left out.
func fromJS(v goja.Value) (any, error) {
	var r reader
	return r.read(v, 0)
}

func (r *reader) read(v goja.Value, depth int) (any, error) {
	if r.values++; r.values > maxValues {
		return nil, errMany
	}
	if isNothing(v) {
		return nil, nil
	}
	switch o := v.(type) {
	case *goja.Object:
		return r.object(o, depth)
	case *goja.Symbol:
		return nil, errNotPlain
	}
	return r.plain(v.Export())
}

// plain makes a value of what goja gives for a primitive one.
func (r *reader) plain(v any) (any, error) {
	switch x := v.(type) {
	case bool:
		return x, nil
	case string:
		if r.bytes += len(x); r.bytes > maxBytes {
			return nil, errBig
		}
		return x, nil
	case int64:
		return crm.Number(strconv.FormatInt(x, 10)), nil
	case float64:
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return nil, nil // as JSON has it
		}
		return crm.Number(strconv.FormatFloat(x, 'g', -1, 64)), nil
	case *big.Int:
		return crm.Number(x.String()), nil
	}
	return nil, errNotPlain
}

func (r *reader) object(o *goja.Object, depth int) (any, error) {
	if depth >= maxDepth {
		return nil, errDeep
	}
	switch o.ClassName() {
	case "Function":
		return nil, errNotPlain
	case "Array":
		n := o.Get("length").ToInteger()
		if n > maxValues {
			return nil, errMany
		}
		list := make(crm.List, n)
		for i := range list {
			item, err := r.read(o.Get(strconv.Itoa(i)), depth+1)
			if err != nil {
				return nil, err
			}
			list[i] = item
		}
		return list, nil
	case "Date":
		if at, ok := o.Export().(time.Time); ok {
			return at.UTC().Format("2006-01-02T15:04:05.000Z"), nil
		}
		return nil, nil
	case "String", "Number", "Boolean":
		return r.plain(o.Export())
	case "Error":
		return o.String(), nil
	}
	values := crm.Values{}
	for _, key := range o.Keys() {
		v := o.Get(key)
		if v == nil || goja.IsUndefined(v) {
			continue
		}
		item, err := r.read(v, depth+1)
		if err != nil {
			return nil, err
		}
		r.bytes += len(key)
		values = append(values, crm.Value{Key: key, Value: item})
	}
	return values, nil
}

// toJS makes a flow's value of what a host function returns.
func toJS(rt *goja.Runtime, v any) goja.Value {
	switch x := v.(type) {
	case nil:
		return goja.Null()
	case goja.Value:
		return x
	case string:
		return rt.ToValue(x)
	case bool:
		return rt.ToValue(x)
	case crm.Number:
		return number(rt, x)
	case crm.List:
		items := make([]any, len(x))
		for i, item := range x {
			items[i] = toJS(rt, item)
		}
		return rt.NewArray(items...)
	case crm.Values:
		o := rt.NewObject()
		for _, p := range x {
			put(o, p.Key, toJS(rt, p.Value))
		}
		return o
	case none:
		return goja.Undefined()
	case time.Duration:
		return rt.ToValue(x.Seconds())
	}
	if s := reflect.ValueOf(v); s.Kind() == reflect.Struct {
		return structToJS(rt, s)
	}
	return rt.ToValue(v)
}

func structToJS(rt *goja.Runtime, s reflect.Value) goja.Value {
	o := rt.NewObject()
	t := s.Type()
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("js"), ",")
		if name != "" {
			put(o, name, toJS(rt, s.Field(i).Interface()))
		}
	}
	return o
}

// put adds a property to a fresh object, which takes everything.
func put(o *goja.Object, key string, v goja.Value) {
	if key == "__proto__" {
		_ = o.DefineDataProperty(key, v, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE)
		return
	}
	_ = o.Set(key, v)
}

// number is a number that keeps its value; one that JavaScript's numbers cannot hold stays a string.
func number(rt *goja.Runtime, n crm.Number) goja.Value {
	if i, err := strconv.ParseInt(string(n), 10, 64); err == nil {
		if i > 1<<53 || i < -(1<<53) {
			return rt.ToValue(string(n))
		}
		return rt.ToValue(i)
	}
	f, err := strconv.ParseFloat(string(n), 64)
	if err != nil || !strings.ContainsAny(string(n), ".eE") {
		return rt.ToValue(string(n))
	}
	return rt.ToValue(f)
}

// size counts the values of an answer, up to a bound.
func size(v any, left *int) {
	if *left--; *left < 0 {
		return
	}
	switch x := v.(type) {
	case crm.List:
		for _, item := range x {
			size(item, left)
		}
	case crm.Values:
		for _, p := range x {
			size(p.Value, left)
		}
	}
}

package plugins

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/octolink/octolink/crm"
	basev1 "github.com/octolink/octolink/plugins/proto/base/v1"
)

// maxDepth is how deep values may be nested.
const maxDepth = 64

var errDepth = errors.New("values are nested too deeply")

// toObject makes a message of a CRM's values.
func toObject(in crm.Values) (*basev1.Object, error) { return object(in, maxDepth) }

func object(in crm.Values, depth int) (*basev1.Object, error) {
	if depth == 0 {
		return nil, errDepth
	}
	fields := make([]basev1.Field, len(in)) // one allocation for all of them
	made := make([]basev1.Value, len(in))
	out := &basev1.Object{Fields: make([]*basev1.Field, len(in))}
	for i, v := range in {
		if err := toValue(&made[i], v.Value, depth-1); err != nil {
			return nil, err
		}
		fields[i].Key, fields[i].Value = valid(v.Key), &made[i]
		out.Fields[i] = &fields[i]
	}
	return out, nil
}

// valid makes a text one that protobuf carries.
func valid(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

func toValue(into *basev1.Value, v any, depth int) (err error) {
	switch v := v.(type) {
	case nil:
	case bool:
		into.Kind = &basev1.Value_Truth{Truth: v}
	case string:
		into.Kind = &basev1.Value_Text{Text: valid(v)}
	case crm.Number:
		number(into, v)
	case crm.Values:
		var o *basev1.Object
		o, err = object(v, depth)
		into.Kind = &basev1.Value_Object{Object: o}
	case crm.List:
		var l *basev1.List
		l, err = list(v, depth)
		into.Kind = &basev1.Value_List{List: l}
	default:
		err = errors.New("a value that CRMs do not have")
	}
	return err
}

func list(in crm.List, depth int) (*basev1.List, error) {
	if depth == 0 {
		return nil, errDepth
	}
	made := make([]basev1.Value, len(in))
	out := &basev1.List{Items: make([]*basev1.Value, len(in))}
	for i, v := range in {
		if err := toValue(&made[i], v, depth-1); err != nil {
			return nil, err
		}
		out.Items[i] = &made[i]
	}
	return out, nil
}

// number takes an integer or a real only when the literal comes back unchanged.
func number(into *basev1.Value, n crm.Number) {
	if i, err := strconv.ParseInt(string(n), 10, 64); err == nil && strconv.FormatInt(i, 10) == string(n) {
		into.Kind = &basev1.Value_Integer{Integer: i}
	} else if f, err := strconv.ParseFloat(string(n), 64); err == nil && literal(f) == string(n) {
		into.Kind = &basev1.Value_Real{Real: f}
	} else {
		into.Kind = &basev1.Value_Number{Number: string(n)}
	}
}

// literal is a real as a JSON literal; whole ones get a point, so that they stay reals.
func literal(f float64) string {
	s := strconv.FormatFloat(f, 'g', -1, 64)
	if !strings.ContainsAny(s, ".e") {
		s += ".0"
	}
	return s
}

// fromObject makes values of a message. What it holds comes from a plugin: nothing in it is trusted.
func fromObject(o *basev1.Object) (crm.Values, error) { return values(o, maxDepth) }

func values(o *basev1.Object, depth int) (crm.Values, error) {
	if depth == 0 {
		return nil, errDepth
	}
	out := make(crm.Values, 0, len(o.GetFields()))
	for _, f := range o.GetFields() {
		v, err := fromValue(f.GetValue(), depth-1)
		if err != nil {
			return nil, err
		}
		out = append(out, crm.Value{Key: f.GetKey(), Value: v})
	}
	return out, nil
}

func fromValue(v *basev1.Value, depth int) (any, error) {
	switch k := v.GetKind().(type) {
	case *basev1.Value_Text:
		return k.Text, nil
	case *basev1.Value_Integer:
		return crm.Number(strconv.FormatInt(k.Integer, 10)), nil
	case *basev1.Value_Real:
		if math.IsNaN(k.Real) || math.IsInf(k.Real, 0) {
			return nil, nil // JSON has no such numbers
		}
		return crm.Number(literal(k.Real)), nil
	case *basev1.Value_Truth:
		return k.Truth, nil
	case *basev1.Value_Time:
		return k.Time.AsTime().Format(time.RFC3339Nano), nil
	case *basev1.Value_List:
		return items(k.List, depth)
	case *basev1.Value_Object:
		return values(k.Object, depth)
	case *basev1.Value_Number:
		return literalOf(k.Number), nil
	}
	return nil, nil
}

func items(l *basev1.List, depth int) (any, error) {
	if depth == 0 {
		return nil, errDepth
	}
	out := make(crm.List, 0, len(l.GetItems()))
	for _, item := range l.GetItems() {
		v, err := fromValue(item, depth-1)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// literalOf is a number as the plugin wrote it; what JSON would not take as one is a text.
func literalOf(s string) any {
	if crm.IsNumber(s) {
		return crm.Number(s)
	}
	return s
}

package methods

import (
	"github.com/octolink/octolink/crm"
	"github.com/octolink/octolink/protocol/wire"
)

// WireValues are a CRM's values as messages have them.
func WireValues(v crm.Values) wire.Object {
	o := make(wire.Object, len(v))
	for i, p := range v {
		o[i] = wire.Member{Key: p.Key, Value: toWire(p.Value)}
	}
	return o
}

// CRMValues are the fields of a message's object as a CRM's values.
func CRMValues(o wire.Object) crm.Values {
	v := make(crm.Values, len(o))
	for i, m := range o {
		v[i] = crm.Value{Key: m.Key, Value: fromWire(m.Value)}
	}
	return v
}

// toWire and fromWire carry values between the CRM side's model and the wire's; they are the same
// trees under other names, so that package crm needs no wire.
func toWire(v any) any {
	switch v := v.(type) {
	case crm.Values:
		return WireValues(v)
	case crm.List:
		l := make(wire.List, len(v))
		for i, item := range v {
			l[i] = toWire(item)
		}
		return l
	case crm.Number:
		return wire.Number(v)
	}
	return v
}

func fromWire(v any) any {
	switch v := v.(type) {
	case wire.Object:
		return CRMValues(v)
	case wire.List:
		l := make(crm.List, len(v))
		for i, item := range v {
			l[i] = fromWire(item)
		}
		return l
	case wire.Number:
		return crm.Number(v)
	}
	return v
}

// outputs reads outputparameters: an object, an empty list for an empty one as PHP writes it, or a
// list of key and value [P 9.2].
func outputs(v any) crm.Values {
	switch v := v.(type) {
	case wire.Object:
		return CRMValues(v)
	case wire.List:
		var values crm.Values
		for _, item := range v {
			if o, ok := item.(wire.Object); ok {
				value, _ := o.Get("value")
				values = append(values, crm.Value{Key: textOf(o, "key", "name"), Value: fromWire(value)})
			}
		}
		return values
	}
	return nil
}

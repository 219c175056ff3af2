package scripting

import "github.com/octolink/octolink/crm"

// startValues are the object Start: why a run was started.
func (r *Run) startValues() crm.Values {
	t := &r.trigger
	params := make(crm.List, len(t.Params))
	for i, p := range t.Params {
		params[i] = p
	}
	v := crm.Values{{Key: "kind", Value: t.Kind}, {Key: "flow", Value: t.Flow}, {Key: "params", Value: params}}
	for _, optional := range []crm.Value{{Key: "user", Value: t.User}, {Key: "event", Value: t.Event}, {Key: "call", Value: t.Chain}} {
		if optional.Value != "" {
			v = append(v, optional)
		}
	}
	if t.Data != nil {
		v = append(v, crm.Value{Key: "data", Value: t.Data})
	}
	return append(v, t.About...)
}

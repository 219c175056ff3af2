package plugins

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"

	"github.com/octolink/octolink/crm"
	crmv1 "github.com/octolink/octolink/plugins/proto/crm/v1"
)

// The bounds of a catalogue.
const (
	maxOffers = 1000 // methods, and forms
	maxParams = 200  // of one of them
)

// readCatalog takes what is right of a plugin's catalogue; what is not becomes a fault.
func readCatalog(in *crmv1.CatalogResponse) crm.Catalog {
	var c crm.Catalog
	fault := func(format string, args ...any) { c.Faults = append(c.Faults, fmt.Sprintf(format, args...)) }
	for n, m := range in.GetMethods() {
		if n == maxOffers {
			fault("there are %d methods; the first %d count", len(in.GetMethods()), maxOffers)
			break
		}
		if _, double := c.Method(m.GetKey()); double {
			fault("method %q: is offered twice; the first counts", m.GetKey())
			continue
		}
		if !names.MatchString(m.GetKey()) {
			fault("method %q: its key must be letters, digits, _ and -, at most 64", cut(m.GetKey()))
			continue
		}
		c.Methods = append(c.Methods, crm.Method{
			Key: m.GetKey(), Name: orKey(m.GetName(), m.GetKey()), Description: m.GetDescription(),
			In: readParams(m.GetKey(), m.GetIn(), fault), Out: readParams(m.GetKey(), m.GetOut(), fault), ForUser: m.GetForUser(),
		})
	}
	for n, f := range in.GetForms() {
		if n == maxOffers {
			fault("there are %d forms; the first %d count", len(in.GetForms()), maxOffers)
			break
		}
		if _, double := c.Form(f.GetKey()); double {
			fault("form %q: is offered twice; the first counts", f.GetKey())
			continue
		}
		if !names.MatchString(f.GetKey()) {
			fault("form %q: its key must be letters, digits, _ and -, at most 64", cut(f.GetKey()))
			continue
		}
		c.Forms = append(c.Forms, crm.Form{
			Key: f.GetKey(), Name: orKey(f.GetName(), f.GetKey()), Description: f.GetDescription(),
			In: readParams(f.GetKey(), f.GetIn(), fault), Out: readParams(f.GetKey(), f.GetOut(), fault),
			AllowCancel: f.GetAllowCancel(), ForUser: true,
		})
	}
	c.Raw, _ = protojson.MarshalOptions{Multiline: true}.Marshal(in) // only shown
	return c
}

func readParams(of string, in []*crmv1.Param, fault func(string, ...any)) []crm.Param {
	var out []crm.Param
	seen := map[string]bool{}
	for n, p := range in {
		if n == maxParams {
			fault("%s: has %d parameters; the first %d count", of, len(in), maxParams)
			break
		}
		if p.GetKey() == "" || len(p.GetKey()) > 64 || seen[p.GetKey()] {
			fault("%s: the parameter %q has no good key, or one that is there already", of, cut(p.GetKey()))
			continue
		}
		seen[p.GetKey()] = true
		param := crm.Param{Key: p.GetKey(), Name: orKey(p.GetName(), p.GetKey()), Description: p.GetDescription(), Type: paramType(p.GetType())}
		for _, item := range p.GetItems() {
			param.Items = append(param.Items, crm.Item{ID: item.GetId(), Name: orKey(item.GetName(), item.GetId())})
		}
		out = append(out, param)
	}
	return out
}

func paramType(t string) crm.Type {
	if t == "" {
		return crm.String
	}
	return crm.Type(strings.ToLower(t))
}

func orKey(name, key string) string {
	if name == "" {
		return key
	}
	return name
}

// cut shortens what a plugin made up, for a log.
func cut(s string) string {
	if len(s) > 64 {
		return strings.ToValidUTF8(s[:64], "") + "…"
	}
	return s
}

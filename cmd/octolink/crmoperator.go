package main

import (
	"context"
	"fmt"

	"github.com/octolink/octolink/crm"
	"github.com/octolink/octolink/web"
)

var _ web.CRMs = (*Main)(nil)

// ListCRMs implements [web.CRMs].
func (m *Main) ListCRMs(context.Context) ([]web.CRM, error) {
	list := []web.CRM{}
	for _, p := range m.api.CRMs().Providers() {
		list = append(list, shownCRM(p.Name(), p.Catalog()))
	}
	return list, nil
}

// shownCRM is a catalogue as it is shown.
func shownCRM(name string, c crm.Catalog) web.CRM {
	shown := web.CRM{Name: name, Methods: []web.Offer{}, Forms: []web.Offer{}, Faults: c.Faults, Raw: string(c.Raw)}
	for _, o := range c.Methods {
		shown.Methods = append(shown.Methods, web.Offer{
			Key: o.Key, Name: o.Name, Description: o.Description, In: shownParams(o.In), Out: shownParams(o.Out),
			ForUser: o.ForUser, Permanent: o.Permanent,
		})
	}
	for _, o := range c.Forms {
		shown.Forms = append(shown.Forms, web.Offer{
			Key: o.Key, Name: o.Name, Description: o.Description, In: shownParams(o.In), Out: shownParams(o.Out),
			ForUser: o.ForUser, Permanent: o.Permanent,
		})
	}
	return shown
}

func shownParams(params []crm.Param) []web.OfferParam {
	var all []web.OfferParam
	for _, p := range params {
		shown := web.OfferParam{Key: p.Key, Name: p.Name, Type: string(p.Type)}
		for _, i := range p.Items {
			shown.Items = append(shown.Items, i.ID)
		}
		all = append(all, shown)
	}
	return all
}

// CallCRM implements [web.CRMs].
func (m *Main) CallCRM(ctx context.Context, o web.CRMOrder) (web.CRMAnswer, error) {
	in, err := m.ordered(&o)
	if err != nil {
		return web.CRMAnswer{}, err
	}
	out, err := m.api.CRMs().Invoke(ctx, o.Name, crm.Call{In: in, User: o.User})
	if err != nil {
		return web.CRMAnswer{}, err
	}
	return web.CRMAnswer{Values: appendValue(nil, out)}, nil
}

// ShowForm implements [web.CRMs].
func (m *Main) ShowForm(ctx context.Context, o web.CRMOrder) (web.CRMAnswer, error) {
	in, err := m.ordered(&o)
	if err != nil {
		return web.CRMAnswer{}, err
	}
	w, err := m.api.OpenForm(o.User, o.Name, in)
	if err != nil {
		return web.CRMAnswer{}, err
	}
	r, err := w.Wait(ctx)
	if err != nil {
		return web.CRMAnswer{}, err
	}
	return web.CRMAnswer{Button: r.Button, Values: appendValue(nil, r.Values)}, nil
}

// ordered makes values of an order's parameters, and its user's login the configured spelling.
func (m *Main) ordered(o *web.CRMOrder) (in crm.Values, err error) {
	if o.User != "" {
		if o.User, err = m.known(o.User); err != nil {
			return nil, err
		}
	}
	return paramValues(o.Params)
}

func paramValues(params []web.CRMParam) (in crm.Values, err error) {
	for _, p := range params {
		v := crm.Value{Key: p.Key, Value: p.Text}
		if len(p.JSON) > 0 {
			if v.Value, err = readValue(p.JSON); err != nil {
				return nil, fmt.Errorf("%s: %w", p.Key, err)
			}
		}
		in = append(in, v)
	}
	return in, nil
}

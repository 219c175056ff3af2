package web

import (
	"context"
	"encoding/json"
	"net/http"
)

// A CRM is who offers dynamic methods and forms now.
type CRM struct {
	Name    string   `json:"name"` // of its link
	Methods []Offer  `json:"methods"`
	Forms   []Offer  `json:"forms"`
	Faults  []string `json:"faults,omitempty"` // entries that could not be read, in words
	Raw     string   `json:"raw,omitempty"`    // the catalogue as the CRM sent it
}

// An Offer is a dynamic method or a form.
type Offer struct {
	Key         string       `json:"key"`
	Name        string       `json:"name,omitempty"`
	Description string       `json:"description,omitempty"`
	In          []OfferParam `json:"in,omitempty"`
	Out         []OfferParam `json:"out,omitempty"`
	ForUser     bool         `json:"for_user,omitempty"`  // it wants to know for which user
	Permanent   bool         `json:"permanent,omitempty"` // not to be had over HTTP
}

// An OfferParam is a parameter.
type OfferParam struct {
	Key   string   `json:"key"`
	Name  string   `json:"name,omitempty"`
	Type  string   `json:"type"`
	Items []string `json:"items,omitempty"` // what may be chosen
}

// A CRMOrder asks a CRM for something.
type CRMOrder struct {
	Name   string     `json:"name"`           // "crm.method", or "method" when only one CRM offers it
	User   string     `json:"user,omitempty"` // login
	Params []CRMParam `json:"params,omitempty"`
}

// A CRMParam is one parameter of an order. The catalogue says what type the text becomes.
type CRMParam struct {
	Key  string          `json:"key"`
	Text string          `json:"text,omitempty"`
	JSON json.RawMessage `json:"json,omitempty"` // instead of Text: any value
}

// A CRMAnswer is what came back.
type CRMAnswer struct {
	Button string          `json:"button,omitempty"` // of a form
	Values json.RawMessage `json:"values"`           // an object; its fields are in the CRM's order
}

// CRMs do what the admin socket is asked for about CRMs. Errors are shown to whoever asked.
type CRMs interface {
	ListCRMs(ctx context.Context) ([]CRM, error)
	// CallCRM runs a dynamic method.
	CallCRM(ctx context.Context, o CRMOrder) (CRMAnswer, error)
	// ShowForm shows a form to o.User and waits until he has closed it.
	ShowForm(ctx context.Context, o CRMOrder) (CRMAnswer, error)
}

func crmCommands(c CRMs) map[string]command {
	return map[string]command{
		"GET /crm": func(r *http.Request) (any, error) { return c.ListCRMs(r.Context()) },
		"POST /crm/call": func(r *http.Request) (any, error) {
			return ordered(r, c.CallCRM)
		},
		"POST /crm/form": func(r *http.Request) (any, error) {
			return ordered(r, c.ShowForm)
		},
	}
}

// ordered runs an order. It ends when whoever asked goes away.
func ordered(r *http.Request, do func(context.Context, CRMOrder) (CRMAnswer, error)) (answer any, err error) {
	_, err = bodied(func(ctx context.Context, _ *http.Request, o CRMOrder) error {
		answer, err = do(ctx, o)
		return err
	})(r)
	return answer, err
}

// CRMs lists who offers dynamic methods and forms.
func (c *AdminClient) CRMs(ctx context.Context) (list []CRM, err error) {
	err = c.do(ctx, http.MethodGet, "/crm", nil, &list)
	return list, err
}

// CallCRM runs a dynamic method. When ctx ends before its result, the CRM is told to cancel it.
func (c *AdminClient) CallCRM(ctx context.Context, o CRMOrder) (a CRMAnswer, err error) {
	err = c.do(ctx, http.MethodPost, "/crm/call", o, &a)
	return a, err
}

// ShowForm shows a form to a user and waits until he has closed it. When ctx ends before, the form
// is closed.
func (c *AdminClient) ShowForm(ctx context.Context, o CRMOrder) (a CRMAnswer, err error) {
	err = c.do(ctx, http.MethodPost, "/crm/form", o, &a)
	return a, err
}

package methods

import (
	"context"
	"slices"
	"time"

	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/wire"
)

// How long a caller waits for a service. Clients give up after 20 s [P 3.6] unless they were made for
// longer services.
const (
	serviceWait    = 15 * time.Second
	maxServiceWait = 10 * time.Minute
)

// maxServiceParam bounds one start parameter.
const maxServiceParam = 16 << 10

// startParams are the parameters of a service; more than five have no names [P 11].
type startParams struct {
	P1 any `wire:"startparam1" doc:"first parameter: a text, a number or a boolean, up to 16 KiB"`
	P2 any `wire:"startparam2" doc:"second parameter"`
	P3 any `wire:"startparam3" doc:"third parameter"`
	P4 any `wire:"startparam4" doc:"fourth parameter"`
	P5 any `wire:"startparam5" doc:"fifth parameter"`
}

// texts are the parameters up to the last one that was given.
func (p startParams) texts() ([]string, error) {
	var texts []string
	for i, v := range []any{p.P1, p.P2, p.P3, p.P4, p.P5} {
		text, ok := scalarText(v)
		if !ok || len(text) > maxServiceParam {
			return nil, badField("startparam"+string(rune('1'+i)), "want a text of at most 16 KiB")
		}
		texts = append(texts, text)
	}
	for len(texts) > 0 && texts[len(texts)-1] == "" {
		texts = texts[:len(texts)-1]
	}
	return slices.Clip(texts), nil
}

// scalarText is a value as text; false for a list or an object.
func scalarText(v any) (string, bool) {
	switch v := v.(type) {
	case nil:
		return "", true
	case string:
		return v, true
	case wire.Number:
		return string(v), true
	case bool:
		if v {
			return "1", true
		}
		return "0", true
	}
	return "", false
}

type serviceIn struct {
	Script string `wire:"scriptname" doc:"which service"`
	Name   string `wire:"name" doc:"other name of scriptname"`
	Wait   bool   `wire:"waitresponse" doc:"answer when the service has ended, with what it returns"`
	Within int    `wire:"waittimeoutsec" doc:"for how many seconds; 15 when absent, at most 600"`
	startParams
}

type serviceOut struct {
	Started     int    `wire:"started" doc:"1: the service was started"`
	StartResult int    `wire:"startresult" doc:"0: without a fault"`
	Returned    string `wire:"returnvalue" doc:"what the service returned; empty when it was not waited for"`
}

// runService starts a service scenario. Its caller may be needed meanwhile, for a form that the service
// shows to him, so the method is answered beside the mailbox.
func (a *API) runService(ctx context.Context, c *protocol.Client, in serviceIn) (serviceOut, error) {
	if a.opts.Services == nil {
		return serviceOut{}, &wire.Error{Code: protocol.CodeUnknownMethod, Text: "Unknown method"}
	}
	call := ServiceCall{Name: in.Script, Login: c.Login(), Wait: in.Wait, Within: serviceTime(in.Within)}
	if call.Name == "" {
		call.Name = in.Name
	}
	if call.Name == "" {
		return serviceOut{}, badField("scriptname", "missing")
	}
	if ch := c.Server(); ch != nil && !c.Tunnelled() {
		call.Link = ch.Link().Options().Name
	}
	var err error
	if call.Params, err = in.texts(); err != nil {
		return serviceOut{}, err
	}
	returned, err := a.opts.Services.RunService(ctx, call)
	if err != nil {
		return serviceOut{}, err
	}
	out := serviceOut{Started: 1}
	if len(returned) > 0 {
		out.Returned = returned[0]
	}
	return out, nil
}

func serviceTime(seconds int) time.Duration {
	if seconds <= 0 {
		return serviceWait
	}
	return time.Duration(min(seconds, int(maxServiceWait/time.Second))) * time.Second
}

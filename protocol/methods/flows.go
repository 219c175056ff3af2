package methods

import (
	"context"
	"errors"
	"time"

	"github.com/octolink/octolink/crm"
	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/wire"
)

// CheckLogin judges a login that shows a password in plain text, over HTTP, as a login over a channel
// is judged: the same passwords, the same limits for guessing. The answer to a failure may come late.
// It gives the login as configured; err is a fault of the server.
func (a *API) CheckLogin(ctx context.Context, remote, login, password string) (user string, ok bool, err error) {
	in := loginIn{Login: login}
	in.Cased, in.Lower = PasswordMD5(password)
	u, err := a.checkCredentials(ctx, in)
	var refused *wire.Error
	switch {
	case errors.As(err, &refused):
		a.throttle.failed(ctx, remote, login)
		return "", false, nil
	case err != nil:
		return "", false, err
	}
	return u.Login, true, nil
}

// A CustomEvent is an event that a client told.
type CustomEvent struct {
	Name   string
	Param  any    // as in [crm.Values]
	Sender string // login; "" for a CRM server
}

// What EmitCustom fails with, beside faults of the server.
var (
	ErrEventTooLarge = errors.New("an event has at most 16 KiB")
	ErrEventTooOften = errors.New("too many events within a second")
)

// EmitCustom tells everybody who listens an event of the server's own, in the way of
// triggercustomevent. source is whose events are counted: ten within a second.
func (a *API) EmitCustom(source, name string, param any) error {
	body := customBody{Name: name, Param: toWire(param)}
	if size, err := wire.AppendFields(nil, wire.JSON, body); err != nil || len(size) > maxCustomBytes {
		return ErrEventTooLarge
	}
	if !a.custom.allow("\x00"+source, time.Now()) { // no login begins like that
		return ErrEventTooOften
	}
	a.hub.Publish(customEvent.For(protocol.Everybody(), body))
	return nil
}

// heard passes a client's event on to whoever in the server wants to know of it.
func (a *API) heard(c *protocol.Client, in customIn) {
	if a.opts.OnCustom != nil {
		a.opts.OnCustom(CustomEvent{Name: in.Name, Param: fromWire(in.Param), Sender: c.Login()})
	}
}

// Reachable reports whether a user has a screen: a tab, or a CRM that he works in.
func (a *API) Reachable(login string) bool { return len(a.hub.Of(login)) > 0 }

// FormCall is the call for which a form is shown; clients are told of it.
type FormCall struct {
	Chain  string // GUID
	Caller string // number
}

// OpenFormFor is [API.OpenForm] for a call. The form stays when the call ends: who opened it closes it.
func (a *API) OpenFormFor(user, name string, in crm.Values, call FormCall) (*Window, error) {
	p, form, err := a.crms.Form(name)
	if err != nil {
		return nil, err
	}
	body := WireValues(crm.Typed(in, form.In))
	return a.open(p, showFormBody{Form: form.Key, In: body, ChainID: call.Chain, CallerID: call.Caller}, user, false)
}

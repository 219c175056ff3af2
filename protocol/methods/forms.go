package methods

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/google/uuid"

	"github.com/octolink/octolink/crm"
	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/wire"
)

// Forms are shown by events, at a user's tabs and by the CRM whose they are [P 9.2].
var (
	showForm  = protocol.NewEvent[showFormBody]("showform", "forms", "A form is to be shown to the user; what he enters comes back as formresult.")
	closeForm = protocol.NewEvent[closeFormBody]("closeform", "forms", "A form is to be closed.")
)

type showFormBody struct {
	Form      string      `wire:"formkey" doc:"which form"`
	Window    string      `wire:"windowid" doc:"this showing of it"`
	Execution string      `wire:"executionid" doc:"the same id"`
	In        wire.Object `wire:"inputparameters" doc:"its parameters by key"`
	ChainID   string      `wire:"chainid" doc:"the call that it is shown for, or empty"`
	CallerID  string      `wire:"callerid" doc:"the caller's number, or empty"`
}

type closeFormBody struct {
	Form   string `wire:"formkey" doc:"which form"`
	Window string `wire:"windowid" doc:"which showing of it"`
}

// A FormResult is what a user did with a form.
type FormResult struct {
	Button string // which button he pressed, "" when the form has none
	Values crm.Values
}

// ErrFormClosed is the error of [Window.Wait] when the form was closed without an answer.
var ErrFormClosed = errors.New("the form was closed")

// maxWindows is how many forms may be open at once.
const maxWindows = 10_000

// windows are the forms that are shown.
type windows struct {
	mu   sync.Mutex
	byID map[string]*Window
}

// A Window is one form at one user's screens.
type Window struct {
	api   *API
	id    string
	form  string
	user  string
	chain string          // closed with this call; "" when it is not bound to one
	link  *protocol.Link  // of the CRM whose form it is; nil when it is nobody's behind a link
	got   chan FormResult // closed with the window
}

// OpenForm shows "provider.form" to a user and does not wait. Errors: crm.ErrNoForm,
// crm.ErrNobody when no screen of his can show it.
func (a *API) OpenForm(user, name string, in crm.Values) (*Window, error) {
	return a.OpenFormFor(user, name, in, FormCall{})
}

// open shows a form. One that is bound is closed when the user has no part in its call any more.
func (a *API) open(p crm.Provider, body showFormBody, user string, bound bool) (*Window, error) {
	w := &Window{api: a, id: uuid.NewString(), form: body.Form, user: user, got: make(chan FormResult, 1)}
	if bound {
		w.chain = body.ChainID
	}
	body.Window, body.Execution = w.id, w.id
	if behind, ok := p.(*provider); ok {
		w.link = behind.link
	}
	if err := a.windows.add(w); err != nil {
		return nil, err
	}
	if told := a.hub.Publish(showForm.For(protocol.These(a.screens(user, w.link)...), body)); told == 0 {
		a.windows.take(w.id)
		return nil, fmt.Errorf("%w: %s", crm.ErrNobody, user)
	}
	return w, nil
}

// Wait is for what the user enters. It closes the form when ctx ends. Errors: [ErrFormClosed], those
// of ctx.
func (w *Window) Wait(ctx context.Context) (FormResult, error) {
	select {
	case r, ok := <-w.got:
		if !ok {
			return FormResult{}, ErrFormClosed
		}
		return r, nil
	case <-ctx.Done():
		w.Close()
		return FormResult{}, ctx.Err()
	}
}

// ID is the window's id on the wire.
func (w *Window) ID() string { return w.id }

// Close takes the form off the screens. It may be called often.
func (w *Window) Close() {
	if w.api.windows.take(w.id) == nil {
		return
	}
	w.tellClosed(nil)
	close(w.got)
}

// tellClosed closes the form everywhere but where it was answered. A CRM that came back meanwhile still
// shows it.
func (w *Window) tellClosed(answeredAt *protocol.Client) {
	others := slices.DeleteFunc(w.api.screens(w.user, w.link), func(c *protocol.Client) bool { return c == answeredAt })
	w.api.hub.Publish(closeForm.For(protocol.These(others...), closeFormBody{w.form, w.id}))
}

func (ws *windows) add(w *Window) error {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if len(ws.byID) >= maxWindows {
		return errTooOften
	}
	if ws.byID == nil {
		ws.byID = make(map[string]*Window)
	}
	ws.byID[w.id] = w
	return nil
}

// take gives a window to the one who ends it; nil when somebody did already.
func (ws *windows) take(id string) *Window {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	w := ws.byID[id]
	delete(ws.byID, id)
	return w
}

// find looks at a window without ending it.
func (ws *windows) find(id string) *Window {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	return ws.byID[id]
}

// of are a user's windows that are bound to a call.
func (ws *windows) of(user string) (bound []*Window) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for _, w := range ws.byID {
		if w.chain != "" && sameUser(w.user, user) {
			bound = append(bound, w)
		}
	}
	return bound
}

type formResultIn struct {
	Window    string `wire:"windowid" doc:"the showing of the form, or"`
	Execution string `wire:"executionid" doc:"the same id under its other name"`
	Button    string `wire:"button" doc:"the button that was pressed"`
	Out       any    `wire:"outputparameters" doc:"what was entered: an object, or a list of key and value"`
}

// formResult takes what a user entered. The first answer counts, the other screens close the form.
func (a *API) formResult(_ context.Context, c *protocol.Client, in formResultIn) (struct{}, error) {
	id := in.Window
	if id == "" {
		id = in.Execution
	}
	w := a.windows.find(id)
	if w == nil || !w.mayAnswer(c) || a.windows.take(id) == nil {
		a.log.Debug("a form's answer that nobody waits for", "client", c.Name(), "user", c.Login())
		return struct{}{}, nil
	}
	w.tellClosed(c)
	w.got <- FormResult{Button: in.Button, Values: outputs(in.Out)}
	close(w.got)
	return struct{}{}, nil
}

// mayAnswer is for the user himself, and for the CRM whose form it is.
func (w *Window) mayAnswer(c *protocol.Client) bool {
	if ch := c.Server(); ch != nil && ch.Link() != w.link {
		return false
	}
	return c.Server() != nil && !c.Tunnelled() || sameUser(c.Login(), w.user)
}

// ringingForms shows the forms that links want to see when a user's phone rings, on the switch's
// goroutine.
func (a *API) ringingForms(user *pbx.User, leg pbx.Leg) {
	for _, p := range a.crms.Providers() {
		behind, ok := p.(*provider)
		if !ok || behind.link.Options().RingingForm == "" {
			continue
		}
		form, ok := p.Catalog().Form(behind.link.Options().RingingForm)
		if !ok {
			continue
		}
		in := WireValues(aboutCall(form.In, user, leg))
		body := showFormBody{Form: form.Key, In: in, ChainID: leg.Chain, CallerID: leg.Peer.Number}
		if _, err := a.open(p, body, user.Login, true); err != nil && !errors.Is(err, crm.ErrNobody) {
			a.log.Warn("a form is not shown", "link", p.Name(), "user", user.Login, "err", err)
		}
	}
}

// aboutCall fills a form's parameters with what their keys ask for.
func aboutCall(params []crm.Param, user *pbx.User, leg pbx.Leg) crm.Values {
	var in crm.Values
	for _, p := range params {
		key := strings.ToLower(p.Key)
		value := ""
		switch {
		case strings.Contains(key, "phone"), strings.Contains(key, "number"), strings.Contains(key, "callerid"):
			value = leg.Peer.Number
		case strings.Contains(key, "chain"):
			value = leg.Chain
		case strings.Contains(key, "login"):
			value = user.Login
		case strings.Contains(key, "name"):
			value = partyName(leg.Peer)
		default:
			continue
		}
		in = append(in, crm.Value{Key: p.Key, Value: value})
	}
	return in
}

// closeForms closes what was shown for calls that the user has no part in any more.
func (a *API) closeForms(user *pbx.User) {
	open := a.windows.of(user.Login)
	if len(open) == 0 {
		return
	}
	line := a.sw.Line(user.Login)
	for _, w := range open {
		if (line.Current == nil || line.Current.Chain != w.chain) && (line.Held == nil || line.Held.Chain != w.chain) {
			w.Close()
		}
	}
}

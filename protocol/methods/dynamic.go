package methods

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/octolink/octolink/crm"
	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/wire"
)

// Dynamic methods go out as events to the user's screens when they are meant for him [P 9.2].
var (
	executeEvent = protocol.NewEvent[executeBody]("executemethod", "dynamic", "A dynamic method is to be run at the user's screen; the answer is methodresult.")
	cancelEvent  = protocol.NewEvent[cancelBody]("cancelmethod", "dynamic", "The answer of a dynamic method is not wanted any more.")
	abortedEvent = protocol.NewEvent[abortedBody]("executemethodwaitaborted", "dynamicwaitabort", "The time for a dynamic method is over; an answer still counts for a while.")
)

// executeBody has the fields of captures and those that oktell.js reads [P 0.4].
type executeBody struct {
	Method    string      `wire:"methodkey" doc:"which method"`
	In        wire.Object `wire:"inputparameters" doc:"its parameters by key"`
	Session   string      `wire:"sessionid" doc:"the run that asks"`
	Execution string      `wire:"executionid" doc:"this question"`
	Wait      int         `wire:"waitresponsems" doc:"for how many milliseconds an answer counts"`
}

type cancelBody struct {
	Execution string `wire:"executionid" doc:"the question"`
}

type abortedBody struct {
	Execution string `wire:"executionid" doc:"the question"`
	Wait      int    `wire:"waitresponsems" doc:"for how many milliseconds an answer still counts"`
}

type methodResultIn struct {
	QID       any    `wire:"qid" doc:"of the question, or"`
	Execution string `wire:"executionid" doc:"the question, or"`
	Session   string `wire:"sessionid" doc:"the run that asked"`
	Out       any    `wire:"outputparameters" doc:"the result: an object, or a list of key and value"`
	Result    *bool  `wire:"result" doc:"false when the method failed"`
	Error     int    `wire:"error" doc:"why"`
	Text      string `wire:"errormsg" doc:"why, in words"`
}

// methodResult takes an answer that did not come as a reply to a question of the engine. It is told
// apart by the first of three ids that is a text; a real CRM sends null for some of them.
func (a *API) methodResult(_ context.Context, c *protocol.Client, in methodResultIn) (struct{}, error) {
	qid, _ := in.QID.(string)
	for _, id := range []string{qid, in.Execution, in.Session} {
		if id != "" && a.executions.settle(id, c, in) {
			return struct{}{}, nil
		}
	}
	a.executions.unknown.Add(1)
	a.log.Debug("an answer that nobody waits for", "client", c.Name(), "user", c.Login(), "qid", qid)
	return struct{}{}, nil
}

// UnknownResults is how many answers to dynamic methods came that nobody waited for: too late, twice,
// or to no question of ours.
func (a *API) UnknownResults() int64 { return a.executions.unknown.Load() }

// result is what the answer says: values, or the CRM's own error.
func (in methodResultIn) result() (crm.Values, error) {
	if in.Error != 0 || in.Text != "" || in.Result != nil && !*in.Result {
		return nil, &crm.Error{Code: in.Error, Text: in.Text}
	}
	return outputs(in.Out), nil
}

// Invoke runs a dynamic method at the CRM, or at a user's screens, and waits for the answer.
func (p *provider) Invoke(ctx context.Context, call crm.Call) (crm.Values, error) {
	m, ok := p.Catalog().Method(call.Method)
	switch {
	case !ok:
		return nil, fmt.Errorf("%w: %s.%s", crm.ErrNoMethod, p.Name(), call.Method)
	case m.Permanent && !p.peer.Permanent(), call.User != "" && !p.peer.Permanent():
		return nil, fmt.Errorf("%w: %s.%s", crm.ErrUnsupported, p.Name(), call.Method)
	case m.ForUser && call.User == "":
		return nil, fmt.Errorf("%w: %s.%s is for a user, say for whom", crm.ErrNobody, p.Name(), call.Method)
	}
	gaveUp := ctx.Done()
	if _, bounded := ctx.Deadline(); bounded {
		gaveUp = nil // done will mean that the time is over, and a late answer may still count
	}
	ctx, cancel := withTimeout(ctx, p.link.Options().MethodTimeout)
	defer cancel()
	body := executeBody{Method: m.Key, Execution: uuid.NewString(), Session: call.Session, Wait: milliseconds(ctx)}
	if body.Session == "" {
		body.Session = body.Execution
	}
	body.In = WireValues(crm.Typed(call.In, m.In))
	switch peer := p.peer.(type) {
	case *protocol.Channel:
		e := &execution{id: body.Execution, session: body.Session, ch: peer, user: call.User, gaveUp: gaveUp, got: make(chan answer, 1)}
		return p.api.execute(ctx, e, call.Late, body)
	case *protocol.Post:
		return post(ctx, peer, body)
	}
	return nil, crm.ErrUnsupported
}

// withTimeout bounds a call that its caller did not bound.
func withTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if _, bounded := ctx.Deadline(); bounded {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, d)
}

func milliseconds(ctx context.Context) int {
	until, ok := ctx.Deadline()
	if !ok {
		return 0
	}
	return max(int(time.Until(until)/time.Millisecond), 1)
}

// post runs a method over HTTP: the answer to the request is the result.
func post(ctx context.Context, p *protocol.Post, body executeBody) (crm.Values, error) {
	msg, err := p.Call(ctx, "executemethod", body, "methodresult")
	if err != nil {
		return nil, asCRMError(err)
	}
	var in methodResultIn
	if err := msg.Unmarshal(&in); err != nil {
		return nil, err
	}
	return in.result()
}

// execute runs a method over a channel.
func (a *API) execute(ctx context.Context, e *execution, late int, body executeBody) (crm.Values, error) {
	if err := a.executions.add(e); err != nil {
		return nil, err
	}
	defer a.executions.drop(e)
	if err := a.ask(e, body); err != nil {
		return nil, asCRMError(err)
	}
	select {
	case got := <-e.got:
		return a.answered(e, got)
	case <-ctx.Done():
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) && late > 0 {
		return a.late(e, late)
	}
	a.cancel(e, nil)
	return nil, asCRMError(ctx.Err())
}

// ask sends the question, to the CRM or to all screens of a user.
func (a *API) ask(e *execution, body executeBody) error {
	if e.user == "" {
		return e.ch.Tell("executemethod", wire.Text(e.id), body)
	}
	e.screens = a.screens(e.user, e.ch.Link())
	if len(e.screens) == 0 {
		return crm.ErrNobody
	}
	if told := a.hub.Publish(executeEvent.For(protocol.These(e.screens...), body)); told == 0 {
		return crm.ErrNobody
	}
	return nil
}

// screens are a user's own tabs, and his tunnel through the link that the method or form is of; nil
// for none.
func (a *API) screens(user string, l *protocol.Link) (screens []*protocol.Client) {
	for _, c := range a.hub.Of(user) {
		if s := c.Server(); s == nil || s.Link() == l {
			screens = append(screens, c)
		}
	}
	return screens
}

// answered takes the first answer; the user's other screens need not go on.
func (a *API) answered(e *execution, got answer) (crm.Values, error) {
	if got.err == nil && e.user != "" {
		a.cancel(e, got.from)
	}
	if got.err != nil {
		return nil, got.err
	}
	return got.in.result()
}

// cancel says that an answer is not wanted any more; not to the one who gave it.
func (a *API) cancel(e *execution, from *protocol.Client) {
	if e.user == "" {
		_ = e.ch.Tell("cancelmethod", protocol.NewQID(), cancelBody{e.id}) // gone is cancelled too
		return
	}
	var others []*protocol.Client
	for _, c := range e.screens {
		if c != from {
			others = append(others, c)
		}
	}
	a.hub.Publish(cancelEvent.For(protocol.These(others...), cancelBody{e.id}))
}

// late waits on for an answer that came too late for its caller's time, but still counts.
func (a *API) late(e *execution, ms int) (crm.Values, error) {
	body := abortedBody{e.id, ms}
	if e.user == "" {
		if err := e.ch.Tell("executemethodwaitaborted", protocol.NewQID(), body); err != nil {
			return nil, asCRMError(err)
		}
	} else {
		a.hub.Publish(abortedEvent.For(protocol.These(e.screens...), body))
	}
	timer := time.NewTimer(time.Duration(ms) * time.Millisecond)
	defer timer.Stop()
	select {
	case got := <-e.got:
		return a.answered(e, got)
	case <-timer.C:
		a.cancel(e, nil)
		return nil, crm.ErrTimeout
	case <-e.gaveUp:
		a.cancel(e, nil)
		return nil, crm.ErrCancelled
	}
}

// asCRMError gives errors of the protocol the CRM side's names.
func asCRMError(err error) error {
	switch {
	case errors.Is(err, protocol.ErrGone), errors.Is(err, protocol.ErrClosed):
		return crm.ErrGone
	case errors.Is(err, context.DeadlineExceeded):
		return crm.ErrTimeout
	case errors.Is(err, context.Canceled):
		return crm.ErrCancelled
	}
	var connection *net.OpError
	if errors.As(err, &connection) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) { // over HTTP: nobody is there, or he went
		return fmt.Errorf("%w: %w", crm.ErrGone, err)
	}
	return err
}

// sameUser compares logins as everything does: without regard to case.
func sameUser(a, b string) bool { return strings.EqualFold(a, b) }

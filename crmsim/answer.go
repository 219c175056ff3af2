package crmsim

import (
	"context"
	"time"

	"github.com/octolink/octolink/protocol/wire"
)

// A reply is what the CRM answers.
type reply struct {
	name   string
	qid    wire.Token
	fields wire.Object
	delay  time.Duration
	run    string // execution that may be cancelled while the answer is delayed; "" for none
	sent   func() // called when it is on its way; nil for nothing
}

func (r *reply) outgoing() outgoing { return outgoing{r.name, r.qid, r.fields} }

// answer does what a message asks for; nil when the answer is none.
func (c *CRM) answer(m wire.Message) *reply {
	say := func(name string, fields wire.Object) *reply { return &reply{name: name, qid: m.QID, fields: fields} }
	switch m.Name {
	case "whoareyou":
		return say("iam", c.ourselves())
	case "ping":
		return say("pong", without(tree(m), "qid"))
	case "getavailablemethods":
		return say("availablemethods", wire.Object{{Key: "methods", Value: c.opts.Script.methods()}})
	case "getavailableforms":
		return say("availableforms", wire.Object{{Key: "forms", Value: c.opts.Script.forms()}})
	case "getactiveusers":
		return say("activeusers", wire.Object{{Key: "users", Value: c.active()}})
	case "executemethod":
		return c.execute(m)
	case "cancelmethod":
		c.cancel(field(tree(m), "executionid"))
	case "callrecord", "notification":
		return c.confirm(m)
	case "showform":
		c.show(m)
	case "closeform":
		c.unshow(field(tree(m), "windowid"))
	}
	return nil
}

// tree are the parameters of a message, which was decoded and so is whole.
func tree(m wire.Message) wire.Object {
	o, _ := m.Tree()
	return o
}

func without(o wire.Object, key string) wire.Object {
	var rest wire.Object
	for _, m := range o {
		if m.Key != key {
			rest = append(rest, m)
		}
	}
	return rest
}

// failure is an answer that tells an error.
func failure(m wire.Message, e *wire.Error) *reply {
	name := m.Name + "result"
	if m.Name == "executemethod" {
		name = "methodresult"
	}
	return &reply{name: name, qid: m.QID, fields: failed(e)}
}

func failed(e *wire.Error) wire.Object {
	return wire.Object{
		{Key: "result", Value: 0}, {Key: "error", Value: e.Code},
		{Key: "errorcode", Value: e.Code}, {Key: "errormsg", Value: e.Text},
	}
}

// execute runs a dynamic method. The ids come back as they came, an absent execution as null [P 0.4].
func (c *CRM) execute(m wire.Message) *reply {
	o := tree(m)
	c.update(func() { c.stats.Runs++ })
	session, _ := o.Get("sessionid")
	execution, _ := o.Get("executionid")
	key := field(o, "methodkey")
	r := &reply{name: "methodresult", qid: m.QID, run: either(field(o, "executionid"), field(o, "sessionid")), fields: wire.Object{
		{Key: "sessionid", Value: session}, {Key: "executionid", Value: execution}, {Key: "methodkey", Value: key},
	}}
	if m.UserLogin != "" || m.UserID != "" {
		r.fields = append(r.fields, wire.Member{Key: "userlogin", Value: m.UserLogin}, wire.Member{Key: "userid", Value: m.UserID})
	}
	got := c.opts.Script.run(key, scope{in: parameters(o, "inputparameters"), login: m.UserLogin, id: m.UserID})
	r.delay = got.Delay
	switch {
	case got.Never:
		return nil
	case got.Err != nil:
		r.fields = append(r.fields, failed(got.Err)...)
	default:
		r.fields = append(r.fields, wire.Member{Key: "outputparameters", Value: got.Out})
	}
	return r
}

// mostDelayed bounds the answers that wait; more are given at once.
const mostDelayed = 10_000

// later does something after a delay, unless the context ends or the execution is cancelled before.
func (c *CRM) later(ctx context.Context, delay time.Duration, run string, do func()) {
	if delay <= 0 {
		do()
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	c.mu.Lock()
	full := len(c.runs) >= mostDelayed
	if run != "" && !full {
		c.runs[run] = cancel
	}
	c.mu.Unlock()
	if full {
		cancel()
		do()
		return
	}
	started := c.spawn(func() {
		defer cancel()
		defer c.done(run)
		select {
		case <-time.After(delay):
			do()
		case <-ctx.Done():
		}
	})
	if !started {
		cancel()
	}
}

func (c *CRM) done(run string) {
	c.mu.Lock()
	delete(c.runs, run)
	c.mu.Unlock()
}

// cancel stops a delayed answer.
func (c *CRM) cancel(run string) {
	c.update(func() {
		if stop := c.runs[run]; stop != nil {
			stop()
			delete(c.runs, run)
			c.stats.Cancelled++
		}
	})
}

// respond sends an answer when its time has come.
func (l *link) respond(ctx context.Context, r *reply) {
	l.crm.later(ctx, r.delay, r.run, func() {
		if l.write(r.delay > 0, r.outgoing()) == nil && r.sent != nil {
			r.sent()
		}
	})
}

// The catalogue of a script as it goes over the wire [P 9.2].
type catalogEntry struct {
	Key         string    `wire:"key" doc:"how it is asked for"`
	Name        string    `wire:"name" doc:"caption"`
	Description string    `wire:"description" doc:"what it does"`
	AllowCancel *bool     `wire:"allowcancel,omitempty" doc:"forms: may be closed without an answer"`
	ForUser     bool      `wire:"defineuser" doc:"it must be said for which user"`
	Connection  string    `wire:"connectiontype,omitempty" doc:"websocket: needs the permanent channel"`
	In          wire.List `wire:"inputparams" doc:"inputs"`
	Out         wire.List `wire:"outputparams" doc:"outputs"`
}

func (s *Script) methods() []catalogEntry {
	all := make([]catalogEntry, len(s.Methods))
	for i := range s.Methods {
		m := &s.Methods[i]
		all[i] = catalogEntry{m.Key, m.Name, m.Description, nil, m.User, m.Connection, listed(m.In), listed(m.Out)}
	}
	return all
}

func (s *Script) forms() []catalogEntry {
	all := make([]catalogEntry, len(s.Forms))
	for i := range s.Forms {
		f := &s.Forms[i]
		all[i] = catalogEntry{f.Key, f.Name, f.Description, &f.AllowCancel, f.User, f.Connection, listed(f.In), listed(f.Out)}
	}
	return all
}

// listed gives parameters as CRM servers do: no parameters are a list of null [P 0.4].
func listed(all []Param) wire.List {
	if len(all) == 0 {
		return wire.List{nil}
	}
	list := make(wire.List, len(all))
	for i := range all {
		list[i] = all[i]
	}
	return list
}

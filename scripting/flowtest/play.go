package flowtest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dop251/goja"
	"github.com/octolink/octolink/crm"
	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/scripting"
)

// call plays a flow that leads a call.
func (t *tester) call(c goja.FunctionCall) goja.Value {
	flow := t.text(c, 0, "the flow's name")
	w := t.s.w
	who := w.newCaller(flow)
	var leaves time.Duration
	if o, ok := c.Argument(1).(*goja.Object); ok {
		leaves = t.describe(who, o)
	}
	w.caller, w.hangUpAt = who, 0
	t.calls++
	replayed := t.quiet != nil && t.quiet.call == t.calls
	if replayed {
		w.hangUpAt = t.quiet.step
		leaves = 0
	}
	w.clock.leave(leaves, who.hangUp)
	got := t.play(scripting.Trigger{Flow: flow, Kind: "call", Call: who})
	if replayed {
		t.quiet.met, t.quiet.trace, t.quiet.ended, t.quiet.quick = true, w.trace, w.seen.ended, w.quick
	}
	if t.quiet == nil {
		t.report.steps = append(t.report.steps, w.steps)
	}
	return got
}

// describe reads who calls, and returns after what time he hangs up.
func (t *tester) describe(who *caller, o *goja.Object) (leaves time.Duration) {
	for _, key := range o.Keys() {
		v := o.Get(key)
		switch key {
		case "from":
			who.info.From.Number = v.String()
		case "to":
			who.info.To = v.String()
		case "user":
			who.info.From.External, who.info.Direction = false, pbx.Internal
			who.info.From.User = &pbx.User{Login: v.String()}
		case "keys":
			if err := t.rt.ExportTo(v, &who.keys); err != nil {
				panic(wrongUse("keys are a list of texts, one for each question"))
			}
		case "hangsUpAfter":
			leaves = seconds(v)
		case "fallback":
			r, err := pbx.ParseRoute(v.String())
			if err != nil {
				panic(wrongUse(err.Error()))
			}
			who.info.Fallback = r
		default:
			panic(wrongUse(fmt.Sprintf("a caller has from, to, user, keys, hangsUpAfter and fallback, not %q", key)))
		}
	}
	return leaves
}

// start plays a flow that leads no call.
func (t *tester) start(c goja.FunctionCall) goja.Value {
	trigger := scripting.Trigger{Flow: t.text(c, 0, "the flow's name"), Kind: "command"}
	if o, ok := c.Argument(1).(*goja.Object); ok {
		t.why(&trigger, o)
	}
	t.s.w.caller, t.s.w.hangUpAt = nil, 0
	t.s.w.clock.leave(0, nil)
	return t.play(trigger)
}

// why reads what starts a flow.
func (t *tester) why(trigger *scripting.Trigger, o *goja.Object) {
	for _, key := range o.Keys() {
		v := o.Get(key)
		switch key {
		case "kind":
			trigger.Kind = v.String()
		case "user":
			trigger.User = v.String()
		case "event":
			trigger.Event = v.String()
		case "call":
			trigger.Chain = v.String()
		case "params":
			if err := t.rt.ExportTo(v, &trigger.Params); err != nil {
				panic(wrongUse("params are a list of texts"))
			}
		default:
			plain, err := scripting.FromJS(v)
			if err != nil {
				panic(wrongUse(key + ": " + err.Error()))
			}
			if key == "data" {
				trigger.Data = plain
				continue
			}
			trigger.About = append(trigger.About, crm.Value{Key: key, Value: plain})
		}
	}
}

// play runs a flow to its end; meanwhile functions of the test give its answers.
func (t *tester) play(trigger scripting.Trigger) goja.Value {
	w := t.s.w
	w.mu.Lock()
	w.seen, w.steps, w.quick, w.trace = seen{}, 0, false, scripting.Trace{}
	w.mu.Unlock()
	began := w.clock.Now()
	running, err := t.s.engine.Start(trigger)
	if err != nil {
		panic(t.rt.NewGoError(err))
	}
	late := time.NewTimer(t.s.opts.Timeout)
	defer late.Stop()
	for over := false; !over; {
		select {
		case job := <-w.jobs:
			job()
		case <-running.Done():
			over = true
		case <-late.C:
			running.Stop(errors.New("the flow does not end"))
		case <-t.s.ctx.Done():
			running.Stop(context.Cause(t.s.ctx))
			<-running.Done()
			over = true
		}
	}
	if t.quiet == nil {
		t.report.Traces = append(t.report.Traces, w.trace)
	}
	result, _ := running.Wait(t.s.ctx) // it has ended
	return t.played(result, w.clock.Now().Sub(began))
}

// played is what a test looks at.
func (t *tester) played(result scripting.Result, took time.Duration) goja.Value {
	w := t.s.w
	w.mu.Lock()
	defer w.mu.Unlock()
	s := &w.seen
	reason := ""
	if result.Err != nil {
		reason = result.Err.Error()
	}
	tags := crm.Values{}
	for _, p := range s.tags {
		tags = append(tags, crm.Value{Key: p.key, Value: p.value})
	}
	steps := crm.List{}
	for _, step := range w.trace.Steps {
		steps = append(steps, crm.Values{
			{Key: "name", Value: step.Name}, {Key: "args", Value: step.Args}, {Key: "result", Value: step.Result}, {Key: "error", Value: step.Err},
		})
	}
	o := scripting.ToJS(t.rt, crm.Values{
		{Key: "outcome", Value: string(result.Outcome)}, {Key: "reason", Value: reason}, {Key: "ended", Value: s.ended},
		{Key: "said", Value: list(s.said)}, {Key: "rang", Value: list(s.rang)}, {Key: "queued", Value: list(s.queued)},
		{Key: "logged", Value: list(s.logged)}, {Key: "tags", Value: tags}, {Key: "recordings", Value: crm.Number(fmt.Sprint(s.recordings))},
		{Key: "asked", Value: askedList(s.asked, "method")}, {Key: "shown", Value: askedList(s.shown, "form")},
		{Key: "notes", Value: toldList(s.notes, "text")}, {Key: "callbacks", Value: toldList(s.callbacks, "number")},
		{Key: "events", Value: eventList(s.events)}, {Key: "steps", Value: steps},
		{Key: "took", Value: crm.Number(fmt.Sprint(took.Seconds()))},
	}).(*goja.Object)
	_ = o.Set("returned", returned(t.rt, result)) // a fresh object takes everything
	return o
}

func returned(rt *goja.Runtime, r scripting.Result) goja.Value {
	if r.Value == nil {
		return goja.Undefined()
	}
	return scripting.ToJS(rt, r.Value)
}

func list(texts []string) crm.List {
	all := make(crm.List, len(texts))
	for i, text := range texts {
		all[i] = text
	}
	return all
}

func askedList(questions []asked, what string) crm.List {
	all := make(crm.List, len(questions))
	for i, q := range questions {
		in := q.in
		if in == nil {
			in = crm.Values{}
		}
		all[i] = crm.Values{{Key: what, Value: q.name}, {Key: "user", Value: q.user}, {Key: "params", Value: in}}
	}
	return all
}

func toldList(notes []told, what string) crm.List {
	all := make(crm.List, len(notes))
	for i, n := range notes {
		all[i] = crm.Values{{Key: "user", Value: n.user}, {Key: what, Value: n.text}}
	}
	return all
}

func eventList(events []event) crm.List {
	all := make(crm.List, len(events))
	for i, e := range events {
		all[i] = crm.Values{{Key: "name", Value: e.name}, {Key: "data", Value: e.data}}
	}
	return all
}

// kept puts a value where an earlier run of a flow would have kept it, and reads it.
func (t *tester) kept(c goja.FunctionCall) goja.Value {
	flow, key := t.text(c, 0, "the flow's name"), t.text(c, 1, "a key")
	if len(c.Arguments) > 2 {
		text, err := c.Argument(2).ToObject(t.rt).MarshalJSON()
		if err != nil {
			panic(wrongUse(err.Error()))
		}
		if err := t.s.w.kv.Set(t.s.ctx, flow, key, text); err != nil {
			panic(wrongUse(err.Error()))
		}
		return goja.Undefined()
	}
	text, found, err := t.s.w.kv.Get(t.s.ctx, flow, key)
	if err != nil || !found {
		return goja.Undefined()
	}
	parse, _ := goja.AssertFunction(t.rt.GlobalObject().Get("JSON").ToObject(t.rt).Get("parse"))
	v, err := parse(goja.Undefined(), t.rt.ToValue(string(text)))
	if err != nil {
		panic(err)
	}
	return v
}

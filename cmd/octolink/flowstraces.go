package main

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/scripting"
	"github.com/octolink/octolink/store"
	"github.com/octolink/octolink/web"
)

var (
	_ scripting.Traces = (*flowTraces)(nil)
	_ web.Flows        = (*Main)(nil)
)

// flowTraces keep what runs did, and count them.
type flowTraces struct {
	store *store.Store
	count func(values ...string)
}

// Save implements [scripting.Traces].
func (t *flowTraces) Save(ctx context.Context, trace scripting.Trace) error {
	t.count(trace.Flow, string(trace.Outcome))
	body, err := traceBody(traceShown(trace))
	if err != nil {
		return err
	}
	return t.store.SaveFlowTrace(ctx, store.FlowTrace{
		Run: trace.Run, Chain: trace.Chain, Flow: trace.Flow, Cause: trace.Kind,
		Started: trace.Started, Ended: trace.Started.Add(trace.Took), Outcome: string(trace.Outcome), Body: body,
	})
}

// maxTraceBody is how many bytes of a trace are kept.
const maxTraceBody = 64 << 10

// traceBody is what is kept of a trace. Of one that is too long, steps in the middle are left out.
func traceBody(t web.FlowTrace) ([]byte, error) {
	for {
		body, err := json.Marshal(t)
		if err != nil || len(body) <= maxTraceBody || len(t.Steps) < 2 {
			return body, err
		}
		from, to := len(t.Steps)*3/8, max(len(t.Steps)*5/8, len(t.Steps)*3/8+1)
		t.Left += to - from
		t.Steps = slices.Delete(t.Steps, from, to)
	}
}

// traceShown is a trace as it is kept and shown.
func traceShown(t scripting.Trace) web.FlowTrace {
	shown := web.FlowTrace{
		Run: t.Run, Parent: t.Parent, Flow: t.Flow, Version: t.Version, Kind: t.Kind, Chain: t.Chain, User: t.User,
		Started: t.Started, Seconds: t.Took.Seconds(), Outcome: string(t.Outcome), Reason: t.Reason, Returned: t.Returned,
		Fallback: t.Fallback, Steps: make([]web.FlowStep, len(t.Steps)), Left: t.Left,
	}
	for i, s := range t.Steps {
		shown.Steps[i] = web.FlowStep{
			At: s.At.Seconds(), Seconds: s.Took.Seconds(), Name: s.Name, Args: s.Args, Result: s.Result, Error: s.Err, Open: s.Open,
		}
	}
	return shown
}

// FlowTraces implements [web.Flows].
func (m *Main) FlowTraces(ctx context.Context, q web.TraceQuery) ([]web.FlowTrace, error) {
	list := []web.FlowTrace{}
	for _, t := range m.flows.engine.Running() {
		if (q.Run == "" || q.Run == t.Run) && (q.Call == "" || q.Call == t.Chain) && (q.Flow == "" || q.Flow == t.Flow) {
			list = append(list, traceShown(t))
		}
	}
	kept, err := m.store.FlowTraces(ctx, store.TraceFilter{Run: q.Run, Chain: q.Call, Flow: q.Flow, Limit: q.Limit})
	if err != nil {
		return nil, err
	}
	for _, k := range kept {
		var shown web.FlowTrace
		if err := json.Unmarshal(k.Body, &shown); err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(list, func(t web.FlowTrace) bool { return t.Run == shown.Run }) { // it ended meanwhile
			list = append(list, shown)
		}
	}
	if q.Call != "" && q.Run == "" && len(list) == 0 {
		if list, err = m.interrupted(ctx, q); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(list, func(a, b web.FlowTrace) int { return b.Started.Compare(a.Started) })
	if q.Limit > 0 && len(list) > q.Limit {
		list = list[:q.Limit]
	}
	return list, nil
}

// interrupted tells of a run that ended with a server which was killed: what the journal knows.
func (m *Main) interrupted(ctx context.Context, q web.TraceQuery) ([]web.FlowTrace, error) {
	list := []web.FlowTrace{}
	entries, err := m.store.Journal(ctx, store.JournalFilter{Chain: q.Call})
	if err != nil {
		return nil, err
	}
	for _, e := range slices.Backward(entries) { // the caller's is the oldest; those of colleagues name the flow too
		if e.Outcome == pbx.Interrupted && e.Flow != "" && (q.Flow == "" || q.Flow == e.Flow) {
			return append(list, web.FlowTrace{
				Flow: e.Flow, Kind: "call", Chain: e.Chain, Started: e.Started, Seconds: e.Ended.Sub(e.Started).Seconds(),
				Outcome: string(scripting.Gone), Reason: "the server was killed during the run; what it did is not known", Steps: []web.FlowStep{},
			}), nil
		}
	}
	return list, nil
}

// ListFlows implements [web.Flows].
func (m *Main) ListFlows(context.Context) ([]web.Flow, error) {
	running := map[string]int{}
	for _, t := range m.flows.engine.Running() {
		running[t.Flow]++
	}
	m.reloading.Lock()
	started := m.config.Flows.starters()
	m.reloading.Unlock()
	list := []web.Flow{}
	warnings := m.flows.engine.Check()
	for _, f := range m.flows.engine.List() {
		one := web.Flow{Name: f.Name, File: f.File, Version: f.Version, Running: running[f.Name], Triggers: started[f.Name]}
		for _, p := range f.Problems {
			one.Problems = append(one.Problems, p.String())
		}
		for _, p := range warnings {
			if p.Warning && p.File == f.File {
				one.Warnings = append(one.Warnings, p.String())
			}
		}
		list = append(list, one)
		delete(started, f.Name)
	}
	for name, by := range started { // the file went away
		list = append(list, web.Flow{Name: name, Triggers: by, Problems: []string{"there is no file for it in " + m.opts.Config.Flows.Dir}})
	}
	slices.SortFunc(list, func(a, b web.Flow) int { return cmp.Compare(a.Name, b.Name) })
	return list, nil
}

// RunFlow implements [web.Flows].
func (m *Main) RunFlow(ctx context.Context, name string, o web.FlowOrder) (web.FlowAnswer, error) {
	user := o.User
	if user != "" {
		login, err := m.known(user)
		if err != nil {
			return web.FlowAnswer{}, err
		}
		user = login
	}
	running, err := m.flows.start(scripting.Trigger{Flow: name, Kind: "command", User: user, Params: o.Params})
	if err != nil {
		return web.FlowAnswer{}, err
	}
	answer := web.FlowAnswer{Run: running.ID()}
	if !o.Wait {
		return answer, nil
	}
	result, err := running.Wait(ctx)
	if err != nil {
		return answer, err
	}
	answer.Outcome, answer.Value = string(result.Outcome), appendValue(nil, result.Value)
	if result.Err != nil {
		answer.Error = result.Err.Error()
	}
	return answer, nil
}

// flowStatus is a line of the status.
func (m *Main) flowStatus() web.FlowStatus {
	return web.FlowStatus{Flows: len(m.flows.engine.Flows()), Running: m.flows.engine.Stats().Running, Broken: m.flows.broken()}
}

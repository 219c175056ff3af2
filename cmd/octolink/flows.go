package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/octolink/octolink/crm"
	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/protocol/methods"
	"github.com/octolink/octolink/scripting"
	"github.com/octolink/octolink/scripting/triggers"
)

// flowGrace is how long runs may go on when the server stops; then their calls go by their fallbacks.
const flowGrace = 5 * time.Second

// flows are the call flows with all that starts them.
type flows struct {
	log      *slog.Logger
	zone     *time.Location
	sw       *pbx.Switch
	engine   *scripting.Engine
	triggers *triggers.Set
	book     atomic.Pointer[serviceBook]
	runs     int // at once

	begun atomic.Bool

	mu       sync.Mutex
	counting sync.WaitGroup // goroutines that wait for the end of what a trigger or a service started
	counted  bool           // no more of them
}

// newFlows makes what the methods need before there is an engine.
func newFlows(sw *pbx.Switch, zone *time.Location, log *slog.Logger) *flows {
	f := &flows{sw: sw, zone: zone, log: log}
	f.book.Store(&serviceBook{})
	f.triggers = triggers.New(triggers.Options{Start: f.trigger, Waiting: sw.Waiting, Log: log})
	return f
}

// buildFlows reads the scripts. They run when begin lets them.
func (m *Main) buildFlows() {
	c := m.config
	m.flows.runs = c.Flows.Runs
	m.flows.engine = scripting.New(scripting.Options{
		Dir: c.Flows.Dir, Directory: m.api.CRMs(), Desk: desk{m.api}, House: house{m}, KV: flowValues{m.store},
		Traces: &flowTraces{m.store, m.meter.Counters("octolink_flow_runs_total", "Runs of call flows that have ended, by flow and outcome.", "flow", "outcome")},
		Log:    m.log, Zone: m.zone, Limits: scripting.Limits{Runs: c.Flows.Runs},
	})
	m.meter.Gauge("octolink_flows_running", "Runs of call flows that go on.",
		func() float64 { return float64(m.flows.engine.Stats().Running) })
	m.meter.Gauge("octolink_flows_broken", "Flows whose file does not compile; an older version runs, or none.",
		func() float64 { return float64(len(m.flows.broken())) })
	m.meter.Counter("octolink_flow_runs_abandoned_total", "Runs that did not end when they were told to.",
		func() float64 { return float64(m.flows.engine.Stats().Abandoned) })
	m.meter.Counter("octolink_flow_starts_skipped_total", "Starts by queues, states, timers and events that were skipped: too many at once, or no such flow.",
		func() float64 { return float64(m.flows.triggers.Skipped()) })
}

// learn takes what starts flows, and who may run services.
func (f *flows) learn(c *Config) {
	f.book.Store(newServiceBook(&c.Flows, f.book.Load()))
	f.triggers.Learn(c.Flows.triggers(f.zone))
}

// begin lets calls and events start flows. Everything that flows use must be there.
func (f *flows) begin() {
	f.begun.Store(true)
	f.sw.Lead(func(c *pbx.Led) { f.engine.Lead(c) })
	f.sw.Subscribe(f.triggers.Tell)
}

// run looks after the scripts' files and the triggers until ctx ends.
func (f *flows) run(ctx context.Context) error {
	var parts sync.WaitGroup
	var errs [2]error
	parts.Go(func() { errs[0] = f.engine.Run(ctx) })
	parts.Go(func() { errs[1] = f.triggers.Run(ctx) })
	parts.Wait()
	return errors.Join(errs[:]...)
}

// shutdown starts no more runs and gives those that go on a time of grace. New calls go by their
// fallbacks.
func (f *flows) shutdown(ctx context.Context) error {
	f.begun.Store(false)
	f.sw.Lead(nil)
	f.triggers.Learn(triggers.Config{})
	ctx, cancel := context.WithTimeout(ctx, flowGrace)
	defer cancel()
	f.engine.Shutdown(ctx)
	f.mu.Lock()
	f.counted = true
	f.mu.Unlock()
	f.counting.Wait()
	return nil
}

// trigger starts a run for a trigger.
func (f *flows) trigger(s triggers.Start, done func()) error {
	t := scripting.Trigger{Flow: s.Flow, Kind: s.Kind, User: s.User, Chain: s.Chain, Depth: s.Depth}
	for _, d := range s.Details {
		switch d.Key {
		case "event":
			t.Event, _ = d.Value.(string)
		case "param":
			t.Data = d.Value
		default:
			t.About = append(t.About, crm.Value{Key: d.Key, Value: plainDetail(d.Value)})
		}
	}
	running, err := f.start(t)
	if err != nil {
		return err
	}
	f.whenOver(running, done)
	return nil
}

// start begins a run that leads no call. The last tenth of the room is for calls: a caller hears it when
// there is none.
func (f *flows) start(t scripting.Trigger) (*scripting.Running, error) {
	if most := f.runs - f.runs/10; f.engine.Stats().Running >= most {
		return nil, fmt.Errorf("%w flows run: %d, and the rest of the room is for calls", scripting.ErrFull, most)
	}
	return f.engine.Start(t)
}

// whenOver calls done when a run has ended, unless the server stops: then nobody counts any more.
func (f *flows) whenOver(r *scripting.Running, done func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.counted {
		return
	}
	f.counting.Go(func() {
		<-r.Done()
		done()
	})
}

// heard is told what clients tell by triggercustomevent.
func (f *flows) heard(e methods.CustomEvent) {
	if f.begun.Load() {
		f.triggers.Event(triggers.CustomEvent{Name: e.Name, Param: e.Param, Sender: e.Sender})
	}
}

// broken are the flows that do not compile as they are now.
func (f *flows) broken() (lines []string) {
	for _, flow := range f.engine.List() {
		for _, p := range flow.Problems {
			lines = append(lines, p.String())
		}
	}
	return lines
}

// triggers are the configuration's, as their package has them.
func (f *Flows) triggers(zone *time.Location) (t triggers.Config) {
	for _, q := range f.Queues {
		t.Queues = append(t.Queues, triggers.Queue{Queue: q.Queue, On: triggers.On(q.On), After: q.After.std(), Flow: q.Flow})
	}
	for _, s := range f.States {
		t.States = append(t.States, triggers.State{User: s.User, State: flowStates[s.State], Flow: s.Flow})
	}
	for _, one := range f.Timers {
		timer := triggers.Timer{Every: one.Every.std(), Days: one.Days.on(), Zone: one.location(zone), Overlap: one.Overlap, Flow: one.Flow}
		for _, at := range one.At {
			timer.At = append(timer.At, int(at))
		}
		t.Timers = append(t.Timers, timer)
	}
	for _, e := range f.Events {
		t.Events = append(t.Events, triggers.Event{Name: e.Event, Flow: e.Flow})
	}
	return t
}

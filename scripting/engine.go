package scripting

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/octolink/octolink/crm"
	"github.com/octolink/octolink/pbx"
)

// Options are what an Engine is made of.
type Options struct {
	Dir       string         // of the flows' files. Zero means that there are none.
	Directory *crm.Directory // Zero means that nobody offers anything.
	Desk      Desk           // Zero means that no user can be reached.
	House     House          // Zero means that notify, events.emit and callback fail.
	KV        KV             // Zero means that values are kept until the end of the process.
	Traces    Traces         // Zero means that traces are not kept.
	Log       *slog.Logger   // Zero means no log.
	Zone      *time.Location // of schedule.open without a zone. Zero means the machine's.
	Clock     Clock          // Zero means the real time.
	Poll      time.Duration  // how often the files are looked at. Zero means every second, less that only Reload does.
	Limits    Limits
}

// An Engine runs flows. Make it with New, give it life with Run.
type Engine struct {
	opts      Options
	dog       *watchdog
	table     *hostTable
	files     files
	abandoned atomic.Int64
	wg        sync.WaitGroup // runs, and what sees to their calls

	mu     sync.Mutex
	runs   map[string]*Run // by ID
	places []*place        // that are free
	number uint64
	closed bool
}

// New makes an engine and reads the flows' files. Files that do not compile are told to the log, and by
// Check.
func New(o Options) *Engine {
	o.Limits = o.Limits.withDefaults()
	if o.Directory == nil {
		o.Directory = &crm.Directory{}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.KV == nil {
		o.KV = NewMemory()
	}
	if o.Clock == nil {
		o.Clock = realTime{}
	}
	if o.Zone == nil {
		o.Zone = time.Local
	}
	if o.Poll == 0 {
		o.Poll = time.Second
	}
	boundExpressions()
	e := &Engine{opts: o, table: newTable(Functions()), runs: map[string]*Run{}}
	e.dog = &watchdog{limit: o.Limits.CPU, heap: o.Limits.Heap, live: heapBytes, young: e.youngest, places: make([]place, o.Limits.Runs)}
	for i := range e.dog.places {
		e.places = append(e.places, &e.dog.places[i])
	}
	e.files.dir = o.Dir
	_ = e.Reload() // it has told the log
	return e
}

// Run looks after the files until ctx ends.
func (e *Engine) Run(ctx context.Context) error {
	if e.opts.Poll < 0 || e.opts.Dir == "" {
		<-ctx.Done()
		return nil
	}
	ticker := time.NewTicker(e.opts.Poll)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			_ = e.Reload() // it has told the log
		}
	}
}

// Lead starts the flow of a call that came to a flow number, and returns at once: it is what
// pbx.Switch.Lead wants. When the flow cannot be started, the call goes by its fallback.
func (e *Engine) Lead(c Call) {
	info := c.Info()
	t := Trigger{Flow: info.Flow, Kind: "call", Call: c, Chain: info.Chain}
	if _, err := e.Start(t); err != nil {
		e.wg.Go(func() { e.refuse(t, err) })
	}
}

// refuse lets a call go whose flow did not start.
func (e *Engine) refuse(t Trigger, why error) {
	ctx, cancel := context.WithTimeout(context.Background(), fallbackTime)
	defer cancel()
	where := t.Call.Info().Fallback.String()
	if err := t.Call.Fallback(ctx); err != nil {
		where += ": " + err.Error()
	}
	e.opts.Log.Error("a call's flow is not started", "flow", t.Flow, "call", t.Chain, "err", why)
	if e.opts.Traces != nil {
		_ = e.opts.Traces.Save(ctx, Trace{ // the log has it
			Run: uuid.NewString(), Flow: t.Flow, Kind: t.Kind, Chain: t.Chain, Started: e.opts.Clock.Now(),
			Outcome: Refused, Reason: why.Error(), Fallback: where,
		})
	}
}

// Start begins a run and returns at once. Errors: ErrNoFlow, ErrBroken, ErrFull, ErrShutdown. A call
// whose run was not started is the caller's to see to.
func (e *Engine) Start(t Trigger) (*Running, error) { return e.start(t, nil) }

func (e *Engine) start(t Trigger, parent *Run) (*Running, error) {
	p, err := e.files.program(t.Flow)
	if err != nil {
		return nil, err
	}
	r := &Run{e: e, id: uuid.NewString(), flow: t.Flow, program: p, trigger: t, started: e.opts.Clock.Now(), done: make(chan struct{}), called: &atomic.Int64{}}
	r.steps.max = e.opts.Limits.Steps
	if parent != nil {
		r.parent, r.depth, r.call, r.called = parent.id, parent.depth+1, parent.call, parent.called
	} else if t.Call != nil {
		r.call = &lead{Call: t.Call}
		r.trigger.Chain = t.Call.Info().Chain
	}
	if r.trigger.Kind == "" {
		r.trigger.Kind = "command"
		if r.call != nil {
			r.trigger.Kind = "call"
		}
	}
	if err := e.admit(r); err != nil {
		return nil, err
	}
	r.ctx, r.cancel = context.WithCancelCause(context.WithValue(context.Background(), runKey{}, r))
	r.timer = time.AfterFunc(e.opts.Limits.Run, func() {
		r.end(Limited, &LimitError{"the run took longer than " + e.opts.Limits.Run.String()})
	})
	r.bindEnd(parent)
	go r.run()
	return &Running{r}, nil
}

// bindEnd lets the run end with its caller, or with the run that called it.
func (r *Run) bindEnd(parent *Run) {
	r.unbind = func() bool { return true }
	switch {
	case parent != nil:
		r.unbind = context.AfterFunc(parent.ctx, func() {
			ended := parent.endedResult()
			r.end(ended.Outcome, ended.Err)
		})
	case r.call != nil:
		r.unbind = context.AfterFunc(r.call.Context(), r.callEnded)
	}
}

// admit counts a run in, if there is room.
func (e *Engine) admit(r *Run) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.closed:
		return ErrShutdown
	case len(e.places) == 0:
		return fmt.Errorf("%w flows run at once: %d", ErrFull, len(e.runs))
	}
	r.busy, e.places = e.places[len(e.places)-1], e.places[:len(e.places)-1]
	r.busy.run.Store(r)
	e.number++
	r.number = e.number
	e.runs[r.id] = r
	e.wg.Add(1)
	return nil
}

// free gives back a run's place; its goroutine has nothing to do with a script any more.
func (e *Engine) free(r *Run) {
	r.busy.run.Store(nil)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.places = append(e.places, r.busy)
}

func (e *Engine) forget(r *Run) {
	e.mu.Lock()
	delete(e.runs, r.id)
	e.mu.Unlock()
	e.wg.Done()
}

// youngest is the run that began last and is not about to end.
func (e *Engine) youngest() (found *Run) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, r := range e.runs {
		if !r.ended() && (found == nil || r.number > found.number) {
			found = r
		}
	}
	return found
}

// Running are the traces of the runs that have not ended, in no order.
func (e *Engine) Running() []Trace {
	e.mu.Lock()
	all := slices.Collect(maps.Values(e.runs))
	e.mu.Unlock()
	traces := make([]Trace, len(all))
	for i, r := range all {
		traces[i] = r.trace()
	}
	return traces
}

// Stats are what an operator counts.
type Stats struct {
	Running   int   // now
	Started   int64 // since the start
	Abandoned int64 // runs that did not end when they were told to
}

// Stats counts.
func (e *Engine) Stats() Stats {
	e.mu.Lock()
	defer e.mu.Unlock()
	return Stats{Running: len(e.runs), Started: int64(e.number), Abandoned: e.abandoned.Load()}
}

// Shutdown starts no more runs, and waits for those that are there until ctx ends: then they are ended,
// and their calls go by their fallbacks.
func (e *Engine) Shutdown(ctx context.Context) {
	e.mu.Lock()
	e.closed = true
	e.mu.Unlock()
	gone := make(chan struct{})
	go func() { e.wg.Wait(); close(gone) }()
	select {
	case <-gone:
	case <-ctx.Done():
		e.mu.Lock()
		left := slices.Collect(maps.Values(e.runs))
		e.mu.Unlock()
		for _, r := range left {
			r.end(Gone, ErrShutdown)
		}
		<-gone
	}
	e.dog.close()
}

// callEnded ends a run whose call is over. A flow that ended its call itself may go on.
func (r *Run) callEnded() {
	if r.call.own.Load() {
		return
	}
	r.endFor(context.Cause(r.call.Context()))
}

// endFor ends the run for what became of its call.
func (r *Run) endFor(cause error) {
	switch {
	case errors.Is(cause, pbx.ErrHungUp):
		r.end(HungUp, pbx.ErrHungUp)
	case errors.Is(cause, pbx.ErrGivenAway):
		r.end(GivenAway, pbx.ErrGivenAway)
	default:
		r.end(Gone, cause)
	}
}

// A lead is the call of a run.
type lead struct {
	Call
	own     atomic.Bool // the flow itself has ended it or given it away
	talked  atomic.Bool // the last who was called for the caller has answered
	partner atomic.Pointer[string]
}

package scripting

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dop251/goja"
	"github.com/octolink/octolink/crm"
	"github.com/octolink/octolink/pbx"
)

// A Trigger is why a run is started.
type Trigger struct {
	Flow   string
	Kind   string     // "call", "queue", "state", "timer", "event", "service", "flow", "command". Zero means "call" with a call, else "command".
	Call   Call       // nil: there is none
	User   string     // login: whose state changed, who asked for the service, which agent answered
	Chain  string     // GUID of a call that the run is about but does not lead
	Params []string   // of a service, or of octolink flow run
	Event  string     // name of a custom event
	Data   any        // of a custom event: nil, bool, string, crm.Number, crm.List, crm.Values
	Depth  int        // how many runs before it each started the next by a custom event
	About  crm.Values // whatever else: "queue", "state", "number"
}

// A Result is how a run ended.
type Result struct {
	Outcome Outcome
	Value   any   // what the flow returned: nil, bool, string, crm.Number, crm.List, crm.Values
	Err     error // *ThrownError, *LimitError, pbx.ErrHungUp, …; nil when it returned
}

// A Run is one run of a flow: what host functions get.
type Run struct {
	e       *Engine
	id      string
	number  uint64 // runs are counted: a higher one is younger
	flow    string
	program *program
	trigger Trigger
	call    *lead // nil: there is none
	parent  string
	depth   int           // of runs by execFlow
	called  *atomic.Int64 // runs by execFlow, shared with the run that called this one

	ctx     context.Context // ends with the run
	cancel  context.CancelCauseFunc
	timer   *time.Timer
	unbind  func() bool // from what the run ends with: the caller, the run that called it
	started time.Time
	busy    *place
	machine atomic.Pointer[goja.Runtime] // to interrupt

	// Only the run's goroutine, and who finishes the run.
	rt      *goja.Runtime
	host    *hostObjects
	name    string // of the host function that runs
	step    int    // its step
	inHost  bool
	secrets []string
	windows map[string][]Window // by form
	lines   int

	over    atomic.Bool // it was told to end
	settled atomic.Bool // somebody sees to its end: the run itself, or the watchdog
	done    chan struct{}
	steps   recorder

	endMu   sync.Mutex
	cause   error // why it was told to end
	outcome Outcome
	told    *ending // how it ended
}

// An ending is what is known of a run that has ended.
type ending struct {
	result   Result
	took     time.Duration
	shown    string // what it returned
	fallback string
}

// A Running is a run that was started.
type Running struct{ r *Run }

// ID is the run's GUID.
func (g *Running) ID() string { return g.r.id }

// Done is closed when the run has ended, its call is seen to and its trace saved.
func (g *Running) Done() <-chan struct{} { return g.r.done }

// Wait is for the end of the run. When ctx ends earlier, the run goes on.
func (g *Running) Wait(ctx context.Context) (Result, error) {
	select {
	case <-g.r.done:
		return g.r.told.result, nil
	case <-ctx.Done():
		return Result{}, context.Cause(ctx)
	}
}

// Stop ends the run.
func (g *Running) Stop(why error) { g.r.end(Gone, why) }

// Trace is what it did so far.
func (g *Running) Trace() Trace { return g.r.trace() }

// run works until the flow has ended.
func (r *Run) run() {
	result := r.execute()
	if r.settled.Swap(true) { // the watchdog gave it up
		r.e.free(r)
		return
	}
	r.e.free(r)
	r.finish(result)
}

// execute runs the flow's function. A mistake of ours or of goja's ends this run only.
func (r *Run) execute() (result Result) {
	r.e.dog.enter(r.busy)
	defer r.e.dog.leave(r.busy)
	defer func() {
		p := recover()
		if r.ended() {
			result = r.endedResult()
		} else if p != nil {
			r.e.opts.Log.Error("a flow's run failed inside", "flow", r.flow, "err", p, "stack", string(debug.Stack()))
			result = Result{Outcome: Threw, Err: &ThrownError{Text: fmt.Sprintf("internal error: %v", p)}}
		}
	}()
	r.rt = goja.New()
	r.machine.Store(r.rt)
	r.rt.SetMaxCallStackSize(r.e.opts.Limits.Depth)
	if _, real := r.e.opts.Clock.(realTime); !real {
		r.rt.SetTimeSource(r.e.opts.Clock.Now)
	}
	if r.ended() { // before there was anything to interrupt
		return r.endedResult()
	}
	value, err := r.callFlow()
	if err == nil {
		value, err = r.settle(value)
	}
	return r.resultOf(value, err)
}

// callFlow loads the program and calls its function.
func (r *Run) callFlow() (goja.Value, error) {
	r.program.needs.guard(r.rt)
	module, err := r.rt.RunProgram(r.program.code)
	if err != nil {
		return nil, err
	}
	load, ok := goja.AssertFunction(module)
	if !ok {
		return nil, errors.New("the flow is no program")
	}
	handed := r.rt.NewObject()
	r.host = newHostObjects(r)
	if _, err := load(goja.Undefined(), r.host.globals(handed)...); err != nil {
		return nil, err
	}
	flow, ok := goja.AssertFunction(handed.Get("run"))
	if !ok {
		return nil, &ThrownError{Text: "the default export is no function"}
	}
	return flow(goja.Undefined(), r.host.arguments()...)
}

// settle takes what an async flow has promised. Nothing is left that could fulfil a promise later.
func (r *Run) settle(value goja.Value) (goja.Value, error) {
	o, ok := value.(*goja.Object)
	if !ok || o.ExportType() != reflect.TypeFor[*goja.Promise]() {
		return value, nil
	}
	p, ok := o.Export().(*goja.Promise)
	if !ok {
		return value, nil
	}
	switch p.State() {
	case goja.PromiseStateFulfilled:
		return p.Result(), nil
	case goja.PromiseStateRejected:
		return nil, r.thrownBy(p.Result(), "")
	}
	return nil, &ThrownError{Text: "the flow waits for a promise that nothing fulfils"}
}

// ended reports whether the run was told to end.
func (r *Run) ended() bool { return r.over.Load() }

// end tells the run to end. The first reason counts.
func (r *Run) end(how Outcome, why error) {
	r.endMu.Lock()
	if r.cause != nil {
		r.endMu.Unlock()
		return
	}
	r.cause, r.outcome = why, how
	r.over.Store(true)
	r.endMu.Unlock()
	r.cancel(why)
	if rt := r.machine.Load(); rt != nil {
		rt.Interrupt(why)
	}
}

// abandon gives a run up that does not end: it is in a built-in function of the language.
func (r *Run) abandon() {
	if r.settled.Swap(true) {
		return
	}
	r.e.abandoned.Add(1)
	r.e.opts.Log.Error("a flow's run does not end and is given up; it takes processor time until its built-in function returns", "flow", r.flow, "run", r.id)
	r.e.wg.Go(func() { r.finish(r.endedResult()) })
}

// finish sees to the call and tells how the run ended.
func (r *Run) finish(result Result) {
	r.timer.Stop()
	r.unbind()
	r.cancel(ErrCallOver)
	for _, open := range r.windows {
		for _, w := range open {
			w.Close()
		}
	}
	end := &ending{result: result, took: r.e.opts.Clock.Now().Sub(r.started), fallback: r.seeToCall(result)}
	if result.Outcome == Returned {
		end.shown = r.show(result.Value)
	}
	r.endMu.Lock()
	r.told = end
	r.endMu.Unlock()
	r.report()
	r.e.forget(r)
	close(r.done)
}

// endedResult is that of a run that was told to end.
func (r *Run) endedResult() Result {
	r.endMu.Lock()
	defer r.endMu.Unlock()
	return Result{Outcome: r.outcome, Err: r.cause}
}

// resultOf is that of a run that has ended by itself.
func (r *Run) resultOf(value goja.Value, err error) Result {
	if err == nil {
		var plain any
		var unfit error
		if err = r.reading(func() { plain, unfit = fromJS(value) }); err == nil {
			if unfit == nil {
				return Result{Outcome: Returned, Value: plain}
			}
			err = &ThrownError{Text: "the flow returned what cannot be given on: " + unfit.Error()}
		}
	}
	var overflow *goja.StackOverflowError
	if errors.As(err, &overflow) {
		text := fmt.Sprintf("functions called each other more than %d deep", r.e.opts.Limits.Depth)
		return Result{Outcome: Limited, Err: &LimitError{text + lastFrames(overflow.Stack())}}
	}
	var exception *goja.Exception
	if errors.As(err, &exception) {
		err = r.thrownBy(exception.Value(), stackText(exception.Stack()))
	}
	return Result{Outcome: Threw, Err: err}
}

// reading reads values of the script outside of it: a getter among them may throw, or call itself. An
// interrupt goes through.
func (r *Run) reading(read func()) (err error) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		overflow, ok := p.(*goja.StackOverflowError)
		if !ok {
			panic(p)
		}
		err = overflow
	}()
	if thrown := r.rt.Try(read); thrown != nil {
		return thrown
	}
	return nil
}

// seeToCall lets a call that is still the flow's go by its fallback. A flow that returned when its caller
// had talked with somebody wants no more of him: that call is ended.
func (r *Run) seeToCall(result Result) (where string) {
	if r.call == nil || r.parent != "" || r.call.own.Load() || r.call.Context().Err() != nil {
		return ""
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.ctx), fallbackTime)
	defer cancel()
	if result.Outcome == Returned && r.call.talked.Load() && r.call.Hangup(ctx, pbx.CauseNormal) == nil {
		return ""
	}
	where = r.call.Info().Fallback.String()
	if err := r.call.Fallback(ctx); err != nil {
		where += ": " + err.Error()
		r.e.opts.Log.Error("the fallback of a flow's call", "flow", r.flow, "call", r.call.Info().Chain, "err", err)
	}
	return where
}

const (
	fallbackTime = 15 * time.Second
	saveTime     = 5 * time.Second
)

func (r *Run) report() {
	t := r.trace()
	switch t.Outcome {
	case Threw, Limited:
		r.e.opts.Log.Warn("a flow ended with an error", "flow", r.flow, "call", t.Chain, "err", t.Reason)
	default:
		r.e.opts.Log.Debug("a flow ended", "flow", r.flow, "call", t.Chain, "outcome", t.Outcome)
	}
	if r.e.opts.Traces == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.ctx), saveTime)
	defer cancel()
	if err := r.e.opts.Traces.Save(ctx, t); err != nil {
		r.e.opts.Log.Error("a flow's trace is not kept", "flow", r.flow, "err", err)
	}
}

// isCallOver reports whether a command failed because the flow has the call no more.
func isCallOver(err error) bool {
	return errors.Is(err, pbx.ErrHungUp) || errors.Is(err, pbx.ErrGivenAway)
}

package scripting

import (
	"errors"
	"sync"
	"time"
)

// Outcome says how a run ended.
type Outcome string

// The outcomes.
const (
	Returned  Outcome = "returned"
	Threw     Outcome = "threw"
	Limited   Outcome = "limit"      // Trace.Reason says which
	HungUp    Outcome = "hung up"    // the caller
	GivenAway Outcome = "given away" // the call, by somebody else than the flow
	Gone      Outcome = "gone"       // the telephone system, or the server is shutting down
	Refused   Outcome = "refused"    // it never began: Trace.Reason says why
)

// A Trace is what a run did. Secrets are masked in it.
type Trace struct {
	Run      string // GUID
	Parent   string // of the run that called it by execFlow
	Flow     string
	Version  int    // of the flow's file, counted from the start of the server
	Kind     string // what started it, see Trigger
	Chain    string // GUID of the call
	User     string // login, for whom it was started
	Started  time.Time
	Took     time.Duration
	Outcome  Outcome // "" while it runs
	Reason   string  // why, with positions in the source
	Returned string  // the value, as JSON
	Fallback string  // where the call went in the end, "" when the flow itself ended it, by a return after a talk too, or gave it away
	Steps    []Step
	Left     int // so many steps in the middle are left out
}

// A Step is one host function that a run called.
type Step struct {
	At     time.Duration // since the start of the run
	Took   time.Duration
	Name   string
	Args   string // JSON, cut at [Limits.StepText]
	Result string // the same
	Err    string
	Open   bool // it has not returned yet
}

// A recorder writes the steps of a run: the first half of what may be kept, and the latest.
type recorder struct {
	mu    sync.Mutex
	max   int
	steps []Step
	next  int // where in the second half the next one goes, once it is full
	left  int
}

// begin writes a step down and returns its place.
func (r *recorder) begin(s Step) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	s.Open = true
	if len(r.steps) < r.max {
		r.steps = append(r.steps, s)
		return len(r.steps) - 1
	}
	half := r.max / 2
	place := half + r.next
	r.next = (r.next + 1) % (r.max - half)
	r.left++
	r.steps[place] = s
	return place
}

// end completes the step at a place.
func (r *recorder) end(place int, now time.Duration, result, err string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := &r.steps[place]
	s.Took, s.Result, s.Err, s.Open = now-s.At, result, err, false
}

// snapshot is what was written so far, in order.
func (r *recorder) snapshot() (steps []Step, left int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.left == 0 {
		return append([]Step(nil), r.steps...), 0
	}
	half := r.max / 2
	steps = append(steps, r.steps[:half]...)
	steps = append(steps, r.steps[half+r.next:]...)
	return append(steps, r.steps[half:half+r.next]...), r.left
}

// trace is what the run did so far.
func (r *Run) trace() Trace {
	t := Trace{
		Run: r.id, Parent: r.parent, Flow: r.flow, Version: r.program.version, Kind: r.trigger.Kind, Chain: r.trigger.Chain, User: r.trigger.User,
		Started: r.started,
	}
	t.Steps, t.Left = r.steps.snapshot()
	r.endMu.Lock()
	defer r.endMu.Unlock()
	if r.told == nil {
		t.Took = r.e.opts.Clock.Now().Sub(r.started)
		return t
	}
	end := r.told
	t.Took, t.Outcome, t.Returned, t.Fallback = end.took, end.result.Outcome, end.shown, end.fallback
	if end.result.Err != nil {
		t.Reason = cut(end.result.Err.Error(), maxReason)
		var thrown *ThrownError
		if errors.As(end.result.Err, &thrown) && thrown.Stack != "" {
			t.Reason += "\n" + cut(thrown.Stack, maxReason)
		}
	}
	return t
}

// maxReason is how many bytes a trace keeps of why a run ended, and of where.
const maxReason = 4096

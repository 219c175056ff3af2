package triggers

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/octolink/octolink/pbx"
)

const (
	inboxSize = 1024        // starts that may wait for Run; more are skipped
	runsEach  = 100         // of one trigger, at once; more are skipped
	logEvery  = time.Minute // how often one trigger's skipped starts are told of
)

// Options are what a Set works with.
type Options struct {
	// Start begins a run, or fails at once: it must not wait. done is called when the run has ended; not
	// after an error.
	Start func(s Start, done func()) error
	// Waiting is who waits in a queue. Nil means nobody ever does.
	Waiting func(queue string) []pbx.Waiter
	// Log hears of starts that are skipped. Nil means nobody does.
	Log *slog.Logger
}

// A Set is the triggers of a server. Its methods may be called from any goroutine and do not wait,
// Run apart; [Set.Tell] wants its events one at a time.
type Set struct {
	o     Options
	inbox chan order
	woken chan struct{} // Learn tells Run
	live  atomic.Pointer[live]

	learning sync.Mutex

	// only Tell
	states   map[string]pbx.StateID
	answered recent

	skippedInbox throttled
	skipped      atomic.Int64
}

// live are the triggers that count now.
type live struct {
	queues []*queueTrigger
	states []*stateTrigger
	timers []*timerTrigger
	events map[string][]*eventTrigger
	byKey  map[string]*trigger
}

// A trigger counts the runs of one entry of the configuration. It stays the same when the entry is
// learned again.
type trigger struct {
	runs    atomic.Int64
	skipped throttled
}

// An order is a start on its way to Run.
type order struct {
	t     *trigger
	most  int64 // runs at once
	start Start
}

// New makes a Set that knows no triggers yet.
func New(o Options) *Set {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Waiting == nil {
		o.Waiting = func(string) []pbx.Waiter { return nil }
	}
	s := &Set{o: o, inbox: make(chan order, inboxSize), woken: make(chan struct{}, 1), states: map[string]pbx.StateID{}}
	s.live.Store(&live{})
	return s
}

// Learn replaces the triggers. Those that are the same as before keep their runs, their timers go on,
// and who was told of already is not told of again.
func (s *Set) Learn(c Config) {
	s.learning.Lock()
	defer s.learning.Unlock()
	old, now := s.live.Load(), &live{events: map[string][]*eventTrigger{}, byKey: map[string]*trigger{}}
	for _, q := range c.Queues {
		now.queues = append(now.queues, old.queue(q, now.trigger(old, "queue", q)))
	}
	for _, st := range c.States {
		now.states = append(now.states, &stateTrigger{st, now.trigger(old, "state", st)})
	}
	for _, t := range c.Timers {
		now.timers = append(now.timers, old.timer(t, now.trigger(old, "timer", t.key())))
	}
	for _, e := range c.Events {
		now.events[e.Name] = append(now.events[e.Name], &eventTrigger{e, now.trigger(old, "event", e)})
	}
	s.live.Store(now)
	select {
	case s.woken <- struct{}{}:
	default: // it will look anyway
	}
}

// trigger is the old one of the same entry, or a new one.
func (l *live) trigger(old *live, kind string, entry any) *trigger {
	key := fmt.Sprintf("%s %+v", kind, entry)
	for n := 0; l.byKey[key] != nil; n++ { // the same entry twice is two triggers
		key = fmt.Sprintf("%s %+v %d", kind, entry, n)
	}
	t := old.byKey[key]
	if t == nil {
		t = &trigger{}
	}
	l.byKey[key] = t
	return t
}

// start hands a start over to Run.
func (s *Set) start(t *trigger, most int64, start Start) {
	select {
	case s.inbox <- order{t, most, start}:
	default:
		s.skipped.Add(1)
		if n := s.skippedInbox.add(time.Now()); n > 0 {
			s.o.Log.Warn("flows are not started: too many starts wait", "flow", start.Flow, "cause", start.Cause, "skipped", n)
		}
	}
}

// Run starts what is to be started until ctx ends. It returns when nothing will be started any more;
// the runs themselves go on.
func (s *Set) Run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case o := <-s.inbox:
			s.begin(o)
			continue
		case <-s.woken:
		case <-timer.C:
		}
		now := time.Now()
		l := s.live.Load()
		timer.Reset(min(s.lookAtQueues(l, now), s.lookAtTimers(l, now)))
	}
}

// begin starts a run unless too many of its trigger's go on.
func (s *Set) begin(o order) {
	if o.t.runs.Add(1) > o.most {
		o.t.runs.Add(-1)
		s.skip(o, "its last runs have not ended")
		return
	}
	if err := s.o.Start(o.start, func() { o.t.runs.Add(-1) }); err != nil {
		o.t.runs.Add(-1)
		s.skip(o, err.Error())
	}
}

// Skipped is how many starts were skipped.
func (s *Set) Skipped() int64 { return s.skipped.Load() }

func (s *Set) skip(o order, why string) {
	s.skipped.Add(1)
	if n := o.t.skipped.add(time.Now()); n > 0 {
		s.o.Log.Warn("a flow is not started", "flow", o.start.Flow, "cause", o.start.Cause, "reason", why, "skipped", n)
	}
}

// throttled counts what is told of at most once a minute.
type throttled struct {
	mu   sync.Mutex
	n    int
	told time.Time
}

// add counts one and returns how many there are to tell of, 0 when it is not the time.
func (t *throttled) add(now time.Time) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.n++
	if !t.told.IsZero() && now.Sub(t.told) < logEvery {
		return 0
	}
	n := t.n
	t.n, t.told = 0, now
	return n
}

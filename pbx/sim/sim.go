package sim

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/octolink/octolink/pbx"
)

// Times of the simulated telephone system.
const (
	setup       = 100 * time.Millisecond // from a callback's beginning to the first ring
	busyTone    = time.Second            // how long a caller listens to it
	ringAtMost  = time.Minute            // unless Options.NoAnswer says otherwise
	outsideOnly = time.Minute            // how long two outside parties talk after the user who joined them has left
	maxCascade  = 8                      // redirects of one call
)

// Options are how the people at the phones behave.
type Options struct {
	Answer   time.Duration // how long a user's phone rings before it answers by itself. Zero means that it does not.
	Outside  time.Duration // the same for outside parties. Zero means that they answer by hand only.
	NoAnswer time.Duration // how long a phone rings at most. Zero means one minute.
	Instant  bool          // prompts of flows take no time
	Log      *slog.Logger  // Zero means no log.
}

// A Sim is a telephone system. Give it to one pbx.Switch as its driver.
type Sim struct {
	opts  Options
	log   *slog.Logger
	ready chan struct{} // closed when board is there
	board pbx.Board

	// Below: only inside Do.
	users   map[string]*phone // by folded login
	outside map[string]*phone // by number; only those that do something
	legs    map[string]*leg
	queues  map[string]*queue
	confs   map[string]*conference
	seq     int // of leg names
}

var (
	_ pbx.Driver       = (*Sim)(nil)
	_ pbx.Holder       = (*Sim)(nil)
	_ pbx.Conferencer  = (*Sim)(nil)
	_ pbx.Eavesdropper = (*Sim)(nil)
	_ pbx.Recorder     = (*Sim)(nil)
	_ pbx.Attendant    = (*Sim)(nil)
	_ pbx.Reloader     = (*Sim)(nil)
	_ pbx.Conductor    = (*Sim)(nil)
)

// New makes a telephone system with all phones idle.
func New(o Options) *Sim {
	if o.NoAnswer == 0 {
		o.NoAnswer = ringAtMost
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Sim{
		opts: o, log: o.Log, ready: make(chan struct{}),
		users: map[string]*phone{}, outside: map[string]*phone{}, legs: map[string]*leg{},
		queues: map[string]*queue{}, confs: map[string]*conference{},
	}
}

// Run connects the phones to a board until ctx ends. Run it once.
func (s *Sim) Run(ctx context.Context, b pbx.Board) error {
	s.board = b
	close(s.ready)
	<-ctx.Done()
	return ctx.Err()
}

// do runs fn on the switch's goroutine and returns its error.
func (s *Sim) do(ctx context.Context, fn func() error) error {
	select {
	case <-s.ready:
	case <-ctx.Done():
		return ctx.Err()
	}
	var failure error
	if err := s.board.Do(ctx, func() { failure = fn() }); err != nil {
		return err
	}
	return failure
}

// running reports whether there is a board already.
func (s *Sim) running() bool {
	select {
	case <-s.ready:
		return true
	default:
		return false
	}
}

func (s *Sim) nextName() string {
	s.seq++
	return "sim-" + strconv.Itoa(s.seq)
}

// UserChanged gives a member who has become ready the caller who waits longest.
func (s *Sim) UserChanged(login string, st pbx.UserState) {
	if !s.running() || st.State != pbx.Ready || !st.CallCenter {
		return
	}
	for _, q := range s.board.Directory().QueuesOf(login) {
		s.dispatch(s.queues[q.Number])
	}
}

// DirectoryChanged drops those who wait in queues that no longer exist.
func (s *Sim) DirectoryChanged() {
	if !s.running() {
		return
	}
	for _, number := range slices.Sorted(maps.Keys(s.queues)) {
		s.dispatch(s.queues[number])
	}
}

package pbx_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/octolink/octolink/pbx"
)

// A desk is a driver that can do nothing but tell. Tests hold its board.
type desk struct {
	board  chan pbx.Board
	run    func(ctx context.Context) error // nil: until ctx ends
	hangup func(leg string) error
}

func (d *desk) Run(ctx context.Context, b pbx.Board) error {
	d.board <- b
	if d.run != nil {
		return d.run(ctx)
	}
	<-ctx.Done()
	return ctx.Err()
}

func (d *desk) Dial(context.Context, pbx.DialRequest) error { return nil }

func (d *desk) Answer(context.Context, string) error { return nil }

func (d *desk) Hangup(_ context.Context, leg string) error {
	if d.hangup != nil {
		return d.hangup(leg)
	}
	return nil
}

func (d *desk) Transfer(context.Context, string, string) error { return nil }

// A watched switch writes down everything that it tells.
type watched struct {
	*pbx.Switch
	board  pbx.Board
	mu     sync.Mutex // guards events
	events []pbx.Event
}

func (w *watched) take() []pbx.Event {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	taken := w.events
	w.events = nil
	return taken
}

// do runs fn as the driver would.
func (w *watched) do(t *testing.T, fn func()) {
	t.Helper()
	if err := w.board.Do(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

// watch starts a switch with a desk in a bubble of virtual time.
func watch(t *testing.T, o pbx.Options) *watched {
	t.Helper()
	d := &desk{board: make(chan pbx.Board, 1)}
	o.Driver = d
	if o.Directory == nil {
		o.Directory = office(t)
	}
	w := &watched{Switch: pbx.NewSwitch(o)}
	w.Subscribe(func(e pbx.Event) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.events = append(w.events, e)
	})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	w.board = <-d.board
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return w
}

// kinds are what the events are about, without the numbers' ones.
func kinds(events []pbx.Event) []string {
	var all []string
	for _, e := range events {
		switch e.What.(type) {
		case pbx.RingStarted:
			all = append(all, "ring+")
		case pbx.RingStopped:
			all = append(all, "ring-")
		case pbx.TalkStarted:
			all = append(all, "talk+")
		case pbx.TalkStopped:
			all = append(all, "talk-")
		case pbx.IVRStarted:
			all = append(all, "ivr+")
		case pbx.IVRStopped:
			all = append(all, "ivr-")
		case pbx.LineChanged:
			all = append(all, "line")
		case pbx.StateChanged:
			all = append(all, "state")
		case pbx.CallRecorded:
			all = append(all, "record")
		case pbx.FlashChanged:
			all = append(all, "flash")
		case pbx.DirectoryChanged:
			all = append(all, "directory")
		}
	}
	return all
}

func same(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

package plugins

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

	"github.com/octolink/octolink/pbx"
	contract "github.com/octolink/octolink/plugins/proto"
	pbxv1 "github.com/octolink/octolink/plugins/proto/pbx/v1"
)

// What a telephone system may have going on at once.
const (
	maxLegs        = 20_000
	maxConferences = 2_000
	maxQueues      = 2_000
)

// Times of a telephone system that is away.
const (
	defaultAwayFor = 10 * time.Second // then its calls are over for us
	takeOver       = 2 * time.Second  // commands wait so long for the next process
)

// A Driver is a telephone system in a plugin, whatever process serves it now. Give it to a pbx.Switch as
// its driver, and to [Options].Telephony.
//
// When the process dies, what goes on at the telephones stays as it was for AwayFor; the next process says
// what of it still is.
type Driver struct {
	plugin string
	// AwayFor is how long calls outlive the process that told of them. Zero means 10 seconds.
	AwayFor time.Duration

	wake chan struct{}           // wanted has changed
	live atomic.Pointer[session] // nil: there is none

	mu       sync.Mutex
	wanted   *instance     // who is to serve; nil: nobody
	replaced chan struct{} // closed when wanted changes
	lost     time.Time     // when the last one that was ready went
	back     chan struct{} // closed when one is ready

	// Below: only inside Do.
	fade   func() // cancels the end of all calls
	legs   map[string]pbx.Leg
	confs  map[string]pbx.Conference
	queues map[string]bool
}

var (
	_ pbx.Driver       = (*Driver)(nil)
	_ pbx.Holder       = (*Driver)(nil)
	_ pbx.Conferencer  = (*Driver)(nil)
	_ pbx.Eavesdropper = (*Driver)(nil)
	_ pbx.Recorder     = (*Driver)(nil)
	_ pbx.Attendant    = (*Driver)(nil)
	_ pbx.Reloader     = (*Driver)(nil)
)

// NewDriver is the telephone system that the plugin of a name is.
func NewDriver(plugin string) *Driver {
	return &Driver{
		plugin: plugin, AwayFor: defaultAwayFor, wake: make(chan struct{}, 1), back: make(chan struct{}),
		replaced: make(chan struct{}), fade: func() {},
		legs: map[string]pbx.Leg{}, confs: map[string]pbx.Conference{}, queues: map[string]bool{},
	}
}

// use makes a process the one that serves; nil: nobody does.
func (d *Driver) use(i *instance) {
	d.mu.Lock()
	if d.wanted != i {
		d.wanted = i
		close(d.replaced)
		d.replaced = make(chan struct{})
	}
	d.mu.Unlock()
	if s := d.live.Load(); s != nil && s.i != i {
		s.retire() // at once: its process may be stopped as soon as this returns
	}
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// Run implements [pbx.Driver].
func (d *Driver) Run(ctx context.Context, b pbx.Board) error {
	for ctx.Err() == nil {
		if i, replaced := d.next(); i != nil {
			d.serve(ctx, b, i, replaced)
			continue
		}
		select {
		case <-d.wake:
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}

// next is the process to serve with, and a channel that is closed when it is not any more.
func (d *Driver) next() (*instance, <-chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.wanted, d.replaced
}

// serve works with one process until its stream ends, another process is to serve, or ctx ends. A stream
// that ends by itself is the process's death.
func (d *Driver) serve(ctx context.Context, b pbx.Board, i *instance, replaced <-chan struct{}) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := i.pbx.Run(ctx)
	if err == nil {
		s := &session{
			d: d, i: i, board: b, stream: stream, wake: make(chan struct{}, 1), idle: make(chan struct{}), users: map[string]pbx.UserState{},
		}
		i.phones.Store(s)
		var leaving sync.WaitGroup
		leaving.Go(func() {
			select {
			case <-replaced:
				s.retire()
				s.rest(ctx)
				cancel()
			case <-ctx.Done():
			}
		})
		err = s.run(ctx)
		s.retire()                                                    // who stops the process need not wait for it
		_ = b.Do(context.WithoutCancel(ctx), func() { d.away(b, s) }) // it fails when the switch has ended
		defer leaving.Wait()
	}
	if ctx.Err() == nil {
		i.fail(fmt.Errorf("its telephone system ended: %w", plain(err)))
	}
	cancel()
	d.mu.Lock()
	if d.wanted == i { // it is of no more use
		d.wanted = nil
	}
	d.mu.Unlock()
}

// ready: the session has told everything. Inside Do.
func (d *Driver) ready(s *session) {
	d.fade()
	if !s.open() {
		return
	}
	d.mu.Lock()
	close(d.back)
	d.mu.Unlock()
	s.i.out.note(slog.LevelInfo, "the telephone system is there", "calls", len(d.legs))
}

// away: the session is of no use for now. Inside Do.
func (d *Driver) away(b pbx.Board, s *session) {
	if !s.close() {
		return
	}
	d.mu.Lock()
	d.lost, d.back = time.Now(), make(chan struct{})
	d.mu.Unlock()
	d.fade()
	d.fade = b.After(d.AwayFor, func() { d.fadeOut(b) })
}

// fadeOut ends everything, because nobody has come back. Inside Do.
func (d *Driver) fadeOut(b pbx.Board) {
	if d.forget(b, func(string) bool { return false }) {
		d.fade = b.After(0, func() { d.fadeOut(b) })
	}
}

// forget ends some of the legs that nobody keeps, and in the end whatever else there is. It is true when
// there is more. Inside Do.
func (d *Driver) forget(b pbx.Board, keep func(leg string) bool) (more bool) {
	ended := 0
	for _, id := range slices.Sorted(maps.Keys(d.legs)) {
		if keep(id) {
			continue
		}
		if ended++; ended > atOnce {
			return true
		}
		d.interrupt(b, d.legs[id])
	}
	for _, id := range slices.Sorted(maps.Keys(d.confs)) {
		c := d.confs[id]
		c.Members = nil
		b.Conference(c)
	}
	for _, number := range slices.Sorted(maps.Keys(d.queues)) {
		b.Queue(number, nil)
	}
	clear(d.confs)
	clear(d.queues)
	return false
}

// interrupt ends a leg of which nothing is known any more. Inside Do.
func (d *Driver) interrupt(b pbx.Board, l pbx.Leg) {
	l.State, l.Cause = pbx.LegEnded, pbx.CauseInterrupted
	b.Leg(l)
	delete(d.legs, l.ID)
}

// session is who takes a command; its exit must be called. While one process follows another, it waits a
// moment.
func (d *Driver) session(ctx context.Context) (*session, error) {
	for {
		d.mu.Lock()
		back, until := d.back, time.Until(d.lost.Add(takeOver))
		d.mu.Unlock()
		s := d.live.Load()
		switch {
		case s != nil && s.enter():
			return s, nil
		case s != nil && s.told.Load(): // away by its own word
			return nil, pbx.ErrOffline
		case s != nil && s.leaving(): // the next one comes
			until = max(until, takeOver)
		case until <= 0:
			return nil, pbx.ErrOffline
		}
		timer := time.NewTimer(until)
		select {
		case <-back:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
}

// UserChanged implements [pbx.Attendant].
func (d *Driver) UserChanged(login string, st pbx.UserState) {
	if s := d.live.Load(); s != nil {
		s.userChanged(login, st)
	}
}

// DirectoryChanged implements [pbx.Reloader].
func (d *Driver) DirectoryChanged() {
	if s := d.live.Load(); s != nil {
		s.directoryChanged()
	}
}

// openPBX makes the plugin a telephone system, if it is to be one.
func (i *instance) openPBX(wanted bool) error {
	is := i.does(contract.KindPBX)
	switch {
	case is && !wanted:
		i.out.note(slog.LevelWarn, "the plugin is a telephone system, but pbx.driver does not name it: it is not used as one")
	case wanted && !is:
		return refusal{errors.New("pbx.driver names it, but it is no telephone system")}
	case wanted && !i.manifest.Allow.PBX:
		return refusal{errors.New("pbx.driver names it, but its manifest does not allow pbx")}
	case wanted:
		i.pbx = pbxv1.NewPBXServiceClient(i.link.conn)
	}
	return nil
}

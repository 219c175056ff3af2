package pbx

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// How many pieces of work may wait for the switch's goroutine; who brings more waits.
const inboxSize = 1024

// Options are what a Switch is made of.
type Options struct {
	Driver       Driver
	Directory    *Directory
	Memory       Memory                    // Zero means that nothing is kept.
	Saved        map[string]SavedState     // what users left at their last log-out, by login
	Rules        map[string][]RedirectRule // redirect rules, by login
	NextEvent    int64                     // the first event's number. Zero means 1.
	Log          *slog.Logger              // Zero means no log.
	NumberWindow time.Duration             // how long changes of numbers are gathered. Zero means 50 ms.
	NewID        func() string             // makes GUIDs. Zero means random ones that grow with time.
}

// A Switch is the live picture of all telephones. Make it with NewSwitch, give it life with Run.
//
// Commands and reads may come from any goroutine, but commands must not be called from a
// subscriber or from a driver's Board.Do: they would wait for the goroutine that they run on.
type Switch struct {
	opts    Options
	driver  Driver
	log     *slog.Logger
	inbox   chan *task
	stopped chan struct{} // closed when nothing will be run any more
	running atomic.Bool
	timers  timers

	subMu sync.Mutex // guards the writing of subs
	subs  atomic.Pointer[[]*subscriber]

	// Snapshots for readers; written by the goroutine only.
	pic            atomic.Pointer[picture]
	confs          sync.Map // conference GUID → *Conference
	chains         chains
	numbersVersion atomic.Uint64

	// Below: only the switch's goroutine.
	people map[string]*person // folded login; those who left the directory stay until their phone is idle
	legs   map[string]*Leg
	ledger ledger
	batch  batch
	window window
	leads  leads
	next   int64 // number of the next event
}

// newID makes a GUID of version 7: entries of one time lie together in the indices of a journal, so
// that writing many at once touches few pages.
func newID() string { return uuid.Must(uuid.NewV7()).String() }

// NewSwitch makes a switch with everybody absent and every phone idle. It panics without a driver
// or a directory.
func NewSwitch(o Options) *Switch {
	if o.Driver == nil || o.Directory == nil {
		panic("pbx: a switch needs a driver and a directory")
	}
	if o.Memory == nil {
		o.Memory = forgetful{}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.NumberWindow == 0 {
		o.NumberWindow = 50 * time.Millisecond
	}
	if o.NewID == nil {
		o.NewID = newID
	}
	s := &Switch{
		opts: o, driver: o.Driver, log: o.Log, inbox: make(chan *task, inboxSize), stopped: make(chan struct{}),
		people: map[string]*person{}, legs: map[string]*Leg{}, next: max(o.NextEvent, 1),
		ledger: ledger{memory: o.Memory, open: map[string]*entry{}, tags: map[string]*tags{}},
		leads:  leads{running: map[string]*Led{}},
	}
	s.timers.wake = make(chan struct{}, 1)
	s.window.told = map[string]StateID{}
	s.settle(o.Directory)
	for login, saved := range o.Saved {
		if p := s.people[fold(login)]; p != nil {
			p.recall(saved)
		}
	}
	for login, rules := range o.Rules {
		if p := s.people[fold(login)]; p != nil {
			p.setRules(rules)
		}
	}
	return s
}

// Run works until ctx ends, the driver too, and returns when all that it started has ended. A driver
// that gives up ends it with that error. Run it once.
func (s *Switch) Run(ctx context.Context) error {
	if s.running.Swap(true) {
		return errors.New("pbx: the switch runs already")
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	gone := make(chan error, 1)
	go func() { gone <- s.driver.Run(ctx, board{s}) }()
	err := s.loop(gone)
	close(s.stopped)
	s.forsake()
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("pbx: driver: %w", err)
	}
	return nil
}

// loop runs what was brought, one after the other, until the driver has ended: the driver may still
// want the goroutine while it closes its things.
func (s *Switch) loop(gone <-chan error) error {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		due, wait := s.timers.due(time.Now())
		if due != nil {
			s.work(due)
			continue
		}
		timer.Reset(wait)
		select {
		case t := <-s.inbox:
			if t.claim() {
				s.work(t.fn)
				close(t.done)
			}
		case <-timer.C:
		case <-s.timers.wake:
		case err := <-gone:
			return err
		}
	}
}

// work runs one piece of work and makes its consequences known.
func (s *Switch) work(fn func()) {
	fn()
	s.flush()
}

// A task is a piece of work that somebody waits for.
type task struct {
	fn      func()
	done    chan struct{}
	claimed atomic.Bool // by who runs it, or by who no longer wants it
}

func (t *task) claim() bool { return !t.claimed.Swap(true) }

// do runs fn on the switch's goroutine and waits until its events are told. When ctx ends before fn
// began, fn is never run. Fails with ErrOffline after the end of Run.
func (s *Switch) do(ctx context.Context, fn func()) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t := &task{fn: fn, done: make(chan struct{})}
	select {
	case s.inbox <- t:
	case <-ctx.Done():
		return ctx.Err()
	case <-s.stopped:
		return ErrOffline
	}
	select {
	case <-t.done:
		return nil
	case <-s.stopped:
		if t.claim() {
			return ErrOffline
		}
	case <-ctx.Done():
		if t.claim() {
			return ctx.Err()
		}
	}
	<-t.done
	return nil
}

type subscriber struct{ fn func(Event) }

// Subscribe has fn called with every event, in order, on the switch's goroutine: fn must not block,
// and must not call the switch's commands. Reads are welcome; they show what the event tells, or
// something newer.
func (s *Switch) Subscribe(fn func(Event)) (cancel func()) {
	own := &subscriber{fn: fn}
	s.changeSubs(func(subs []*subscriber) []*subscriber { return append(subs, own) })
	return func() {
		s.changeSubs(func(subs []*subscriber) []*subscriber {
			kept := subs[:0]
			for _, o := range subs {
				if o != own {
					kept = append(kept, o)
				}
			}
			return kept
		})
	}
}

// changeSubs replaces the list, so that telling needs no lock.
func (s *Switch) changeSubs(change func([]*subscriber) []*subscriber) {
	s.subMu.Lock()
	defer s.subMu.Unlock()
	var subs []*subscriber
	if old := s.subs.Load(); old != nil {
		subs = append(subs, *old...)
	}
	subs = change(subs)
	s.subs.Store(&subs)
}

// tell gives an event its number and everybody the event.
func (s *Switch) tell(login string, what any) {
	e := Event{Number: s.next, At: time.Now(), Login: login, What: what}
	s.next++
	s.opts.Memory.SaveEvent(e)
	if subs := s.subs.Load(); subs != nil {
		for _, o := range *subs {
			o.fn(e)
		}
	}
}

// forgetful is the memory of a switch without one.
type forgetful struct{}

func (forgetful) OpenCall(CallRecord)          {}
func (forgetful) CloseCall(CallRecord)         {}
func (forgetful) SaveState(string, SavedState) {}
func (forgetful) SaveEvent(Event)              {}

package herd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// A Load is what tabs do. All is called from the goroutine that calls Run; messages are valid until the
// call returns.
type Load interface {
	Opened(t *Tab)
	Message(t *Tab, m []byte)
}

// Options say how tabs connect.
type Options struct {
	Addr        netip.AddrPort
	Subprotocol string // Empty means no HTTP at all: frames from the first byte on.
}

// A Herd is many connections and the loop that serves them. Only one goroutine may use it.
type Herd struct {
	Now time.Time // when the tab that is being handled became ready

	opts   Options
	load   Load
	epoll  int
	timer  int // a timerfd: waits shorter than epoll's millisecond
	tabs   []*Tab
	dirty  []*Tab
	events []unix.EpollEvent
	buffer []byte
	failed error
}

// New makes a herd without tabs.
func New(opts Options) (*Herd, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("herd: epoll: %w", err)
	}
	timer, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("herd: timerfd: %w", err), unix.Close(epoll))
	}
	h := &Herd{
		opts: opts, epoll: epoll, timer: timer, Now: time.Now(),
		events: make([]unix.EpollEvent, 1024), buffer: make([]byte, 256<<10),
	}
	if err := h.watch(timer, timerID, unix.EPOLLIN, unix.EPOLL_CTL_ADD); err != nil {
		h.Close()
		return nil, err
	}
	return h, nil
}

// timerID stands for the timer where others have the number of a tab.
const timerID = -1

func (h *Herd) watch(fd, id int, events uint32, op int) error {
	e := unix.EpollEvent{Events: events, Fd: int32(id)} //nolint:gosec // far fewer tabs
	if err := unix.EpollCtl(h.epoll, op, fd, &e); err != nil {
		return fmt.Errorf("herd: epoll: %w", err)
	}
	return nil
}

// Use sets what tabs do from now on.
func (h *Herd) Use(load Load) { h.load = load }

// Tabs are all tabs, by their ID.
func (h *Herd) Tabs() []*Tab { return h.tabs }

// Fail ends Run with an error; the first one counts.
func (h *Herd) Fail(err error) {
	if h.failed == nil {
		h.failed = err
	}
}

// Close closes all connections without a word and the loop.
func (h *Herd) Close() {
	for _, t := range h.tabs {
		t.hangUp()
	}
	_ = unix.Close(h.timer)
	_ = unix.Close(h.epoll)
}

// Run serves the tabs until done says so. Tick is called before each wait and says when it wants to be
// called again at the latest; nil leaves it out. Run fails when a tab is cut off, or by Fail.
func (h *Herd) Run(ctx context.Context, done func() bool, tick func(now time.Time) (next time.Time)) error {
	for h.failed == nil && ctx.Err() == nil {
		h.Now = time.Now()
		next := h.Now.Add(10 * time.Millisecond)
		if tick != nil {
			if at := tick(h.Now); at.Before(next) {
				next = at
			}
		}
		h.flush()
		if done() {
			break
		}
		if err := h.turn(next); err != nil {
			return err
		}
	}
	return errors.Join(h.failed, ctx.Err())
}

// For serves the tabs so long.
func (h *Herd) For(ctx context.Context, d time.Duration, tick func(time.Time) time.Time) error {
	end := time.Now().Add(d)
	return h.Run(ctx, func() bool { return !h.Now.Before(end) }, tick)
}

// turn waits for something to do, at most until next, and does it.
func (h *Herd) turn(next time.Time) error {
	n, err := h.wait(time.Until(next))
	if err != nil {
		return err
	}
	for _, e := range h.events[:n] {
		if e.Fd == timerID {
			var count [8]byte
			_, _ = unix.Read(h.timer, count[:]) // that it rang is all
			continue
		}
		h.Now = time.Now()
		t := h.tabs[e.Fd]
		if err := t.ready(h, e.Events); err != nil {
			t.hangUp()
			return fmt.Errorf("tab %d: %w", t.ID, err)
		}
		h.flush()
	}
	return h.failed
}

// spin is the longest time that is not worth a sleep: a timer would be late.
const spin = 100 * time.Microsecond

func (h *Herd) wait(d time.Duration) (int, error) {
	timeout := 0
	if d > spin {
		at := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(d - spin/2))}
		if err := unix.TimerfdSettime(h.timer, 0, &at, nil); err != nil {
			return 0, fmt.Errorf("herd: timerfd: %w", err)
		}
		timeout = 1000
	}
	n, err := epollWait(h.epoll, h.events, timeout)
	if errors.Is(err, unix.EINTR) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("herd: epoll: %w", err)
	}
	return n, nil
}

// flush writes what tabs want to send.
func (h *Herd) flush() {
	for len(h.dirty) > 0 {
		dirty := h.dirty
		h.dirty = nil
		for _, t := range dirty {
			t.dirty = false
			if err := t.write(h); err != nil {
				h.Fail(fmt.Errorf("tab %d: %w", t.ID, err))
			}
		}
		if h.dirty == nil {
			h.dirty = dirty[:0]
		}
	}
}

// read gives what a connection has, io.EOF at its end.
func read(fd int, b []byte) (int, error) {
	n, err := rawRead(fd, b)
	switch {
	case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EINTR):
		return 0, nil
	case err != nil:
		return 0, err
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}

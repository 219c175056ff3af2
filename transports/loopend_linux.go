package transports

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/octolink/octolink/protocol"
)

// A phase of a connection's end.
type phase uint8

const (
	awaiting phase = iota // our close frame is on its way, the peer's is waited for
	flushing              // nothing more is read; what was taken is sent
	draining              // our side has ended; what the peer still sends is forgotten, so that it does not destroy our close frame on its way
	over
)

// An ending is what there is to know of a connection that is closing.
type ending struct {
	code   protocol.CloseCode // of our close frame
	reason string

	// Only the loop's.
	said   bool // the close frame is queued
	phase  phase
	refuse bool      // the peer broke a rule: it is drained
	final  bool      // what the sink is told is settled
	err    error     // what the sink is told
	by     time.Time // when the phase ends at the latest
}

// endOfReading begins the end, or goes on with it, when nothing more can be read.
func (c *loopConn) endOfReading(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.end.Load()
	var refusal *CloseError
	switch {
	case errors.Is(err, errPeerClosed):
		e.phase, e.final = max(e.phase, flushing), true
	case e != nil && e.phase == draining:
		e.phase = over
	case e != nil: // who ended its side may still read; whatever else it does now, it is gone
		e.phase = max(e.phase, flushing)
	case errors.As(err, &refusal):
		c.end.Store(&ending{
			code: refusal.Code, reason: refusal.Reason, phase: flushing, refuse: true, final: true, err: err,
			by: time.Now().Add(c.home.limits.CloseTimeout),
		})
	default:
		c.end.Store(&ending{said: true, phase: over, final: true, err: err})
	}
}

// broke ends a connection to which nothing can be written any more.
func (c *loopConn) broke(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.end.Load()
	if e == nil {
		e = &ending{}
		defer c.end.Store(e)
	}
	e.said, e.phase = true, over
	if !e.final {
		e.final, e.err = true, err
	}
}

// discard forgets what a peer sends of which nothing is read any more.
func (l *loop) discard(c *loopConn, e *ending) error {
	if e.phase != draining {
		return nil
	}
	_, err := readSocket(c, l.buf)
	return err
}

// advance goes on with a connection's end and reports whether it has come. idle says that everything
// was sent.
func (l *loop) advance(c *loopConn, e *ending, idle bool) bool {
	if e.phase == flushing && idle {
		e.phase = over
		if e.refuse && unix.Shutdown(int(c.fd), unix.SHUT_WR) == nil {
			e.phase, e.by = draining, time.Now().Add(linger)
		}
	}
	if e.phase != over {
		return false
	}
	l.finish(c)
	return true
}

// deadline is when the connection's time is used up; zero is never. Only the loop calls it.
func (c *loopConn) deadline() time.Time {
	var by time.Time
	if c.stuck() {
		by = c.send.stuck
	}
	if e := c.end.Load(); e != nil && (by.IsZero() || e.by.Before(by)) {
		by = e.by
	}
	return by
}

// stuck reports whether the socket took only some of what it should. Only the loop calls it.
func (c *loopConn) stuck() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.send != nil && c.send.batch != nil
}

// expired ends a connection whose time is used up.
func (l *loop) expired(c *loopConn) {
	err := ErrNoAnswer
	if c.stuck() {
		err = fmt.Errorf("transports: write: %w", os.ErrDeadlineExceeded)
	}
	c.broke(err)
	l.finish(c)
}

// finish closes the socket. The sink hears of it, and then nothing more.
func (l *loop) finish(c *loopConn) {
	c.mu.Lock()
	err := c.end.Load().err
	if s := c.send; s != nil {
		for _, o := range []*outbox{s.batch, s.out} {
			if o != nil {
				o.release()
			}
		}
		c.send = nil
	}
	c.mu.Unlock()
	if c.slots != nil {
		c.slots.free() // first: a peer that sees the end may come back at once
	}
	_ = unix.Close(int(c.fd)) // there is nothing to lose any more
	c.fd = -1
	if p := c.part; p != nil {
		p.in.drop()
		p.asm.abandon()
		c.part = nil
	}
	l.leave(c)
	l.graves.add(c, err)
}

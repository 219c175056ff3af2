package transports

import (
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/sys/unix"
)

// Hearings are connections in the middle of their turn: what they had to say is read and handed on,
// what was written meanwhile has not left. An answer that leaves wakes who waits for it; that costs
// as much as half a request, and those that leave together wake him once.
type hearings struct {
	conns []hearing
	bytes int // that were read
}

type hearing struct {
	c        *loopConn
	writable bool // the socket takes more
}

// hear is the first half of the turn of a connection whose socket is ready: reads once and hands on
// what is whole. Those of which one call of the poller tells wait for each other, but not for more
// bytes than one of them may send in a turn.
func (l *loop) hear(c *loopConn, events uint32) {
	if events&hungUp != 0 {
		events |= unix.EPOLLIN | unix.EPOLLOUT // which of them fails says why
	}
	c.cork(false)
	if events&readable != 0 {
		if err := l.read(c); err != nil {
			c.endOfReading(err)
		}
	}
	l.heard.conns = append(l.heard.conns, hearing{c, events&unix.EPOLLOUT != 0})
	if l.heard.bytes >= readSize {
		l.answer()
	}
}

// answer is the second half of the turns that have begun.
func (l *loop) answer() {
	for i, h := range l.heard.conns {
		l.heard.conns[i] = hearing{}
		l.settle(h.c, h.writable)
	}
	l.heard.conns, l.heard.bytes = l.heard.conns[:0], 0
}

// turn is that of a connection that was posted: it has something to send, or is new.
func (l *loop) turn(c *loopConn) {
	if c.fd < 0 {
		return // closed since
	}
	c.cork(true)
	if c.sink == nil {
		l.first(c)
	}
	l.settle(c, false)
}

// cork begins a turn, perhaps the one that was posted.
func (c *loopConn) cork(posted bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.corked = true
	if posted {
		c.posted = false
	}
}

// first opens the channel, hands on what came together with the handshake, and begins to watch the
// socket.
func (l *loop) first(c *loopConn) {
	p := c.part
	opener := p.opener
	p.opener = nil
	c.sink = opener.Open(c)
	err := l.enter(c)
	if err == nil {
		err = l.deliver(c, p, p.in.bytes())
	}
	if err != nil {
		c.endOfReading(err)
	}
}

// read reads once. Most messages never leave the loop's own buffer; a long one gets its own, that
// grows with what has come.
func (l *loop) read(c *loopConn) error {
	if e := c.end.Load(); e != nil && e.phase >= flushing {
		return l.discard(c, e)
	}
	p := c.part
	held := 0
	if p != nil {
		held = len(p.in.bytes())
	}
	if held > readSize {
		n, err := readSocket(c, p.in.room(p.asm.need))
		if n == 0 || err != nil {
			return err
		}
		p.in.got(n)
		l.heard.bytes += n
		return l.deliver(c, p, p.in.bytes())
	}
	if held > 0 {
		copy(l.buf, p.in.bytes())
		p.in.drop()
	}
	n, err := readSocket(c, l.buf[held:held+readSize])
	if n == 0 && held == 0 || err != nil {
		return err
	}
	l.heard.bytes += n
	return l.deliver(c, p, l.buf[:held+n])
}

// readSocket reads what there is; nothing is no error.
func readSocket(c *loopConn, b []byte) (int, error) {
	n, err := readNow(int(c.fd), b)
	switch {
	case errors.Is(err, unix.EAGAIN):
		return 0, nil
	case err != nil:
		return 0, fmt.Errorf("transports: read: %w", err)
	case n == 0:
		return 0, fmt.Errorf("transports: read: %w", io.EOF)
	}
	return n, nil
}

// deliver hands on what is whole in b and keeps the rest. p is what the connection holds already, nil
// for nothing; b may be its inbox.
func (l *loop) deliver(c *loopConn, p *part, b []byte) error {
	asm := assembler{state: serverSide, limit: c.home.limits.Message}
	if p != nil {
		asm = p.asm
	}
	used, _, err := pushAll(c, &asm, b)
	asm.drop()
	if err != nil {
		if p == nil {
			asm.abandon()
		} else {
			p.asm = asm
		}
		return err
	}
	if used == len(b) && !asm.state.Fragmented() {
		if p != nil {
			p.in.drop()
			c.part = nil
		}
		return nil
	}
	if p == nil {
		p = &part{}
		c.part = p
	}
	p.asm = asm
	if p.in.buf != nil { // b is there
		p.in.skip(used)
		p.in.rest()
	} else {
		p.in.keep(b[used:])
	}
	return nil
}

// settle ends a turn: it asks the sink for what it holds back, sends everything, and sees how far the
// connection's end has come. writable says that the socket takes more.
func (l *loop) settle(c *loopConn, writable bool) {
	if c.wanted() {
		c.sink.Writable()
	}
	err := l.flush(c, writable)
	if err != nil {
		c.broke(fmt.Errorf("transports: write: %w", err))
	}
	l.uncork(c)
}

// wanted reports whether the sink holds something back that can be taken now.
func (c *loopConn) wanted() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.full || c.send != nil && c.send.batch != nil {
		return false
	}
	c.full = false
	return !c.isClosing()
}

// flushesATurn bounds how often a turn sends what was written while it sent.
const flushesATurn = 4

// flush sends what waits. What the socket does not take is kept for when it takes more.
func (l *loop) flush(c *loopConn, writable bool) error {
	for range flushesATurn {
		batch := c.nextBatch(writable)
		if batch == nil {
			return nil
		}
		for rest := batch.rest(); len(rest) > 0; rest = batch.rest() {
			n, err := writeNow(int(c.fd), rest)
			if errors.Is(err, unix.EAGAIN) {
				return nil
			}
			if err != nil {
				return err
			}
			batch.wrote(n)
			c.progress()
		}
		if !c.sent(batch) {
			return nil
		}
		writable = true
	}
	return nil
}

// nextBatch is what is to be sent now; nil for nothing, or while the socket is full.
func (c *loopConn) nextBatch(writable bool) *outbox {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.send != nil && c.send.hasOne {
		c.take(nil)
	}
	e := c.end.Load()
	if e != nil && !e.said {
		e.said = true
		c.sender().goodbye(e.code, e.reason)
	}
	s := c.send
	switch {
	case s == nil:
		return nil
	case s.batch != nil:
		if !writable {
			return nil
		}
		return s.batch
	}
	if e == nil {
		s.answerLate()
	}
	if s.batch = s.take(); s.batch != nil {
		s.stuck = time.Time{}
	}
	return s.batch
}

// progress gives a socket that takes something new time for the rest.
func (c *loopConn) progress() { c.send.stuck = time.Time{} }

// sent forgets a batch and reports whether there may be more.
func (c *loopConn) sent(batch *outbox) (more bool) {
	c.mu.Lock()
	c.send.queued -= batch.bytes
	c.send.batch = nil
	more = c.send.out != nil || c.send.late != nil || c.isClosing()
	c.mu.Unlock()
	batch.release()
	return more
}

// uncork ends the turn.
func (l *loop) uncork(c *loopConn) {
	c.mu.Lock()
	c.corked = false
	blocked, idle := false, true
	if s := c.send; s != nil {
		if blocked = s.batch != nil; blocked && s.stuck.IsZero() {
			s.stuck = time.Now().Add(c.home.limits.WriteTimeout)
		}
		idle = !blocked && s.out == nil
		if idle {
			*s = pending{}
			pendings.Put(s)
			c.send = nil
		}
	}
	if !blocked && (c.full || !idle) {
		c.post()
	}
	e := c.end.Load()
	c.mu.Unlock()
	if e != nil && l.advance(c, e, idle) {
		return
	}
	l.watch(c, e, blocked)
	if blocked || e != nil || len(l.timed) > 0 {
		l.remember(c, c.deadline())
	}
}

// watch asks for the events that count now.
func (l *loop) watch(c *loopConn, e *ending, blocked bool) {
	events := uint32(readable)
	if e != nil && e.phase == flushing {
		events = 0
	}
	if blocked {
		events |= unix.EPOLLOUT
	}
	if events == c.watched {
		return
	}
	c.watched = events
	if err := l.poll.change(int(c.fd), c.slot, events); err != nil {
		c.broke(err) // the next turn ends it
		c.mu.Lock()
		c.post()
		c.mu.Unlock()
	}
}

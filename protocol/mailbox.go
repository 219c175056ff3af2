package protocol

import (
	"context"
	"time"

	"github.com/octolink/octolink/protocol/wire"
)

// A queued request waits in its client's mailbox, with bytes of its own.
type queued struct {
	method *Method // nil for a name that the table does not have
	msg    wire.Message
}

// A mailbox is what a client asked and a worker will answer. It exists while something is answered
// there or beside it.
type mailbox struct {
	box     []queued
	bytes   int // that box holds on to
	working bool
	aside   int           // requests that are answered beside the mailbox
	idle    chan struct{} // closed when nothing is answered any more, if somebody waits for that
}

// mailbox is the client's, made if there is none. mu is held.
func (c *Client) mailbox() *mailbox {
	if c.mail == nil {
		c.mail = new(mailbox)
	}
	return c.mail
}

// working reports whether a worker runs. mu is held.
func (c *Client) working() bool { return c.mail != nil && c.mail.working }

// accept answers a request at once, or puts it into the client's mailbox: one at a time and in
// order per client, and clients do not wait for each other. It is called by the one who pushes
// frames and never waits. Who may ask is judged when the request's turn comes: a login may be
// ahead of it.
// It reports false for a client that is forgotten.
func (c *Client) accept(m *Method, msg *wire.Message) bool {
	atOnce := m == nil || m.quickFor(c) || c.refusal(m, msg) != nil
	c.mu.Lock()
	switch {
	case c.dropped:
		c.mu.Unlock()
		return false
	case c.draining:
		c.mu.Unlock()
	case atOnce && !c.working():
		c.mu.Unlock() // only the pusher starts a worker, and the pusher is here
		c.ch.serve(c.ch.engine.ctx, c, m, msg, time.Duration(c.ch.heard.Load()), true)
		if c.Tunnelled() && c.Identity() == nil {
			c.ch.Forget(c)
		}
	case c.full(msg.Size()):
		c.mu.Unlock()
		c.ch.refuse(c, m, msg, errMailboxFull)
	default:
		c.put(m, msg)
	}
	return true
}

// full reports whether a request of that size has no place. An empty mailbox takes every size. mu
// is held.
func (c *Client) full(size int) bool {
	l := &c.ch.engine.opts.Limits
	m := c.mail
	return m != nil && (len(m.box) >= l.Mailbox || len(m.box) > 0 && m.bytes+size > l.Message)
}

// put queues a request and unlocks mu.
func (c *Client) put(m *Method, msg *wire.Message) {
	own := msg.Clone()
	b := c.mailbox()
	b.box = append(b.box, queued{m, own})
	b.bytes += own.Size()
	start := !b.working
	b.working = true
	c.mu.Unlock()
	if start {
		c.ch.engine.workers.Go(c.work)
	}
}

// work answers what is in the mailbox and ends with it.
func (c *Client) work() {
	for {
		next, ok := c.next()
		if !ok {
			return
		}
		if !c.ch.out.ending() { // nobody would hear the answer
			c.answer(next)
		}
	}
}

// next takes the oldest request. When there is none, the worker has ended.
func (c *Client) next() (q queued, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.mail
	if len(m.box) > 0 {
		q = m.box[0]
		m.box[0] = queued{}
		m.box = m.box[1:]
		m.bytes -= q.msg.Size()
		return q, true
	}
	m.box, m.working = nil, false
	c.retire()
	c.rest()
	return queued{}, false
}

// retire forgets a user of a CRM server who did not log in, or logged out, and has nothing in hand.
// mu is held.
func (c *Client) retire() {
	if c.Tunnelled() && !c.working() && !c.dropped {
		c.dropped = c.ch.server.drop(c)
	}
}

// answerWithin is how long a request may take. Clients stop waiting after 20 s [P 3.6]; failed
// logins are held back for longer than that.
const answerWithin = 45 * time.Second

func (c *Client) answer(q queued) {
	if q.method != nil && q.method.aside {
		c.stepAside(q)
		return
	}
	ctx, cancel := context.WithTimeout(c.ch.engine.ctx, answerWithin)
	defer cancel()
	c.ch.serve(ctx, c, q.method, &q.msg, c.ch.engine.clock(), false)
}

// drain accepts nothing from now on.
func (c *Client) drain() {
	c.mu.Lock()
	c.draining = true
	c.mu.Unlock()
}

// finished waits until nothing of the client is being answered.
func (c *Client) finished(ctx context.Context) {
	c.mu.Lock()
	if c.mail == nil {
		c.mu.Unlock()
		return
	}
	if c.mail.idle == nil {
		c.mail.idle = make(chan struct{})
	}
	idle := c.mail.idle
	c.mu.Unlock()
	select {
	case <-idle:
	case <-ctx.Done():
	}
}

// quickFor reports whether a method answers a client from memory.
func (m *Method) quickFor(c *Client) bool {
	return m.quick && !(m.slowForServers && c.ch.server != nil && !c.Tunnelled())
}

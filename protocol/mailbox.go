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

// accept answers a request at once, or puts it into the client's mailbox: one at a time and in
// order per client, and clients do not wait for each other. It is called by the one who pushes
// frames and never waits. Who may ask is judged when the request's turn comes: a login may be
// ahead of it.
// It reports false for a client that is forgotten.
func (c *Client) accept(m *Method, msg wire.Message) bool {
	atOnce := m == nil || m.quickFor(c) || c.refusal(m, msg) != nil
	c.mu.Lock()
	switch {
	case c.dropped:
		c.mu.Unlock()
		return false
	case c.draining:
		c.mu.Unlock()
	case atOnce && !c.working:
		c.mu.Unlock() // only the pusher starts a worker, and the pusher is here
		c.ch.serve(c.ch.engine.ctx, c, m, msg)
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
	return len(c.box) >= l.Mailbox || len(c.box) > 0 && c.bytes+size > l.Message
}

// put queues a request and unlocks mu.
func (c *Client) put(m *Method, msg wire.Message) {
	own := msg.Clone()
	c.box = append(c.box, queued{m, own})
	c.bytes += own.Size()
	start := !c.working
	c.working = true
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
	if len(c.box) > 0 {
		q = c.box[0]
		c.box[0] = queued{}
		c.box = c.box[1:]
		c.bytes -= q.msg.Size()
		return q, true
	}
	c.box, c.working = nil, false
	c.retire()
	c.rest()
	return queued{}, false
}

// retire forgets a user of a CRM server who did not log in, or logged out, and has nothing in hand.
// mu is held.
func (c *Client) retire() {
	if c.Tunnelled() && !c.working && !c.dropped {
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
	c.ch.serve(ctx, c, q.method, q.msg)
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
	if !c.working && c.aside == 0 {
		c.mu.Unlock()
		return
	}
	if c.idle == nil {
		c.idle = make(chan struct{})
	}
	idle := c.idle
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

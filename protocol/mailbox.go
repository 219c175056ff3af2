package protocol

import (
	"context"
	"time"

	"github.com/octolink/octolink/protocol/wire"
)

// A queued request waits in its client's mailbox, with bytes of its own.
type queued struct {
	method *Method
	msg    wire.Message
}

// accept answers a request at once, or puts it into the client's mailbox: one at a time and in
// order per client, and clients do not wait for each other. It is called by the one who pushes
// frames and never waits.
func (c *Client) accept(m *Method, msg wire.Message) {
	c.mu.Lock()
	if m.quick && !c.working {
		c.mu.Unlock() // only the pusher starts a worker, and the pusher is here
		c.ch.serve(c.ch.engine.ctx, c, m, msg)
		return
	}
	if len(c.box) >= c.ch.engine.opts.Limits.Mailbox {
		c.mu.Unlock()
		c.ch.refuse(m.Reply, msg.QID, errMailboxFull)
		return
	}
	c.box = append(c.box, queued{m, msg.Clone()})
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
		c.mu.Lock()
		if len(c.box) == 0 {
			c.box, c.working = nil, false
			if c.idle != nil {
				close(c.idle)
				c.idle = nil
			}
			c.mu.Unlock()
			return
		}
		next := c.box[0]
		c.box[0] = queued{}
		c.box = c.box[1:]
		c.mu.Unlock()
		c.answer(next)
	}
}

// answerWithin is how long a request may take. Clients stop waiting after 20 s [P 3.6]; failed
// logins are held back for longer than that.
const answerWithin = 45 * time.Second

func (c *Client) answer(q queued) {
	ctx, cancel := context.WithTimeout(c.ch.engine.ctx, answerWithin)
	defer cancel()
	c.ch.serve(ctx, c, q.method, q.msg)
}

// finished waits until nothing of the client is being answered.
func (c *Client) finished(ctx context.Context) {
	c.mu.Lock()
	if !c.working {
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

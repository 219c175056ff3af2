package protocol

// maxAside is how many requests of one client may be answered beside its mailbox.
const maxAside = 16

// Aside marks a method that may take long and may need its own client meanwhile: a service that shows
// the user a form waits for what he enters. When its turn has come it is answered beside the mailbox,
// so that the client's later requests pass it, and without the limit of 45 s: its handler has one of its
// own. At most 16 of them run for one client; others are answered 429. Events do not wait for its reply.
func (m Method) Aside() Method { m.aside = true; return m }

// stepAside answers a request beside the mailbox.
func (c *Client) stepAside(q queued) {
	c.mu.Lock()
	m := c.mailbox()
	full := m.aside >= maxAside
	if !full {
		m.aside++
	}
	c.mu.Unlock()
	if full {
		c.ch.refuse(c, q.method, &q.msg, errMailboxFull)
		return
	}
	c.ch.engine.workers.Go(func() {
		defer c.stepBack()
		c.ch.serve(c.ch.engine.ctx, c, q.method, &q.msg, c.ch.engine.clock(), false)
	})
}

func (c *Client) stepBack() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mail.aside--
	c.rest()
}

// rest ends the mailbox when nothing of the client is being answered, and tells who waits for that. mu
// is held.
func (c *Client) rest() {
	m := c.mail
	if m.working || m.aside > 0 {
		return
	}
	if m.idle != nil {
		close(m.idle)
	}
	c.mail = nil
}

package transports

import (
	"errors"
	"fmt"
	"time"
)

// Writing is a duty that at most one goroutine has: the reader while it pushes what it read, so
// that the answers leave together, or a writer that exists until nothing is left.

// startWriter takes the duty for a new writer if something waits and nobody has it. With mu held.
func (c *wsConn) startWriter() bool {
	if c.writing || c.send.out == nil {
		return false
	}
	c.writing = true
	return true
}

// write starts the writer. The reader waits for it before it ends the connection.
func (c *wsConn) write(start bool) {
	if start {
		go c.flush(nil, true)
	}
}

// cork takes the duty for the reader, if nobody has it.
func (c *wsConn) cork() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.writing {
		return false
	}
	c.writing = true
	return true
}

// flush writes batch and what is queued until nothing is left, and gives the duty back. Without
// wait it never blocks: it hands the rest to a writer when the socket takes no more.
func (c *wsConn) flush(batch *outbox, wait bool) {
	for {
		if batch == nil {
			batch = c.take()
		}
		if batch == nil {
			return
		}
		err := c.sendBatch(batch, wait)
		if errors.Is(err, errWouldBlock) {
			go c.flush(batch, true)
			return
		}
		if err != nil {
			c.fail(fmt.Errorf("transports: write: %w", err))
		}
		c.sent(batch)
		batch = nil
	}
}

// take takes what is queued. When there is nothing, it gives the duty back.
func (c *wsConn) take() *outbox {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closing {
		c.send.answerLate()
	}
	batch := c.send.take()
	if c.failed != nil && batch != nil {
		batch.release()
		batch = nil
	}
	if batch == nil {
		c.writing = false
		if c.idle != nil {
			close(c.idle)
			c.idle = nil
		}
	}
	return batch
}

// sendBatch writes a batch. Without wait it may end in errWouldBlock; the batch then knows what is
// left.
func (c *wsConn) sendBatch(batch *outbox, wait bool) error {
	for rest := batch.rest(); len(rest) > 0; rest = batch.rest() {
		n, err := c.sock.tryWrite(rest)
		if wait && errors.Is(err, errWouldBlock) {
			c.setWriteTimeout(c.limits.WriteTimeout)
			n, err = c.sock.write(rest)
			c.setWriteTimeout(0)
		}
		if err != nil {
			return err
		}
		batch.wrote(n)
	}
	return nil
}

// setWriteTimeout sets the deadline of a write that waits, 0 for none; the deadline of Close always
// counts.
func (c *wsConn) setWriteTimeout(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	by := c.closeBy
	if d > 0 {
		if t := time.Now().Add(d); by.IsZero() || t.Before(by) {
			by = t
		}
	}
	_ = c.sock.SetWriteDeadline(by) // fails only on a closed socket
}

// sent forgets a batch and tells the sink when there is room again.
func (c *wsConn) sent(batch *outbox) {
	c.mu.Lock()
	c.send.queued -= batch.bytes
	tell := c.full && !c.closing
	if tell {
		c.full = false
	}
	c.mu.Unlock()
	batch.release()
	if tell {
		c.sink.Writable()
	}
}

// fail ends the connection at once: what waits is dropped, and the reader wakes up.
func (c *wsConn) fail(err error) {
	c.mu.Lock()
	if c.failed == nil {
		c.failed = err
	}
	c.closing = true
	c.mu.Unlock()
	_ = c.sock.Close() // the first error says why
}

// awaitWriter waits until nobody has the duty.
func (c *wsConn) awaitWriter() {
	c.mu.Lock()
	if !c.writing {
		c.mu.Unlock()
		return
	}
	if c.idle == nil {
		c.idle = make(chan struct{})
	}
	idle := c.idle
	c.mu.Unlock()
	<-idle
}

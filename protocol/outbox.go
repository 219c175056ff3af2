package protocol

import (
	"sync"
	"sync/atomic"
)

// An outbox is a channel's outgoing queue. Whoever finds it idle flushes it, everybody else only
// adds; so exactly one flush runs, and what comes together leaves together.
type outbox struct {
	conn  Conn
	limit int // bytes

	mu       sync.Mutex
	queue    []Frame
	bytes    int // in queue, and held by clients
	flushing bool
	blocked  bool // the connection took less than all; Writable lifts it
	again    bool // Writable came while flushing
	closing  *closing
	closed   bool

	over atomic.Bool // closing is set, or closed
}

type closing struct {
	code   CloseCode
	reason string
}

// send queues frames that need not wait; they leave one behind the other.
func (o *outbox) send(frames ...Frame) {
	o.mu.Lock()
	if o.closed || o.closing != nil {
		o.mu.Unlock()
		return
	}
	o.push(frames)
	o.unlockAndFlush()
}

func (o *outbox) push(frames []Frame) { // mu is held
	o.queue = append(o.queue, frames...)
	for i := range frames {
		o.bytes += frames[i].Len()
	}
}

// event queues an event for a client, or holds it for the reply of a command that runs for him.
func (o *outbox) event(c *Client, f Frame) (held bool) {
	o.mu.Lock()
	if o.closed || o.closing != nil {
		o.mu.Unlock()
		return false
	}
	if held = c.holding > 0; held {
		c.held = append(c.held, f)
		o.bytes += f.Len()
	} else {
		o.queue = append(o.queue, f)
		o.bytes += f.Len()
	}
	o.unlockAndFlush()
	return held
}

// hold makes a client's events wait until release.
func (o *outbox) hold(c *Client) {
	o.mu.Lock()
	c.holding++
	o.mu.Unlock()
}

// release queues the reply of a command and then the events that it caused. There is no reply for
// requests without a qid. It returns the events.
func (o *outbox) release(c *Client, reply ...Frame) (events []Frame) {
	o.mu.Lock()
	c.holding--
	if o.closed {
		c.held = nil
		o.mu.Unlock()
		return nil
	}
	if o.closing == nil {
		o.push(reply)
	}
	if c.holding == 0 {
		events, c.held = c.held, nil
		o.queue = append(o.queue, events...)
	}
	o.unlockAndFlush()
	return events
}

// close ends the connection when all that is queued has left. Only the first call counts.
func (o *outbox) close(code CloseCode, reason string) {
	o.mu.Lock()
	if o.closed || o.closing != nil {
		o.mu.Unlock()
		return
	}
	o.closing = &closing{code, reason}
	o.over.Store(true)
	o.unlockAndFlush()
}

// abort ends the connection at once; what is queued is lost. A close that waited for the queue keeps
// its code.
func (o *outbox) abort(code CloseCode, reason string) {
	o.mu.Lock()
	o.abortLocked(code, reason)
}

// abortLocked unlocks mu.
func (o *outbox) abortLocked(code CloseCode, reason string) {
	if o.closing == nil {
		o.closing = &closing{code, reason}
	}
	end := *o.closing
	o.drop()
	o.mu.Unlock()
	o.conn.Close(end.code, end.reason)
}

// gone drops everything; the connection has ended.
func (o *outbox) gone() {
	o.mu.Lock()
	o.drop()
	o.mu.Unlock()
}

func (o *outbox) drop() { // mu is held
	o.closed = true
	o.over.Store(true)
	o.queue, o.bytes = nil, 0
}

// ending reports whether nothing that is sent from now on leaves.
func (o *outbox) ending() bool { return o.over.Load() }

// closeCode is the code with which we ended the connection, if we did.
func (o *outbox) closeCode() (code CloseCode, ours bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closing == nil {
		return 0, false
	}
	return o.closing.code, true
}

// pending is how many bytes wait.
func (o *outbox) pending() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.bytes
}

// writable continues after a Write that took less than all.
func (o *outbox) writable() {
	o.mu.Lock()
	if o.flushing {
		o.again = true
		o.mu.Unlock()
		return
	}
	o.blocked = false
	o.unlockAndFlush()
}

// unlockAndFlush hands the queue to the connection, round by round, unless somebody else does. A
// queue over its limit ends the connection: a slow peer is never waited for.
func (o *outbox) unlockAndFlush() {
	if o.bytes > o.limit {
		o.abortLocked(CloseSlow, "the outgoing queue is full")
		return
	}
	if o.flushing || o.blocked || o.closed || (len(o.queue) == 0 && o.closing == nil) {
		o.mu.Unlock()
		return
	}
	o.flushing = true
	for o.round() {
	}
	end := o.closing
	if o.closed || len(o.queue) > 0 {
		end = nil
	}
	o.flushing = false
	if end != nil {
		o.drop()
	}
	o.mu.Unlock()
	if end != nil {
		o.conn.Close(end.code, end.reason)
	}
}

// keptRoom is how many frames an idle queue keeps room for; every idle tab pays for it.
const keptRoom = 2

// round writes what is queued now and reports whether there is more to write. mu is held, but not
// while the connection writes.
func (o *outbox) round() bool {
	batch := o.queue
	if len(batch) == 0 || o.closed {
		return false
	}
	o.queue = nil
	o.mu.Unlock()
	taken, err := o.conn.Write(batch)
	o.mu.Lock()
	if err != nil {
		o.drop()
	}
	if o.closed {
		return false
	}
	for i := range batch[:taken] {
		o.bytes -= batch[i].Len()
	}
	clear(batch[:taken]) // what still waits must not hold on to what has left
	if taken == len(batch) {
		if len(o.queue) == 0 && cap(batch) <= keptRoom {
			o.queue = batch[:0] // the next event needs no memory
		}
		return len(o.queue) > 0
	}
	o.queue = append(batch[taken:], o.queue...)
	if o.again {
		o.again = false
		return true
	}
	o.blocked = true
	return false
}

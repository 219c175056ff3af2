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
	queue    *batch // nil for nothing
	bytes    int    // in queue, and held by clients
	closing  *closing
	flushing bool
	blocked  bool // the connection took less than all; Writable lifts it
	again    bool // Writable came while flushing
	closed   bool

	over atomic.Bool // closing is set, or closed; beside the flags, where it costs nothing
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
	o.push(frames...)
	o.unlockAndFlush()
}

func (o *outbox) push(frames ...Frame) { // mu is held
	for i := range frames {
		o.bytes += frames[i].Len()
	}
	o.add(frames...)
}

// add queues frames whose bytes count already. mu is held.
func (o *outbox) add(frames ...Frame) {
	for i := range frames {
		o.addOne(&frames[i])
	}
}

func (o *outbox) addOne(f *Frame) {
	if o.queue == nil {
		o.queue = batches.Get().(*batch)
	}
	o.queue.add(f)
}

// sendOne is send for a reply in lent memory: when nothing waits, and nobody writes, it goes to the
// connection without being queued.
func (o *outbox) sendOne(f *Frame) {
	o.mu.Lock()
	if !o.idle() || f.Len() > o.limit {
		o.mu.Unlock()
		o.send(*f)
		return
	}
	o.bytes += f.Len()
	o.writeOne(f.lent.one[:])
}

// writeOne gives the connection a frame that need not be queued; its bytes count already. It unlocks mu.
func (o *outbox) writeOne(one []Frame) {
	f := &one[0]
	size := f.Len()
	o.flushing = true
	o.mu.Unlock()
	taken, err := o.conn.Write(one)
	o.mu.Lock()
	o.flushing = false
	switch {
	case err != nil:
		o.drop()
	case o.closed:
	case taken == 1:
		o.bytes -= size
		f.giveBack()
	default:
		o.refused(f)
	}
	if o.queue == nil && o.closing == nil {
		o.mu.Unlock()
		return
	}
	o.unlockAndFlush()
}

// idle reports whether nothing waits and nobody writes. mu is held.
func (o *outbox) idle() bool {
	return o.queue == nil && !o.flushing && !o.blocked && !o.closed && o.closing == nil
}

// refused queues a frame that the connection has not taken before all that came meanwhile. mu is held.
func (o *outbox) refused(f *Frame) {
	later := o.queue
	o.queue = nil
	o.addOne(f)
	if later != nil {
		o.add(later.waiting()...)
		later.release()
	}
	o.blocked = !o.again
	o.again = false
}

// event queues an event for a client, or holds it for the reply of a command that runs for him. one is
// the event's frame alone.
func (o *outbox) event(c *Client, one []Frame) (held bool) {
	o.mu.Lock()
	if o.closed || o.closing != nil {
		o.mu.Unlock()
		return false
	}
	f := &one[0]
	o.bytes += f.Len()
	switch {
	case c.held != nil:
		held = true
		c.held.events = append(c.held.events, *f)
	case o.idle() && o.bytes <= o.limit:
		o.writeOne(one)
		return false
	default:
		o.addOne(f)
	}
	if o.blocked && o.bytes <= o.limit { // what most events of a burst find
		o.mu.Unlock()
		return held
	}
	o.unlockAndFlush()
	return held
}

// hold makes a client's events wait until release.
func (o *outbox) hold(c *Client) {
	o.mu.Lock()
	if c.held == nil {
		c.held = new(held)
	}
	c.held.commands++
	o.mu.Unlock()
}

// release queues the reply of a command and then the events that it caused. There is no reply for
// requests without a qid. It returns the events.
func (o *outbox) release(c *Client, reply ...Frame) (events []Frame) {
	o.mu.Lock()
	c.held.commands--
	if c.held.commands == 0 {
		events, c.held = c.held.events, nil
	}
	if o.closed {
		o.mu.Unlock()
		return nil
	}
	if o.closing == nil {
		o.push(reply...)
	}
	o.add(events...)
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
	if o.flushing || o.blocked || o.closed || (o.queue == nil && o.closing == nil) {
		o.mu.Unlock()
		return
	}
	o.flushing = true
	for o.round() {
	}
	end := o.closing
	if o.closed || o.queue != nil {
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

// round writes what is queued now and reports whether there is more to write. mu is held, but not
// while the connection writes.
func (o *outbox) round() bool {
	b := o.queue
	if b == nil || o.closed {
		return false
	}
	o.queue = nil
	o.mu.Unlock()
	taken, err := o.conn.Write(b.waiting())
	o.mu.Lock()
	if err != nil {
		o.drop()
	}
	if o.closed {
		b.release()
		return false
	}
	for _, f := range b.waiting()[:taken] {
		o.bytes -= f.Len()
	}
	b.left(taken)
	if len(b.waiting()) == 0 {
		b.release()
		return o.queue != nil
	}
	later := o.queue
	o.queue = b
	if later != nil {
		o.add(later.waiting()...)
		later.release()
	}
	if o.again {
		o.again = false
		return true
	}
	o.blocked = true
	return false
}

package transports

import (
	"runtime"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// A loop serves many connections with one goroutine, that lives while there are any. All system
// calls on their sockets are made there: who wants something of a connection from elsewhere posts
// it. So no lock is held while a socket is written, none is closed under a writer, and what comes
// together from many goroutines leaves together.
//
// Work for one connection is bounded: a turn reads once and sends what Limits.Write lets wait; what
// is left has its turn when all others had theirs.
type loop struct {
	poll *poller

	// Only the loop's goroutine.
	conns []*loopConn // by slot
	free  []int32     // slots
	open  int
	timed map[*loopConn]struct{} // with a deadline
	due   time.Time              // the earliest of them, or before it; zero for none
	batch []*loopConn            // posted
	next  int                    // of batch, to have its turn
	buf   []byte                 // what is read, unless a long message has a buffer of its own
	heard hearings

	mu      sync.Mutex
	posted  []*loopConn
	parked  bool // the goroutine waits and must be woken
	running bool

	joint  joint
	graves graves
}

// postedAtOnce is how many connections have a turn before the sockets are looked at again.
const postedAtOnce = 256

// post gives a connection a turn. The first one starts the loop.
func (l *loop) post(c *loopConn) {
	l.mu.Lock()
	l.posted = append(l.posted, c)
	wake, poll := l.parked, l.poll
	l.parked = false
	l.mu.Unlock()
	if wake {
		poll.wake()
	}
}

// start makes the loop run, if it does not, and posts its newest connection.
func (l *loop) start(c *loopConn) error {
	l.mu.Lock()
	if !l.running {
		poll, err := newPoller()
		if err != nil {
			l.mu.Unlock()
			return err
		}
		l.poll, l.running = poll, true
		l.posted = append(l.posted, c)
		l.mu.Unlock()
		go l.run()
		return nil
	}
	l.mu.Unlock()
	l.post(c)
	return nil
}

// run is the loop. It ends with the last connection.
func (l *loop) run() {
	l.buf = make([]byte, 2*readSize)
	l.timed = make(map[*loopConn]struct{})
	for {
		more := l.takePosted()
		events, ok := l.await(more)
		if !ok {
			return
		}
		for i := range events {
			if c := l.conns[events[i].Fd]; c != nil {
				l.hear(c, events[i].Events)
			}
		}
		l.answer()
		l.expire()
	}
}

// takePosted gives some of the posted connections their turn and reports whether there are more.
func (l *loop) takePosted() (more bool) {
	if l.next == len(l.batch) {
		l.mu.Lock()
		l.batch, l.posted, l.next = l.posted, l.batch[:0], 0
		l.mu.Unlock()
	}
	for range min(len(l.batch)-l.next, postedAtOnce) {
		c := l.batch[l.next]
		l.batch[l.next] = nil
		l.next++
		l.turn(c)
	}
	return l.next < len(l.batch)
}

// await gives what is ready. Unless there is more to do, it waits. It reports false at the loop's
// end.
func (l *loop) await(more bool) ([]unix.EpollEvent, bool) {
	events, err := l.poll.now()
	if err != nil {
		panic(err) // of a descriptor that is ours alone: it cannot fail
	}
	if len(events) > 0 || more {
		runtime.Gosched() // who always finds more to do would keep the processor from the others
		return events, true
	}
	l.joint.rest()
	l.poll.until(l.due)
	l.mu.Lock()
	switch {
	case len(l.posted) > 0:
		l.mu.Unlock()
		return nil, true
	case l.open == 0:
		l.running = false
		l.conns, l.free, l.timed, l.buf, l.due = nil, nil, nil, nil, time.Time{}
		l.batch, l.posted, l.next = nil, nil, 0
		l.poll.close()
		l.mu.Unlock()
		return nil, false
	}
	l.parked = true
	l.mu.Unlock()
	events, err = l.poll.wait()
	if err != nil {
		panic(err) // as above
	}
	l.mu.Lock()
	l.parked = false
	l.mu.Unlock()
	return events, true
}

// enter watches a new connection.
func (l *loop) enter(c *loopConn) error {
	if n := len(l.free); n > 0 {
		c.slot, l.free = l.free[n-1], l.free[:n-1]
	} else {
		c.slot = int32(len(l.conns)) //nolint:gosec // there are no more connections than descriptors
		l.conns = append(l.conns, nil)
	}
	l.conns[c.slot] = c
	l.open++
	c.watched = readable
	return l.poll.add(int(c.fd), c.slot, readable)
}

// leave forgets a connection whose socket is closed.
func (l *loop) leave(c *loopConn) {
	l.conns[c.slot] = nil
	l.free = append(l.free, c.slot)
	l.open--
	delete(l.timed, c)
}

// remember notes until when a connection has time; zero is for ever.
func (l *loop) remember(c *loopConn, by time.Time) {
	if by.IsZero() {
		delete(l.timed, c)
		return
	}
	l.timed[c] = struct{}{}
	if l.due.IsZero() || by.Before(l.due) {
		l.due = by
	}
}

// timeGrain is how exactly deadlines are kept: one look at all of them serves those that lie close
// together.
const timeGrain = 10 * time.Millisecond

// expire ends the time of connections that have used it up.
func (l *loop) expire() {
	if l.due.IsZero() {
		return
	}
	now := time.Now()
	if now.Before(l.due) {
		return
	}
	l.due = time.Time{}
	for c := range l.timed {
		by := c.deadline()
		if !now.Before(by) {
			l.expired(c)
			continue
		}
		if l.due.IsZero() || by.Before(l.due) {
			l.due = by
		}
	}
	if !l.due.IsZero() {
		l.due = l.due.Add(timeGrain)
	}
}

// Graves are connections whose sink has not yet heard of their end. It is told by another goroutine:
// what depends on a channel's end may take its time.
type graves struct {
	mu      sync.Mutex
	waiting []grave
	digging bool
}

type grave struct {
	c   *loopConn
	err error
}

func (g *graves) add(c *loopConn, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.waiting = append(g.waiting, grave{c, err})
	if !g.digging {
		g.digging = true
		go g.dig()
	}
}

func (g *graves) dig() {
	for {
		g.mu.Lock()
		all := g.waiting
		g.waiting, g.digging = nil, len(all) > 0
		g.mu.Unlock()
		if len(all) == 0 {
			return
		}
		for _, d := range all {
			d.c.sink.Closed(d.err)
			d.c.home.conns.leave()
		}
	}
}

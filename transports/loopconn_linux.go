package transports

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/gobwas/ws"
	"golang.org/x/sys/unix"

	"github.com/octolink/octolink/protocol"
)

var (
	_ protocol.Conn   = (*loopConn)(nil)
	_ protocol.Pinger = (*loopConn)(nil)
	_ receiver        = (*loopConn)(nil)
)

const (
	// readable are the events of a socket that is read.
	readable = unix.EPOLLIN | unix.EPOLLRDHUP
	// hungUp are those of one that is neither read nor written any more.
	hungUp = unix.EPOLLERR | unix.EPOLLHUP
)

// A loopConn is a WebSocket connection that a loop serves, behind the engine's seam, in the server's
// role. What it holds while nothing happens is these fields: thousands of tabs do nothing.
type loopConn struct {
	loop   *loop
	home   *upgrader      // whose limits count and whose gate is left
	slots  *slots         // one is taken; nil when they are not counted
	common *protocol.Info // shared; all but Remote
	remote string

	// Only the loop's.
	sink    protocol.Sink // nil before the first turn
	part    *part         // what was read and is not yet whole; nil for nothing
	fd      int32         // negative when closed
	slot    int32
	watched uint32 // events of the socket

	mu     sync.Mutex
	posted bool     // a turn is due
	corked bool     // the loop has a turn for it: what is written now leaves at the end of the turn
	full   bool     // a Write took less than all
	send   *pending // what is to be sent; nil for nothing

	end atomic.Pointer[ending] // nil before the close; set under mu
}

// A part is what was read and is not yet whole.
type part struct {
	in     inbox
	asm    assembler
	opener Opener // of a connection that has not had its first turn
}

// A pending is what waits to be sent.
type pending struct {
	sending
	one    [1]protocol.Frame // taken outside of a turn, which makes it ready for the wire
	hasOne bool
	batch  *outbox   // under way: the socket took only some of it; the loop's
	stuck  time.Time // when it must have taken more
}

var pendings = sync.Pool{New: func() any { return new(pending) }}

// early is what was taken outside of a turn.
func (s *pending) early() []protocol.Frame {
	if s.hasOne {
		return s.one[:]
	}
	return nil
}

// Info implements protocol.Conn.
func (c *loopConn) Info() protocol.Info {
	info := *c.common
	info.Remote = c.remote
	return info
}

// Write implements protocol.Conn. Outside of a turn it takes one event at most, and asks for the rest
// when the turn comes: it then leaves together with all that was written until then.
func (c *loopConn) Write(frames []protocol.Frame) (int, error) {
	c.mu.Lock()
	if c.isClosing() {
		c.mu.Unlock()
		return 0, ErrClosed
	}
	taken := 0
	if c.corked {
		taken = c.take(frames)
	} else if c.send == nil && !c.full {
		taken = c.takeEarly(frames)
	}
	c.full = c.full || taken < len(frames)
	c.post()
	c.mu.Unlock()
	return taken, nil
}

// take queues what there is room for, behind what was taken early. With mu held.
func (c *loopConn) take(frames []protocol.Frame) int {
	s, limit := c.sender(), c.home.limits.Write
	early := s.early()
	for i := range early {
		s.queued -= early[i].Len() // until it counts with its header
	}
	taken := len(frames)
	if whole := c.loop.joint.of(early, frames); len(whole) > 0 && s.queued+len(whole) <= limit {
		s.pushWhole(whole)
	} else {
		for i := range early {
			s.push(ws.OpText, &early[i])
		}
		taken = s.write(frames, limit)
	}
	clear(early)
	s.hasOne = false
	return taken
}

// takeEarly takes an event that finds nothing to do outside of a turn: to be asked for it in the turn
// would be a detour. With mu held.
func (c *loopConn) takeEarly(frames []protocol.Frame) int {
	if len(frames) != 1 || len(frames[0].Head) > 0 || frames[0].Len() > c.home.limits.Write { // an answer's memory is lent
		return 0
	}
	s := c.sender()
	s.one[0], s.hasOne = frames[0], true
	s.queued += frames[0].Len()
	return 1
}

// Ping implements protocol.Pinger.
func (c *loopConn) Ping() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.isClosing() {
		c.sender().ping()
		c.post()
	}
}

// Close implements protocol.Conn: what Write took goes first. Only the first call counts.
func (c *loopConn) Close(code protocol.CloseCode, reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.isClosing() {
		c.end.Store(&ending{code: code, reason: reason, by: time.Now().Add(c.home.limits.CloseTimeout)})
		c.post()
	}
}

// pong implements receiver.
func (c *loopConn) pong(payload []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.isClosing() {
		c.sender().pong(payload)
	}
}

// message implements receiver.
func (c *loopConn) message(b []byte) {
	if !c.isClosing() {
		c.sink.Frame(b)
	}
}

// alive implements receiver.
func (c *loopConn) alive() {
	if s, ok := c.sink.(protocol.LifeSink); ok {
		s.Alive()
	}
}

// together implements receiver.
func (c *loopConn) together(begins bool) {
	if s, ok := c.sink.(protocol.TurnSink); ok {
		s.Turn(begins)
	}
}

// closedByPeer implements receiver.
func (c *loopConn) closedByPeer(e *CloseError) { c.Close(e.Code, "") }

func (c *loopConn) isClosing() bool { return c.end.Load() != nil }

// sender is where frames are queued. With mu held.
func (c *loopConn) sender() *pending {
	if c.send == nil {
		c.send = pendings.Get().(*pending)
	}
	c.send.ample = c.corked
	return c.send
}

// post asks for a turn, unless one is due or running. With mu held.
func (c *loopConn) post() {
	if !c.posted && !c.corked {
		c.posted = true
		c.loop.post(c)
	}
}

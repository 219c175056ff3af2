package transports

import (
	"crypto/rand"
	"net"
	"sync"
	"time"

	"github.com/gobwas/ws"

	"github.com/octolink/octolink/protocol"
)

var (
	_ protocol.Conn   = (*wsConn)(nil)
	_ protocol.Pinger = (*wsConn)(nil)
)

// mostPongs is how many pongs may wait to be sent; from there on only the latest ping is answered,
// as RFC 6455 section 5.5.3 allows.
const mostPongs = 16

// A wsConn is a WebSocket connection behind the engine's seam, in either role.
type wsConn struct {
	info   protocol.Info
	limits *Limits // shared by all connections of a handler
	sock   socket
	masks  bool // we are the client

	// Only the reader's.
	sink protocol.Sink // set before anything is sent or read
	in   inbox
	asm  assembler
	told *CloseError // the peer's close frame; nil for none

	mu      sync.Mutex
	out     *outbox       // what waits for the writer; nil when nothing does
	queued  int           // bytes taken and not yet written, those under way included
	full    bool          // a Write took less than all
	pongs   int           // in out
	late    []byte        // payload of the ping that is answered after them; nil for none
	probed  bool          // our ping is in out
	writing bool          // somebody has the duty to write
	idle    chan struct{} // closed when nobody has it any more; nil when nobody waits for that
	closing bool          // a close frame was queued, or the connection failed: nothing more is taken
	closeBy time.Time     // when the socket closes at the latest; zero while not closing
	failed  error         // why nothing can be written any more
}

// newConn makes a connection of an upgraded socket; early are bytes that were read beyond the
// handshake. Nothing is sent or read until run.
func newConn(c net.Conn, info protocol.Info, limits *Limits, early []byte) *wsConn {
	conn := &wsConn{
		info:    info,
		limits:  limits,
		sock:    newSocket(c),
		asm:     assembler{state: ws.StateServerSide, limit: limits.Message},
		writing: true, // run's, so that Open may write
	}
	conn.in.put(early)
	return conn
}

// Info implements protocol.Conn.
func (c *wsConn) Info() protocol.Info { return c.info }

// Write implements protocol.Conn. A frame longer than Limits.Write is taken when nothing else waits.
func (c *wsConn) Write(frames []protocol.Frame) (int, error) {
	c.mu.Lock()
	if c.closing {
		c.mu.Unlock()
		return 0, ErrClosed
	}
	taken := 0
	for _, f := range frames {
		if c.queued > 0 && c.queued+f.Len() > c.limits.Write {
			c.full = true
			break
		}
		c.push(ws.OpText, f)
		taken++
	}
	start := c.startWriter()
	c.mu.Unlock()
	c.write(start)
	return taken, nil
}

// Ping implements protocol.Pinger. Pings that wait to be sent are not doubled.
func (c *wsConn) Ping() {
	c.mu.Lock()
	if !c.closing && !c.probed {
		c.push(ws.OpPing, protocol.Frame{})
		c.probed = true
	}
	start := c.startWriter()
	c.mu.Unlock()
	c.write(start)
}

// pong answers a ping after the messages that were written before it came.
func (c *wsConn) pong(payload []byte) {
	c.mu.Lock()
	switch {
	case c.closing:
	case c.pongs < mostPongs:
		c.push(ws.OpPong, protocol.Frame{Body: payload})
		c.pongs++
	default:
		c.late = append(make([]byte, 0, len(payload)), payload...)
	}
	start := c.startWriter()
	c.mu.Unlock()
	c.write(start)
}

// Close implements protocol.Conn: what Write took goes first. Only the first call counts.
func (c *wsConn) Close(code protocol.CloseCode, reason string) {
	c.mu.Lock()
	c.beginClose(code, reason)
	start := c.startWriter()
	c.mu.Unlock()
	c.write(start)
}

// beginClose queues the close frame and sets the deadline for the rest of the connection's life.
// With mu held.
func (c *wsConn) beginClose(code protocol.CloseCode, reason string) {
	if c.closing {
		return
	}
	c.flushLate()
	c.push(ws.OpClose, protocol.Frame{Body: closePayload(code, reason)})
	c.closing = true
	c.closeBy = time.Now().Add(c.limits.CloseTimeout)
	_ = c.sock.SetDeadline(c.closeBy) // fails only on a closed socket
}

// push appends a frame to what waits. With mu held, and not closing. Control frames are small, so
// their payload is copied.
func (c *wsConn) push(op ws.OpCode, f protocol.Frame) {
	if c.out == nil {
		c.out = newOutbox()
	}
	before := c.out.bytes
	if c.masks {
		var mask [4]byte
		_, _ = rand.Read(mask[:]) // never fails
		c.out.add(op, f, &mask)
	} else {
		c.out.add(op, f, nil)
	}
	c.queued += c.out.bytes - before
}

// flushLate queues the answer to the latest of too many pings. With mu held.
func (c *wsConn) flushLate() {
	if c.late != nil && !c.closing {
		c.push(ws.OpPong, protocol.Frame{Body: c.late})
		c.late = nil
	}
}

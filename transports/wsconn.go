package transports

import (
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

// A wsConn is a WebSocket connection behind the engine's seam, in either role, with a goroutine that
// reads. Plain connections that come to a Linux machine are a loopConn instead.
type wsConn struct {
	info   protocol.Info
	limits *Limits // shared by all connections of a handler
	sock   socket

	// Only the reader's.
	sink protocol.Sink // set before anything is sent or read
	in   inbox
	asm  assembler
	told *CloseError // the peer's close frame; nil for none

	mu      sync.Mutex
	send    sending       // what waits for the writer
	full    bool          // a Write took less than all
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
	taken := c.send.write(frames, c.limits.Write)
	c.full = c.full || taken < len(frames)
	start := c.startWriter()
	c.mu.Unlock()
	c.write(start)
	return taken, nil
}

// Ping implements protocol.Pinger. Pings that wait to be sent are not doubled.
func (c *wsConn) Ping() {
	c.mu.Lock()
	if !c.closing {
		c.send.ping()
	}
	start := c.startWriter()
	c.mu.Unlock()
	c.write(start)
}

// pong implements receiver.
func (c *wsConn) pong(payload []byte) {
	c.mu.Lock()
	if !c.closing {
		c.send.pong(payload)
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
	c.send.goodbye(code, reason)
	c.closing = true
	c.closeBy = time.Now().Add(c.limits.CloseTimeout)
	_ = c.sock.SetDeadline(c.closeBy) // fails only on a closed socket
}

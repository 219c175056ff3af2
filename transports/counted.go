package transports

import (
	"log/slog"
	"net"
	"sync/atomic"
)

// Slots bound how many connections there are.
type slots struct {
	most int64
	used atomic.Int64
	over atomic.Bool // connections are being refused; logged once until one fits again
	log  *slog.Logger
}

func newSlots(most int, log *slog.Logger) *slots { return &slots{most: int64(most), log: log} }

// take takes a slot, if there is one.
func (s *slots) take() bool {
	if s.used.Add(1) <= s.most {
		s.over.Store(false)
		return true
	}
	s.used.Add(-1)
	if !s.over.Swap(true) {
		s.log.Warn("connections refused: there are too many", "limit", s.most)
	}
	return false
}

func (s *slots) free() { s.used.Add(-1) }

// A countedListener closes connections for which there is no slot.
type countedListener struct {
	net.Listener
	slots *slots
}

// Accept implements net.Listener.
func (l *countedListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if !l.slots.take() {
			c.Close() // nobody would hear of an error
			continue
		}
		if c, ok := c.(*net.TCPConn); ok {
			return &countedTCP{TCPConn: c, slots: l.slots}, nil
		}
		return &countedConn{Conn: c, slots: l.slots}, nil
	}
}

// A countedTCP frees its slot when it is closed. It stays a TCP connection to who looks for one.
type countedTCP struct {
	*net.TCPConn
	slots  *slots
	closed atomic.Bool
}

// Close implements net.Conn.
func (c *countedTCP) Close() error {
	if !c.closed.Swap(true) {
		c.slots.free()
	}
	return c.TCPConn.Close()
}

// detach makes the slot the caller's to free; nil when it is free already. attach undoes it.
func (c *countedTCP) detach() *slots {
	if c.closed.Swap(true) {
		return nil
	}
	return c.slots
}

func (c *countedTCP) attach() { c.closed.Store(false) }

// A countedConn is the same for other streams.
type countedConn struct {
	net.Conn
	slots  *slots
	closed atomic.Bool
}

// Close implements net.Conn.
func (c *countedConn) Close() error {
	if !c.closed.Swap(true) {
		c.slots.free()
	}
	return c.Conn.Close()
}

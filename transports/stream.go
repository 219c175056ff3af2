package transports

import (
	"context"
	"crypto/rand"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/gobwas/ws"

	"github.com/octolink/octolink/protocol"
)

// A Stream is a WebSocket connection in the client's role with blocking calls, for programs that
// drive a server: tests and load generators. One goroutine may receive while others send.
type Stream struct {
	conn        net.Conn
	sock        socket
	subprotocol string
	in          inbox
	asm         assembler
	used        int // of the inbox, by the message that Receive returned last

	mu     sync.Mutex // guards writing
	closed bool       // a close frame was sent
}

// Dial connects to a ws or wss address and makes the opening handshake; the context bounds both.
// A server's refusal is a *HandshakeError.
func Dial(ctx context.Context, url string, o DialOptions) (*Stream, error) {
	u, err := upgrade(ctx, url, o)
	if err != nil {
		return nil, err
	}
	s := &Stream{
		conn:        u.conn,
		sock:        newSocket(u.conn),
		subprotocol: u.subprotocol,
		asm:         assembler{state: ws.StateClientSide, limit: o.Limits.withDefaults().Message},
	}
	s.in.put(u.early)
	return s, nil
}

// Subprotocol is what the server chose, "" for none.
func (s *Stream) Subprotocol() string { return s.subprotocol }

// LocalAddr is our end of the connection.
func (s *Stream) LocalAddr() net.Addr { return s.conn.LocalAddr() }

// SetDeadline bounds all calls; the zero time means no bound. A call that fails by it leaves the
// connection unusable.
func (s *Stream) SetDeadline(t time.Time) error { return s.conn.SetDeadline(t) }

// Send writes messages in one go. It does not change their bytes.
func (s *Stream) Send(messages ...[]byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.send(ws.OpText, messages...)
}

// Ping asks for a pong; Receive takes it and says nothing.
func (s *Stream) Ping() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.send(ws.OpPing, nil)
}

// send writes frames. With mu held.
func (s *Stream) send(op ws.OpCode, payloads ...[]byte) error {
	if s.closed {
		return ErrClosed
	}
	out := newOutbox()
	defer out.release()
	for _, p := range payloads {
		var mask [4]byte
		_, _ = rand.Read(mask[:]) // never fails
		out.add(op, &protocol.Frame{Body: p}, &mask)
	}
	for rest := out.rest(); len(rest) > 0; rest = out.rest() {
		n, err := s.sock.write(rest)
		if err != nil {
			return err
		}
		out.wrote(n)
	}
	return nil
}

// Receive returns the next message; its bytes are valid until the next call. Pings are answered. The
// peer's close frame is answered too, ends the connection and is returned as *CloseError.
func (s *Stream) Receive() ([]byte, error) {
	s.in.skip(s.used)
	s.used = 0
	for {
		used, p, err := s.asm.next(s.in.bytes())
		if err != nil {
			return nil, s.refuse(err)
		}
		if used == 0 {
			s.in.rest()
			s.asm.drop()
			if err := s.sock.read(&s.in, s.asm.need); err != nil {
				return nil, err
			}
			continue
		}
		if p.op == ws.OpText {
			s.used = used
			return p.payload, nil
		}
		if err := s.control(p); err != nil {
			return nil, err
		}
		s.in.skip(used)
	}
}

// control answers a control frame; the error ends the connection.
func (s *Stream) control(p piece) error {
	switch p.op {
	case ws.OpPing:
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.send(ws.OpPong, p.payload)
	case ws.OpClose:
		e, err := parseClose(p.payload)
		if err != nil {
			return s.refuse(err)
		}
		s.sendClose(e.Code, "")
		s.conn.Close() // the peer is going
		return e
	}
	return nil
}

// refuse tells the peer what it did wrong and ends the connection.
func (s *Stream) refuse(err error) error {
	var e *CloseError
	if errors.As(err, &e) {
		s.sendClose(e.Code, e.Reason)
	}
	s.conn.Close() // err says why
	return err
}

// sendClose sends a close frame, once.
func (s *Stream) sendClose(code protocol.CloseCode, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.send(ws.OpClose, closePayload(code, reason)) // who is gone needs none
	s.closed = true
}

// Close sends a close frame, waits up to a second for the peer's, and ends the connection. No other
// goroutine may be in Receive.
func (s *Stream) Close(code protocol.CloseCode, reason string) error {
	_ = s.conn.SetDeadline(time.Now().Add(linger)) // fails only on a closed connection
	s.sendClose(code, reason)
	for {
		if _, err := s.Receive(); err != nil {
			break
		}
	}
	s.in.drop()
	if err := s.conn.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil // Receive closed it
}

// Cut ends the connection without a word, as a peer does that loses its network.
func (s *Stream) Cut() error { return s.conn.Close() }

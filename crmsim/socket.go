package crmsim

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// writeTimeout is for a peer that does not read.
const writeTimeout = 30 * time.Second

// errClosed is told to those who write to a connection that is gone.
var errClosed = errors.New("crmsim: the connection is closed")

// A socket is a WebSocket connection with blocking calls, in either role. One goroutine receives;
// any may send. What is sent while the reader has more to handle leaves together.
type socket struct {
	conn  net.Conn
	masks bool // we are the client
	limit int

	// Only the reader's.
	br    *bufio.Reader
	state ws.State
	part  []byte // of a fragmented message

	mu     sync.Mutex // guards writing; may be held for writeTimeout
	bw     *bufio.Writer
	closed bool // a close frame was sent

	gate sync.Mutex
	mute bool          // what is sent gets lost on the way
	held chan struct{} // open while nothing is read; nil otherwise

	cut  sync.Once
	done chan struct{} // closed by Cut
}

// newSocket makes a socket of an upgraded connection; early are bytes that came with the handshake.
func newSocket(conn net.Conn, early io.Reader, state ws.State, limit int) *socket {
	s := &socket{conn: conn, masks: state.ClientSide(), state: state, limit: limit, done: make(chan struct{})}
	var in io.Reader = (*flushingReader)(s)
	if early != nil {
		in = io.MultiReader(early, in)
	}
	s.br = bufio.NewReaderSize(in, 16<<10)
	s.bw = bufio.NewWriterSize((*mutedWriter)(s), 16<<10)
	return s
}

// A flushingReader sends what waits before it waits itself, and obeys Hold.
type flushingReader socket

func (r *flushingReader) Read(p []byte) (int, error) {
	s := (*socket)(r)
	if err := s.flush(); err != nil {
		return 0, err
	}
	s.wait()
	n, err := s.conn.Read(p)
	s.wait() // held while it read: nobody sees the bytes before the end of that
	return n, err
}

// A mutedWriter loses everything while the socket is mute. With mu held.
type mutedWriter socket

func (w *mutedWriter) Write(p []byte) (int, error) {
	s := (*socket)(w)
	s.gate.Lock()
	mute := s.mute
	s.gate.Unlock()
	if mute {
		return len(p), nil
	}
	if err := s.conn.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return 0, err
	}
	return s.conn.Write(p)
}

// wait returns when reading is allowed, or the socket is cut.
func (s *socket) wait() {
	for {
		s.gate.Lock()
		held := s.held
		s.gate.Unlock()
		if held == nil {
			return
		}
		select {
		case <-held:
		case <-s.done:
			return
		}
	}
}

func (s *socket) flush() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bw.Flush()
}

// Hold stops reading; mute also loses what is sent.
func (s *socket) Hold(mute bool) {
	s.gate.Lock()
	defer s.gate.Unlock()
	s.mute = s.mute || mute
	if s.held == nil {
		s.held = make(chan struct{})
	}
}

// Release ends Hold.
func (s *socket) Release() {
	s.gate.Lock()
	defer s.gate.Unlock()
	s.mute = false
	if s.held != nil {
		close(s.held)
		s.held = nil
	}
}

// Send writes messages; now says whether they leave at once or with what the reader sends next.
func (s *socket) Send(now bool, messages ...[]byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range messages {
		if err := s.write(ws.OpText, m); err != nil {
			return err
		}
	}
	if !now {
		return nil
	}
	return s.bw.Flush()
}

// write queues one frame. With mu held.
func (s *socket) write(op ws.OpCode, payload []byte) error {
	if s.closed {
		return errClosed
	}
	f := ws.NewFrame(op, true, payload)
	if s.masks {
		f = ws.MaskFrame(f) // copies
	}
	return ws.WriteFrame(s.bw, f)
}

// Receive returns the next message. Pings are answered; the peer's close frame is answered and ends
// the connection with an error that tells its code.
func (s *socket) Receive() ([]byte, error) {
	for {
		h, err := ws.ReadHeader(s.br)
		if err != nil {
			return nil, err
		}
		if err := ws.CheckHeader(h, s.state); err != nil {
			return nil, s.refuse(ws.StatusProtocolError, err.Error())
		}
		if h.Length > int64(s.limit-len(s.part)) {
			return nil, s.refuse(ws.StatusMessageTooBig, "the message is too long")
		}
		payload := make([]byte, h.Length)
		if _, err := io.ReadFull(s.br, payload); err != nil {
			return nil, err
		}
		if h.Masked {
			ws.Cipher(payload, h.Mask, 0)
		}
		whole, err := s.take(h, payload)
		if err != nil || whole != nil {
			return whole, err
		}
	}
}

// take handles one frame; it gives the message of which that was the last.
func (s *socket) take(h ws.Header, payload []byte) ([]byte, error) {
	switch h.OpCode {
	case ws.OpPing:
		s.mu.Lock()
		defer s.mu.Unlock()
		return nil, s.write(ws.OpPong, payload)
	case ws.OpPong:
		return nil, nil
	case ws.OpClose:
		code, reason := ws.ParseCloseFrameData(payload)
		s.Close(code, "")
		return nil, fmt.Errorf("crmsim: closed by the peer with %d %s", code, reason)
	}
	if s.state.Fragmented() {
		payload = append(s.part, payload...)
	}
	s.part = nil
	if !h.Fin {
		s.part, s.state = payload, s.state.Set(ws.StateFragmented)
		return nil, nil
	}
	s.state = s.state.Clear(ws.StateFragmented)
	if !utf8.Valid(payload) {
		return nil, s.refuse(ws.StatusInvalidFramePayloadData, "not UTF-8")
	}
	if payload == nil {
		payload = []byte{}
	}
	return payload, nil
}

// refuse tells the peer what it did wrong.
func (s *socket) refuse(code ws.StatusCode, reason string) error {
	s.Close(code, reason)
	return fmt.Errorf("crmsim: closed with %d %s", code, reason)
}

// Close sends a close frame, once. The peer answers it, or Cut ends the wait.
func (s *socket) Close(code ws.StatusCode, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var payload []byte
	if code != 0 && code != ws.StatusNoStatusRcvd {
		payload = ws.NewCloseFrameBody(code, reason)
	}
	if s.write(ws.OpClose, payload) == nil {
		_ = s.bw.Flush() // who is gone needs none
	}
	s.closed = true
}

// Leave says goodbye to a peer who may not listen any more, and ends the connection.
func (s *socket) Leave(code ws.StatusCode) {
	if s.mu.TryLock() { // otherwise somebody waits for the peer to read
		if s.write(ws.OpClose, ws.NewCloseFrameBody(code, "")) == nil {
			_ = s.conn.SetWriteDeadline(time.Now().Add(time.Second))
			_ = s.bw.Flush() // who is gone needs none
		}
		s.mu.Unlock()
	}
	s.Cut(false)
}

// Cut ends the connection without a word; reset lets the peer see an error instead of an end.
func (s *socket) Cut(reset bool) {
	s.cut.Do(func() { close(s.done) })
	if reset {
		linger(s.conn)
	}
	s.conn.Close()
}

// linger makes closing a connection reset it.
func linger(conn net.Conn) {
	if inner, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = inner.NetConn() // below TLS
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // fails only on a closed one
	}
}

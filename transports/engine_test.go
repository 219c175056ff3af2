package transports_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/transports"
)

// patience bounds each wait of the tests; only a failing test takes so long.
const patience = 10 * time.Second

// An engine is a fake: functions that stand for what a channel does with a connection.
type engine struct {
	open     func(c protocol.Conn)
	frame    func(c protocol.Conn, b []byte)
	writable func(c protocol.Conn)
	alive    func(c protocol.Conn)
	closed   func(c protocol.Conn, err error)
}

// A queued connection keeps what the real one does not take until it can take more.
type queued struct {
	protocol.Conn
	mu     sync.Mutex
	frames []protocol.Frame
	empty  chan struct{} // closed when all are taken; nil when nobody waits for that
}

func (q *queued) Ping() { q.Conn.(protocol.Pinger).Ping() }

// flush writes what is kept. Only one write runs at a time.
func (q *queued) flush(more ...protocol.Frame) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.frames = append(q.frames, more...)
	n, err := q.Write(q.frames)
	if err != nil && !errors.Is(err, transports.ErrClosed) {
		panic(err)
	}
	q.frames = q.frames[n:]
	if len(q.frames) == 0 && q.empty != nil {
		close(q.empty)
		q.empty = nil
	}
}

// taken waits until the connection took everything that was written.
func taken(t testing.TB, c protocol.Conn) {
	t.Helper()
	q := c.(*queued)
	q.mu.Lock()
	if len(q.frames) == 0 {
		q.mu.Unlock()
		return
	}
	if q.empty == nil {
		q.empty = make(chan struct{})
	}
	empty := q.empty
	q.mu.Unlock()
	within(t, empty, "all is taken")
}

// write sends messages through a connection that the fake handed out.
func write(c protocol.Conn, messages ...string) {
	frames := make([]protocol.Frame, len(messages))
	for i, m := range messages {
		frames[i] = protocol.Frame{Body: []byte(m)}
	}
	c.(*queued).flush(frames...)
}

// echo answers each message with itself.
func echo() *engine {
	return &engine{frame: func(c protocol.Conn, b []byte) { write(c, string(b)) }}
}

// A channel is the fake's sink. It complains of calls after Closed.
type channel struct {
	t    testing.TB
	e    *engine
	c    *queued
	mu   sync.Mutex
	done bool
}

// opener makes the channels of an engine.
type opener struct {
	t testing.TB
	e *engine
}

func (o opener) Open(c protocol.Conn) protocol.Sink {
	q := &queued{Conn: c}
	if o.e.open != nil {
		o.e.open(q)
	}
	return &channel{t: o.t, e: o.e, c: q}
}

func (s *channel) check(call string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.done {
		s.t.Errorf("%s after Closed", call)
	}
	s.done = call == "Closed"
}

func (s *channel) Frame(b []byte) {
	s.check("Frame")
	if s.e.frame != nil {
		s.e.frame(s.c, b)
	}
}

func (s *channel) Writable() {
	s.check("Writable")
	s.c.flush()
	if s.e.writable != nil {
		s.e.writable(s.c)
	}
}

func (s *channel) Alive() {
	s.check("Alive")
	if s.e.alive != nil {
		s.e.alive(s.c)
	}
}

func (s *channel) Closed(err error) {
	s.check("Closed")
	if s.e.closed != nil {
		s.e.closed(s.c, err)
	}
}

// serve runs an engine behind a server on a free port and returns its address, host:port. The end of
// the test stops it and finds what is left running.
func serve(t testing.TB, e *engine, o transports.Options, so transports.ServerOptions) string {
	t.Helper()
	leakCheck(t)
	o.Goroutines = overGoroutines(t)
	var mu sync.Mutex
	conns := map[protocol.Conn]bool{}
	watched := *e
	watched.open = func(c protocol.Conn) {
		mu.Lock()
		conns[c] = true
		mu.Unlock()
		if e.open != nil {
			e.open(c)
		}
	}
	watched.closed = func(c protocol.Conn, err error) {
		mu.Lock()
		delete(conns, c)
		mu.Unlock()
		if e.closed != nil {
			e.closed(c, err)
		}
	}
	h := transports.NewClientHandler(opener{t, &watched}, o)
	if so.Handler == nil {
		so.Handler = h
	}
	s := transports.NewServer(so)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		mu.Lock()
		for c := range conns {
			c.Close(protocol.CloseGoingAway, "the test is over")
		}
		mu.Unlock()
		if err := h.Wait(ctx); err != nil {
			t.Errorf("connections do not end: %v", err)
		}
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return l.Addr().String()
}

// leakCheck fails the test when goroutines of this package outlive it.
func leakCheck(t testing.TB) {
	t.Helper()
	t.Cleanup(func() {
		deadline := time.Now().Add(patience)
		for {
			left := ours()
			if left == "" {
				return
			}
			if time.Now().After(deadline) {
				t.Errorf("goroutines are left:\n%s", left)
				return
			}
			runtime.Gosched()
		}
	})
}

// ours lists the goroutines that run code of the package.
func ours() string {
	buf := make([]byte, 1<<20)
	var left []string
	for _, g := range strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if strings.Contains(g, "octolink/transports.") {
			left = append(left, g)
		}
	}
	return strings.Join(left, "\n\n")
}

// dial connects to a served engine.
func dial(t testing.TB, addr string) *transports.Stream {
	t.Helper()
	s, err := transports.Dial(t.Context(), "ws://"+addr+"/", transports.DialOptions{Subprotocol: "json"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Cut() }) // most tests have ended it already
	if err := s.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return s
}

// A logBuffer takes what a server logs while a test looks on.
type logBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *logBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// within waits for a value.
func within[T any](t testing.TB, c <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("%s: nothing in %v", what, patience)
		panic("unreachable")
	}
}

var _ http.Handler = (*transports.ClientHandler)(nil)

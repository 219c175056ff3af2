package transports_test

import (
	"bytes"
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/transports"
)

// quick are limits for tests in which a peer does not do what it should.
var quick = transports.Limits{WriteTimeout: 200 * time.Millisecond, CloseTimeout: 200 * time.Millisecond}

// reporting is an engine that tells when a connection opens and how it ends.
func reporting(e *engine) (opened chan protocol.Conn, closed chan error) {
	opened, closed = make(chan protocol.Conn, 1), make(chan error, 1)
	e.open = func(c protocol.Conn) { opened <- c }
	e.closed = func(_ protocol.Conn, err error) { closed <- err }
	return opened, closed
}

func TestLogoutClosesAfterItsReply(t *testing.T) {
	e := &engine{frame: func(c protocol.Conn, b []byte) {
		write(c, string(b))
		if string(b) == "logout" {
			c.Close(protocol.CloseNormal, "logged out")
		}
	}}
	_, closed := reporting(e)
	s := dial(t, serve(t, e, transports.Options{}, transports.ServerOptions{}))
	if err := s.Send([]byte("hello"), []byte("logout"), []byte("too late")); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"hello", "logout"} {
		got, err := s.Receive()
		if err != nil || string(got) != want {
			t.Fatalf("got %q, %v, want %q", got, err, want)
		}
	}
	_, err := s.Receive()
	var ce *transports.CloseError
	if !errors.As(err, &ce) || ce.Code != protocol.CloseNormal || ce.Reason != "logged out" {
		t.Errorf("got %v, want close 1000 logged out", err)
	}
	if err := within(t, closed, "Closed"); err != nil {
		t.Errorf("closed with %v, want nil", err)
	}
}

func TestOpenMayWriteAndClose(t *testing.T) {
	e := &engine{open: func(c protocol.Conn) {
		write(c, "full", "go away")
		c.Close(protocol.ClosePolicy, "full")
	}}
	p := upgrade(t, serve(t, e, transports.Options{}, transports.ServerOptions{}))
	for _, want := range []string{"text full", "text go away", "close 1008 full"} {
		if got := p.frame(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestFramePiecesAreJoinedOnTheWire(t *testing.T) {
	small, large := strings.Repeat("s", 100), strings.Repeat("L", 5000)
	tests := []struct {
		name  string
		frame protocol.Frame
	}{
		{"nothing", protocol.Frame{}},
		{"three small", protocol.Frame{Head: []byte("a"), Body: []byte(small), Tail: []byte("c")}},
		{"large body", protocol.Frame{Head: []byte("a"), Body: []byte(large), Tail: []byte("c")}},
		{"large head", protocol.Frame{Head: []byte(large), Body: []byte(small), Tail: []byte("c")}},
		{"all large", protocol.Frame{Head: []byte(large), Body: []byte(large), Tail: []byte(large)}},
		{"no body", protocol.Frame{Head: []byte("a"), Tail: []byte("c")}},
	}
	e := &engine{}
	opened, _ := reporting(e)
	p := upgrade(t, serve(t, e, transports.Options{}, transports.ServerOptions{}))
	c := within(t, opened, "Open")
	var all []protocol.Frame
	for _, tt := range tests {
		all = append(all, tt.frame)
	}
	// One write of all, again and again: the pooled memory of one batch must not leak into another.
	for range 20 {
		frames := slices.Clone(all)
		for i := range frames {
			frames[i].Head = bytes.Clone(frames[i].Head)
		}
		c.(*queued).flush(frames...)
		taken(t, c)
		for _, f := range frames {
			clear(f.Head) // it was only lent
		}
		for _, tt := range tests {
			want := "text " + string(tt.frame.Head) + string(tt.frame.Body) + string(tt.frame.Tail)
			if got := p.frame(); got != want {
				t.Fatalf("%s: got %.100s, want %.100s", tt.name, got, want)
			}
		}
	}
}

func TestBigMessages(t *testing.T) {
	const size = 8 << 20
	addr := serve(t, echo(), transports.Options{Limits: transports.Limits{Message: size}}, transports.ServerOptions{})
	s, err := transports.Dial(t.Context(), "ws://"+addr, transports.DialOptions{Subprotocol: "json", Limits: transports.Limits{Message: size}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Cut() }() // Close has ended it, if all went well
	message := bytes.Repeat([]byte("0123456789abcdef"), size/16)
	for range 3 {
		sent := make(chan error, 1)
		go func() { sent <- s.Send(message) }()
		got, err := s.Receive()
		if err != nil || !bytes.Equal(got, message) {
			t.Fatalf("got %d bytes, %v, want %d", len(got), err, size)
		}
		if err := within(t, sent, "Send"); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(protocol.CloseNormal, ""); err != nil {
		t.Error(err)
	}
}

func TestPeerThatNeverReads(t *testing.T) {
	e := &engine{}
	opened, closed := reporting(e)
	addr := serve(t, e, transports.Options{Limits: quick}, transports.ServerOptions{})
	upgrade(t, addr)
	c := within(t, opened, "Open")
	// More than the kernel holds; the connection takes what fits and never waits.
	message := protocol.Frame{Body: bytes.Repeat([]byte("x"), 16<<20)}
	c.(*queued).flush(message)
	taken(t, c)
	for range 1000 {
		if n, err := c.Write([]protocol.Frame{message}); n != 0 {
			t.Fatalf("took %d, %v more", n, err)
		}
	}
	if err := within(t, closed, "Closed"); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("closed with %v, want a write that timed out", err)
	}
}

func TestCloseDoesNotWaitForAPeerThatNeverReads(t *testing.T) {
	e := &engine{}
	opened, closed := reporting(e)
	limits := transports.Limits{WriteTimeout: time.Hour, CloseTimeout: 200 * time.Millisecond}
	upgrade(t, serve(t, e, transports.Options{Limits: limits}, transports.ServerOptions{}))
	c := within(t, opened, "Open")
	c.(*queued).flush(protocol.Frame{Body: make([]byte, 16<<20)})
	taken(t, c)
	c.Close(protocol.CloseSlow, "slow")
	// The write and the wait for an answer run out at the same moment.
	if err := within(t, closed, "Closed"); !errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, transports.ErrNoAnswer) {
		t.Errorf("closed with %v, want a write that timed out or no answer", err)
	}
}

func TestSlowPeerGetsEverythingInOrder(t *testing.T) {
	const messages = 3000
	body := bytes.Repeat([]byte("x"), 5000) // shared by all, 15 MB together
	var mu sync.Mutex
	next := 0
	fill := func(c protocol.Conn) {
		mu.Lock()
		defer mu.Unlock()
		for next < messages {
			head := []byte(itoa(next) + " ")
			n, err := c.Write([]protocol.Frame{{Head: head, Body: body}})
			if err != nil {
				t.Errorf("write %d: %v", next, err)
				return
			}
			if n == 0 {
				return // Writable goes on
			}
			next++
		}
	}
	e := &engine{frame: func(c protocol.Conn, _ []byte) { fill(c) }, writable: fill}
	s := dial(t, serve(t, e, transports.Options{}, transports.ServerOptions{}))
	if err := s.Send([]byte("go")); err != nil {
		t.Fatal(err)
	}
	for i := range messages {
		got, err := s.Receive()
		if err != nil {
			t.Fatalf("message %d: %v", i, err)
		}
		if want := len(itoa(i)) + 1 + len(body); len(got) != want || !bytes.HasPrefix(got, []byte(itoa(i)+" ")) {
			t.Fatalf("message %d: got %.20s…, %d bytes", i, got, len(got))
		}
	}
	if err := s.Close(protocol.CloseNormal, ""); err != nil {
		t.Error(err)
	}
}

func TestPipelinedRequestsAreAnsweredInOrder(t *testing.T) {
	s := dial(t, serve(t, echo(), transports.Options{}, transports.ServerOptions{}))
	const rounds, depth = 50, 200
	for round := range rounds {
		var batch [][]byte
		for i := range depth {
			batch = append(batch, []byte(itoa(round*depth+i)))
		}
		if err := s.Send(batch...); err != nil {
			t.Fatal(err)
		}
		for _, want := range batch {
			got, err := s.Receive()
			if err != nil || !bytes.Equal(got, want) {
				t.Fatalf("got %q, %v, want %q", got, err, want)
			}
		}
	}
}

// Writers, pings and closes from all sides, while peers vanish: Closed comes once, last, always.
func TestRaceOfWriteCloseAndTheEnd(t *testing.T) {
	var mu sync.Mutex
	ends := map[protocol.Conn]int{}
	e := &engine{
		frame: func(c protocol.Conn, b []byte) { write(c, string(b)) },
		closed: func(c protocol.Conn, _ error) {
			mu.Lock()
			ends[c]++
			mu.Unlock()
		},
	}
	conns := make(chan protocol.Conn, 1)
	e.open = func(c protocol.Conn) { conns <- c }
	addr := serve(t, e, transports.Options{Limits: quick}, transports.ServerOptions{})
	const rounds = 60
	for round := range rounds {
		s := dial(t, addr)
		c := within(t, conns, "Open")
		var wg sync.WaitGroup
		wg.Go(func() {
			for range 50 {
				write(c, "one", "two", "three")
			}
		})
		wg.Go(func() {
			for range 50 {
				c.(protocol.Pinger).Ping()
			}
		})
		for range 3 {
			wg.Go(func() { c.Close(protocol.CloseNormal, "race") })
		}
		wg.Go(func() {
			if round%2 == 0 {
				_ = s.Send([]byte("a"), []byte("b")) // the connection may have ended
				_ = s.Cut()
				return
			}
			for {
				if _, err := s.Receive(); err != nil {
					return
				}
			}
		})
		wg.Wait()
	}
	deadline := time.After(patience)
	for {
		mu.Lock()
		done := len(ends) == rounds
		mu.Unlock()
		if done {
			break
		}
		select {
		case <-deadline:
			t.Fatalf("only %d of %d connections ended", len(ends), rounds)
		default:
		}
	}
	for c, n := range ends {
		if n != 1 {
			t.Errorf("%s: Closed came %d times", c.Info().Remote, n)
		}
	}
}

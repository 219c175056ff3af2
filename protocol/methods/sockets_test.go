package methods_test

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/transports"
)

// patience bounds what a test waits for outside of a bubble; only a failing one takes so long.
const patience = 10 * time.Second

// The kinds of connections.
const (
	loopConn      = "*transports.loopConn"
	goroutineConn = "*transports.wsConn"
)

// little is room for one message, or a few short ones.
var little = transports.Limits{Write: 600}

// overSockets runs a test over each kind of connection that a server has: those that a loop serves,
// which are there on Linux only, and those with a goroutine of their own. With little room they take
// some of what the engine has and ask for the rest.
func overSockets(t *testing.T, test func(t *testing.T, net network)) {
	kinds := []struct {
		name, conn string
		options    transports.Options
	}{
		{"loops", loopConn, transports.Options{}},
		{"loops with little room", loopConn, transports.Options{Limits: little}},
		{"goroutines", goroutineConn, transports.Options{Goroutines: true}},
		{"goroutines with little room", goroutineConn, transports.Options{Goroutines: true, Limits: little}},
	}
	for _, k := range kinds {
		if k.conn == loopConn && runtime.GOOS != "linux" {
			continue
		}
		t.Run(k.name, func(t *testing.T) { test(t, newSockets(t, k.conn, k.options)) })
	}
}

// Sockets are a network of real connections: tabs come to a server of package transports through TCP.
// The server runs outside of the bubbles in which scenes are played, because who waits for a socket is
// no reason for a bubble's time to pass, and its deadlines are of this time. A scene's engine stays in
// its bubble; all calls between the two go through passages, and time stands still meanwhile.
type sockets struct {
	addr    string
	conn    string          // the type of its connections
	outside *passage        // out of a bubble
	opened  chan *serverEnd // connections that want a channel of the engine
	late    chan struct{}   // closed when a scene has taken too long
}

// newSockets starts a server, that ends with the test.
func newSockets(t *testing.T, conn string, o transports.Options) *sockets {
	s := &sockets{conn: conn, outside: newPassage(), opened: make(chan *serverEnd), late: make(chan struct{})}
	go func() {
		for call := range s.outside.calls {
			s.outside.serve(call)
		}
	}()
	h := transports.NewClientHandler(s, o)
	server := transports.NewServer(transports.ServerOptions{Handler: h})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr = l.Addr().String()
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		if err := h.Wait(ctx); err != nil {
			t.Errorf("connections do not end: %v", err)
		}
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
		close(s.outside.calls)
	})
	return s
}

// play runs a scene in a bubble of its own and sees that it does not wait for ever: what is lost on
// the way does not come later.
func (s *sockets) play(t *testing.T, scene func(t *testing.T)) {
	select {
	case <-s.late:
		t.Fatal("an earlier scene waited in vain")
	default:
	}
	clock := time.AfterFunc(patience, func() { close(s.late) })
	defer clock.Stop()
	synctest.Test(t, scene)
}

// Open implements transports.Opener. The engine opens the channel in its bubble, where connect waits.
func (s *sockets) Open(c protocol.Conn) protocol.Sink {
	e := &serverEnd{conn: c, calls: newPassage(), taken: make(chan struct{})}
	s.opened <- e
	<-e.taken
	return e
}

// connect opens a tab's channel.
func (s *sockets) connect(t *tab) carrier {
	l := &socketLine{tab: t, outside: s.outside, late: s.late}
	var err error
	l.out(func() { l.peer, err = dialPeer(s.addr, t.scene.format) })
	if err != nil {
		t.scene.t.Fatalf("%s cannot connect: %v", t.name, err)
	}
	l.frames = l.peer.frames
	select {
	case l.end = <-s.opened:
	case <-s.late:
		t.scene.t.Fatalf("no channel is opened for %s", t.name)
	}
	info := l.end.conn.Info()
	if kind := fmt.Sprintf("%T", l.end.conn); kind != s.conn || info.Remote != l.peer.conn.LocalAddr().String() || info.Format != t.scene.format {
		t.scene.t.Fatalf("%s came as a %s: %+v", t.name, kind, info)
	}
	l.end.line = l
	l.sink = t.scene.engine.Open(l)
	close(l.end.taken)
	return l
}

// A serverEnd is where a real connection brings what it has for the engine.
type serverEnd struct {
	conn  protocol.Conn
	calls *passage      // into the bubble
	taken chan struct{} // closed when the line is known
	line  *socketLine
}

var (
	_ protocol.LifeSink = (*serverEnd)(nil)
	_ protocol.TurnSink = (*serverEnd)(nil)
)

// call has something done in the line's bubble, before the connection goes on: so what the engine
// answers is written within the connection's turn.
func (e *serverEnd) call(fn func()) { e.calls.do(fn, e.line.peer.gone) }

func (e *serverEnd) Frame(b []byte)   { e.call(func() { e.line.frame(b) }) }
func (e *serverEnd) Turn(begins bool) { e.call(func() { e.line.turn(begins) }) }
func (e *serverEnd) Alive()           { e.call(e.line.alive) }
func (e *serverEnd) Writable()        { e.call(e.line.writable) }
func (e *serverEnd) Closed(err error) { e.call(func() { e.line.closed(err) }) }

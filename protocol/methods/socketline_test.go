package methods_test

import (
	"errors"
	"fmt"
	"sync"

	"github.com/gobwas/ws"

	"github.com/octolink/octolink/protocol"
)

// A socketLine is a tab's channel over a real connection, with both of its ends: the client's, and the
// one that the engine has. It lives in a bubble and counts what is on its way outside: as long as there
// is any, it attends to it and keeps the bubble's time from passing. So everything arrives in the
// moment in which it was sent, and what is lost is missed. It counts and does not ask by a ping whether
// all has come: the ping would give the connection a turn, and so hide that it had forgotten to take one.
type socketLine struct {
	tab     *tab
	outside *passage
	late    <-chan struct{}
	peer    *wsPeer
	end     *serverEnd
	sink    protocol.Sink

	frames <-chan wsFrame // of peer; nil behind the last one; only attend's

	mu        sync.Mutex
	under     underway
	attending bool
	bye       bool // the tab has said its last word
	broke     bool // that was no close frame
	told      bool // the engine has heard of the end
	over      bool
}

// Underway is what has been sent and has not arrived.
type underway struct {
	toServer int  // messages
	toTab    int  // messages that the connection took
	pongs    int  // of the tab
	ping     bool // the server's
	room     bool // the connection took less than all, and says when it takes more
	turn     bool // what came together is being handed over
	end      bool // of the channel
}

var _ protocol.Pinger = (*socketLine)(nil)

// errLost ends channels on which something was lost.
var errLost = errors.New("lost")

// out has something done outside of the bubble, where sockets are.
func (l *socketLine) out(fn func()) { l.outside.do(fn, nil) }

func (l *socketLine) fail(format string, args ...any) {
	l.tab.scene.t.Errorf("%s: %s", l.tab.name, fmt.Sprintf(format, args...))
}

// attend takes what arrives until nothing is underway.
func (l *socketLine) attend() {
	for l.expecting() {
		select {
		case call := <-l.end.calls.calls:
			l.end.calls.serve(call)
		case f, more := <-l.frames:
			if !more {
				l.frames = nil
				l.cut()
				continue
			}
			l.got(f)
		case <-l.late:
			l.giveUp()
		}
	}
}

// expecting reports whether there is something to attend to, and else ends it.
func (l *socketLine) expecting() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.told && l.frames == nil {
		l.over = true
	}
	l.attending = !l.over && l.under != underway{}
	return l.attending
}

// sent begins to attend to what has been sent. With mu held.
func (l *socketLine) sent() {
	if !l.attending && !l.over {
		l.attending = true
		go l.attend()
	}
}

// giveUp ends a line on which something was lost. The engine hears of it, so that the scene can end.
func (l *socketLine) giveUp() {
	l.mu.Lock()
	l.fail("never arrived: %+v", l.under)
	l.bye, l.over = true, true
	told := l.told
	l.mu.Unlock()
	close(l.peer.gone)
	l.out(func() { l.peer.conn.Close() })
	if !told {
		l.sink.Closed(errLost)
	}
}

// arrived counts one of what was underway.
func (l *socketLine) arrived(n *int, what string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if *n--; *n < 0 {
		l.fail("%s that nobody sent", what)
		*n = 0
	}
}

// The line as the engine's connection.

// Info describes the connection as the tab would have it.
func (l *socketLine) Info() protocol.Info { return l.tab.info() }

// Write implements protocol.Conn. What was taken is counted before any of it can be looked for.
func (l *socketLine) Write(frames []protocol.Frame) (taken int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.out(func() { taken, err = l.end.conn.Write(frames) })
	l.under.toTab += taken
	l.under.room = err == nil && taken < len(frames)
	l.sent()
	return taken, err
}

// Ping implements protocol.Pinger.
func (l *socketLine) Ping() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.out(l.end.conn.(protocol.Pinger).Ping)
	l.under.ping = true
	l.sent()
}

// Close implements protocol.Conn.
func (l *socketLine) Close(code protocol.CloseCode, reason string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.out(func() { l.end.conn.Close(code, reason) })
	l.under.end = true
	l.sent()
}

// What the real connection tells the engine. It waits until the engine has heard it, as it would
// without a bubble between them.

func (l *socketLine) frame(b []byte) {
	l.arrived(&l.under.toServer, "a message came")
	l.sink.Frame(b)
}

func (l *socketLine) turn(begins bool) {
	l.mu.Lock()
	l.under.turn = begins
	l.mu.Unlock()
	l.sink.(protocol.TurnSink).Turn(begins)
}

func (l *socketLine) alive() {
	l.arrived(&l.under.pongs, "a sign of life came")
	l.sink.(protocol.LifeSink).Alive()
}

func (l *socketLine) writable() {
	l.mu.Lock()
	if !l.under.room {
		l.fail("room was told of that nobody waits for")
	}
	l.mu.Unlock()
	l.sink.Writable()
}

func (l *socketLine) closed(err error) {
	l.mu.Lock()
	if !l.under.end || (err != nil) != l.broke {
		l.fail("the channel ended with %v", err)
	}
	l.mu.Unlock()
	l.sink.Closed(err)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.told = true
}

// What comes to the client.

func (l *socketLine) got(f wsFrame) {
	if f.err != nil {
		l.fail("a frame that cannot be read: %v", f.err)
		return // peer has ended
	}
	switch f.Header.OpCode {
	case ws.OpText:
		l.arrived(&l.under.toTab, "a message of the server came")
		l.tab.heard(f.Payload)
	case ws.OpPing:
		l.mu.Lock()
		l.under.ping = false
		l.mu.Unlock()
		l.tab.pinged()
	case ws.OpClose:
		l.gotClose(f.Payload)
	default:
		l.fail("a frame of opcode %d", f.Header.OpCode)
	}
}

// gotClose answers a close frame, unless it is an answer.
func (l *socketLine) gotClose(payload []byte) {
	code, _ := ws.ParseCloseFrameData(payload)
	l.tab.ended(protocol.CloseCode(code))
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.under.toTab > 0 {
		l.fail("closed before %d messages that were taken", l.under.toTab)
	}
	l.under.end = true
	if !l.bye {
		l.bye = true
		l.write(closing(protocol.CloseCode(code)))
	}
}

// cut notes the end of the client's socket.
func (l *socketLine) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.bye {
		l.fail("the connection ended without a close frame")
	}
	l.under.end = true
}

// The line as the tab's carrier. What a tab says after its last word goes nowhere.

func (l *socketLine) send(message []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.bye {
		return
	}
	l.write(ws.NewTextFrame(message))
	l.under.toServer++
	l.sent()
}

func (l *socketLine) pong() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.bye {
		return
	}
	l.write(ws.NewPongFrame(nil))
	l.under.pongs++
	l.sent()
}

// hangUp ends the channel as browsers do, which say goodbye, and as CRM servers do, whose connection
// breaks.
func (l *socketLine) hangUp() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.bye {
		return
	}
	l.bye = true
	if l.tab.info().Kind == protocol.ServerKind {
		l.broke = true
		l.out(func() { l.peer.conn.Close() })
	} else {
		l.write(closing(protocol.CloseGoingAway))
	}
	l.under.end = true
	l.sent()
}

// write sends a frame of the client. With mu held.
func (l *socketLine) write(f ws.Frame) {
	var err error
	l.out(func() { err = l.peer.write(f) })
	if err != nil && !l.under.end {
		l.fail("nothing can be sent: %v", err)
	}
}

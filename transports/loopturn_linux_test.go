package transports

import (
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/gobwas/ws"
	"golang.org/x/sys/unix"

	"github.com/octolink/octolink/protocol"
)

// A heard sink keeps what it is told, and answers as it is bid.
type heard struct {
	conn     protocol.Conn
	frames   []string
	answer   func(conn protocol.Conn, frame string)
	writable int
	closed   chan error
}

func (h *heard) Open(c protocol.Conn) protocol.Sink { h.conn = c; return h }

func (h *heard) Frame(b []byte) {
	h.frames = append(h.frames, string(b))
	if h.answer != nil {
		h.answer(h.conn, string(b))
	}
}

func (h *heard) Writable()        { h.writable++ }
func (h *heard) Closed(err error) { h.closed <- err }

// turnedByHand is a loop with one connection, that a test turns step by step.
func turnedByHand(t testing.TB, limits Limits, h *heard) (l *loop, c *loopConn, peer int) {
	t.Helper()
	poll, err := newPoller()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(poll.close)
	l = &loop{poll: poll, buf: make([]byte, 2*readSize), timed: map[*loopConn]struct{}{}, running: true}
	c, peer = joining(t, l, limits, h)
	return l, c, peer
}

// joining is one more connection of a loop.
func joining(t testing.TB, l *loop, limits Limits, h *heard) (c *loopConn, peer int) {
	t.Helper()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(pair[1]) })
	h.closed = make(chan error, 1)
	home := &upgrader{limits: limits.withDefaults(), log: slog.New(slog.DiscardHandler)}
	home.conns.enter()
	c = &loopConn{loop: l, home: home, common: &protocol.Info{}, fd: int32(pair[0]), posted: true}
	c.part = &part{opener: h, asm: assembler{state: serverSide, limit: home.limits.Message}}
	l.turn(c)
	return c, pair[1]
}

// ready is the turn of a connection whose socket is ready, when there is no other.
func (l *loop) ready(c *loopConn, events uint32) {
	l.hear(c, events)
	l.answer()
}

// cutOff ends what a test has left open.
func cutOff(t testing.TB, l *loop, c *loopConn, h *heard) {
	t.Helper()
	if c.fd >= 0 {
		c.broke(io.EOF)
		l.turn(c)
	}
	<-h.closed
}

// frameOf is a client's frame.
func frameOf(op ws.OpCode, payload string) []byte {
	o := newOutbox()
	defer o.release()
	o.add(op, &protocol.Frame{Body: []byte(payload)}, &[4]byte{1, 2, 3, 4})
	var b []byte
	for _, p := range o.pieces {
		b = append(b, p...)
	}
	return b
}

// Who pipelines without end gets a bounded share of each turn.
func TestATurnIsBounded(t *testing.T) {
	h := &heard{}
	l, c, peer := turnedByHand(t, Limits{}, h)
	one := frameOf(ws.OpText, strings.Repeat("x", 90))
	flood := []byte(strings.Repeat(string(one), 5*readSize/len(one)))
	if _, err := unix.Write(peer, flood); err != nil {
		t.Fatal(err)
	}
	total := len(flood) / len(one)
	for turns := 1; len(h.frames) < total; turns++ {
		l.ready(c, unix.EPOLLIN)
		if most := turns * (readSize/len(one) + 1); len(h.frames) > most {
			t.Fatalf("%d messages in %d turns, want at most %d", len(h.frames), turns, most)
		}
		if turns > total {
			t.Fatalf("%d of %d messages in %d turns", len(h.frames), total, turns)
		}
	}
	cutOff(t, l, c, h)
}

// Connections that are ready together are heard before any of them is answered, but not for longer than
// one of them may speak in a turn.
func TestAnswersWaitForEachOther(t *testing.T) {
	for _, tc := range []struct {
		name  string
		says  int // bytes of a message
		waits int // connections that are heard before the first answer
	}{
		{"a little", readSize / pollAtOnce, pollAtOnce},
		{"much", readSize / 4, 4},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := &heard{answer: say}
			l, c, peer := turnedByHand(t, Limits{}, h)
			conns, peers, heards := []*loopConn{c}, []int{peer}, []*heard{h}
			for range tc.waits {
				h := &heard{answer: say}
				c, peer := joining(t, l, Limits{}, h)
				conns, peers, heards = append(conns, c), append(peers, peer), append(heards, h)
			}
			for i, c := range conns {
				if _, err := unix.Write(peers[i], frameOf(ws.OpText, strings.Repeat("x", tc.says))); err != nil {
					t.Fatal(err)
				}
				if i < tc.waits && isReadable(t, peers[0]) {
					t.Errorf("the first is answered when %d were heard", i)
				}
				l.hear(c, unix.EPOLLIN)
			}
			for i, peer := range peers {
				if got, want := isReadable(t, peer), i < tc.waits; got != want {
					t.Errorf("connection %d: answered: %t", i, got)
				}
			}
			l.answer()
			if !isReadable(t, peers[tc.waits]) {
				t.Error("the last one is not answered")
			}
			for i, c := range conns {
				cutOff(t, l, c, heards[i])
			}
		})
	}
}

// Who is answered last, and speaks again when the sockets have been looked at already, is heard as often
// as the others.
func TestTheLastAreHeardAsOften(t *testing.T) {
	const all, turns = 2 * pollAtOnce, 40
	l, c, peer := turnedByHand(t, Limits{}, &heard{})
	conns, peers, heards := []*loopConn{c}, []int{peer}, []*heard{c.sink.(*heard)}
	for range all - 1 {
		h := &heard{}
		c, peer := joining(t, l, Limits{}, h)
		conns, peers, heards = append(conns, c), append(peers, peer), append(heards, h)
	}
	speak := func(slot int32) {
		if _, err := unix.Write(peers[slot], frameOf(ws.OpText, "x")); err != nil {
			t.Fatal(err)
		}
	}
	late := make([]int32, 0, all)
	for i := range conns {
		speak(conns[i].slot)
	}
	for range turns * all / pollAtOnce {
		ready, err := l.poll.now()
		if err != nil {
			t.Fatal(err)
		}
		for _, slot := range late {
			speak(slot)
		}
		late = late[:0]
		for i, e := range ready {
			l.hear(conns[e.Fd], e.Events)
			if last := i >= len(ready)-pollAtOnce/4; last {
				late = append(late, e.Fd)
			}
		}
		l.answer()
		for _, e := range ready {
			if !slices.Contains(late, e.Fd) {
				speak(e.Fd)
			}
		}
	}
	for i, h := range heards {
		if n := len(h.frames); n < turns*3/4 {
			t.Errorf("connection %d was heard %d times in %d turns", i, n, turns)
		}
		cutOff(t, l, conns[i], h)
	}
}

// Outside of a turn one event is taken, and what comes behind it asked for in the turn. All leave in their
// order, with whatever else the turn brings, however large they are.
func TestAnEventIsTakenEarly(t *testing.T) {
	const room = 600
	first, second := strings.Repeat("1", room), strings.Repeat("2", room)
	h := &heard{}
	l, c, peer := turnedByHand(t, Limits{Write: room}, h)
	outside := func(f protocol.Frame, want int) {
		t.Helper()
		if taken, err := c.Write([]protocol.Frame{f}); taken != want || err != nil {
			t.Errorf("took %d, %v, want %d", taken, err, want)
		}
	}
	outside(protocol.Frame{Head: []byte("an answer")}, 0)
	l.turn(c)
	outside(protocol.Frame{Body: []byte(first + "!")}, 0)
	l.turn(c)
	outside(protocol.Frame{Body: []byte(first)}, 1)
	outside(protocol.Frame{Body: []byte(second)}, 0)
	if h.writable != 2 {
		t.Errorf("was asked %d times for more, want 2", h.writable)
	}
	h.answer = func(conn protocol.Conn, _ string) {
		if taken, err := conn.Write([]protocol.Frame{{Body: []byte(second)}}); taken != 0 || err != nil {
			t.Errorf("took %d, %v, without room", taken, err)
		}
	}
	if _, err := unix.Write(peer, append(frameOf(ws.OpPing, "are you there"), frameOf(ws.OpText, "x")...)); err != nil {
		t.Fatal(err)
	}
	l.ready(c, unix.EPOLLIN)
	if h.writable != 3 {
		t.Errorf("was asked %d times for more, want 3", h.writable)
	}
	outside(protocol.Frame{Body: []byte(second)}, 1)
	c.Close(protocol.CloseNormal, "")
	l.turn(c)
	var got []string
	for b := readNowAll(t, peer); len(b) > 0; {
		head, n, err := parseHeader(b)
		if err != nil || n == 0 {
			t.Fatalf("%v in %q", err, b)
		}
		got = append(got, fmt.Sprintf("%x %.2s", head.OpCode, b[n:]))
		b = b[n+int(head.Length):]
	}
	if want := []string{"a ar", "1 11", "1 22", "8 \x03\xe8"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	cutOff(t, l, c, h)
}

// readNowAll is what a socket has.
func readNowAll(t *testing.T, fd int) []byte {
	t.Helper()
	b := make([]byte, 64<<10)
	n, err := unix.Read(fd, b)
	if err != nil {
		t.Fatal(err)
	}
	return b[:n]
}

// say answers each message with a short one.
func say(c protocol.Conn, _ string) {
	if _, err := c.Write([]protocol.Frame{{Body: []byte("heard")}}); err != nil {
		panic(err)
	}
}

func isReadable(t *testing.T, fd int) bool {
	t.Helper()
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	n, err := unix.Poll(fds, 0)
	if err != nil {
		t.Fatal(err)
	}
	return n > 0
}

// The answers to what was read together leave in one system call, and a socket that is full is
// watched for room until it has taken all.
func TestAnswersLeaveTogether(t *testing.T) {
	h := &heard{answer: func(c protocol.Conn, frame string) {
		if n, err := c.Write([]protocol.Frame{{Body: []byte(frame)}}); n != 1 || err != nil {
			t.Errorf("took %d, %v", n, err)
		}
	}}
	l, c, peer := turnedByHand(t, Limits{Write: 1 << 20}, h)
	defer cutOff(t, l, c, h)
	var asked []byte
	for range 8 {
		asked = append(asked, frameOf(ws.OpText, "a question")...)
	}
	if _, err := unix.Write(peer, asked); err != nil {
		t.Fatal(err)
	}
	l.ready(c, unix.EPOLLIN)
	b := make([]byte, 1<<20)
	if n, err := unix.Read(peer, b); err != nil || n != 8*(2+len("a question")) {
		t.Errorf("read %d bytes at once, %v, want all 8 answers", n, err)
	}
	if c.watched != readable || c.send != nil || c.part != nil {
		t.Errorf("an idle connection watches %x and holds %v, %v", c.watched, c.send, c.part)
	}

	long := strings.Repeat("x", 1<<19)
	h.answer = func(c protocol.Conn, _ string) {
		if n, err := c.Write([]protocol.Frame{{Body: []byte(long)}}); n != 1 || err != nil {
			t.Errorf("took %d, %v", n, err)
		}
	}
	if _, err := unix.Write(peer, frameOf(ws.OpText, "a long one")); err != nil {
		t.Fatal(err)
	}
	l.ready(c, unix.EPOLLIN)
	if c.watched != readable|unix.EPOLLOUT || len(l.timed) != 1 {
		t.Errorf("a full socket is watched for %x, %d have a deadline", c.watched, len(l.timed))
	}
	got := 0
	for got < len(long) {
		n, err := unix.Read(peer, b)
		if err != nil {
			t.Fatal(err)
		}
		got += n
		l.ready(c, unix.EPOLLOUT)
	}
	if c.watched != readable || c.send != nil || len(l.timed) != 0 {
		t.Errorf("afterwards it watches %x and holds %v, %d have a deadline", c.watched, c.send, len(l.timed))
	}
}

// FuzzLoop sends arbitrary bytes to a loop's connection, at once and in parts of every size: what
// comes out must be what an assembler finds that reads it all.
func FuzzLoop(f *testing.F) {
	f.Add(frameOf(ws.OpText, "привет"), uint16(1))
	f.Add(append(frameOf(ws.OpText, strings.Repeat("a", 900)), frameOf(ws.OpText, "b")...), uint16(7))
	start := frameOf(ws.OpText, "one ")
	start[0] &^= 0x80
	f.Add(append(append(start, frameOf(ws.OpPing, "p")...), frameOf(ws.OpContinuation, "message")...), uint16(3))
	f.Add(frameOf(ws.OpText, string(make([]byte, fuzzLimit+1))), uint16(200))
	f.Add([]byte{0x81, 0x01, 'x'}, uint16(1))
	f.Add(append(frameOf(ws.OpClose, "\x03\xe8bye"), frameOf(ws.OpText, "after")...), uint16(2))
	f.Fuzz(func(t *testing.T, stream []byte, step uint16) {
		if len(stream) > 4*fuzzLimit {
			t.Skip("no longer input says more")
		}
		want := readAll(t, append([]byte(nil), stream...), max(len(stream), 1))
		h := &heard{}
		l, c, peer := turnedByHand(t, Limits{Message: fuzzLimit}, h)
		for rest := stream; len(rest) > 0 && !c.isClosing(); {
			n, err := unix.Write(peer, rest[:min(int(step)+1, len(rest))])
			if err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
			for range n/readSize + 1 {
				l.ready(c, unix.EPOLLIN)
			}
		}
		if got := fmt.Sprint(h.frames); got != fmt.Sprint(texts(want)) {
			t.Errorf("got %q\nwant %q", h.frames, texts(want))
		}
		cutOff(t, l, c, h)
	})
}

// texts are the messages of what readAll tells, up to the close frame.
func texts(told []string) []string {
	var all []string
	for _, piece := range told {
		op, payload, _ := strings.Cut(piece, " ")
		if op == "8" {
			break
		}
		if op != "1" {
			continue
		}
		text, err := hex.DecodeString(payload)
		if err != nil {
			panic(err) // readAll wrote it
		}
		all = append(all, string(text))
	}
	return all
}

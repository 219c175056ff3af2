package transports

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/gobwas/ws"
	"golang.org/x/sys/unix"

	"github.com/octolink/octolink/protocol"
)

// plainly are frames as they are written when nothing is joined beforehand.
func plainly(frames []protocol.Frame) []byte {
	o := newOutbox()
	defer o.release()
	for _, f := range frames {
		o.add(ws.OpText, &f, nil)
	}
	return bytes.Join(o.pieces, nil)
}

// Frames that come again are joined once, and only when they are the same memory.
func TestJoint(t *testing.T) {
	event := func(n int) protocol.Frame {
		return protocol.Frame{Body: bytes.Repeat([]byte{byte('a' + n%26)}, 100+n)}
	}
	one, two, long := event(1), event(2), event(jointSize)
	var many []protocol.Frame
	for i := range jointFrames + 1 {
		many = append(many, event(i))
	}
	for name, frames := range map[string][]protocol.Frame{
		"one": {one}, "two": {one, two}, "the other way round": {two, one}, "the same twice": {one, one},
		"as many as there may be": many[:jointFrames],
	} {
		t.Run(name, func(t *testing.T) {
			var j joint
			if got := j.of(nil, frames); got != nil {
				t.Errorf("joined at once: %q", got)
			}
			want := plainly(frames)
			first, again := j.of(nil, frames), j.of(frames[:1], append([]protocol.Frame(nil), frames[1:]...))
			if !bytes.Equal(first, want) || &first[0] != &again[0] {
				t.Errorf("got %q and %q, want %q twice", first, again, want)
			}
			equal := append([]protocol.Frame(nil), frames...)
			equal[0].Body = bytes.Clone(equal[0].Body)
			if got := j.of(nil, equal); got != nil {
				t.Errorf("frames that are only equal gave %q", got)
			}
			j.of(nil, frames)
			j.rest()
			if got := j.of(nil, frames); got != nil || len(j.bodies) != len(frames) {
				t.Errorf("it kept %q over a rest", got)
			}
			if !bytes.Equal(first, want) {
				t.Error("what was given has changed")
			}
		})
	}
	for name, frames := range map[string][]protocol.Frame{
		"nothing": nil, "too many": many, "too long": {one, long},
		"an answer": {{Head: []byte("head")}, one}, "an answer behind": {one, {Head: []byte("head")}},
		"an end of its own": {{Body: []byte("body"), Tail: []byte("tail")}},
	} {
		var j joint
		for range 3 {
			if got := j.of(nil, frames); got != nil {
				t.Errorf("%s was joined: %q", name, got)
			}
		}
	}
}

// Connections that are told the same get it whole and in order, beside what is their own.
func TestManyAreToldTheSame(t *testing.T) {
	const tabs = 3
	var burst []protocol.Frame
	for i := range 8 {
		burst = append(burst, protocol.Frame{Body: fmt.Appendf(nil, "event %d", i)})
	}
	h := &heard{answer: func(c protocol.Conn, _ string) {
		own := append([]protocol.Frame{{Head: []byte("answer")}}, burst...)
		for _, frames := range [][]protocol.Frame{burst, burst, own} {
			if n, err := c.Write(frames); n != len(frames) || err != nil {
				t.Errorf("took %d, %v", n, err)
			}
		}
	}}
	want := bytes.Join([][]byte{plainly(burst), plainly(burst), plainly([]protocol.Frame{{Body: []byte("answer")}}), plainly(burst)}, nil)
	var shared *loop
	for range tabs {
		l, c, peer := turnedByHand(t, Limits{}, h)
		if shared == nil {
			shared = l
		}
		c.loop = shared // whose joint it takes; the turns are its own loop's
		if _, err := unix.Write(peer, frameOf(ws.OpText, "x")); err != nil {
			t.Fatal(err)
		}
		l.ready(c, unix.EPOLLIN)
		got := make([]byte, 2*len(want))
		n, err := unix.Read(peer, got)
		if err != nil || !bytes.Equal(got[:n], want) {
			t.Errorf("got %q, %v, want %q", got[:max(n, 0)], err, want)
		}
		cutOff(t, l, c, h)
	}
	if shared.joint.whole == nil {
		t.Error("nothing was joined")
	}
}

package transports

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"unicode/utf8"

	"github.com/gobwas/ws"

	"github.com/octolink/octolink/protocol"
)

const fuzzLimit = 1 << 10

// FuzzFrames reads arbitrary bytes as a client's stream, at once and in parts of every size: what
// comes out must be the same, within the limits, and text.
func FuzzFrames(f *testing.F) {
	mask := &[4]byte{1, 2, 3, 4}
	frame := func(op ws.OpCode, payload string) []byte {
		o := newOutbox()
		defer o.release()
		o.add(op, &protocol.Frame{Body: []byte(payload)}, mask)
		return bytes.Join(o.pieces, nil)
	}
	hello := frame(ws.OpText, "привет")
	start := bytes.Clone(hello)
	start[0] &^= 0x80
	end := frame(ws.OpContinuation, "!")
	f.Add(hello, uint8(1))
	f.Add(bytes.Join([][]byte{start, frame(ws.OpPing, "p"), end, frame(ws.OpClose, "\x03\xe8bye")}, nil), uint8(3))
	f.Add(frame(ws.OpText, string(make([]byte, fuzzLimit))), uint8(200))
	f.Add(frame(ws.OpText, string(make([]byte, fuzzLimit+1))), uint8(200))
	f.Add(frame(ws.OpBinary, "\xff"), uint8(2))
	f.Add([]byte{0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, uint8(1))
	f.Add([]byte{0x81, 0x01, 'x'}, uint8(1))
	f.Fuzz(func(t *testing.T, stream []byte, step uint8) {
		whole := readAll(t, stream, len(stream))
		parts := readAll(t, stream, int(step)+1)
		if fmt.Sprint(whole) != fmt.Sprint(parts) {
			t.Errorf("at once: %q\nin parts of %d: %q", whole, int(step)+1, parts)
		}
	})
}

// readAll tells what a stream holds when it comes in parts.
func readAll(t *testing.T, stream []byte, step int) (got []string) {
	t.Helper()
	var in inbox
	defer in.drop()
	a := assembler{state: ws.StateServerSide, limit: fuzzLimit}
	defer a.abandon()
	for len(stream) > 0 {
		n := copy(in.room(a.need), stream[:min(step, len(stream))])
		in.got(n)
		stream = stream[n:]
		for {
			used, p, err := a.next(in.bytes())
			if err != nil {
				return append(got, refusalOf(t, err))
			}
			if used == 0 {
				break
			}
			checkPiece(t, p)
			if p.op != ws.OpContinuation {
				got = append(got, fmt.Sprintf("%d %x", p.op, p.payload))
			}
			in.skip(used)
		}
		if size := cap(in.buf.b); size > max(readSize, 4*fuzzLimit) {
			t.Fatalf("a buffer of %d bytes for messages of %d", size, fuzzLimit)
		}
		in.rest()
		a.drop()
	}
	return got
}

// refusalOf wants a close code and a reason that fit into a close frame.
func refusalOf(t *testing.T, err error) string {
	t.Helper()
	var e *CloseError
	if !errors.As(err, &e) || e.Reason == "" || !sendable(e.Code) {
		t.Errorf("got %v, want a close code and a reason", err)
	}
	return err.Error()
}

func checkPiece(t *testing.T, p piece) {
	t.Helper()
	switch {
	case p.op == ws.OpText:
		if len(p.payload) > fuzzLimit || !utf8.Valid(p.payload) {
			t.Errorf("a message of %d bytes: %q", len(p.payload), p.payload)
		}
	case p.op == ws.OpClose:
		if e, err := parseClose(p.payload); err == nil && e.Code != 0 && !sendable(e.Code) {
			t.Errorf("close code %d", e.Code)
		}
	case p.op.IsControl():
		if len(p.payload) > ws.MaxControlFramePayloadSize {
			t.Errorf("a control frame of %d bytes", len(p.payload))
		}
	case p.op != ws.OpContinuation || p.payload != nil:
		t.Errorf("opcode %d", p.op)
	}
}

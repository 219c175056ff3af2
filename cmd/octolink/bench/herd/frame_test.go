package herd

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/gobwas/ws"
)

// Ensure frames of all sizes are what another implementation reads.
func TestFramesAreRead(t *testing.T) {
	for _, n := range []int{0, 1, 7, 8, 9, 125, 126, 1000, 1<<16 - 1, 1 << 16, 1<<16 + 3} {
		text := strings.Repeat("octolink", n/8+1)[:n]
		b := appendFrame([]byte("before"), opText, [3][]byte{[]byte(text[:n/3]), []byte(text[n/3 : n/2]), []byte(text[n/2:])})
		f, err := ws.ReadFrame(bytes.NewReader(b[len("before"):]))
		if err != nil {
			t.Fatalf("%d bytes: %v", n, err)
		}
		if !f.Header.Masked {
			t.Errorf("%d bytes: not masked", n)
		}
		if f = ws.UnmaskFrame(f); string(f.Payload) != text || f.Header.OpCode != ws.OpText || !f.Header.Fin {
			t.Errorf("%d bytes: got %d bytes and %+v", n, len(f.Payload), f.Header)
		}
	}
}

// Ensure a frame is cut off where it ends, however much of it is there, and an echo is unmasked.
func TestCutFrame(t *testing.T) {
	for _, n := range []int{0, 1, 125, 126, 1 << 16} {
		text := bytes.Repeat([]byte{'x'}, n)
		whole := ws.MustCompileFrame(ws.NewTextFrame(text))
		echoed := appendFrame(nil, opText, [3][]byte{text})
		for _, frame := range [][]byte{whole, echoed} {
			for cut := range min(len(frame), 20) {
				if _, _, used, err := cutFrame(frame[:cut]); used != 0 || err != nil {
					t.Fatalf("%d of %d bytes: got %d, %v", cut, len(frame), used, err)
				}
			}
			op, payload, used, err := cutFrame(append(bytes.Clone(frame), "next"...))
			if op != opText || !bytes.Equal(payload, text) || used != len(frame) || err != nil {
				t.Errorf("%d bytes: got %d, %d bytes, %d, %v", n, op, len(payload), used, err)
			}
		}
	}
}

func TestCutFrameRefuses(t *testing.T) {
	for _, tc := range []struct {
		name  string
		frame []byte
		want  error
	}{
		{"a first fragment", []byte{0x01, 0}, errFragment},
		{"a last fragment", []byte{0x80, 0}, errFragment},
		{"too long", []byte{0x81, 127, 0, 0, 1, 0, 0, 0, 0, 0}, errTooLong},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, _, _, err := cutFrame(tc.frame); !errors.Is(err, tc.want) {
				t.Errorf("got %v, want %v", err, tc.want)
			}
		})
	}
}

// FuzzCutFrame: whatever a server sends, what is cut off lies within it, and ours comes back whole.
func FuzzCutFrame(f *testing.F) {
	f.Add(ws.MustCompileFrame(ws.NewTextFrame([]byte(`["pong",{"qid":"0.1"}]`))))
	f.Add(appendFrame(nil, opText, [3][]byte{[]byte("an echo")}))
	f.Add([]byte{0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		was := bytes.Clone(b)
		_, payload, n, err := cutFrame(b)
		if n < 0 || n > len(b) || len(payload) > n || err != nil && n != 0 {
			t.Fatalf("%d of %d bytes, a payload of %d, %v", n, len(b), len(payload), err)
		}
		if n == 0 && !bytes.Equal(b, was) {
			t.Error("what is not complete was changed")
		}
		frame := appendFrame(nil, opText, [3][]byte{was})
		if _, got, n, err := cutFrame(frame); err != nil || n != len(frame) || !bytes.Equal(got, was) {
			t.Errorf("got %q of %q, %v", got, was, err)
		}
	})
}

package protocol

import (
	"sync"

	"github.com/octolink/octolink/protocol/wire"
)

// A scratch is memory in which replies are encoded, one after the other: most are small, and leave at
// once.
type scratch struct {
	b   []byte
	one [1]Frame // the frame in it
}

// keptScratch is how long a reply may be to leave its memory to the next one, in bytes.
const keptScratch = 4 << 10

var scratches = sync.Pool{New: func() any { return &scratch{b: make([]byte, 0, keptScratch)} }}

func newScratch() *scratch { return scratches.Get().(*scratch) }

// frame makes a frame of what was encoded in the scratch. What outgrew it has memory of its own, and
// is too long to be copied if it need not be.
func (s *scratch) frame(b, body, tail []byte) *Frame {
	if cap(b) == cap(s.b) {
		s.one[0] = Frame{Head: b, Body: body, Tail: tail, lent: s}
		return &s.one[0]
	}
	s.release()
	if len(body) == 0 {
		return &Frame{Body: b, Tail: tail}
	}
	return &Frame{Head: b, Body: body, Tail: tail}
}

// release leaves the memory to others; nobody may read it, or the frame in it, any more.
func (s *scratch) release() {
	s.one[0] = Frame{}
	scratches.Put(s)
}

// finish ends a frame that was encoded in the scratch, unless that failed.
func (s *scratch) finish(b []byte, f wire.Format, err error) (*Frame, error) {
	if err != nil {
		s.release()
		return nil, err
	}
	return s.frame(wire.AppendTail(b, f), nil, nil), nil
}

// giveBack leaves the frame's memory to others; nobody may read it any more.
func (f *Frame) giveBack() {
	if f.lent != nil {
		f.lent.release()
	}
}

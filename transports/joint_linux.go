package transports

import (
	"sync"
	"unsafe"

	"github.com/gobwas/ws"

	"github.com/octolink/octolink/protocol"
)

const (
	// jointFrames is how many frames a joint may have.
	jointFrames = 64
	// jointSize is how long it may be, in bytes: what does not stay in the processor's cache need not
	// be kept.
	jointSize = 16 << 10
)

// A joint is what many connections are told, one frame behind the other, joined once for all of them:
// a burst of events for a thousand tabs. It remembers the last sequence of frames, and is made when that
// comes a second time. Whoever has it may keep it; it does not change.
type joint struct {
	mu     sync.Mutex
	bodies [][]byte
	size   int    // of the joint
	whole  []byte // nil until it is wanted
}

// of gives the joint of some frames and those behind them, with their headers; nil when there is none.
func (j *joint) of(some, more []protocol.Frame) []byte {
	switch n := len(some) + len(more); {
	case n == 0, n > jointFrames:
		return nil
	case len(some) == 0 && len(more[0].Head) > 0: // an answer is for one
		return nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.same(some, more) {
		j.remember(some, more)
		return nil
	}
	if j.whole == nil && j.size <= jointSize {
		j.whole = make([]byte, 0, j.size)
		for _, b := range j.bodies {
			j.whole = append(appendHeader(j.whole, ws.OpText, len(b), nil), b...)
		}
	}
	return j.whole
}

// same reports whether these frames are the last ones: not equal, the same memory.
func (j *joint) same(some, more []protocol.Frame) bool {
	n := len(some)
	return n+len(more) == len(j.bodies) && areThese(some, j.bodies[:n]) && areThese(more, j.bodies[n:])
}

// areThese reports whether frames are bodies alone, and these.
func areThese(frames []protocol.Frame, bodies [][]byte) bool {
	for i, b := range bodies {
		f := &frames[i]
		if len(f.Head)+len(f.Tail) > 0 || len(f.Body) != len(b) || unsafe.SliceData(f.Body) != unsafe.SliceData(b) { //nolint:gosec // only compared
			return false
		}
	}
	return true
}

func (j *joint) remember(some, more []protocol.Frame) {
	j.forget()
	if !j.add(some) || !j.add(more) {
		j.forget()
	}
}

// add appends frames and reports whether all are bodies alone.
func (j *joint) add(frames []protocol.Frame) bool {
	for i := range frames {
		f := &frames[i]
		if len(f.Head)+len(f.Tail) > 0 {
			return false
		}
		j.bodies = append(j.bodies, f.Body)
		j.size += ws.HeaderSize(ws.Header{Length: int64(len(f.Body))}) + len(f.Body)
	}
	return true
}

func (j *joint) forget() {
	clear(j.bodies)
	j.bodies, j.size, j.whole = j.bodies[:0], 0, nil
}

// rest lets go of the memory; nobody is told anything at the moment.
func (j *joint) rest() {
	j.mu.Lock()
	j.forget()
	j.mu.Unlock()
}

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

// of gives the joint of the frames with their headers; nil when there is none.
func (j *joint) of(frames []protocol.Frame) []byte {
	if len(frames) == 0 || len(frames) > jointFrames || len(frames[0].Head) > 0 { // an answer is for one
		return nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.same(frames) {
		j.remember(frames)
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
func (j *joint) same(frames []protocol.Frame) bool {
	if len(frames) != len(j.bodies) {
		return false
	}
	for i, b := range j.bodies {
		f := &frames[i]
		if len(f.Head)+len(f.Tail) > 0 || len(f.Body) != len(b) || unsafe.SliceData(f.Body) != unsafe.SliceData(b) { //nolint:gosec // only compared
			return false
		}
	}
	return true
}

func (j *joint) remember(frames []protocol.Frame) {
	j.forget()
	for i := range frames {
		f := &frames[i]
		if len(f.Head)+len(f.Tail) > 0 {
			j.forget()
			return
		}
		j.bodies = append(j.bodies, f.Body)
		j.size += ws.HeaderSize(ws.Header{Length: int64(len(f.Body))}) + len(f.Body)
	}
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

package transports

import (
	"crypto/rand"

	"github.com/gobwas/ws"

	"github.com/octolink/octolink/protocol"
)

// mostPongs is how many pongs may wait to be sent; from there on only the latest ping is answered,
// as RFC 6455 section 5.5.3 allows.
const mostPongs = 16

// A sending is what a connection is about to send, in the order in which it was taken.
type sending struct {
	out    *outbox // what waits; nil when nothing does
	queued int     // bytes taken and not yet written, those under way included
	masks  bool    // we are the client
	ample  bool    // what is pushed now is written soon
	pongs  int     // in out
	late   []byte  // payload of the ping that is answered after them; nil for none
	probed bool    // our ping is in out
}

// push appends a frame to what waits. Control frames are small, so their payload is copied.
func (s *sending) push(op ws.OpCode, f *protocol.Frame) {
	if s.out == nil {
		s.out = newOutbox()
		s.out.ample = s.ample
	}
	before := s.out.bytes
	if s.masks {
		var mask [4]byte
		_, _ = rand.Read(mask[:]) // never fails
		s.out.add(op, f, &mask)
	} else {
		s.out.add(op, f, nil)
	}
	s.queued += s.out.bytes - before
}

// pushWhole appends frames that were joined before, headers and all.
func (s *sending) pushWhole(b []byte) {
	if s.out == nil {
		s.out = newOutbox()
		s.out.ample = s.ample
	}
	s.out.addWhole(b)
	s.queued += len(b)
}

// write takes messages until limit bytes wait, and says how many. One that is longer is taken when
// nothing else waits.
func (s *sending) write(frames []protocol.Frame, limit int) (taken int) {
	for i := range frames {
		f := &frames[i]
		if s.queued > 0 && s.queued+f.Len() > limit {
			break
		}
		s.push(ws.OpText, f)
		taken++
	}
	return taken
}

// ping asks for a sign of life. Pings that wait to be sent are not doubled.
func (s *sending) ping() {
	if !s.probed {
		s.push(ws.OpPing, &protocol.Frame{})
		s.probed = true
	}
}

// pong answers a ping after what was taken before it came.
func (s *sending) pong(payload []byte) {
	if s.pongs < mostPongs {
		s.push(ws.OpPong, &protocol.Frame{Body: payload})
		s.pongs++
		return
	}
	s.late = append(make([]byte, 0, len(payload)), payload...)
}

// answerLate queues the answer to the latest of too many pings.
func (s *sending) answerLate() {
	if s.late != nil {
		s.push(ws.OpPong, &protocol.Frame{Body: s.late})
		s.late = nil
	}
}

// goodbye queues the close frame, the last of all.
func (s *sending) goodbye(code protocol.CloseCode, reason string) {
	s.answerLate()
	s.push(ws.OpClose, &protocol.Frame{Body: closePayload(code, reason)})
}

// take takes what waits, to write it; nil when nothing does.
func (s *sending) take() *outbox {
	batch := s.out
	s.out, s.pongs, s.probed = nil, 0, false
	return batch
}

package transports

import (
	"sync"

	"github.com/gobwas/ws"

	"github.com/octolink/octolink/protocol"
)

const (
	// smallPiece is the size in bytes up to which a piece of a frame is copied next to its
	// neighbours: that costs less than one more entry in the list of a writev. Larger ones are
	// written from where they are, so that what many receivers share is not copied for each.
	smallPiece = 1 << 10
	// pieceLimit is how many pieces one writev takes.
	pieceLimit = 64
)

// An outbox is what one writev, or a few, will write: frames that stand ready for the wire.
type outbox struct {
	pieces [][]byte
	first  int       // pieces before it are written
	bufs   []*buffer // the memory of the copied ones
	open   bool      // the last piece is the end of the last buffer and may grow there
	ample  bool      // it is written and given back soon: its buffers may be large
	bytes  int       // of the frames, with their headers
}

// outboxes is a cache: an idle connection has none.
var outboxes = sync.Pool{New: func() any { return new(outbox) }}

func newOutbox() *outbox { return outboxes.Get().(*outbox) }

// release gives the memory back.
func (o *outbox) release() {
	for i, b := range o.bufs {
		putBuffer(b)
		o.bufs[i] = nil
	}
	clear(o.pieces)
	*o = outbox{pieces: o.pieces[:0], bufs: o.bufs[:0]}
	if cap(o.pieces) <= 4*pieceLimit {
		outboxes.Put(o)
	}
}

// add appends a frame. A mask is given on the client's side, where the bytes are copied first
// because other receivers share them.
func (o *outbox) add(op ws.OpCode, f *protocol.Frame, mask *[4]byte) {
	before := o.bytes
	if mask != nil {
		o.addMasked(op, f, mask)
	} else {
		b := o.reserve(ws.MaxHeaderSize + len(f.Head))
		start := len(b.b)
		b.b = append(appendHeader(b.b, op, f.Len(), nil), f.Head...)
		o.extend(b, start)
		o.append(f.Body)
		o.append(f.Tail)
	}
	o.bytes = before + ws.HeaderSize(ws.Header{Length: int64(f.Len()), Masked: mask != nil}) + f.Len()
}

// addWhole appends frames that were joined before, by reference.
func (o *outbox) addWhole(b []byte) {
	o.pieces = append(o.pieces, b)
	o.open = false
	o.bytes += len(b)
}

// addMasked appends a copy of the frame under the mask.
func (o *outbox) addMasked(op ws.OpCode, f *protocol.Frame, mask *[4]byte) {
	b := o.reserve(ws.MaxHeaderSize + f.Len())
	start := len(b.b)
	b.b = appendHeader(b.b, op, f.Len(), mask)
	payload := len(b.b)
	b.b = append(append(append(b.b, f.Head...), f.Body...), f.Tail...)
	ws.Cipher(b.b[payload:], *mask, 0)
	o.extend(b, start)
}

// append adds bytes to what will be written, by copy or by reference.
func (o *outbox) append(p []byte) {
	switch {
	case len(p) == 0:
	case len(p) > smallPiece:
		o.pieces = append(o.pieces, p)
		o.open = false
	default:
		b := o.reserve(len(p))
		start := len(b.b)
		b.b = append(b.b, p...)
		o.extend(b, start)
	}
}

// reserve returns the last buffer if it has room for n bytes more, else a new one. Buffers never
// grow: pieces lie in them.
func (o *outbox) reserve(n int) *buffer {
	if len(o.bufs) > 0 {
		if last := o.bufs[len(o.bufs)-1]; cap(last.b)-len(last.b) >= n {
			return last
		}
	}
	// The first is small because most batches are one reply or one event, and may have to wait.
	size := smallPiece << min(2*len(o.bufs), 4)
	if o.ample {
		size = readSize
	}
	b := getBuffer(max(n, size))
	o.bufs = append(o.bufs, b)
	o.open = false
	return b
}

// extend makes the bytes of b from start on a part of the last piece, or a new piece.
func (o *outbox) extend(b *buffer, start int) {
	if o.open {
		last := &o.pieces[len(o.pieces)-1]
		*last = b.b[start-len(*last):]
		return
	}
	o.pieces = append(o.pieces, b.b[start:])
	o.open = true
}

// rest is what the next writev may take; empty when all is written.
func (o *outbox) rest() [][]byte {
	p := o.pieces[o.first:]
	return p[:min(len(p), pieceLimit)]
}

// wrote takes n written bytes off.
func (o *outbox) wrote(n int) {
	for n > 0 {
		p := &o.pieces[o.first]
		if n < len(*p) {
			*p = (*p)[n:]
			return
		}
		n -= len(*p)
		o.first++
	}
}

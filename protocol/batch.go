package protocol

import "sync"

// A batch is frames that wait to leave. An idle queue has none: thousands of tabs do nothing, and
// what they were told last has used the same few.
type batch struct {
	frames []Frame
	first  int // frames before it have left
}

var batches = sync.Pool{New: func() any { return new(batch) }}

// keptRoom is how many frames a batch that is kept for others has room for.
const keptRoom = 64

// release forgets what is in a batch. It must not be used any more.
func (b *batch) release() {
	if cap(b.frames) > keptRoom {
		return
	}
	clear(b.frames)
	b.frames, b.first = b.frames[:0], 0
	batches.Put(b)
}

// waiting are the frames that have not left.
func (b *batch) waiting() []Frame { return b.frames[b.first:] }

// left takes frames off the front. What still waits must not hold on to them.
func (b *batch) left(n int) {
	gone := b.frames[b.first : b.first+n]
	for i := range gone {
		gone[i].giveBack()
	}
	clear(gone)
	b.first += n
}

// add appends a frame.
func (b *batch) add(f *Frame) {
	if b.first > keptRoom && b.first > len(b.frames)/2 { // or the batch of a peer that is always behind would only grow
		n := copy(b.frames, b.waiting())
		clear(b.frames[n:])
		b.frames, b.first = b.frames[:n], 0
	}
	b.frames = append(b.frames, *f)
}

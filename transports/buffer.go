package transports

import (
	"math/bits"
	"sync"
)

// Pooled buffers come in powers of two from 1 KiB to 8 MiB; what is larger is left to the garbage
// collector.
const (
	smallestBuffer = 10 // as a power of two
	largestBuffer  = 23
)

// A buffer is memory from the pool. Between get and put it has one owner.
type buffer struct {
	b []byte
}

// buffers holds the pools, one for each size. A pool is a cache, so it is shared by all connections.
var buffers [largestBuffer - smallestBuffer + 1]sync.Pool

// getBuffer returns an empty buffer with room for at least n bytes.
func getBuffer(n int) *buffer {
	class := bufferClass(n)
	if class > largestBuffer {
		return &buffer{b: make([]byte, 0, n)}
	}
	if b, ok := buffers[class-smallestBuffer].Get().(*buffer); ok {
		return b
	}
	return &buffer{b: make([]byte, 0, 1<<class)}
}

// putBuffer gives b back; its bytes must not be used any more.
func putBuffer(b *buffer) {
	class := bufferClass(cap(b.b))
	if class > largestBuffer || cap(b.b) != 1<<class {
		return
	}
	b.b = b.b[:0]
	buffers[class-smallestBuffer].Put(b)
}

// bufferClass is the smallest power of two that holds n bytes.
func bufferClass(n int) int {
	return max(bits.Len(uint(max(n, 1)-1)), smallestBuffer)
}

// growBuffer returns a buffer with the bytes of b and room for at least n in all.
func growBuffer(b *buffer, n int) *buffer {
	if cap(b.b) >= n {
		return b
	}
	bigger := getBuffer(n)
	bigger.b = append(bigger.b, b.b...)
	putBuffer(b)
	return bigger
}

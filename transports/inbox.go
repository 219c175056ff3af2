package transports

// readSize is the room of a read, in bytes. Only connections that have something to read hold a
// buffer, so it may be large enough for a hundred pipelined requests.
const readSize = 16 << 10

// An inbox holds the bytes that were read and not yet used. Empty, it holds no memory.
type inbox struct {
	buf  *buffer
	used int // from the start of buf
}

// bytes is what there is to use.
func (in *inbox) bytes() []byte {
	if in.buf == nil {
		return nil
	}
	return in.buf.b[in.used:]
}

// skip says that the first n bytes are used.
func (in *inbox) skip(n int) { in.used += n }

// room returns where a read may put its bytes; need is how long the frame at its start is, 0 if
// that is not known. It grows to twice what has come, so that a peer cannot make us reserve what it
// only announced.
func (in *inbox) room(need int) []byte {
	if in.buf == nil {
		in.buf = getBuffer(readSize)
	}
	if in.used > 0 {
		n := copy(in.buf.b, in.buf.b[in.used:])
		in.buf.b, in.used = in.buf.b[:n], 0
	}
	held, size := len(in.buf.b), cap(in.buf.b)
	if held == size {
		in.buf = growBuffer(in.buf, max(size+1, min(need, 2*size)))
	}
	return in.buf.b[held:cap(in.buf.b)]
}

// got says that a read put n bytes into the room.
func (in *inbox) got(n int) { in.buf.b = in.buf.b[:len(in.buf.b)+n] }

// put appends bytes that were read elsewhere.
func (in *inbox) put(b []byte) {
	for len(b) > 0 {
		n := copy(in.room(0), b)
		in.got(n)
		b = b[n:]
	}
}

// keep puts bytes that were read elsewhere into an empty inbox, that has no more room than they need.
func (in *inbox) keep(b []byte) {
	if len(b) > 0 {
		in.buf, in.used = getBuffer(len(b)), 0
		in.buf.b = append(in.buf.b, b...)
	}
}

// rest gives the buffer back when nothing is in it.
func (in *inbox) rest() {
	if in.buf != nil && in.used == len(in.buf.b) {
		in.drop()
	}
}

// drop forgets everything.
func (in *inbox) drop() {
	if in.buf != nil {
		putBuffer(in.buf)
		in.buf, in.used = nil, 0
	}
}

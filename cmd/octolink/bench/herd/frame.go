package herd

import (
	"encoding/binary"
	"errors"
)

// The opcodes of RFC 6455 that a server may send here.
const (
	opText  = 0x1
	opClose = 0x8
	opPing  = 0x9
	opPong  = 0xA
)

// mask is the same for all frames: it keeps no secret from a server of this machine.
var mask = [4]byte{0x5a, 0x17, 0xc3, 0x9e}

// appendFrame appends a client's frame of up to three parts.
func appendFrame(dst []byte, op byte, parts [3][]byte) []byte {
	n := len(parts[0]) + len(parts[1]) + len(parts[2])
	dst = append(dst, 0x80|op)
	switch {
	case n < 126:
		dst = append(dst, 0x80|byte(n))
	case n < 1<<16:
		dst = append(dst, 0x80|126, byte(n>>8), byte(n))
	default:
		dst = append(dst, 0x80|127)
		dst = binary.BigEndian.AppendUint64(dst, uint64(n)) //nolint:gosec // a length
	}
	dst = append(dst, mask[:]...)
	start := len(dst)
	for _, p := range parts {
		dst = append(dst, p...)
	}
	toggle(dst[start:], mask)
	return dst
}

// toggle masks or unmasks in place.
func toggle(b []byte, key [4]byte) {
	word := uint64(binary.LittleEndian.Uint32(key[:]))
	word |= word << 32
	for len(b) >= 8 {
		binary.LittleEndian.PutUint64(b, binary.LittleEndian.Uint64(b)^word)
		b = b[8:]
	}
	for i := range b {
		b[i] ^= key[i&3]
	}
}

var errFragment = errors.New("herd: a fragmented message, which nobody here sends")

// maxMessage bounds what a server may make us keep.
const maxMessage = 16 << 20

var errTooLong = errors.New("herd: a message of more than 16 MiB")

// cutFrame takes the first frame off b: n is its length with the head, 0 while it is not complete. The
// payload is unmasked in place: an echo comes back as it was sent.
func cutFrame(b []byte) (op byte, payload []byte, n int, err error) {
	if len(b) < 2 {
		return 0, nil, 0, nil
	}
	if b[0]&0x80 == 0 || b[0]&0x0f == 0 {
		return 0, nil, 0, errFragment
	}
	head, size := 2, int(b[1]&0x7f)
	switch size {
	case 126:
		head = 4
	case 127:
		head = 10
	}
	masked := b[1]&0x80 != 0
	body := head
	if masked {
		body += 4
	}
	if len(b) < body {
		return 0, nil, 0, nil
	}
	switch head {
	case 4:
		size = int(binary.BigEndian.Uint16(b[2:]))
	case 10:
		size64 := binary.BigEndian.Uint64(b[2:])
		if size64 > maxMessage {
			return 0, nil, 0, errTooLong
		}
		size = int(size64)
	}
	if len(b) < body+size {
		return 0, nil, 0, nil
	}
	payload = b[body : body+size]
	if masked {
		toggle(payload, [4]byte(b[head:body]))
	}
	return b[0] & 0x0f, payload, body + size, nil
}

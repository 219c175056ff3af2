package transports

import (
	"encoding/binary"
	"math"
	"unicode/utf8"

	"github.com/gobwas/ws"

	"github.com/octolink/octolink/protocol"
)

// parseHeader reads a frame header from the start of b; n is its length, 0 when b is too short for
// it. Lengths written longer than necessary are read: nothing depends on them.
func parseHeader(b []byte) (h ws.Header, n int, err error) {
	if len(b) < 2 {
		return h, 0, nil
	}
	h.Fin = b[0]&0x80 != 0
	h.Rsv = b[0] >> 4 & 7
	h.OpCode = ws.OpCode(b[0] & 0x0f)
	h.Masked = b[1]&0x80 != 0
	length := b[1] & 0x7f
	n = 2 + lengthBytes(length)
	if h.Masked {
		n += len(h.Mask)
	}
	if len(b) < n {
		return h, 0, nil
	}
	switch length {
	case 126:
		h.Length = int64(binary.BigEndian.Uint16(b[2:]))
	case 127:
		long := binary.BigEndian.Uint64(b[2:])
		if long > math.MaxInt64 {
			return h, 0, broken("the first bit of a length is set")
		}
		h.Length = int64(long)
	default:
		h.Length = int64(length)
	}
	if h.Masked {
		copy(h.Mask[:], b[n-len(h.Mask):])
	}
	return h, n, nil
}

// lengthBytes is how many bytes follow the short length.
func lengthBytes(short byte) int {
	switch short {
	case 126:
		return 2
	case 127:
		return 8
	}
	return 0
}

// appendHeader appends the header of a final frame; mask is nil for frames of a server.
func appendHeader(dst []byte, op ws.OpCode, length int, mask *[4]byte) []byte {
	bit := byte(0)
	if mask != nil {
		bit = 0x80
	}
	dst = append(dst, 0x80|byte(op))
	switch {
	case length < 126:
		dst = append(dst, bit|byte(length))
	case length <= math.MaxUint16:
		dst = binary.BigEndian.AppendUint16(append(dst, bit|126), uint16(length))
	default:
		dst = binary.BigEndian.AppendUint64(append(dst, bit|127), uint64(length))
	}
	if mask != nil {
		dst = append(dst, mask[:]...)
	}
	return dst
}

// closePayload is the payload of a close frame, cut so that it fits into a control frame without
// splitting a character. Code 0 gives none.
func closePayload(code protocol.CloseCode, reason string) []byte {
	if code == 0 {
		return nil
	}
	const room = ws.MaxControlFramePayloadSize - 2
	if len(reason) > room {
		cut := room
		for cut > 0 && !utf8.RuneStart(reason[cut]) {
			cut--
		}
		reason = reason[:cut]
	}
	return append(binary.BigEndian.AppendUint16(nil, uint16(code)), reason...)
}

// parseClose reads the payload of a close frame. No payload gives code 0.
func parseClose(p []byte) (*CloseError, error) {
	if len(p) == 0 {
		return &CloseError{}, nil
	}
	if len(p) == 1 {
		return nil, broken("half a close code")
	}
	code := protocol.CloseCode(binary.BigEndian.Uint16(p))
	if !sendable(code) {
		return nil, broken("a close code that may not be sent")
	}
	if !utf8.Valid(p[2:]) {
		return nil, &CloseError{Code: protocol.CloseNotUTF8, Reason: "a close reason that is not UTF-8"}
	}
	return &CloseError{Code: code, Reason: string(p[2:])}, nil
}

// sendable says whether a close code may be on the wire (RFC 6455 section 7.4 and the registry of
// close codes, which has 1012 to 1014 since).
func sendable(c protocol.CloseCode) bool {
	switch {
	case c >= 3000 && c <= 4999:
		return true
	case c == 1004, c == 1005, c == 1006:
		return false
	}
	return c >= 1000 && c <= 1014
}

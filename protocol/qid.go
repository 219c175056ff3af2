package protocol

import (
	"encoding/hex"
	"math/rand/v2"

	"github.com/octolink/octolink/protocol/wire"
)

// NewQID makes the id of a message that we send first: a random GUID [P 3.2]. It only tells
// messages apart, nobody is let in by it.
func NewQID() wire.Token {
	var raw [16]byte
	for i := range 2 {
		r := rand.Uint64() //nolint:gosec // nobody is let in by a qid
		for j := range 8 {
			raw[i*8+j] = byte(r >> (8 * j))
		}
	}
	raw[6], raw[8] = raw[6]&0x0f|0x40, raw[8]&0x3f|0x80 // version 4, RFC 9562 section 5.4
	var b [38]byte
	b[0], b[37] = '"', '"'
	hex.Encode(b[1:9], raw[:4])
	hex.Encode(b[10:14], raw[4:6])
	hex.Encode(b[15:19], raw[6:8])
	hex.Encode(b[20:24], raw[8:10])
	hex.Encode(b[25:37], raw[10:])
	b[9], b[14], b[19], b[24] = '-', '-', '-', '-'
	return wire.Token(b[:])
}

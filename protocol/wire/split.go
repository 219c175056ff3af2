package wire

import (
	"encoding/base64"
	"unicode/utf8"
)

// multipart is the name of a message that carries a piece of another one [P 3.4].
const multipart = "multipart"

// minChunk is the least size of a piece's base64 text: room for the longest character.
const minChunk = 8

// A part is a multipart message. The fields are in the order of [P 3.4].
type part struct {
	ID       string `wire:"message-id,required" doc:"groups the parts of one message"`
	Count    int    `wire:"packetcount,required" doc:"how many parts there are"`
	Number   int    `wire:"packetnumber,required" doc:"which part this is, from 0"`
	Type     string `wire:"content-type" doc:"text/json or text/xml, with the charset"`
	Encoding string `wire:"content-transfer-encoding" doc:"base64"`
	Length   *int   `wire:"content-length" doc:"length of content in characters"`
	Content  string `wire:"content,required" doc:"base64 of a slice of the whole message"`
}

// Split divides a frame that is longer than limit bytes into multipart frames with the given message
// id. Their content has at most limit characters of base64, a multiple of 4, and no part begins inside
// a UTF-8 character: receivers decode the parts one by one [P 0.3]. A shorter frame comes back as it
// is, and so does every frame when limit is 0 or less. Events must not be split: oktell.js loses them.
func Split(f Format, message []byte, limit int, id string) [][]byte {
	if limit <= 0 || len(message) <= limit {
		return [][]byte{message}
	}
	pieces := pieces(message, max(limit, minChunk)/4*3)
	frames := make([][]byte, len(pieces))
	p := part{ID: id, Count: len(pieces), Type: "text/" + f.String() + "; charset=utf-8", Encoding: "base64"}
	for i, piece := range pieces {
		p.Number = i
		p.Content = base64.StdEncoding.EncodeToString(piece)
		length := len(p.Content)
		p.Length = &length
		frames[i] = appendPart(f, &p)
	}
	return frames
}

// appendPart encodes a part; its fields are of types that cannot fail.
func appendPart(f Format, p *part) []byte {
	dst := make([]byte, 0, len(p.Content)+512)
	dst = AppendHead(dst, f, multipart, "")
	dst, _ = AppendFields(dst, f, p)
	return AppendTail(dst, f)
}

// pieces cuts b into pieces of at most size bytes, at least 4, between characters.
func pieces(b []byte, size int) [][]byte {
	var all [][]byte
	for len(b) > size {
		end := size
		for end > size-utf8.UTFMax && !utf8.RuneStart(b[end]) {
			end--
		}
		if end == size-utf8.UTFMax {
			end = size // not UTF-8: there is no good place
		}
		all = append(all, b[:end])
		b = b[end:]
	}
	return append(all, b)
}

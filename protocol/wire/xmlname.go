package wire

import (
	"bytes"
	"unicode/utf8"
)

// What a byte is in a name of XML.
const (
	nameInside = 1 << iota // may stand in a name
	nameFirst              // may begin one
	nameColon
	nameWide // is part of a character that needs a closer look
)

var nameClass = func() (t [256]uint8) {
	for c := range t {
		letter := c | 0x20
		switch {
		case 'a' <= letter && letter <= 'z' || c == '_':
			t[c] = nameInside | nameFirst
		case '0' <= c && c <= '9' || c == '-' || c == '.':
			t[c] = nameInside
		case c == ':':
			t[c] = nameInside | nameFirst | nameColon
		case c >= utf8.RuneSelf:
			t[c] = nameInside | nameFirst | nameWide
		}
	}
	return t
}()

// name passes a name. It is empty when there is none. seen is what its bytes are, all together.
func (x *xmlScanner) name() (name span, seen uint8) {
	b, i := x.b, x.i
	for i < len(b) {
		class := nameClass[b[i]]
		if class == 0 {
			break
		}
		seen |= class
		i++
	}
	name = span{x.i, i}
	if i == x.i || nameClass[b[x.i]]&nameFirst == 0 || seen&nameWide != 0 && !isWideName(b[x.i:i]) {
		x.fail("a name is wanted")
		return span{}, 0
	}
	x.i = i
	return name, seen
}

// qualified passes the name of an element or an attribute. Prefixes are not looked up: local is what
// stands behind one.
func (x *xmlScanner) qualified() (name, local span) {
	name, seen := x.name()
	if seen&nameColon == 0 {
		return name, name
	}
	colon := name.from + bytes.IndexByte(x.b[name.from:name.to], ':')
	local = span{colon + 1, name.to}
	switch {
	case bytes.IndexByte(x.bytes(local), ':') >= 0:
		x.fail("a name has two prefixes")
		return span{}, span{}
	case colon == name.from || local.empty():
		return name, name
	}
	return name, local
}

// isWideName looks at every character of a name.
func isWideName(name []byte) bool {
	for i, r := range string(name) {
		if r < utf8.RuneSelf {
			continue // its class has been seen
		}
		if !isNameStart(r) && (i == 0 || !isNameRest(r)) {
			return false
		}
	}
	return true
}

// isNameStart tells whether a character beyond ASCII may begin a name (XML 1.0, fifth edition).
func isNameStart(r rune) bool {
	switch {
	case r < 0x300:
		return r >= 0xC0 && r != 0xD7 && r != 0xF7
	case r < 0x2000:
		return r >= 0x370 && r != 0x37E
	case r < 0x3001:
		return r == 0x200C || r == 0x200D || 0x2070 <= r && r <= 0x218F || 0x2C00 <= r && r <= 0x2FEF
	case r <= 0xFFFF:
		return r <= 0xD7FF || 0xF900 <= r && r <= 0xFDCF || 0xFDF0 <= r && r <= 0xFFFD
	}
	return r <= 0xEFFFF
}

// isNameRest tells whether a character beyond ASCII may stand in a name but not begin it.
func isNameRest(r rune) bool {
	return r == 0xB7 || 0x300 <= r && r <= 0x36F || r == 0x203F || r == 0x2040
}

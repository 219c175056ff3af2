package wire

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// A run is a text as it stands in the frame.
type run struct {
	span
	how uint8
}

// What there is in a run beside characters that stand for themselves in JSON too.
const (
	hasEscapes    = 1 << iota // characters that JSON escapes
	hasReferences             // &lt; and the like
	hasReturns                // carriage returns, which XML reads as line feeds
)

// marked are the bytes of text that need a look: markup, what JSON escapes, what XML does not have.
var marked = func() (t [256]bool) {
	for c := range ' ' {
		t[c] = true
	}
	for _, c := range []byte(`<&]"'\`) {
		t[c] = true
	}
	t[firstOfNonCharacter] = true
	return t
}()

// firstOfNonCharacter begins U+FFFE and U+FFFF in UTF-8.
const firstOfNonCharacter = 0xEF

// special goes to the next marked byte and gives it; 0 at the end.
func (x *xmlScanner) special() byte {
	b, i := x.b, x.i
	for i < len(b) && !marked[b[i]] {
		i++
	}
	x.i = i
	if i == len(b) {
		return 0
	}
	return b[i]
}

// odd passes a marked byte that ends nothing, or the reference that it begins.
func (x *xmlScanner) odd(c byte) bool {
	n := 1
	switch c {
	case '&':
		_, n = reference(x.b[x.i:])
		x.run.how |= hasReferences
	case '\r':
		x.run.how |= hasReturns
	case '"', '\\', '\t', '\n':
		x.run.how |= hasEscapes
	case ']', '\'':
	case firstOfNonCharacter:
		if isNonCharacter(string(x.b[x.i:min(x.i+3, len(x.b))])) {
			n = 0
		}
	default:
		n = 0
	}
	if n == 0 {
		return x.fail("a text holds what it must not")
	}
	x.i += n
	return true
}

// quoted passes the value of an attribute with its quotes; the run is what is between them.
func (x *xmlScanner) quoted() bool {
	quote := x.byteAt(0)
	if quote != '"' && quote != '\'' {
		return x.fail("the value of an attribute is wanted")
	}
	x.i++
	start := x.i
	x.run.how = 0
	for {
		c := x.special()
		if c == quote {
			break
		}
		if c == '<' {
			return x.fail("a text holds what it must not")
		}
		if !x.odd(c) {
			return false
		}
	}
	x.run.span = span{start, x.i}
	x.i++
	return true
}

// text passes text up to the next markup.
func (x *xmlScanner) text() xmlPart {
	start := x.i
	x.run.how = 0
	for {
		c := x.special()
		if c == '<' {
			break
		}
		if c == ']' && x.at(sectionEnd) {
			x.fail("a section ends that did not begin")
			return faultPart
		}
		if !x.odd(c) {
			return faultPart
		}
	}
	x.run.span = span{start, x.i}
	return textPart
}

// section passes a CDATA section.
func (x *xmlScanner) section() xmlPart {
	x.i += len(sectionStart)
	start := x.i
	x.run.how = 0
	for {
		c := x.special()
		if c == ']' && x.at(sectionEnd) {
			break
		}
		if c == '<' || c == '&' {
			x.i++
			continue
		}
		if !x.odd(c) {
			return faultPart
		}
	}
	x.run.span = span{start, x.i}
	x.i += len(sectionEnd)
	return sectionPart
}

// appendDecoded appends what a run means.
func (x *xmlScanner) appendDecoded(dst []byte, r run) []byte {
	b, start := x.bytes(r.span), 0
	for i := 0; i < len(b); {
		n, char := 1, '\n'
		switch {
		case b[i] == '&' && r.how&hasReferences != 0:
			char, n = reference(b[i:])
		case b[i] == '\r':
			if i+1 < len(b) && b[i+1] == '\n' {
				n = 2
			}
		default:
			i++
			continue
		}
		dst = append(dst, b[start:i]...)
		dst = utf8.AppendRune(dst, char)
		i += n
		start = i
	}
	return append(dst, b[start:]...)
}

// reference reads the reference that b begins with. Its size is 0 when it is none, or one of a
// character that XML does not have.
func reference(b []byte) (r rune, size int) {
	if len(b) > 2 && b[1] == '#' {
		return numbered(b)
	}
	end := bytes.IndexByte(b[:min(len(b), len("&quot;"))], ';')
	if end < 0 {
		return 0, 0
	}
	switch string(b[1:end]) {
	case "lt":
		return '<', end + 1
	case "gt":
		return '>', end + 1
	case "amp":
		return '&', end + 1
	case "quot":
		return '"', end + 1
	case "apos":
		return '\'', end + 1
	}
	return 0, 0
}

// numbered reads a character's number: &#10; or &#xA;.
func numbered(b []byte) (r rune, size int) {
	i, base := 2, rune(10)
	if b[i] == 'x' {
		i, base = 3, 16
	}
	for ; i < len(b) && b[i] != ';'; i++ {
		d := digit(b[i])
		if d >= base {
			return 0, 0
		}
		if r = r*base + d; r > unicode.MaxRune {
			return 0, 0
		}
	}
	if 0xD800 <= r && r <= 0xDFFF {
		r = utf8.RuneError // half of a surrogate pair
	}
	if i == len(b) || !isXML(r) {
		return 0, 0
	}
	return r, i + 1
}

// digit gives what a digit stands for; too much for any base when it is none.
func digit(c byte) rune {
	switch letter := c | 0x20; {
	case '0' <= c && c <= '9':
		return rune(c - '0')
	case 'a' <= letter && letter <= 'f':
		return rune(letter-'a') + 10
	}
	return 99
}

// isXML tells whether XML 1.0 has a character.
func isXML(r rune) bool {
	return r >= ' ' && r != 0xFFFE && r != 0xFFFF || r == '\t' || r == '\n' || r == '\r'
}

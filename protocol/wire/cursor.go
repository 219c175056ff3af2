package wire

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// A cursor walks over JSON text that a scanner has passed; it checks nothing again.
type cursor struct {
	b      []byte
	i      int
	repeat bool // a key that comes again adds to its list, as in XML
}

// peek skips white space and gives the first byte of what comes next.
func (c *cursor) peek() byte {
	for c.b[c.i] <= ' ' {
		c.i++
	}
	return c.b[c.i]
}

// enter consumes the bracket that opens a container. Then next tells of each element.
func (c *cursor) enter() { c.i++ }

// next goes to the next element of a container, or behind its end, then it is false.
func (c *cursor) next() bool {
	switch c.peek() {
	case ']', '}':
		c.i++
		return false
	case ',':
		c.i++
	}
	return true
}

// text consumes a text and gives what is between its quotes, escapes as they are.
func (c *cursor) text() []byte {
	start := c.i + 1
	end := start
	for {
		end += bytes.IndexByte(c.b[end:], '"')
		if !escaped(c.b[start:end]) {
			break
		}
		end++
	}
	c.i = end + 1
	return c.b[start:end]
}

// escaped tells whether the byte behind b is escaped: an odd number of backslashes goes before.
func escaped(b []byte) bool {
	n := len(b)
	for n > 0 && b[n-1] == '\\' {
		n--
	}
	return (len(b)-n)%2 == 1
}

// key consumes a key and the colon behind it.
func (c *cursor) key() []byte {
	c.peek()
	k := c.text()
	c.peek()
	c.i++
	c.peek()
	return k
}

// word consumes a number, true, false or null.
func (c *cursor) word() []byte {
	start := c.i
	for c.i < len(c.b) {
		switch c.b[c.i] {
		case ',', ']', '}', ' ', '\t', '\n', '\r':
			return c.b[start:c.i]
		}
		c.i++
	}
	return c.b[start:]
}

// skip consumes a value and gives its bytes.
func (c *cursor) skip() []byte {
	first := c.peek()
	start := c.i
	switch first {
	case '"':
		c.text()
	case '{', '[':
		c.skipContainer()
	default:
		c.word()
	}
	return c.b[start:c.i]
}

func (c *cursor) skipContainer() {
	for depth := 0; ; {
		switch c.b[c.i] {
		case '"':
			c.text()
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		c.i++
		if depth == 0 {
			return
		}
	}
}

// unquote gives the text that stands between two quotes as raw.
func unquote(raw []byte) string {
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw)
	}
	return string(appendUnquoted(make([]byte, 0, len(raw)), raw))
}

// appendUnquoted appends the text that stands between two quotes as raw. A surrogate without its
// other half becomes U+FFFD.
func appendUnquoted(dst, raw []byte) []byte {
	for len(raw) > 0 {
		n := bytes.IndexByte(raw, '\\')
		if n < 0 {
			return append(dst, raw...)
		}
		dst = append(dst, raw[:n]...)
		raw = raw[n:]
		if raw[1] == 'u' {
			r, n := rune16(raw)
			dst = utf8.AppendRune(dst, r)
			raw = raw[n:]
			continue
		}
		dst = append(dst, escapes[raw[1]])
		raw = raw[2:]
	}
	return dst
}

// escapes are the letters that may follow a backslash, and what they mean.
var escapes = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// rune16 reads the escape \uXXXX, or two of them that are a surrogate pair.
func rune16(raw []byte) (r rune, size int) {
	r, _ = hex4(raw[2:])
	if !utf16.IsSurrogate(r) {
		return r, 6
	}
	if len(raw) >= 12 && raw[6] == '\\' && raw[7] == 'u' {
		low, _ := hex4(raw[8:])
		if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
			return pair, 12
		}
	}
	return utf8.RuneError, 6
}

// hex4 reads four hexadecimal digits.
func hex4(b []byte) (r rune, ok bool) {
	if len(b) < 4 {
		return 0, false
	}
	for _, c := range b[:4] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

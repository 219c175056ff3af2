package wire

import (
	"encoding/base64"
	"math/bits"
	"strings"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// appendJSONText appends s as a JSON text with its quotes. What is not UTF-8 becomes U+FFFD: a frame
// with a wrong byte would end the channel [P 0.4].
func appendJSONText(dst []byte, s string) []byte {
	dst = append(dst, '"')
	if n := plainLen(s); n < len(s) {
		return append(appendOddText(append(dst, s[:n]...), s[n:]), '"')
	}
	dst = append(dst, s...)
	return append(dst, '"')
}

// appendOddText appends a text in which not all bytes stand for themselves.
func appendOddText(dst []byte, s string) []byte {
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if plain[c] {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				dst = append(dst, s[start:i]...)
				dst = append(dst, "\uFFFD"...)
				start = i + 1
			}
			i += n
			continue
		}
		dst = append(dst, s[start:i]...)
		dst = appendEscape(dst, c)
		i++
		start = i
	}
	return append(dst, s[start:]...)
}

// plainLen is how many bytes of s stand for themselves in a JSON text before the first one that does
// not; they are looked at eight at a time.
func plainLen(s string) int {
	const (
		ones = 0x0101010101010101
		tops = 0x80 * ones
	)
	n := len(s)
	for len(s) >= 8 {
		w := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
			uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
		quote, slash := w^('"'*ones), w^('\\'*ones)
		// A subtraction borrows from the byte above only where a byte is odd: the lowest that is marked is.
		if odd := (w | (w - ' '*ones) | (quote - ones) | (slash - ones)) & tops; odd != 0 {
			return n - len(s) + bits.TrailingZeros64(odd)/8
		}
		s = s[8:]
	}
	for i := range len(s) {
		if !plain[s[i]] {
			return n - len(s) + i
		}
	}
	return n
}

// appendEscaped appends a text of valid UTF-8 with JSON's escapes.
func appendEscaped(dst, s []byte) []byte {
	start := 0
	for i, c := range s {
		if plain[c] || c >= utf8.RuneSelf {
			continue
		}
		dst = append(dst, s[start:i]...)
		dst = appendEscape(dst, c)
		start = i + 1
	}
	return append(dst, s[start:]...)
}

// appendEscape appends the escape of a quote, a backslash or a control character.
func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}

// oddInXML marks the bytes that do not stand for themselves in an attribute of XML, whatever is around them.
var oddInXML = func() (t [256]bool) {
	for c := range t {
		t[c] = c < ' ' || c >= utf8.RuneSelf
	}
	for _, c := range []byte(`"&<>`) {
		t[c] = true
	}
	return t
}()

// isPlainXML tells whether s can be the value of an attribute as it is. Text beyond ASCII needs a
// closer look.
func isPlainXML(s string) bool {
	for i := range len(s) {
		if oddInXML[s[i]] {
			return false
		}
	}
	return true
}

// carriage is how XML carries a text.
type carriage uint8

const (
	inAttribute carriage = iota // property_simple
	inSection                   // property_cdata
	asBase64                    // property_cdata type="base64"
)

// carriageOf sorts a text of valid UTF-8: line ends, tabs and markup need a CDATA section; a carriage
// return and characters outside XML 1.0 survive nowhere in XML.
func carriageOf(s string) carriage {
	how := inAttribute
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\n' || c == '\t' || c == '<' || c == '>' || c == '&':
			how = inSection
		case c < ' ' || c == 0xEF && isNonCharacter(s[i:]):
			return asBase64
		}
	}
	return how
}

// isNonCharacter tells whether s begins with U+FFFE or U+FFFF, which XML does not have.
func isNonCharacter(s string) bool {
	return strings.HasPrefix(s, "\uFFFE") || strings.HasPrefix(s, "\uFFFF")
}

// appendSections appends s in CDATA sections; "]]>" would end one, so it is divided between two.
func appendSections(dst []byte, s string) []byte {
	for {
		dst = append(dst, `<![CDATA[`...)
		end := strings.Index(s, `]]>`)
		if end < 0 {
			dst = append(dst, s...)
			return append(dst, `]]>`...)
		}
		dst = append(dst, s[:end+2]...)
		dst = append(dst, `]]>`...)
		s = s[end+2:]
	}
}

// appendXMLText appends s as part of an attribute's value.
func appendXMLText(dst []byte, s string) []byte {
	start := 0
	for i := range len(s) {
		escape := ""
		switch s[i] {
		case '"':
			escape = `&quot;`
		case '&':
			escape = `&amp;`
		case '<':
			escape = `&lt;`
		case '>':
			escape = `&gt;`
		case '\t':
			escape = `&#9;`
		case '\n':
			escape = `&#10;`
		default:
			continue
		}
		dst = append(dst, s[start:i]...)
		dst = append(dst, escape...)
		start = i + 1
	}
	return append(dst, s[start:]...)
}

// appendXMLKey appends a key as the value of an attribute with its quotes. A key that XML cannot carry
// goes as base64, and a second attribute says so.
func appendXMLKey(dst []byte, key string) []byte {
	if isPlainXML(key) {
		dst = append(dst, '"')
		dst = append(dst, key...)
		return append(dst, '"')
	}
	if !utf8.ValidString(key) {
		key = string([]rune(key))
	}
	dst = append(dst, '"')
	if carriageOf(key) == asBase64 {
		dst = base64.StdEncoding.AppendEncode(dst, []byte(key))
		return append(dst, `" keytype="base64"`...)
	}
	dst = appendXMLText(dst, key)
	return append(dst, '"')
}

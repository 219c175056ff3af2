package wire

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"
)

var errDeep = errors.New("wire: a value is nested too deep")

// The functions of this file write single values after their label, in either format.

func appendText(dst []byte, o out, l label, s string) []byte {
	if o.f == JSON {
		return appendJSONText(l.appendJSON(dst), s)
	}
	if isPlainXML(s) {
		dst = append(l.scalarXML(dst), s...)
		return append(dst, `"/>`...)
	}
	if !utf8.ValidString(s) {
		s = string([]rune(s))
	}
	switch carriageOf(s) {
	case inAttribute:
		dst = l.scalarXML(dst)
		dst = appendXMLText(dst, s)
		return append(dst, `"/>`...)
	case inSection:
		dst = append(dst, `<property_cdata key=`...)
		dst = l.appendXML(dst)
		dst = append(dst, '>')
		dst = appendSections(dst, s)
	default:
		dst = append(dst, `<property_cdata key=`...)
		dst = l.appendXML(dst)
		dst = append(dst, ` type="base64"><![CDATA[`...)
		dst = base64.StdEncoding.AppendEncode(dst, []byte(s))
		dst = append(dst, `]]>`...)
	}
	return append(dst, `</property_cdata>`...)
}

func appendNull(dst []byte, o out, l label) []byte {
	if o.f == JSON {
		return append(l.appendJSON(dst), `null`...)
	}
	return append(l.scalarXML(dst), `" type="null"/>`...)
}

func appendBool(dst []byte, o out, l label, b bool) []byte {
	if o.f == JSON {
		return strconv.AppendBool(l.appendJSON(dst), b)
	}
	dst = l.scalarXML(dst)
	if b {
		return append(dst, `1" type="bool"/>`...)
	}
	return append(dst, `0" type="bool"/>`...)
}

func appendInt(dst []byte, o out, l label, n int64) []byte {
	if o.f == JSON {
		return strconv.AppendInt(l.appendJSON(dst), n, 10)
	}
	dst = strconv.AppendInt(l.scalarXML(dst), n, 10)
	return append(dst, `" type="int"/>`...)
}

func appendUint(dst []byte, o out, l label, n uint64) []byte {
	if o.f == JSON {
		return strconv.AppendUint(l.appendJSON(dst), n, 10)
	}
	dst = strconv.AppendUint(l.scalarXML(dst), n, 10)
	return append(dst, `" type="int"/>`...)
}

func appendFloat(dst []byte, o out, l label, f float64, bits int) ([]byte, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return dst, fmt.Errorf("wire: %v is not a number that JSON has", f)
	}
	var room [32]byte
	return appendLiteral(dst, o, l, formatFloat(room[:0], f, bits)), nil
}

// formatFloat writes plain digits unless the number is very large or very small.
func formatFloat(dst []byte, f float64, bits int) []byte {
	form := byte('f')
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		form = 'e'
	}
	return strconv.AppendFloat(dst, f, form, -1, bits)
}

// appendNumber writes a literal after a look at it. The empty one is 0.
func appendNumber(dst []byte, o out, l label, n Number) ([]byte, error) {
	if n == "" {
		n = "0"
	}
	if !isNumber(string(n)) {
		return dst, fmt.Errorf("wire: %q is not a number", cut(string(n), maxErrorText))
	}
	return appendLiteral(dst, o, l, n), nil
}

func appendLiteral[T []byte | Number](dst []byte, o out, l label, literal T) []byte {
	if o.f == JSON {
		return append(l.appendJSON(dst), literal...)
	}
	dst = l.scalarXML(dst)
	kind := `" type="int"/>`
	for i := range len(literal) {
		if c := literal[i]; c == '.' || c|0x20 == 'e' {
			kind = `" type="float"/>`
		}
		dst = append(dst, literal[i])
	}
	return append(dst, kind...)
}

func openObject(dst []byte, o out, l label) []byte {
	if o.f == JSON {
		return append(l.appendJSON(dst), '{')
	}
	return append(l.containerXML(dst, `property_set`), '>')
}

func closeObject(dst []byte, o out) []byte {
	if o.f == JSON {
		return append(dst, '}')
	}
	return append(dst, `</property_set>`...)
}

func openList(dst []byte, o out, l label, count int) []byte {
	if o.f == JSON {
		return append(l.appendJSON(dst), '[')
	}
	dst = l.containerXML(dst, `property_collection`)
	dst = append(dst, ` count="`...)
	dst = strconv.AppendInt(dst, int64(count), 10)
	return append(dst, `">`...)
}

func closeList(dst []byte, o out) []byte {
	if o.f == JSON {
		return append(dst, ']')
	}
	return append(dst, `</property_collection>`...)
}

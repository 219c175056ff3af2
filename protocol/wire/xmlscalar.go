package wire

import (
	"bytes"
	"encoding/base64"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A kind is what the attribute type says of a value.
type kind uint8

const (
	textKind kind = iota
	numberKind
	boolKind
	nullKind
	base64Kind
)

// kind gives that of the last element.
func (x *xmlReader) kind() kind {
	if !x.attrs.has(typeAttr) {
		return textKind
	}
	switch word := x.decoded(x.attrs.get(typeAttr)); strings.ToLower(string(word)) {
	case "int", "float":
		return numberKind
	case "bool":
		return boolKind
	case "null":
		return nullKind
	case "base64":
		return base64Kind
	}
	return textKind
}

// scalar writes a text as a value. What does not look like its kind stays a text: the field that wants
// it decides.
func (x *xmlReader) scalar(text []byte, k kind, escapes bool) {
	switch k {
	case numberKind:
		literal := bytes.TrimSpace(text)
		if isLiteral(literal) {
			x.out = append(x.out, literal...)
			return
		}
	case boolKind:
		switch strings.ToLower(string(bytes.TrimSpace(text))) {
		case "1", "true":
			x.out = append(x.out, "true"...)
			return
		case "0", "false":
			x.out = append(x.out, "false"...)
			return
		}
	case nullKind:
		x.out = append(x.out, "null"...)
		return
	case base64Kind:
		text, escapes = x.unbase64(text), true
	}
	x.putText(text, escapes)
}

// putText writes a text with its quotes. It may have characters that JSON escapes.
func (x *xmlReader) putText(text []byte, escapes bool) {
	x.out = append(x.out, '"')
	if escapes {
		x.out = appendEscaped(x.out, text)
	} else {
		x.out = append(x.out, text...)
	}
	x.out = append(x.out, '"')
}

// unbase64 gives the text that one in base64 stands for.
func (x *xmlReader) unbase64(coded []byte) []byte {
	text, err := base64.StdEncoding.AppendDecode(nil, bytes.Map(noSpace, coded))
	if err != nil || !utf8.Valid(text) {
		x.wrong = "a text in base64 cannot be read"
		return nil
	}
	return text
}

// noSpace drops white space.
func noSpace(r rune) rune {
	if unicode.IsSpace(r) {
		return -1
	}
	return r
}

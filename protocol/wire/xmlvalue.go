package wire

import (
	"bytes"
	"encoding/base64"
	"strings"
	"unicode"
	"unicode/utf8"
)

// container writes the last element, a set or a collection, as an object or a list. depth counts the
// containers that are open, this one among them.
func (x *xmlReader) container(depth int) bool {
	if depth > x.deepest {
		x.wrong = "nested too deep"
	}
	name := x.open
	if x.tag == setTag {
		x.out = append(x.out, '{')
		if !x.members(name, depth) {
			return false
		}
		x.out = append(x.out, '}')
		return true
	}
	x.out = append(x.out, '[')
	if !x.items(name, depth) {
		return false
	}
	x.out = append(x.out, ']')
	return true
}

func (x *xmlReader) members(name []byte, depth int) bool {
	for {
		switch x.next(name) {
		case elementPart:
			if !x.member(depth) {
				return false
			}
		case endPart:
			return true
		case faultPart:
			return false
		}
	}
}

func (x *xmlReader) items(name []byte, depth int) bool {
	for {
		switch x.next(name) {
		case elementPart:
			if x.tag < simpleTag {
				if !x.skip() {
					return false
				}
				continue
			}
			x.comma()
			if !x.value(depth) {
				return false
			}
		case endPart:
			return true
		case faultPart:
			return false
		}
	}
}

// member writes the last element as a member of an object.
func (x *xmlReader) member(depth int) bool {
	at := keyAttr
	switch x.tag {
	case simpleTag, sectionTag:
	case setTag, collectionTag:
		if x.attrs.has(nameAttr) {
			at = nameAttr
		}
	default:
		return x.skip()
	}
	x.comma()
	key := len(x.out)
	x.key(at)
	x.out = append(x.out, ':')
	value := len(x.out)
	if !x.value(depth) {
		return false
	}
	if depth == paramsDepth {
		x.found.member(x.out[key+1:value-2], x.out[value:])
	}
	return true
}

func (x *xmlReader) comma() {
	if last := x.out[len(x.out)-1]; last != '{' && last != '[' {
		x.out = append(x.out, ',')
	}
}

// key writes an attribute that names an element.
func (x *xmlReader) key(at attr) {
	key := x.attrs.get(at)
	if x.attrs.has(keytypeAttr) && string(x.decoded(x.attrs.get(keytypeAttr))) == "base64" {
		x.writeBase64(key)
		return
	}
	x.writeText(key)
}

// value writes the last element as a value.
func (x *xmlReader) value(depth int) bool {
	if x.tag >= setTag {
		return x.container(depth + 1)
	}
	kind := x.kind()
	if x.tag == simpleTag && x.attrs.has(valueAttr) {
		value := x.attrs.get(valueAttr)
		if !x.skip() {
			return false
		}
		x.scalar(value, kind)
		return true
	}
	if !x.hold() {
		return false
	}
	x.scalar(x.held, kind)
	return true
}

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

// scalar writes a value. What does not look like its kind stays a text: the field that wants it decides.
func (x *xmlReader) scalar(r run, k kind) {
	switch k {
	case numberKind:
		literal := bytes.TrimSpace(x.decoded(r))
		if len(literal) > 0 && numberLen(literal) == len(literal) {
			x.out = append(x.out, literal...)
			return
		}
	case boolKind:
		switch strings.ToLower(string(bytes.TrimSpace(x.decoded(r)))) {
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
		x.writeBase64(r)
		return
	}
	x.writeText(r)
}

// writeText writes a run as a JSON text.
func (x *xmlReader) writeText(r run) {
	x.out = append(x.out, '"')
	if r.how == 0 {
		x.out = append(x.out, r.raw...)
	} else {
		x.out = appendEscaped(x.out, x.decoded(r))
	}
	x.out = append(x.out, '"')
}

// writeBase64 writes the text that a run in base64 stands for.
func (x *xmlReader) writeBase64(r run) {
	coded := bytes.Map(noSpace, x.decoded(r))
	text, err := base64.StdEncoding.AppendDecode(nil, coded)
	if err != nil || !utf8.Valid(text) {
		x.wrong = "a text in base64 cannot be read"
		text = nil
	}
	x.out = append(x.out, '"')
	x.out = appendEscaped(x.out, text)
	x.out = append(x.out, '"')
}

// noSpace drops white space.
func noSpace(r rune) rune {
	if unicode.IsSpace(r) {
		return -1
	}
	return r
}

// decoded gives what a run means, until it is asked for another.
func (x *xmlReader) decoded(r run) []byte {
	if r.how&(hasReferences|hasReturns) == 0 {
		return r.raw
	}
	x.room = appendDecoded(x.room[:0], r)
	return x.room
}

// hold pulls the rest of the last element and keeps its text: that of its CDATA sections, or all of it
// when it has none.
func (x *xmlReader) hold() bool {
	name, sections := x.open, false
	x.held, x.joined = run{}, false
	for {
		switch x.next(name) {
		case textPart:
			if !sections {
				x.join()
			}
		case sectionPart:
			if !sections {
				sections = true
				x.held, x.joined = run{}, false
			}
			x.join()
		case elementPart:
			if !x.skip() {
				return false
			}
		case endPart:
			return true
		case faultPart:
			return false
		}
	}
}

// join adds the last run to the text that is held. One alone stays in the frame.
func (x *xmlReader) join() {
	if len(x.held.raw) == 0 {
		x.held = x.run
		return
	}
	if !x.joined {
		x.room = appendDecoded(x.room[:0], x.held)
		x.joined = true
	}
	x.room = appendDecoded(x.room, x.run)
	x.held = run{raw: x.room, how: hasEscapes}
}

package wire

import "bytes"

// The marks of a CDATA section.
const (
	sectionStart = "<![CDATA["
	sectionEnd   = "]]>"
)

// An xmlPart is what an element holds next.
type xmlPart uint8

const (
	faultPart   xmlPart = iota // nothing: something is wrong
	endPart                    // the end of the element
	elementPart                // an element within: it must be pulled to its end first
	textPart                   // text up to the next markup
	sectionPart                // a CDATA section
)

// An xmlScanner pulls the parts of an XML document out of a frame of valid UTF-8 and checks each.
// Nothing is copied. Comments and processing instructions are passed, document types are refused.
type xmlScanner struct {
	b     []byte
	i     int
	depth int    // elements open now
	max   int    // elements that may be open
	fault string // what is wrong at b[i]; "" while all is well

	// The last element.
	open  span // its name, with its prefix
	tag   tag
	empty bool // it has ended where it began
	attrs attributes

	run run // the last text, section or attribute's value
}

// A span is a piece of the frame.
type span struct{ from, to int }

func (s span) empty() bool { return s.from == s.to }

func (x *xmlScanner) bytes(s span) []byte { return x.b[s.from:s.to] }

func (x *xmlScanner) fail(what string) bool {
	x.fault = what
	return false
}

// at tells whether mark comes next.
func (x *xmlScanner) at(mark string) bool {
	return len(x.b)-x.i >= len(mark) && string(x.b[x.i:x.i+len(mark)]) == mark
}

// byteAt gives the byte n behind the present one; 0 beyond the end.
func (x *xmlScanner) byteAt(n int) byte {
	if x.i+n < len(x.b) {
		return x.b[x.i+n]
	}
	return 0
}

func (x *xmlScanner) space() {
	if x.i < len(x.b) && x.b[x.i] <= ' ' { // mostly there is none
		x.blanks()
	}
}

func (x *xmlScanner) blanks() {
	for x.i < len(x.b) {
		switch x.b[x.i] {
		case ' ', '\t', '\n', '\r':
			x.i++
		default:
			return
		}
	}
}

// root passes what may come before the first element, and its beginning.
func (x *xmlScanner) root() bool {
	for {
		x.space()
		if x.byteAt(0) != '<' {
			return x.fail("an element is wanted")
		}
		switch x.byteAt(1) {
		case '?', '!':
			if !x.passed() {
				return false
			}
		default:
			return x.begin() == elementPart
		}
	}
}

// next pulls the next part of the element with that name, which is the last that began and has not
// ended.
func (x *xmlScanner) next(name span) xmlPart {
	if x.empty {
		x.empty = false
		x.depth--
		return endPart
	}
	for x.byteAt(0) == '<' {
		switch x.byteAt(1) {
		case '/':
			return x.end(name)
		case '?', '!':
			if x.at(sectionStart) {
				return x.section()
			}
			if !x.passed() {
				return faultPart
			}
		default:
			return x.begin()
		}
	}
	return x.text()
}

// begin passes the tag that begins an element.
func (x *xmlScanner) begin() xmlPart {
	x.i++
	if !x.element() {
		return faultPart
	}
	if x.depth++; x.depth > x.max {
		x.fail("nested too deep")
		return faultPart
	}
	x.attrs.have = 0
	for {
		x.space()
		switch x.byteAt(0) {
		case '>':
			x.i++
			return elementPart
		case '/':
			x.i++
			x.empty = true
			if !x.expect('>', "a tag does not end") {
				return faultPart
			}
			return elementPart
		}
		if !x.attribute() {
			return faultPart
		}
	}
}

// element passes the name of an element.
func (x *xmlScanner) element() bool {
	if known, n := knownTag(x.b[x.i:]); n > 0 {
		x.open, x.tag = span{x.i, x.i + n}, known
		x.i += n
		return true
	}
	name, local := x.qualified()
	x.open, x.tag = name, tagOf(x.bytes(local))
	return !name.empty()
}

// attribute passes an attribute and keeps its value.
func (x *xmlScanner) attribute() bool {
	at, n := knownAttr(x.b[x.i:])
	name := span{x.i, x.i + n}
	if n > 0 {
		x.i += n
	} else {
		var local span
		if name, local = x.qualified(); name.empty() {
			return false
		}
		at = attrOf(x.bytes(local))
		x.space()
	}
	if !x.expect('=', "an attribute without a value") {
		return false
	}
	x.space()
	if !x.quoted() {
		return false
	}
	// Of doubled attributes the last counts; the same with another prefix is another one, and then the
	// first counts.
	if at != otherAttr && (!x.attrs.has(at) || x.sameName(x.attrs.names[at], name)) {
		x.attrs.set(at, name, x.run)
	}
	return true
}

// sameName tells whether two names are one.
func (x *xmlScanner) sameName(a, b span) bool { return bytes.Equal(x.bytes(a), x.bytes(b)) }

// end passes the tag that ends the element with that name.
func (x *xmlScanner) end(name span) xmlPart {
	x.i += len("</")
	if n := name.to - name.from; len(x.b)-x.i < n || !x.sameName(name, span{x.i, x.i + n}) {
		x.fail("the end of another element")
		return faultPart
	}
	x.i += name.to - name.from
	x.space()
	if !x.expect('>', "the end of another element") {
		return faultPart
	}
	x.depth--
	return endPart
}

// skip pulls the rest of the last element.
func (x *xmlScanner) skip() bool {
	name := x.open
	for {
		switch x.next(name) {
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

package wire

import (
	"bytes"
	"unicode/utf8"
)

// paramsName is the name of the set that holds the parameters.
const paramsName = "params"

// paramsDepth is how many containers of the JSON form are open inside of the parameters: the message
// and they themselves.
const paramsDepth = 2

// An xmlReader reads a message. Its parameters are written as JSON, so that binding and trees have one
// way for both formats.
type xmlReader struct {
	xmlScanner
	deepest int // how many containers of the JSON form may be open

	out    []byte   // the name as a JSON text, behind it the parameters
	params int      // where those begin
	found  envelope // what was found in them
	wrong  string   // what is wrong with them; "" while all is well
	known  bool     // they had their name

	held   run    // the text of an element
	joined bool   // it stands in room
	room   []byte // for texts that do not stand in the frame as they are
}

// xml reads the XML form [P 3.5] in one pass. Elements that are not known are skipped. The
// declared encoding is not looked at: WebSocket text is UTF-8.
func (d *Decoder) xml(m *Message, frame []byte, depth int) error {
	if !utf8.Valid(frame) {
		return refuse("not a message: its text is not UTF-8")
	}
	if depth < paramsDepth {
		return refuse("not a message: nested too deep")
	}
	x := xmlReader{deepest: depth}
	x.b = bytes.TrimSpace(bytes.TrimPrefix(frame, []byte("\uFEFF")))
	x.max = depth + 2 // the root is one more than in JSON, and a scalar is an element too
	if !x.message() {
		return refuse("not a message: %s at byte %d", x.fault, x.i)
	}
	if x.wrong != "" {
		return refuse("not a message: %s", x.wrong)
	}
	x.found.name = x.out[1 : x.params-1]
	x.found.params = x.out[x.params:]
	d.room = x.found.message(m, d.room)
	m.xml = true
	return nil
}

// message reads the root with its one data element. Nothing may follow.
func (x *xmlReader) message() bool {
	if !x.root() {
		return false
	}
	if x.tag != rootTag {
		return x.fail("the root is not a message's")
	}
	name := x.open
	for {
		switch x.next(name) {
		case elementPart:
			if !x.inRoot() {
				return false
			}
		case endPart:
			if x.params == 0 {
				return x.fail("no data element")
			}
			return x.i == len(x.b) || x.fail("there is something behind the message")
		case faultPart:
			return false
		}
	}
}

// inRoot reads an element of the root.
func (x *xmlReader) inRoot() bool {
	if x.tag != dataTag {
		return x.skip()
	}
	if x.params > 0 {
		return x.fail("more than one data element")
	}
	return x.data()
}

// data reads the name and the parameters: those are the set with their name, or the only one there is.
func (x *xmlReader) data() bool {
	element := x.open
	x.out = make([]byte, 0, min(32+len(x.b)/4, 1024)) // what most messages need; more grows
	x.key(nameAttr)
	if string(x.out) == `""` {
		return x.fail("the name of the message is empty")
	}
	x.params = len(x.out)
	sets := 0
	for {
		switch x.next(element) {
		case elementPart:
			if !x.inData(&sets) {
				return false
			}
		case endPart:
			if sets != 1 {
				x.forget()
				x.out = append(x.out, noParams...)
			}
			return true
		case faultPart:
			return false
		}
	}
}

// inData reads an element of data. sets counts those that may be the parameters: once they are known,
// there is one.
func (x *xmlReader) inData(sets *int) bool {
	if x.tag != setTag || x.known {
		return x.skip()
	}
	if x.known = string(x.decoded(x.attrs.get(nameAttr))) == paramsName; x.known {
		*sets = 0
	}
	if *sets++; *sets > 1 {
		return x.skip()
	}
	x.forget()
	return x.container(paramsDepth)
}

// forget drops the parameters that were read.
func (x *xmlReader) forget() {
	x.out = x.out[:x.params]
	x.found = envelope{}
	x.wrong = ""
}

package wire

import (
	"bytes"
	"unsafe"
)

// An envelope is what a scan finds in a message. Its slices point into the frame.
type envelope struct {
	name             []byte // as it is between its quotes
	qid, login, user []byte // raw JSON values
	params           []byte // an object; nil for none
}

// member notes the parameters that a channel needs before anybody reads the rest. The last of doubled
// keys counts, as everywhere.
func (e *envelope) member(key, value []byte) {
	if !e.known(key, value) && bytes.IndexByte(key, '\\') >= 0 {
		e.known(appendUnquoted(nil, key), value)
	}
}

// known notes a parameter and reports whether it is one of them.
func (e *envelope) known(key, value []byte) bool {
	switch string(key) {
	case "qid":
		e.qid = value
	case "userlogin":
		e.login = value
	case "userid":
		e.user = value
	default:
		return false
	}
	return true
}

// message turns what was found into a Message. All its short texts lie one behind the other in room,
// which is given back as it has grown.
func (e *envelope) message(m *Message, room []byte) (grown []byte) {
	b := room[:0]
	if bytes.IndexByte(e.name, '\\') < 0 {
		b = appendLower(b, e.name)
	} else {
		b = appendUnquoted(b, e.name)
		b = appendLower(b[:0], b)
	}
	name := len(b)
	if isToken(e.qid) {
		b = append(b, e.qid...)
	}
	qid := len(b)
	b = appendWord(b, e.login)
	login := len(b)
	b = appendWord(b, e.user)
	m.setTexts(unsafe.String(unsafe.SliceData(b), len(b)), name, qid, login) //nolint:gosec // whoever owns room keeps it, or has a copy made
	m.body = e.params
	return b
}

// setTexts cuts the short texts out of one.
func (m *Message) setTexts(all string, name, qid, login int) {
	m.Name, m.QID, m.UserLogin, m.UserID = all[:name], Token(all[name:qid]), all[qid:login], all[login:]
}

// appendLower appends b in lower case.
func appendLower(dst, b []byte) []byte {
	for i, c := range b {
		if c >= 0x80 {
			return append(dst, bytes.ToLower(b[i:])...)
		}
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		dst = append(dst, c)
	}
	return dst
}

// appendWord appends a text or a number as text; anything else is nothing.
func appendWord(dst, raw []byte) []byte {
	switch {
	case len(raw) == 0:
		return dst
	case raw[0] == '"':
		return appendUnquoted(dst, raw[1:len(raw)-1])
	case raw[0] == '-' || '0' <= raw[0] && raw[0] <= '9':
		return append(dst, raw...)
	}
	return dst
}

// isToken tells whether a raw value can be a query id: a text, a number or a flag.
func isToken(raw []byte) bool {
	return len(raw) > 0 && raw[0] != '{' && raw[0] != '[' && raw[0] != 'n'
}

// json reads ["name",{…}]. PHP writes an empty object as [] and some peers leave it out
// [P 0.4]; both are an empty object.
func (d *Decoder) json(m *Message, frame []byte, depth int) error {
	s := scanner{b: frame, max: depth}
	var e envelope
	if !s.envelope(&e) {
		return s.err()
	}
	if len(e.name) == 0 {
		return refuse("not a message: its name is empty")
	}
	d.room = e.message(m, d.room)
	return nil
}

// envelope passes a whole frame.
func (s *scanner) envelope(e *envelope) bool {
	if s.peek() != '[' {
		return s.fail("a message is a list")
	}
	if !s.enter() {
		return false
	}
	if s.peek() != '"' {
		return s.fail("the first element of a message is its name")
	}
	start := s.i + 1
	if !s.text() {
		return false
	}
	e.name = s.b[start : s.i-1]
	closed, ok := s.leave(']')
	if !ok || !closed && !s.params(e) {
		return false
	}
	if s.peek(); s.i < len(s.b) {
		return s.fail("there is something behind the message")
	}
	return true
}

// params passes the second element of a message and the end of it.
func (s *scanner) params(e *envelope) bool {
	first := s.peek()
	start := s.i
	switch first {
	case '{':
		if !s.object(e) {
			return false
		}
		e.params = s.b[start:s.i]
	case '[':
		if !s.emptyList() {
			return false
		}
	default:
		return s.fail("the second element of a message is an object")
	}
	s.depth--
	return s.expect(']', "a message has two elements")
}

func (s *scanner) emptyList() bool {
	s.i++
	return s.expect(']', "the second element of a message is an object")
}

package wire

import (
	"unicode/utf8"
	"unsafe"
)

// defaultDepth is how deep a message may be nested when nobody says otherwise.
const defaultDepth = 32

// maxDepth is the deepest nesting that anybody may ask for.
const maxDepth = 1000

// plain marks the bytes that stand for themselves inside a JSON text.
var plain = func() (t [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

// A scanner checks JSON text (RFC 8259) without building anything from it. What it has passed can be
// walked by a cursor, which checks nothing.
type scanner struct {
	b     []byte
	i     int
	depth int    // containers open now
	max   int    // containers that may be open
	fault string // what is wrong at b[i]; "" while all is well
}

func (s *scanner) fail(what string) bool {
	s.fault = what
	return false
}

// err tells where the scan stopped and why.
func (s *scanner) err() *Error { return refuse("not a message: %s at byte %d", s.fault, s.i) }

func (s *scanner) space() {
	for s.i < len(s.b) {
		switch s.b[s.i] {
		case ' ', '\t', '\n', '\r':
			s.i++
		default:
			return
		}
	}
}

// peek gives the next byte that is not white space; 0 at the end.
func (s *scanner) peek() byte {
	if s.i < len(s.b) && s.b[s.i] > ' ' { // the usual case: compact text
		return s.b[s.i]
	}
	s.space()
	if s.i < len(s.b) {
		return s.b[s.i]
	}
	return 0
}

// expect consumes the byte c.
func (s *scanner) expect(c byte, what string) bool {
	if s.peek() != c {
		return s.fail(what)
	}
	s.i++
	return true
}

func (s *scanner) value() bool {
	switch s.peek() {
	case '"':
		return s.text()
	case '{':
		return s.object(nil)
	case '[':
		return s.list()
	case 't':
		return s.literal("true")
	case 'f':
		return s.literal("false")
	case 'n':
		return s.literal("null")
	}
	n := numberLen(s.b[s.i:])
	if n == 0 {
		return s.fail("a value is wanted")
	}
	s.i += n
	return true
}

func (s *scanner) literal(word string) bool {
	if len(s.b)-s.i < len(word) || string(s.b[s.i:s.i+len(word)]) != word {
		return s.fail("a value is wanted")
	}
	s.i += len(word)
	return true
}

// text passes a text, from its first quote to its last.
func (s *scanner) text() bool {
	all := unsafe.String(unsafe.SliceData(s.b), len(s.b)) //nolint:gosec // nobody keeps it
	i := s.i + 1
	for i += plainLen(all[i:]); i < len(all); i += plainLen(all[i:]) {
		if all[i] == '"' {
			s.i = i + 1
			return true
		}
		n := oddLen(s.b[i:])
		if n == 0 {
			s.i = i
			return s.fail("a text holds what it must not")
		}
		i += n
	}
	s.i = len(s.b)
	return s.fail("a text does not end")
}

// oddLen is how long an escape is, or a run of characters beyond ASCII; 0 when b begins with neither.
func oddLen(b []byte) (n int) {
	if b[0] == '\\' {
		return escapeLen(b)
	}
	for n < len(b) && b[n] >= utf8.RuneSelf {
		_, size := utf8.DecodeRune(b[n:])
		if size == 1 {
			break
		}
		n += size
	}
	return n
}

// enter opens a container.
func (s *scanner) enter() bool {
	if s.depth++; s.depth > s.max {
		return s.fail("nested too deep")
	}
	s.i++
	return true
}

// leave consumes the bracket that closes a container, or the comma before its next element.
func (s *scanner) leave(bracket byte) (closed, ok bool) {
	switch s.peek() {
	case bracket:
		s.i++
		s.depth--
		return true, true
	case ',':
		s.i++
		return false, true
	}
	return false, s.fail("a comma or a closing bracket is wanted")
}

func (s *scanner) list() bool {
	if !s.enter() {
		return false
	}
	if s.peek() == ']' {
		s.i++
		s.depth--
		return true
	}
	for {
		if !s.value() {
			return false
		}
		if closed, ok := s.leave(']'); closed || !ok {
			return ok
		}
	}
}

// object passes an object. When e is not nil it is told of each member.
func (s *scanner) object(e *envelope) bool {
	if !s.enter() {
		return false
	}
	if s.peek() == '}' {
		s.i++
		s.depth--
		return true
	}
	for {
		if !s.member(e) {
			return false
		}
		if closed, ok := s.leave('}'); closed || !ok {
			return ok
		}
	}
}

func (s *scanner) member(e *envelope) bool {
	if s.peek() != '"' {
		return s.fail("a key is wanted")
	}
	key := s.i + 1
	if !s.text() {
		return false
	}
	end := s.i - 1
	if !s.expect(':', "a colon is wanted") {
		return false
	}
	s.peek()
	start := s.i
	if !s.value() {
		return false
	}
	if e != nil {
		e.member(s.b[key:end], s.b[start:s.i])
	}
	return true
}

// escapeLen is the length of the escape that b begins with; 0 when it is none.
func escapeLen(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if _, ok := hex4(b[2:]); ok {
			return 6
		}
	}
	return 0
}

// numberLen is the length of the JSON number that b begins with; 0 when there is none.
func numberLen(b []byte) int {
	i := 0
	if i < len(b) && b[i] == '-' {
		i++
	}
	whole := digits(b[i:])
	if whole == 0 {
		return 0
	}
	if b[i] == '0' {
		whole = 1
	}
	i += whole
	if i < len(b) && b[i] == '.' {
		n := digits(b[i+1:])
		if n == 0 {
			return 0
		}
		i += 1 + n
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		j := i + 1
		if j < len(b) && (b[j] == '+' || b[j] == '-') {
			j++
		}
		n := digits(b[j:])
		if n == 0 {
			return 0
		}
		i = j + n
	}
	return i
}

// digits counts the decimal digits at the beginning of b.
func digits(b []byte) int {
	for i, c := range b {
		if c < '0' || c > '9' {
			return i
		}
	}
	return len(b)
}

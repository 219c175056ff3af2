package wire

import (
	"bytes"
	"math"
	"reflect"
	"strconv"
	"strings"
)

// A scalar is a value that is neither object nor list. A list of one scalar counts as that scalar:
// peers whose format has no difference between the two send either.
type scalar struct {
	kind byte   // '"' text, '0' number, 't', 'f', 'n' null; 0 for everything else
	raw  []byte // of a text what is between its quotes, of a number its literal
}

// scalar consumes the next value.
func (c *cursor) scalar() scalar {
	if c.peek() != '[' {
		return c.lone()
	}
	var s scalar
	c.enter()
	if !c.next() {
		return s
	}
	s = c.lone()
	for c.next() {
		s = scalar{}
		c.skip()
	}
	return s
}

func (c *cursor) lone() scalar {
	switch first := c.peek(); first {
	case '"':
		return scalar{'"', c.text()}
	case '{', '[':
		c.skip()
		return scalar{}
	case 't', 'f', 'n':
		return scalar{first, c.word()}
	default:
		return scalar{'0', c.word()}
	}
}

// number gives the literal of a number that may have come as a number, a text or a flag; "" for null
// and for a text of blanks.
func (s scalar) number() (literal string, ok bool) {
	switch s.kind {
	case 't':
		return "1", true
	case 'f':
		return "0", true
	case 'n':
		return "", true
	case '0':
		return string(s.raw), true
	case '"':
		if bytes.IndexByte(s.raw, '\\') >= 0 {
			return strings.TrimSpace(unquote(s.raw)), true
		}
		return string(bytes.TrimSpace(s.raw)), true
	}
	return "", false
}

// bindText takes texts and numbers as they are, flags as 1 and 0.
func bindText(c *cursor, v reflect.Value) error {
	s := c.scalar()
	switch s.kind {
	case '"':
		v.SetString(unquote(s.raw))
	case '0':
		v.SetString(string(s.raw))
	case 't':
		v.SetString("1")
	case 'f':
		v.SetString("0")
	case 'n':
		v.SetString("")
	default:
		return want("text")
	}
	return nil
}

// bindBool takes flags, numbers (anything but 0 is true) and the words true, false, yes, no, on, off.
func bindBool(c *cursor, v reflect.Value) error {
	s := c.scalar()
	literal, ok := s.number()
	if !ok {
		return want("true or false")
	}
	switch strings.ToLower(literal) {
	case "1", "true", "yes", "on":
		v.SetBool(true)
		return nil
	case "", "0", "false", "no", "off":
		v.SetBool(false)
		return nil
	}
	f, ok := parseFloat(literal)
	if !ok {
		return want("true or false")
	}
	v.SetBool(f != 0)
	return nil
}

func bindInt(c *cursor, v reflect.Value) error {
	literal, ok := c.scalar().number()
	n := int64(0)
	if ok && literal != "" {
		n, ok = parseInt(literal)
	}
	if !ok || v.OverflowInt(n) {
		return want("a whole number")
	}
	v.SetInt(n)
	return nil
}

func bindUint(c *cursor, v reflect.Value) error {
	literal, ok := c.scalar().number()
	n := uint64(0)
	if ok && literal != "" {
		n, ok = parseUint(literal)
	}
	if !ok || v.OverflowUint(n) {
		return want("a whole number, not below zero")
	}
	v.SetUint(n)
	return nil
}

func bindFloat(c *cursor, v reflect.Value) error {
	literal, ok := c.scalar().number()
	f := float64(0)
	if ok && literal != "" {
		f, ok = parseFloat(literal)
	}
	if !ok || v.OverflowFloat(f) {
		return want("a number")
	}
	v.SetFloat(f)
	return nil
}

// bindNumber keeps a number's literal.
func bindNumber(c *cursor, v reflect.Value) error {
	literal, ok := c.scalar().number()
	if !ok || literal != "" && !isNumber(literal) {
		return want("a number")
	}
	v.SetString(literal)
	return nil
}

// parseInt reads whole numbers in every form that JSON has for them: 7, 7.0, 70e-1.
func parseInt(s string) (int64, bool) {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n, true
	}
	f, ok := parseFloat(s)
	// Beyond 2^53 a float64 cannot tell neighbours apart.
	if !ok || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return 0, false
	}
	return int64(f), true
}

func parseUint(s string) (uint64, bool) {
	if n, err := strconv.ParseUint(s, 10, 64); err == nil {
		return n, true
	}
	n, ok := parseInt(s)
	return uint64(max(n, 0)), ok && n >= 0
}

// parseFloat reads what JSON calls a number, and leading zeros or a plus.
func parseFloat(s string) (float64, bool) {
	if s == "" || strings.Trim(s, "+-.0123456789eE") != "" {
		return 0, false // ParseFloat knows more: inf, nan, hexadecimal
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil
}

// isNumber tells whether s is a JSON number.
func isNumber(s string) bool { return isLiteral([]byte(s)) }

// isLiteral is isNumber for bytes.
func isLiteral(b []byte) bool { return len(b) > 0 && numberLen(b) == len(b) }

func bindAny(c *cursor, v reflect.Value) error {
	tree := c.value()
	if tree == nil {
		v.SetZero()
		return nil
	}
	v.Set(reflect.ValueOf(tree))
	return nil
}

// bindObject builds the tree of an object; PHP's [] and null are an empty one.
func bindObject(c *cursor, v reflect.Value) error {
	switch t := c.value().(type) {
	case Object:
		v.Set(reflect.ValueOf(t))
	case nil:
		v.SetZero()
	case List:
		if len(t) > 0 {
			return want("an object")
		}
		v.SetZero()
	case string:
		if t != "" {
			return want("an object")
		}
		v.SetZero()
	default:
		return want("an object")
	}
	return nil
}

// bindTreeList builds the tree of a list, and appends it to what an XML peer has repeated.
func bindTreeList(c *cursor, v reflect.Value) error {
	if isBlank(c) {
		c.skip()
		return nil
	}
	tree := c.value()
	l, ok := tree.(List)
	if !ok {
		l = List{tree}
	}
	v.Set(reflect.AppendSlice(v, reflect.ValueOf(l)))
	return nil
}

func bindRaw(c *cursor, v reflect.Value) error {
	v.SetBytes(bytes.Clone(c.skip()))
	return nil
}

// bindToken keeps a scalar as it came.
func bindToken(c *cursor, v reflect.Value) error {
	raw := c.skip()
	if !isToken(raw) {
		raw = nil
	}
	v.SetString(string(raw))
	return nil
}

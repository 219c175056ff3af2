package wire

import (
	"bytes"
	"errors"
	"reflect"
	"strconv"
)

// A mismatch is a value that does not fit its field.
type mismatch struct {
	path string // of the field, like "recipients[2].number"
	text string
}

func (m *mismatch) Error() string { return m.text }

// want makes the error for a value of another kind.
func want(kind string) error { return &mismatch{text: "must be " + kind} }

// within adds the place in front of the path of an error.
func within(place string, err error) error {
	var m *mismatch
	if !errors.As(err, &m) {
		return err
	}
	if m.path != "" && m.path[0] != '[' {
		place += "."
	}
	m.path = place + m.path
	return m
}

// refused turns an error of the binder into what the peer is told.
func refused(err error) error {
	var m *mismatch
	if !errors.As(err, &m) {
		return err
	}
	if m.path == "" {
		return refuse("the parameters: %s", m.text)
	}
	return refuse("field %q %s", cut(m.path, maxErrorText/2), m.text)
}

// bind reads an object into a struct. An empty list, an empty text and null are an empty object, a
// list of one object is that object: PHP and XML peers make these out of what they mean [P 0.4].
func (p *plan) bind(c *cursor, v reflect.Value) error {
	switch c.peek() {
	case '{':
		return p.bindMembers(c, v)
	case '[':
		return c.only(func() error { return p.bind(c, v) }, func() error { return p.missing(nil) }, want("an object"))
	}
	if !isBlank(c) {
		return want("an object")
	}
	c.skip()
	v.SetZero()
	return p.missing(nil)
}

// only walks through a list of at most one element.
func (c *cursor) only(one, none func() error, more error) error {
	c.enter()
	if !c.next() {
		return none()
	}
	if err := one(); err != nil {
		return err
	}
	if c.next() {
		return more
	}
	return nil
}

// A fieldSet is a set of fields by their position in a plan.
type fieldSet [maxFields / 64]uint64

func (s *fieldSet) has(i int) bool { return s[i/64]&(1<<(i%64)) != 0 }

func (s *fieldSet) set(i int, in bool) {
	s[i/64] &^= 1 << (i % 64)
	if in {
		s[i/64] |= 1 << (i % 64)
	}
}

func (p *plan) bindMembers(c *cursor, v reflect.Value) error {
	var seen, filled fieldSet
	c.enter()
	for likely := 0; c.next(); {
		key := c.key()
		if bytes.IndexByte(key, '\\') >= 0 {
			key = appendUnquoted(nil, key)
		}
		i := p.find(key, likely)
		if i < 0 {
			c.skip()
			continue
		}
		f := &p.fields[i]
		filled.set(i, !isBlank(c)) // the last of doubled keys counts
		to := f.in(v)
		list := f.codec.shape == listShape
		if list && !(c.repeat && seen.has(i)) || !list && seen.has(i) {
			to.SetZero() // but in XML doubled keys are one list
		}
		if err := f.codec.bind(c, to); err != nil {
			return within(f.name, err)
		}
		seen.set(i, true)
		likely = i + 1
	}
	return p.missing(&filled)
}

// isBlank tells whether the next value is null or the empty text.
func isBlank(c *cursor) bool {
	switch c.peek() {
	case 'n':
		return true
	case '"':
		return c.b[c.i+1] == '"'
	}
	return false
}

// missing names the first required field that is not in the set.
func (p *plan) missing(filled *fieldSet) error {
	for i := range p.fields {
		if p.fields[i].required && (filled == nil || !filled.has(i)) {
			return &mismatch{path: p.fields[i].name, text: "is missing"}
		}
	}
	return nil
}

// The methods of a codec that read pointers, lists and maps belong to the codec of the elements.

// bindPointer leaves nil what is absent or null.
func (k *codec) bindPointer(c *cursor, v reflect.Value) error {
	if c.peek() == 'n' {
		c.skip()
		v.SetZero()
		return nil
	}
	p := reflect.New(v.Type().Elem())
	if err := k.bind(c, p.Elem()); err != nil {
		return err
	}
	v.Set(p)
	return nil
}

// bindList appends to a list. Anything but a list is a list of one; null and the empty text are none.
func (k *codec) bindList(c *cursor, v reflect.Value) error {
	if c.peek() != '[' {
		if isBlank(c) {
			c.skip()
			return nil
		}
		return k.bindNext(c, v)
	}
	c.enter()
	for c.next() {
		if err := k.bindNext(c, v); err != nil {
			return err
		}
	}
	return nil
}

func (k *codec) bindNext(c *cursor, v reflect.Value) error {
	n := v.Len()
	if n == v.Cap() {
		v.Grow(max(4, n/2))
	}
	v.SetLen(n + 1)
	last := v.Index(n)
	last.SetZero()
	if err := k.bind(c, last); err != nil {
		return within("["+strconv.Itoa(n)+"]", err)
	}
	return nil
}

// bindMap reads an object into a new map.
func (k *codec) bindMap(c *cursor, v reflect.Value) error {
	m := reflect.MakeMap(v.Type())
	v.Set(m)
	switch c.peek() {
	case '{':
	case '[':
		return c.only(func() error { return want("an object") }, func() error { return nil }, nil)
	default:
		if !isBlank(c) {
			return want("an object")
		}
		c.skip()
		return nil
	}
	c.enter()
	for c.next() {
		key := unquote(c.key())
		e := reflect.New(v.Type().Elem()).Elem()
		if err := k.bind(c, e); err != nil {
			return within(key, err)
		}
		m.SetMapIndex(reflect.ValueOf(key).Convert(v.Type().Key()), e)
	}
	return nil
}

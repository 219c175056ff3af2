package wire

// Object is an object with its members in order. Doubled keys are kept.
type Object []Member

// Member is one member of an Object. Its value is nil, bool, string, Number, List or Object when it
// was decoded; encoders take every type that a field may have.
type Member struct {
	Key   string
	Value any
}

// Get gives the value of a key; of doubled keys the last. It is false when the key is not there.
func (o Object) Get(key string) (any, bool) {
	for i := len(o) - 1; i >= 0; i-- {
		if o[i].Key == key {
			return o[i].Value, true
		}
	}
	return nil, false
}

// List is a list of values like those of a Member.
type List []any

// Number is a number as its JSON literal, so that it is never rounded.
type Number string

// Raw is a value in JSON that is kept and sent as it is. nil is sent as null.
type Raw []byte

// object builds the tree of an object.
func (c *cursor) object() Object {
	o := Object{}
	c.peek()
	c.enter()
	for c.next() {
		key := unquote(c.key())
		o = append(o, Member{Key: key, Value: c.value()})
	}
	return o
}

func (c *cursor) list() List {
	l := List{}
	c.enter()
	for c.next() {
		l = append(l, c.value())
	}
	return l
}

// value builds the tree of the next value.
func (c *cursor) value() any {
	switch c.peek() {
	case '{':
		return c.object()
	case '[':
		return c.list()
	case '"':
		return unquote(c.text())
	}
	switch w := c.word(); w[0] {
	case 't':
		return true
	case 'f':
		return false
	case 'n':
		return nil
	default:
		return Number(w)
	}
}

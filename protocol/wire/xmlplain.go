package wire

// The form that most members have.
const (
	plainStart  = `<property_simple key="`
	plainMiddle = `" value="`
	plainInt    = `" type="int"`
	plainEnd    = `/>`
)

// plain passes the next element if it is a property_simple in the form that everybody writes, whose key
// and value are the same in JSON. If it is not, nothing is passed: who reads every form comes next.
func (x *xmlScanner) plain() (key, value span, number, ok bool) {
	if x.empty || x.depth == x.max || !x.at(plainStart) {
		return key, value, false, false
	}
	start := x.i
	x.i += len(plainStart)
	key = x.unmarked()
	if x.pass(plainMiddle) {
		value = x.unmarked()
		number = x.pass(plainInt)
		ok = number || x.pass(`"`)
		x.space()
		ok = ok && x.pass(plainEnd) && (!number || isLiteral(x.bytes(value)))
	}
	if !ok {
		x.i = start
	}
	return key, value, number, ok
}

// pass passes mark if it comes next.
func (x *xmlScanner) pass(mark string) bool {
	if !x.at(mark) {
		return false
	}
	x.i += len(mark)
	return true
}

// unmarked passes text up to the next marked byte.
func (x *xmlScanner) unmarked() span {
	start := x.i
	x.special()
	return span{start, x.i}
}

// plainMembers writes the plain members that come next.
func (x *xmlReader) plainMembers(depth int) {
	for {
		key, value, number, ok := x.plain()
		if !ok {
			return
		}
		x.comma()
		x.putText(x.bytes(key), false)
		x.out = append(x.out, ':')
		from := len(x.out)
		if number {
			x.out = append(x.out, x.bytes(value)...)
		} else {
			x.putText(x.bytes(value), false)
		}
		if depth == paramsDepth {
			x.found.member(x.bytes(key), x.out[from:])
		}
	}
}

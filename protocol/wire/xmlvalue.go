package wire

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

func (x *xmlReader) members(name span, depth int) bool {
	for {
		x.plainMembers(depth)
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

func (x *xmlReader) items(name span, depth int) bool {
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
		x.putText(x.unbase64(x.decoded(key)), true)
		return
	}
	x.putText(x.decoded(key), key.how != 0)
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
		x.scalar(x.decoded(value), kind, value.how != 0)
		return true
	}
	text, ok := x.content()
	if ok {
		x.scalar(text, kind, true)
	}
	return ok
}

// decoded gives what a run means, until it is asked for another.
func (x *xmlReader) decoded(r run) []byte {
	if r.how&(hasReferences|hasReturns) == 0 {
		return x.bytes(r.span)
	}
	x.room = x.appendDecoded(x.room[:0], r)
	return x.room
}

// content pulls the rest of the last element and gives its text: that of its CDATA sections, or all of
// it when it has none.
func (x *xmlReader) content() (text []byte, ok bool) {
	name, sections := x.open, false
	x.held, x.joined = run{}, false
	for {
		switch x.next(name) {
		case textPart:
			if !sections {
				x.hold()
			}
		case sectionPart:
			if !sections {
				x.held, x.joined = run{}, false
				sections = true
			}
			x.hold()
		case elementPart:
			if !x.skip() {
				return nil, false
			}
		case endPart:
			if x.joined {
				return x.room, true
			}
			return x.decoded(x.held), true
		case faultPart:
			return nil, false
		}
	}
}

// hold adds the last run to the text of an element. One alone stays in the frame.
func (x *xmlReader) hold() {
	if x.held.empty() && !x.joined {
		x.held = x.run
		return
	}
	if !x.joined {
		x.room = x.appendDecoded(x.room[:0], x.held)
		x.joined = true
	}
	x.room = x.appendDecoded(x.room, x.run)
}

package wire

// A tag is an element that a message knows [P 3.5].
type tag uint8

const (
	otherTag tag = iota
	rootTag
	dataTag
	simpleTag
	sectionTag
	setTag
	collectionTag
)

func tagOf(local []byte) tag {
	switch string(local) {
	case "oktellxmlmapper":
		return rootTag
	case "data":
		return dataTag
	case "property_simple":
		return simpleTag
	case "property_cdata":
		return sectionTag
	case "property_set":
		return setTag
	case "property_collection":
		return collectionTag
	}
	return otherTag
}

// knownTag gives the element that b begins with and the length of its name, if a message knows it by
// this name: a quick look before a name is read letter by letter.
func knownTag(b []byte) (t tag, n int) {
	if len(b) < 16 {
		return 0, 0 // a message is longer
	}
	switch {
	case string(b[:15]) == "property_simple":
		t, n = simpleTag, 15
	case string(b[:12]) == "property_set":
		t, n = setTag, 12
	case string(b[:14]) == "property_cdata":
		t, n = sectionTag, 14
	case string(b[:4]) == "data":
		t, n = dataTag, 4
	case string(b[:15]) == "oktellxmlmapper":
		t, n = rootTag, 15
	}
	if n == 0 || nameClass[b[n]] != 0 {
		return 0, 0
	}
	return t, n
}

// An attr is an attribute that a message knows.
type attr uint8

const (
	nameAttr attr = iota
	keyAttr
	keytypeAttr
	valueAttr
	typeAttr
	otherAttr
)

func attrOf(local []byte) attr {
	switch string(local) {
	case "name":
		return nameAttr
	case "key":
		return keyAttr
	case "keytype":
		return keytypeAttr
	case "value":
		return valueAttr
	case "type":
		return typeAttr
	}
	return otherAttr
}

// knownAttr is like knownTag. The equals sign must follow.
func knownAttr(b []byte) (at attr, n int) {
	if len(b) < 8 {
		return otherAttr, 0
	}
	switch b[0] {
	case 'k':
		if string(b[:4]) == "key=" {
			return keyAttr, 3
		}
	case 'n':
		if string(b[:5]) == "name=" {
			return nameAttr, 4
		}
	case 'v':
		if string(b[:6]) == "value=" {
			return valueAttr, 5
		}
		if string(b[:8]) == "version=" {
			return otherAttr, 7
		}
	case 't':
		if string(b[:5]) == "type=" {
			return typeAttr, 4
		}
	case 'c':
		if string(b[:6]) == "count=" {
			return otherAttr, 5
		}
	}
	return otherAttr, 0
}

// attributes are those of an element that a message knows.
type attributes struct {
	have  uint8 // a bit for each that is there
	names [otherAttr]span
	runs  [otherAttr]run
}

func (a *attributes) has(at attr) bool { return a.have&(1<<at) != 0 }

// get gives the value of an attribute; nothing when it is not there.
func (a *attributes) get(at attr) run {
	if !a.has(at) {
		return run{}
	}
	return a.runs[at]
}

func (a *attributes) set(at attr, name span, value run) {
	a.have |= 1 << at
	a.names[at], a.runs[at] = name, value
}

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

// An attr is an attribute that a message knows.
type attr uint8

const (
	nameAttr attr = iota
	keyAttr
	keytypeAttr
	valueAttr
	typeAttr
	attrCount
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
	return attrCount
}

// attributes are those of an element that a message knows.
type attributes struct {
	have  uint8 // a bit for each that is there
	names [attrCount][]byte
	runs  [attrCount]run
}

func (a *attributes) has(at attr) bool { return a.have&(1<<at) != 0 }

// get gives the value of an attribute; nothing when it is not there.
func (a *attributes) get(at attr) run {
	if !a.has(at) {
		return run{}
	}
	return a.runs[at]
}

// note keeps an attribute. Of doubled ones the last counts; the same with another prefix is another
// one, and then the first counts.
func (a *attributes) note(name, local []byte, value run) {
	at := attrOf(local)
	if at == attrCount || a.has(at) && string(a.names[at]) != string(name) {
		return
	}
	a.have |= 1 << at
	a.names[at], a.runs[at] = name, value
}

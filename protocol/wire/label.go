package wire

// An out says how values are written.
type out struct {
	f     Format
	depth int // containers open within the fields
}

// maxOut is how deep the values of a field may be nested: an end for a tree that contains itself.
const maxOut = maxDepth

// deeper goes into a container.
func (o out) deeper() (out, error) {
	if o.depth++; o.depth > maxOut {
		return o, errDeep
	}
	return o, nil
}

// A label stands before a value: the key of a member, or nothing much for an item of a list.
type label struct {
	key string
	pre *prefix // of a key that is known beforehand; &item for items
}

// A prefix is a key ready for the wire.
type prefix struct {
	json   string // ,"key": with the comma and the colon
	xml    string // "key" as the value of an attribute, with its quotes
	simple string // a property_simple up to its value's first quote
}

// What stands around the key of a property_simple.
const (
	simpleStart = `<property_simple key=`
	simpleValue = ` value="`
)

// item labels what has no key.
var item = prefix{json: ",", xml: `""`, simple: simpleStart + `""` + simpleValue}

func newPrefix(key string) prefix {
	p := prefix{
		json: string(append(appendJSONText([]byte{','}, key), ':')),
		xml:  string(appendXMLKey(nil, key)),
	}
	p.simple = simpleStart + p.xml + simpleValue
	return p
}

// appendJSON appends the comma and the key. No comma comes first in an object or a list.
func (l label) appendJSON(dst []byte) []byte {
	if l.pre != nil {
		return l.pre.appendJSON(dst)
	}
	if !opens(dst) {
		dst = append(dst, ',')
	}
	dst = appendJSONText(dst, l.key)
	return append(dst, ':')
}

func (p *prefix) appendJSON(dst []byte) []byte {
	key := p.json
	if opens(dst) {
		key = key[1:]
	}
	return append(dst, key...)
}

// opens tells whether an object or a list has just begun.
func opens(dst []byte) bool {
	n := len(dst)
	return n > 0 && (dst[n-1] == '{' || dst[n-1] == '[')
}

// appendXML appends the key as the value of an attribute.
func (l label) appendXML(dst []byte) []byte {
	if l.pre != nil {
		return append(dst, l.pre.xml...)
	}
	return appendXMLKey(dst, l.key)
}

// scalarXML opens a property_simple up to its value's first quote.
func (l label) scalarXML(dst []byte) []byte {
	if l.pre != nil {
		return append(dst, l.pre.simple...)
	}
	dst = append(dst, simpleStart...)
	dst = appendXMLKey(dst, l.key)
	return append(dst, simpleValue...)
}

// containerXML opens a property_set or a property_collection up to the end of its name; items have none.
func (l label) containerXML(dst []byte, element string) []byte {
	dst = append(dst, '<')
	dst = append(dst, element...)
	if l.pre == &item {
		return dst
	}
	dst = append(dst, ` name=`...)
	return l.appendXML(dst)
}

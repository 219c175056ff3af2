package wire

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/beevik/etree"
)

// The elements of the XML form [P 3.5].
const (
	rootTag       = "oktellxmlmapper"
	dataTag       = "data"
	simpleTag     = "property_simple"
	sectionTag    = "property_cdata"
	setTag        = "property_set"
	collectionTag = "property_collection"
	paramsName    = "params"
)

// decodeXML reads the XML form. The parameters are turned into JSON, so that binding and trees have one
// way for both formats; elements that are not known are skipped, the declared encoding is not looked
// at: WebSocket text is UTF-8.
func decodeXML(frame []byte, depth int) (Message, error) {
	data, err := readXML(frame, depth)
	if err != nil {
		return Message{}, refuse("not a message: %s", strings.TrimPrefix(err.Error(), "etree: "))
	}
	x := xmlReader{max: depth}
	name, ok := x.key(data, "name")
	if !ok || name == "" {
		return Message{}, refuse("not a message: its name is empty")
	}
	if depth < 2 {
		return Message{}, refuse("not a message: nested too deep")
	}
	x.b = append(x.b, '{')
	if set := paramsOf(data); set != nil {
		x.members(set, 2)
	}
	x.b = append(x.b, '}')
	if x.fault != "" {
		return Message{}, refuse("not a message: %s", x.fault)
	}
	return x.message(name)
}

// readXML parses a frame and gives its one data element.
func readXML(frame []byte, depth int) (*etree.Element, error) {
	if !utf8.Valid(frame) {
		return nil, errors.New("its text is not UTF-8")
	}
	doc := etree.NewDocument()
	// Root, data and params are the list and the object of the JSON form; a scalar is an element too.
	doc.ReadSettings = etree.ReadSettings{ValidateInput: true, PreserveCData: true, MaxDepth: depth + 2}
	frame = bytes.TrimSpace(bytes.TrimPrefix(frame, []byte("\uFEFF")))
	if err := doc.ReadFromBytes(frame); err != nil {
		return nil, err
	}
	for _, token := range doc.Child {
		if _, dtd := token.(*etree.Directive); dtd {
			return nil, errors.New("a document type is not allowed")
		}
	}
	root := doc.Root()
	if root == nil || root.Tag != rootTag {
		return nil, errors.New("its root is not " + rootTag)
	}
	var data *etree.Element
	for _, e := range root.ChildElements() {
		if e.Tag != dataTag {
			continue
		}
		if data != nil {
			return nil, errors.New("more than one data element")
		}
		data = e
	}
	if data == nil {
		return nil, errors.New("no data element")
	}
	return data, nil
}

// paramsOf gives the set of parameters: the one with that name, or the only one there is.
func paramsOf(data *etree.Element) *etree.Element {
	var sets []*etree.Element
	for _, e := range data.ChildElements() {
		if e.Tag != setTag {
			continue
		}
		if e.SelectAttrValue("name", "") == paramsName {
			return e
		}
		sets = append(sets, e)
	}
	if len(sets) == 1 {
		return sets[0]
	}
	return nil
}

// An xmlReader writes elements as JSON.
type xmlReader struct {
	b     []byte
	max   int    // how many containers may be open
	fault string // the first thing that is wrong
}

// message finds the envelope in the JSON that was written.
func (x *xmlReader) message(name string) (Message, error) {
	s := scanner{b: x.b, depth: 1, max: x.max}
	e := envelope{params: x.b}
	if !s.object(&e) {
		return Message{}, s.err()
	}
	quoted := appendJSONText(nil, name)
	e.name = quoted[1 : len(quoted)-1]
	m := e.message()
	m.xml = true
	return m, nil
}

// members writes the children of a set as members of an object. depth counts the containers that are
// open, the object itself among them.
func (x *xmlReader) members(set *etree.Element, depth int) {
	for _, e := range set.ChildElements() {
		attr := "key"
		switch e.Tag {
		case simpleTag, sectionTag:
		case setTag, collectionTag:
			if e.SelectAttr("name") != nil {
				attr = "name"
			}
		default:
			continue
		}
		key, _ := x.key(e, attr)
		x.comma()
		x.b = append(appendJSONText(x.b, key), ':')
		x.value(e, depth)
	}
}

func (x *xmlReader) items(collection *etree.Element, depth int) {
	for _, e := range collection.ChildElements() {
		switch e.Tag {
		case simpleTag, sectionTag, setTag, collectionTag:
			x.comma()
			x.value(e, depth)
		}
	}
}

func (x *xmlReader) comma() {
	if last := x.b[len(x.b)-1]; last != '{' && last != '[' {
		x.b = append(x.b, ',')
	}
}

func (x *xmlReader) value(e *etree.Element, depth int) {
	switch e.Tag {
	case setTag, collectionTag:
		if depth++; depth > x.max {
			x.fault = "nested too deep"
		}
		if e.Tag == setTag {
			x.b = append(x.b, '{')
			x.members(e, depth)
			x.b = append(x.b, '}')
			return
		}
		x.b = append(x.b, '[')
		x.items(e, depth)
		x.b = append(x.b, ']')
	case sectionTag:
		x.scalar(sectionText(e), e.SelectAttrValue("type", ""))
	default:
		text := sectionText
		if value := e.SelectAttr("value"); value != nil {
			text = func(*etree.Element) string { return value.Value }
		}
		x.scalar(text(e), e.SelectAttrValue("type", ""))
	}
}

// scalar writes a value by its type attribute. What does not look like its type stays a text: the
// field that wants it decides.
func (x *xmlReader) scalar(text, kind string) {
	switch strings.ToLower(kind) {
	case "int", "float":
		if literal := strings.TrimSpace(text); isNumber(literal) {
			x.b = append(x.b, literal...)
			return
		}
	case "bool":
		switch strings.ToLower(strings.TrimSpace(text)) {
		case "1", "true":
			x.b = append(x.b, "true"...)
			return
		case "0", "false":
			x.b = append(x.b, "false"...)
			return
		}
	case "null":
		x.b = append(x.b, "null"...)
		return
	case "base64":
		text = x.unbase64(text)
	}
	x.b = appendJSONText(x.b, text)
}

// key gives an attribute that names an element.
func (x *xmlReader) key(e *etree.Element, attr string) (string, bool) {
	a := e.SelectAttr(attr)
	if a == nil {
		return "", false
	}
	if e.SelectAttrValue("keytype", "") == "base64" {
		return x.unbase64(a.Value), true
	}
	return a.Value, true
}

func (x *xmlReader) unbase64(text string) string {
	b, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil || !utf8.Valid(b) {
		x.fault = "a text in base64 cannot be read"
		return ""
	}
	return string(b)
}

// sectionText gives what an element holds: its CDATA sections, or all its text when it has none.
func sectionText(e *etree.Element) string {
	var all, sections strings.Builder
	found := false
	for _, token := range e.Child {
		data, ok := token.(*etree.CharData)
		if !ok {
			continue
		}
		all.WriteString(data.Data)
		if data.IsCData() {
			found = true
			sections.WriteString(data.Data)
		}
	}
	if found {
		return sections.String()
	}
	return all.String()
}

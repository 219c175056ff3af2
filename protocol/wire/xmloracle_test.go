package wire_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/beevik/etree"

	"github.com/octolink/octolink/protocol/wire"
)

// This file says what an XML message is by means of etree; the fuzz target compares. The scanner and
// etree differ on purpose in three things, and here etree is taught the first two:
//
//   - In front of the root the scanner takes no text but white space. etree takes any.
//   - The scanner takes no document type anywhere. etree passes one by that stands within the root.
//   - In names the scanner takes the characters of XML's fifth edition, etree those of the fourth,
//     which are fewer. Such a frame cannot be compared: errNames.

// errNames says that etree refused a name which the fifth edition of XML allows.
var errNames = errors.New("a name of the fifth edition")

// wideName is a name of the fifth edition with characters beyond ASCII.
var wideName = regexp.MustCompile(`^invalid XML name: ([:A-Z_a-z` + nameStart + `][-.0-9:A-Z_a-z` + nameStart + `\x{B7}\x{300}-\x{36F}\x{203F}\x{2040}]*)$`)

const nameStart = `\x{C0}-\x{D6}\x{D8}-\x{F6}\x{F8}-\x{2FF}\x{370}-\x{37D}\x{37F}-\x{1FFF}\x{200C}\x{200D}\x{2070}-\x{218F}` +
	`\x{2C00}-\x{2FEF}\x{3001}-\x{D7FF}\x{F900}-\x{FDCF}\x{FDF0}-\x{FFFD}\x{10000}-\x{EFFFF}`

// An etreeReader turns elements into the tree of a message.
type etreeReader struct {
	max   int   // how many containers may be open
	fault error // the first thing that is wrong
}

// etreeMessage reads a message with etree.
func etreeMessage(frame []byte, depth int) (name string, params wire.Object, err error) {
	data, err := etreeData(frame, depth)
	if err != nil {
		return "", nil, err
	}
	x := etreeReader{max: depth}
	name = x.key(data, "name")
	if name == "" {
		return "", nil, errors.New("no name")
	}
	if depth < 2 {
		return "", nil, errors.New("too deep")
	}
	params = wire.Object{}
	if set := etreeParams(data); set != nil {
		params = x.members(set, 2)
	}
	return name, params, x.fault
}

// etreeData parses a frame and gives its one data element.
func etreeData(frame []byte, depth int) (*etree.Element, error) {
	if !utf8.Valid(frame) {
		return nil, errors.New("not UTF-8")
	}
	doc := etree.NewDocument()
	doc.ReadSettings = etree.ReadSettings{ValidateInput: true, PreserveCData: true, MaxDepth: depth + 2}
	frame = bytes.TrimSpace(bytes.TrimPrefix(frame, []byte("\uFEFF")))
	if err := doc.ReadFromBytes(frame); err != nil {
		return nil, etreeFault(err)
	}
	if hasDirective(&doc.Element) || hasText(&doc.Element) {
		return nil, errors.New("not a document")
	}
	if doc.Root() == nil || doc.Root().Tag != "oktellxmlmapper" {
		return nil, errors.New("another root")
	}
	var all []*etree.Element
	for _, e := range doc.Root().ChildElements() {
		if e.Tag == "data" {
			all = append(all, e)
		}
	}
	if len(all) != 1 {
		return nil, errors.New("not one data element")
	}
	return all[0], nil
}

func etreeFault(err error) error {
	_, text, _ := strings.Cut(err.Error(), ": ")
	if m := wideName.FindStringSubmatch(text); m != nil && strings.ContainsFunc(m[1], func(r rune) bool { return r >= utf8.RuneSelf }) {
		return errNames
	}
	return err
}

func hasDirective(e *etree.Element) bool {
	for _, token := range e.Child {
		switch token := token.(type) {
		case *etree.Directive:
			return true
		case *etree.Element:
			if hasDirective(token) {
				return true
			}
		}
	}
	return false
}

// hasText tells whether an element has text of its own that is not white space.
func hasText(e *etree.Element) bool {
	for _, token := range e.Child {
		if text, ok := token.(*etree.CharData); ok && (text.IsCData() || strings.Trim(text.Data, " \t\r\n") != "") {
			return true
		}
	}
	return false
}

// etreeParams gives the set of parameters: the one with that name, or the only one there is.
func etreeParams(data *etree.Element) *etree.Element {
	var sets []*etree.Element
	for _, e := range data.ChildElements() {
		if e.Tag != "property_set" {
			continue
		}
		if e.SelectAttrValue("name", "") == "params" {
			return e
		}
		sets = append(sets, e)
	}
	if len(sets) == 1 {
		return sets[0]
	}
	return nil
}

func (x *etreeReader) members(set *etree.Element, depth int) wire.Object {
	o := wire.Object{}
	for _, e := range set.ChildElements() {
		attr := "key"
		switch e.Tag {
		case "property_simple", "property_cdata":
		case "property_set", "property_collection":
			if e.SelectAttr("name") != nil {
				attr = "name"
			}
		default:
			continue
		}
		o = append(o, wire.Member{Key: x.key(e, attr), Value: x.value(e, depth)})
	}
	return o
}

func (x *etreeReader) items(collection *etree.Element, depth int) wire.List {
	l := wire.List{}
	for _, e := range collection.ChildElements() {
		switch e.Tag {
		case "property_simple", "property_cdata", "property_set", "property_collection":
			l = append(l, x.value(e, depth))
		}
	}
	return l
}

func (x *etreeReader) value(e *etree.Element, depth int) any {
	switch e.Tag {
	case "property_set", "property_collection":
		if depth++; depth > x.max {
			x.fault = errors.New("too deep")
		}
		if e.Tag == "property_set" {
			return x.members(e, depth)
		}
		return x.items(e, depth)
	}
	text := etreeText(e)
	if value := e.SelectAttr("value"); value != nil && e.Tag == "property_simple" {
		text = value.Value
	}
	return x.scalar(text, e.SelectAttrValue("type", ""))
}

func (x *etreeReader) scalar(text, kind string) any {
	switch strings.ToLower(kind) {
	case "int", "float":
		literal := strings.TrimSpace(text)
		if jsonNumber.MatchString(literal) {
			return wire.Number(literal)
		}
	case "bool":
		switch strings.ToLower(strings.TrimSpace(text)) {
		case "1", "true":
			return true
		case "0", "false":
			return false
		}
	case "null":
		return nil
	case "base64":
		return x.unbase64(text)
	}
	return text
}

var jsonNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)

func (x *etreeReader) key(e *etree.Element, attr string) string {
	text := e.SelectAttrValue(attr, "")
	if e.SelectAttr(attr) != nil && e.SelectAttrValue("keytype", "") == "base64" {
		return x.unbase64(text)
	}
	return text
}

func (x *etreeReader) unbase64(text string) string {
	b, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil || !utf8.Valid(b) {
		x.fault = errors.New("not base64")
		return ""
	}
	return string(b)
}

// etreeText gives what an element holds: its CDATA sections, or all its text when it has none.
func etreeText(e *etree.Element) string {
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

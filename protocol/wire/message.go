package wire

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
)

// Token is a query id as it came: a raw JSON scalar like "0.12" with its quotes, or 7. It is echoed
// verbatim [P 3.1]. The empty Token means that there is none.
type Token string

// Text makes the Token of a query id that is a text.
func Text(s string) Token { return Token(appendJSONText(nil, s)) }

// Limits bound what Decode accepts. The size of a frame is the transport's matter.
type Limits struct {
	// Depth is how many objects and lists may be open at once, the message itself among them.
	// Zero means 32; the most is 1000.
	Depth int
}

func (l Limits) depth() int {
	if l.Depth <= 0 {
		return defaultDepth
	}
	return min(l.Depth, maxDepth)
}

// A Message is one decoded frame. Its parameters are kept as they came until somebody asks.
type Message struct {
	Name      string // in lower case, never empty
	QID       Token  // "" when no reply is expected
	UserLogin string // whom the message is about; "" when it does not say
	UserID    string

	body []byte // the parameters as a JSON object; empty for none
	xml  bool   // came as XML
}

// Decode reads a frame. All of it is checked: syntax, UTF-8, nesting. The message refers to the
// frame's bytes; Clone it to keep it longer than those. A frame that is not a message gets an *Error
// with code 400.
func Decode(f Format, frame []byte, lim Limits) (Message, error) {
	d := Decoder{make([]byte, 0, roomForTexts)}
	var m Message
	err := d.Decode(&m, f, frame, lim)
	return m, err
}

// roomForTexts is what the short texts of most messages need, in bytes.
const roomForTexts = 96

// A Decoder reads one frame after the other, with memory of its own for what a Message says of itself.
type Decoder struct{ room []byte }

// Decode is as the function, but the message, its texts too, is good until the next call only. Clone it
// to keep any of it. After an error it is empty.
func (d *Decoder) Decode(m *Message, f Format, frame []byte, lim Limits) error {
	*m = Message{}
	if f == XML {
		return d.xml(m, frame, lim.depth())
	}
	return d.json(m, frame, lim.depth())
}

// Clone gives the same message, independent of the frame and the Decoder that it was decoded with.
func (m Message) Clone() Message {
	name := len(m.Name)
	qid := name + len(m.QID)
	var all strings.Builder // adding texts might copy nothing, when all but one are empty
	all.Grow(qid + len(m.UserLogin) + len(m.UserID))
	for _, s := range [...]string{m.Name, string(m.QID), m.UserLogin, m.UserID} {
		all.WriteString(s)
	}
	m.setTexts(all.String(), name, qid, qid+len(m.UserLogin))
	m.body = bytes.Clone(m.body)
	return m
}

// Size is how many bytes the message holds on to: for bounds on memory, not for the wire.
func (m Message) Size() int {
	return len(m.Name) + len(m.QID) + len(m.UserLogin) + len(m.UserID) + len(m.body)
}

// Unmarshal binds the parameters to dst, a pointer to a struct with tags like
//
//	Number string `wire:"number,required" doc:"where the call goes"`
//
// or to an Object, a map[string]T or a Raw. Names are case-sensitive; unknown parameters are skipped;
// absent ones leave their field as it is, null clears it. A required parameter must be there and be
// neither null nor the empty text. What does not fit gives an *Error with code 400 that names the field.
func (m Message) Unmarshal(dst any) error {
	p := reflect.ValueOf(dst)
	if p.Kind() != reflect.Pointer || p.IsNil() {
		return fmt.Errorf("wire: unmarshal into %T: not a pointer to something", dst)
	}
	v := p.Elem()
	c, err := codecOf(v.Type())
	if err != nil {
		return err
	}
	if err := c.bind(&cursor{b: m.params(), repeat: m.xml}, v); err != nil {
		return refused(err)
	}
	return nil
}

// Tree gives all parameters in the order in which they came, doubled keys too.
func (m Message) Tree() (Object, error) {
	c := cursor{b: m.params()}
	return c.object(), nil
}

// AppendTo appends the whole message in a format, which need not be the one that it came in.
func (m Message) AppendTo(dst []byte, f Format) ([]byte, error) {
	if f == XML {
		return Append(dst, f, m.Name, "", (&cursor{b: m.params()}).object())
	}
	dst = append(dst, '[')
	dst = appendJSONText(dst, m.Name)
	dst = append(dst, ',')
	dst = append(dst, m.params()...)
	return append(dst, ']'), nil
}

// noParams is an object without members.
var noParams = []byte("{}")

func (m Message) params() []byte {
	if len(m.body) == 0 {
		return noParams
	}
	return m.body
}

package protocol

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime/debug"

	"github.com/octolink/octolink/protocol/wire"
)

// Access says who may call a method.
type Access uint8

// The levels of access.
const (
	Anyone    Access = iota // before the login too [P 5.1]
	Clients                 // a logged-in user, in a tunnel or directly
	Everyone                // a logged-in user, or a CRM server on its own behalf [P 4.4]
	Servers                 // a CRM server on its own behalf
	Strangers               // a CRM server, also one that has not said who it is [P 4.1]
)

// String is the level's name in the reference.
func (a Access) String() string {
	switch a {
	case Anyone:
		return "anyone"
	case Clients:
		return "logged-in user"
	case Everyone:
		return "logged-in user, CRM server"
	case Servers:
		return "CRM server"
	}
	return "CRM server before its introduction"
}

// A Method is one row of the table: what a peer may ask for. Make it with [Def].
type Method struct {
	Name   string // as on the wire
	Reply  string // name of the answer; usually the name with "result" behind it [P 3.2]
	Access Access
	Doc    string // one sentence

	quick   bool
	command bool
	plain   bool
	silent  bool // never answered
	aside   bool // answered beside the mailbox

	then func(*Client) // runs when the reply is queued

	slowForServers bool
	names          bool // the answer's own fields name the user
	in, out        reflect.Type
	call           func(context.Context, *Client, *Method, *wire.Message) (*Frame, error)

	place int // in the table

	// By format, made by NewTable.
	heads  [2][]byte // of an answer, up to its qid
	result [2][]byte // the field that says that it is a good one
}

// Def makes a method of a name, an access level, a sentence and a typed handler. In and Out are
// structs with `wire:"name"` and `doc:"…"` tags; [wire.Object] stands for any fields. Def panics when
// their fields cannot travel or the sentence is missing: that is seen in every test.
func Def[In, Out any](name string, who Access, doc string, h func(context.Context, *Client, In) (Out, error)) Method {
	m := Method{
		Name: name, Reply: name + "result", Access: who, Doc: doc,
		in: reflect.TypeFor[In](), out: reflect.TypeFor[Out](),
	}
	if doc == "" {
		panic(fmt.Sprintf("protocol: method %s has no doc", name))
	}
	if err := errors.Join(checkIn(m.in), checkOut(answerType(m.out))); err != nil {
		panic(fmt.Sprintf("protocol: method %s: %v", name, err))
	}
	m.names = namesUser(answerType(m.out))
	m.call = (&handler[In, Out]{handle: h, encode: encoderOf[Out]()}).call
	return m
}

// Quick marks a method that answers from memory and never waits: it runs where the frame arrives.
func (m Method) Quick() Method { m.quick = true; return m }

// SlowForServers says that a quick method may wait when a CRM server asks on its own behalf.
func (m Method) SlowForServers() Method { m.slowForServers = true; return m }

// Command marks a method that causes events for its own caller. On the caller's channel they wait
// until the reply is queued: clients have seen that order since the first version [P 10.2].
func (m Method) Command() Method { m.command = true; return m }

// Silent marks a message that only tells something: it is never answered, whatever its name.
func (m Method) Silent() Method { m.silent = true; return m }

// Then adds what follows when the reply is queued.
func (m Method) Then(fn func(*Client)) Method { m.then = fn; return m }

// Named gives the answer another name than usual [P 3.2].
func (m Method) Named(reply string) Method { m.Reply = reply; return m }

// Plain keeps `result` out of a good answer: the handler's fields are all there is.
func (m Method) Plain() Method { m.plain = true; return m }

// Params describes the method's parameters for the reference.
func (m Method) Params() []wire.FieldDoc { return describe(m.in) }

// Answer describes the fields of a good answer, beside qid and result.
func (m Method) Answer() []wire.FieldDoc { return describe(answerType(m.out)) }

// run calls the handler and encodes its answer; there is none for a request without a qid. A panic in
// either becomes an internal error.
func (m *Method) run(ctx context.Context, c *Client, msg *wire.Message) (answer *Frame, err error) {
	defer func() {
		if p := recover(); p != nil {
			c.ch.engine.log.Error("a handler panicked", "method", m.Name, "client", c.Name(),
				"qid", string(msg.QID), "panic", p, "stack", string(debug.Stack()))
			answer, err = nil, errInternal
		}
	}()
	return m.call(ctx, c, m, msg)
}

// bind fills a handler's request; one that wants an Object gets all parameters.
func bind(msg *wire.Message, in any) error {
	switch dst := in.(type) {
	case *struct{}:
		return nil
	case *wire.Object:
		tree, err := msg.Tree()
		*dst = tree
		return err
	}
	return msg.Unmarshal(in)
}

var objectType = reflect.TypeFor[wire.Object]()

func checkIn(t reflect.Type) error {
	if t == objectType {
		return nil
	}
	return wire.Check(t)
}

func checkOut(t reflect.Type) error {
	if t == objectType {
		return nil
	}
	return wire.CheckOut(t)
}

func describe(t reflect.Type) []wire.FieldDoc {
	if t == objectType {
		return nil
	}
	fields, err := wire.Describe(t)
	if err != nil { // Def checked it
		panic(err)
	}
	return fields
}

// A Table holds the methods by name.
type Table struct {
	rows   []Method
	byName map[string]*Method
}

// NewTable panics when two rows have the same name.
func NewTable(rows ...Method) *Table {
	t := &Table{rows: rows, byName: make(map[string]*Method, len(rows))}
	for i := range rows {
		if _, double := t.byName[rows[i].Name]; double {
			panic(fmt.Sprintf("protocol: method %s stands twice in the table", rows[i].Name))
		}
		t.byName[rows[i].Name] = &rows[i]
		rows[i].prepare(i)
	}
	return t
}

// prepare encodes what is the same in all answers.
func (m *Method) prepare(place int) {
	m.place = place
	for _, f := range []wire.Format{wire.JSON, wire.XML} {
		m.heads[f] = wire.AppendHead(nil, f, m.Reply, "")
		if !m.plain {
			m.result[f], _ = wire.AppendField(nil, f, "result", 1)
		}
	}
}

// Methods are the rows in the order of the table.
func (t *Table) Methods() []Method { return t.rows }

// namesUser reports whether an answer's own fields say whom it is about.
func namesUser(t reflect.Type) bool {
	for _, f := range describe(t) {
		if f.Name == "userlogin" {
			return true
		}
	}
	return false
}

package protocol

import (
	"fmt"
	"reflect"

	"github.com/octolink/octolink/protocol/wire"
)

// An EventOf is a message that clients are told without having asked, when they subscribed to its
// name or its group. Make it with [NewEvent], as one row of an [Events] table.
type EventOf[T any] struct{ def *EventDef }

// An EventDef is what all events have in common, for tables and the reference.
type EventDef struct {
	Name  string // as on the wire
	Group string // name that stands for several events in a subscription; "" for none
	Doc   string // one sentence

	fields reflect.Type
}

// NewEvent makes an event. It panics as [Def] does.
func NewEvent[T any](name, group, doc string) EventOf[T] {
	t := reflect.TypeFor[T]()
	if doc == "" {
		panic(fmt.Sprintf("protocol: event %s has no doc", name))
	}
	if err := checkOut(t); err != nil {
		panic(fmt.Sprintf("protocol: event %s: %v", name, err))
	}
	return EventOf[T]{&EventDef{Name: name, Group: group, Doc: doc, fields: t}}
}

// Def is the event's row for [NewEvents].
func (e EventOf[T]) Def() *EventDef { return e.def }

// For makes the event to publish, with its fields.
func (e EventOf[T]) For(a Audience, fields T) Event {
	return Event{def: e.def, audience: a, body: fields}
}

// Params describes the event's fields for the reference.
func (d *EventDef) Params() []wire.FieldDoc { return describe(d.fields) }

// An Event is something to tell, and whom.
type Event struct {
	def      *EventDef
	audience Audience
	body     any
}

// Name is the event's name on the wire.
func (ev Event) Name() string { return ev.def.Name }

// An Audience says who is told: everybody who subscribed, the tabs of one user, or some clients.
// The zero Audience is nobody.
type Audience struct {
	scope   scope
	login   string // of one user
	clients []*Client
}

type scope uint8

const (
	nobody scope = iota
	everybody
	oneUser
	someClients
)

// Everybody is all logged-in clients that subscribed.
func Everybody() Audience { return Audience{scope: everybody} }

// User is all clients of a user that subscribed; the event names him in userlogin and userid [P 7].
// An empty login is nobody.
func User(login, id string) Audience { return Audience{scope: oneUser, login: login} }

// These is the given clients, as far as they subscribed. Each is told under its own user's name.
func These(clients ...*Client) Audience { return Audience{scope: someClients, clients: clients} }

// maxEvents is how many kinds of events a client's subscriptions have room for.
const maxEvents = 64

// Events is the table of all events; a client's subscriptions are bits by its order.
type Events struct {
	defs  []*EventDef
	bits  map[*EventDef]uint64
	masks map[string]uint64 // by name and by group
}

// NewEvents panics when two rows have the same name or there are more than 64.
func NewEvents(defs ...*EventDef) *Events {
	if len(defs) > maxEvents {
		panic("protocol: more than 64 events")
	}
	t := &Events{defs: defs, bits: make(map[*EventDef]uint64), masks: make(map[string]uint64)}
	for i, d := range defs {
		if t.masks[d.Name] != 0 {
			panic(fmt.Sprintf("protocol: event %s stands twice in the table", d.Name))
		}
		t.bits[d] = 1 << i
		t.masks[d.Name] |= 1 << i
		if d.Group != "" {
			t.masks[d.Group] |= 1 << i
		}
	}
	return t
}

// Defs are the rows in the order of the table.
func (t *Events) Defs() []*EventDef { return t.defs }

// Mask is the subscription bits of event and group names. Unknown names are ignored: clients
// subscribe to events of features that an installation does not have [P 5.4].
func (t *Events) Mask(names []string) (mask uint64) {
	for _, n := range names {
		mask |= t.masks[n]
	}
	return mask
}

package protocol

import (
	"log/slog"
	"slices"
	"strings"
	"sync"
)

// A Hub knows who is logged in and who listens to what. Its lock covers look-ups only: encoding and
// queuing happen on a copy.
type Hub struct {
	events  *Events
	maxTabs int
	meter   Meter
	gone    func(*Client, Identity)
	log     *slog.Logger

	mu     sync.RWMutex
	byUser map[string][]*Client // by lower-case login
	bySubs map[uint64][]*Client // by what they subscribed to: who did not costs an event nothing
}

func newHub(o Options) *Hub {
	return &Hub{
		events: o.Events, maxTabs: o.Limits.TabsPerUser, meter: o.Meter, gone: o.Gone, log: o.Log,
		byUser: make(map[string][]*Client), bySubs: make(map[uint64][]*Client),
	}
}

// Publish tells an event to its audience and gives how many heard it. It never blocks: a client that
// cannot keep up is closed.
func (h *Hub) Publish(ev Event) (told int) {
	list := audiences.Get().(*audience)
	defer list.release()
	list.all = h.receivers(list.all, ev)
	receivers, enc := list.all, newEncoding(ev)
	for i := range receivers {
		r, login, userID := &receivers[i], "", ""
		if ev.audience.scope != everybody || r.client.Tunnelled() { // a CRM finds its user by that [P 4.2]
			login, userID = r.id.Login, r.id.UserID
		}
		frame, err := enc.frame(r.client.ch.format, login, userID)
		if err != nil {
			h.log.Error("an event cannot be encoded", "event", ev.def.Name, "err", err)
			return 0
		}
		r.client.ch.event(r.client, frame)
	}
	h.meter.Event(ev.def.Name, len(receivers))
	return len(receivers)
}

type receiver struct {
	client *Client
	id     *Identity
}

// An audience is who is told an event; many are told one after the other.
type audience struct{ all []receiver }

var audiences = sync.Pool{New: func() any { return new(audience) }}

// keptReceivers is how many receivers a list has room for that is used again.
const keptReceivers = 16 << 10

func (a *audience) release() {
	if cap(a.all) <= keptReceivers {
		clear(a.all)
		a.all = a.all[:0]
		audiences.Put(a)
	}
}

// receivers appends who is told an event.
func (h *Hub) receivers(out []receiver, ev Event) []receiver {
	bit := h.events.bits[ev.def]
	h.mu.RLock()
	defer h.mu.RUnlock()
	switch ev.audience.scope {
	case everybody:
		return h.subscribers(out, bit)
	case oneUser:
		return subscribed(out, h.byUser[strings.ToLower(ev.audience.login)], bit)
	case someClients:
		some := subscribed(out, ev.audience.clients, bit)
		some = slices.DeleteFunc(some, func(r receiver) bool { return r.id == nil })
		slices.SortStableFunc(some, func(a, b receiver) int { return strings.Compare(a.id.Login, b.id.Login) })
		return some
	}
	return out
}

// subscribers appends everybody who listens to an event. mu is held.
func (h *Hub) subscribers(out []receiver, bit uint64) []receiver {
	for subs, clients := range h.bySubs {
		if subs&bit == 0 {
			continue
		}
		for _, c := range clients { // who is here is logged in, or a CRM server
			if !c.hearsFromServer(bit) {
				out = append(out, receiver{c, c.identity.Load()})
			}
		}
	}
	return out
}

// hearsFromServer reports whether a CRM server is told an event for all of its users at once. mu of
// the hub is held.
func (c *Client) hearsFromServer(bit uint64) bool {
	return c.Tunnelled() && c.ch.self.slot >= 0 && c.ch.self.subs&bit != 0
}

// subscribed appends those who are logged in and listen to an event. mu of the hub is held.
func subscribed(out []receiver, clients []*Client, bit uint64) []receiver {
	for _, c := range clients {
		id := c.identity.Load()
		if c.subs&bit != 0 && (id != nil || c.ch.server != nil && !c.Tunnelled()) {
			out = append(out, receiver{c, id})
		}
	}
	return out
}

// Of are the clients of a user.
func (h *Hub) Of(login string) []*Client {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return append([]*Client(nil), h.byUser[strings.ToLower(login)]...)
}

// Users is how many different users are logged in.
func (h *Hub) Users() int {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return len(h.byUser)
}

// A Presence is one user's clients, for an operator.
type Presence struct {
	Login string
	Tabs  []Info
}

// Present lists who is logged in, and from where.
func (h *Hub) Present() []Presence {
	h.mu.RLock()
	defer h.mu.RUnlock()
	out := make([]Presence, 0, len(h.byUser))
	for _, clients := range h.byUser {
		p := Presence{Login: clients[0].Login()}
		for _, c := range clients {
			p.Tabs = append(p.Tabs, c.Info())
		}
		out = append(out, p)
	}
	return out
}

// enter makes a client one of a user's. A client that was somebody already is that no longer.
func (h *Hub) enter(c *Client, id Identity) error {
	h.mu.Lock()
	was, err := h.enterLocked(c, id)
	h.mu.Unlock()
	if was != nil {
		h.gone(c, *was)
	}
	return err
}

func (h *Hub) enterLocked(c *Client, id Identity) (was *Identity, err error) {
	if c.slot == closedSlot {
		return nil, ErrClosed
	}
	key := strings.ToLower(id.Login)
	mine := strings.EqualFold(c.Login(), id.Login)
	if !mine && len(h.byUser[key]) >= h.maxTabs {
		return nil, ErrTooManyTabs
	}
	was = h.leaveLocked(c)
	c.identity.Store(&id)
	h.place(c)
	h.byUser[key] = append(h.byUser[key], c)
	return was, nil
}

// leave takes a client out and tells who cares.
func (h *Hub) leave(c *Client) {
	h.mu.Lock()
	was := h.leaveLocked(c)
	h.mu.Unlock()
	if was != nil {
		h.gone(c, *was)
	}
}

// enterServer lets a CRM server hear what everybody hears.
func (h *Hub) enterServer(c *Client, subs uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if c.slot == noSlot {
		c.subs |= subs
		h.place(c)
	}
}

// retire ends a client that is nobody's for ever, and reports whether it was.
func (h *Hub) retire(c *Client) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if c.identity.Load() != nil {
		return false
	}
	c.slot = closedSlot
	return true
}

// end is leave for ever: the channel has closed. It gives who the client was.
func (h *Hub) end(c *Client) *Identity {
	h.mu.Lock()
	was := h.leaveLocked(c)
	if c.slot >= 0 { // a CRM server
		h.displace(c)
	}
	c.slot = closedSlot
	h.mu.Unlock()
	if was != nil {
		h.gone(c, *was)
	}
	return was
}

const (
	noSlot     = -1
	closedSlot = -2
)

func (h *Hub) leaveLocked(c *Client) *Identity {
	was := c.identity.Swap(nil)
	if was == nil {
		return nil
	}
	h.displace(c)
	h.leaveUser(strings.ToLower(was.Login), c)
	return was
}

// place puts a client among those with the same subscriptions.
func (h *Hub) place(c *Client) {
	group := h.bySubs[c.subs]
	c.slot = int32(len(group)) //nolint:gosec // there are no more clients than descriptors
	h.bySubs[c.subs] = append(group, c)
}

// displace takes it out; the last one moves to its slot.
func (h *Hub) displace(c *Client) {
	group := h.bySubs[c.subs]
	last := len(group) - 1
	group[c.slot] = group[last]
	group[c.slot].slot = c.slot
	group[last] = nil
	if last == 0 {
		delete(h.bySubs, c.subs)
	} else {
		h.bySubs[c.subs] = group[:last]
	}
	c.slot = noSlot
}

func (h *Hub) leaveUser(key string, c *Client) {
	tabs := h.byUser[key]
	for i, t := range tabs {
		if t == c {
			tabs = append(tabs[:i:i], tabs[i+1:]...)
			break
		}
	}
	if len(tabs) == 0 {
		delete(h.byUser, key)
		return
	}
	h.byUser[key] = tabs
}

func (h *Hub) subscribe(c *Client, names []string, on bool) {
	mask := h.events.Mask(names)
	h.mu.Lock()
	defer h.mu.Unlock()
	subs := c.subs | mask
	if !on {
		subs = c.subs &^ mask
	}
	if c.slot < 0 || subs == c.subs {
		c.subs = subs
		return
	}
	h.displace(c)
	c.subs = subs
	h.place(c)
}

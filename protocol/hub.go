package protocol

import (
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

	mu     sync.RWMutex
	byUser map[string][]*Client // by lower-case login
	all    []*Client
}

func newHub(o Options) *Hub {
	return &Hub{
		events: o.Events, maxTabs: o.Limits.TabsPerUser, meter: o.Meter, gone: o.Gone,
		byUser: make(map[string][]*Client),
	}
}

// Publish tells an event to its audience. It never blocks: a client that cannot keep up is closed.
func (h *Hub) Publish(ev Event) {
	enc := newEncoding(ev)
	receivers := h.receivers(ev)
	for _, r := range receivers {
		login, userID := "", ""
		if ev.audience.login != "" || ev.audience.chosen {
			login, userID = r.id.Login, r.id.UserID
		}
		frame, err := enc.frame(r.client.Info().Format, login, userID)
		if err != nil {
			r.client.ch.engine.log.Error("an event cannot be encoded", "event", ev.def.Name, "err", err)
			return
		}
		r.client.ch.event(frame)
	}
	h.meter.Event(ev.def.Name, len(receivers))
}

type receiver struct {
	client *Client
	id     *Identity
}

func (h *Hub) receivers(ev Event) []receiver {
	h.mu.RLock()
	defer h.mu.RUnlock()
	from := h.all
	switch {
	case ev.audience.chosen:
		from = ev.audience.clients
	case ev.audience.login != "":
		from = h.byUser[strings.ToLower(ev.audience.login)]
	}
	out := make([]receiver, 0, len(from))
	for _, c := range from {
		if id := c.identity.Load(); id != nil && c.subs&(1<<ev.def.bit) != 0 {
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
	c.slot = len(h.all)
	h.all = append(h.all, c)
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

// end is leave for ever: the channel has closed.
func (h *Hub) end(c *Client) {
	h.mu.Lock()
	was := h.leaveLocked(c)
	c.slot = closedSlot
	h.mu.Unlock()
	if was != nil {
		h.gone(c, *was)
	}
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
	last := h.all[len(h.all)-1]
	h.all[c.slot], last.slot = last, c.slot
	h.all[len(h.all)-1] = nil
	h.all = h.all[:len(h.all)-1]
	c.slot = noSlot
	h.leaveUser(strings.ToLower(was.Login), c)
	return was
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
	if on {
		c.subs |= mask
	} else {
		c.subs &^= mask
	}
}

package crmsim

import (
	"slices"
	"time"

	"github.com/octolink/octolink/protocol/wire"
)

// Received is a message that came from octolink.
type Received struct {
	At      time.Time
	Link    int  // which connection, from 1; over HTTP which post
	Reply   bool // it answers a request of the CRM
	Message wire.Message
}

// A record keeps the latest messages. With CRM.mu held.
type record struct {
	keep int
	all  []Received
}

func (r *record) add(one Received) {
	if len(r.all) >= 2*r.keep {
		r.all = slices.Delete(r.all, 0, len(r.all)-r.keep)
	}
	r.all = append(r.all, one)
}

// Received are the messages that came, the oldest first, at least the latest Options.Keep.
func (c *CRM) Received() []Received {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.kept.all)
}

// Named are the messages of one name.
func (c *CRM) Named(name string) []wire.Message {
	return c.pick(func(r Received) bool { return r.Message.Name == name })
}

// Events are the messages for a user that answer no request of his: what the CRM would show in his
// browser. He is found as CRM servers do it, by his id or his exact login [P 0.4].
func (c *CRM) Events(user string) []wire.Message {
	c.mu.Lock()
	var id string
	if a := c.users[user]; a != nil {
		id = a.ID
	}
	c.mu.Unlock()
	return c.pick(func(r Received) bool {
		return !r.Reply && (r.Message.UserLogin == user || id != "" && r.Message.UserID == id)
	})
}

func (c *CRM) pick(want func(Received) bool) []wire.Message {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []wire.Message
	for _, r := range c.kept.all {
		if want(r) {
			all = append(all, r.Message)
		}
	}
	return all
}

// Forget drops what was received. Counters and deliveries stay.
func (c *CRM) Forget() {
	c.update(func() { c.kept.all = nil })
}

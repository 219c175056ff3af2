package protocol

import (
	"strings"
	"sync"
	"sync/atomic"

	"github.com/octolink/octolink/protocol/wire"
)

// An Identity is whom a client logged in as. It never changes.
type Identity struct {
	Login   string // as configured, whatever spelling the client used
	UserID  string
	Session string // session id; tabs of one session end together [P 5.3]
}

// A Client is one party that sends requests: on a client channel the browser tab itself. Handlers
// get it and need not care how its messages travel.
type Client struct {
	ch     *Channel
	tunnel string // lower-case login of a user behind a server channel; "" for the channel's own client

	identity atomic.Pointer[Identity] // written under hub.mu, read by everybody

	// hub.mu
	subs uint64 // by the bits of the Events table
	slot int32  // place among the hub's clients with the same subs; negative: not there

	// mu
	draining bool     // the engine shuts down: nothing more is accepted
	dropped  bool     // a tunnel that is forgotten; who finds it looks again
	mail     *mailbox // nil while nothing is answered but what runs at once
	mu       sync.Mutex

	held *held // out.mu of the channel; nil while no command runs
}

// held are events that wait for the reply of a command.
type held struct {
	events   []Frame
	commands int // that run
}

// Info describes the connection that the client's messages come through.
func (c *Client) Info() Info { return c.ch.out.conn.Info() }

// Identity is whom the client logged in as, nil before that.
func (c *Client) Identity() *Identity { return c.identity.Load() }

// Login is the client's login, "" before it logged in.
func (c *Client) Login() string {
	if id := c.Identity(); id != nil {
		return id.Login
	}
	return ""
}

// Name tells clients apart in logs.
func (c *Client) Name() string { return c.Info().Remote }

// LogIn makes the client one of the user's: events of the user reach it from now on. Errors:
// [ErrTooManyTabs], [ErrClosed].
func (c *Client) LogIn(id Identity) error { return c.ch.engine.hub.enter(c, id) }

// LogOut takes the client out of the user's events.
func (c *Client) LogOut() { c.ch.engine.hub.leave(c) }

// CloseAfterReply ends the client's channel when everything that is queued, and the reply to the
// request in hand, has left. The channel of a CRM server lives on for its other users.
func (c *Client) CloseAfterReply(code CloseCode, reason string) {
	if c.ch.server != nil {
		return
	}
	c.ch.lastReply.CompareAndSwap(nil, &closing{code, reason})
}

// Close ends the client's channel when everything that is queued has left; not that of a CRM server.
func (c *Client) Close(code CloseCode, reason string) {
	if c.ch.server == nil {
		c.ch.close(code, reason)
	}
}

// Tunnelled reports whether the client is a user behind a CRM server.
func (c *Client) Tunnelled() bool { return c.tunnel != "" }

// Trusted reports whether the client's channel vouches for its users: their logins need no password.
func (c *Client) Trusted() bool { return c.Tunnelled() && c.ch.server.link.opts.Trust }

// Server is the channel of a CRM server that the message came through, nil for a browser's.
func (c *Client) Server() *Channel {
	if c.ch.server == nil {
		return nil
	}
	return c.ch
}

// Subscribe adds event and group names to what the client is told; before the login too, it counts
// from then on [P 5.4].
func (c *Client) Subscribe(names []string) { c.ch.engine.hub.subscribe(c, names, true) }

// Unsubscribe takes event and group names away.
func (c *Client) Unsubscribe(names []string) { c.ch.engine.hub.subscribe(c, names, false) }

// refusal is why a request reaches no method, nil when it does. m is nil for a name that the table
// does not have: who is not logged in does not learn what there is.
func (c *Client) refusal(m *Method, msg *wire.Message) *wire.Error {
	if c.ch.server != nil && !c.Tunnelled() {
		return c.ch.serverRefusal(m)
	}
	id := c.Identity()
	switch {
	case id == nil && (m == nil || m.Access != Anyone):
		return errNotLoggedIn
	case m == nil:
		return errUnknownMethod
	case id != nil && !c.Tunnelled() && !id.mayName(msg): // also a second login on the same connection
		return errOtherUser
	}
	return nil
}

// mayName reports whether a request that names a user names this client's own: clients put their
// login into every request [P 3.1]. An empty name or a zero GUID names nobody.
func (id *Identity) mayName(msg *wire.Message) bool {
	return (msg.UserLogin == "" || strings.EqualFold(msg.UserLogin, id.Login)) &&
		(noID(msg.UserID) || strings.EqualFold(msg.UserID, id.UserID))
}

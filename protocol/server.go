package protocol

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/octolink/octolink/protocol/wire"
)

// A serverSide is what a channel with a CRM server has more than one with a browser: questions of
// ours, and the users whom the CRM works for.
type serverSide struct {
	link  *Link
	calls calls

	ended sync.Once

	mu       sync.Mutex
	tunnels  map[string]*Client // by lower-case login
	since    time.Time          // when it introduced itself; zero before that
	draining bool               // the engine shuts down: who comes now is not served
	over     bool
}

var _ Peer = (*Channel)(nil)

// Name is the link's name.
func (ch *Channel) Name() string { return ch.server.link.opts.Name }

// Permanent is true: a channel carries messages at any time.
func (ch *Channel) Permanent() bool { return true }

// Call asks the CRM server, see [Peer].
func (ch *Channel) Call(ctx context.Context, name string, fields any, replies ...string) (wire.Message, error) {
	q, err := ch.Ask(name, fields, replies...)
	if err != nil {
		return wire.Message{}, err
	}
	return q.Wait(ctx)
}

// Ask sends a question and does not wait for the answer; the caller must call Wait. Questions leave
// in the order of the calls. Errors: [ErrGone], [ErrTooManyCalls].
func (ch *Channel) Ask(name string, fields any, replies ...string) (*Question, error) {
	q := &Question{calls: &ch.server.calls, qid: NewQID(), replies: replies, got: make(chan wire.Message, 1)}
	if err := q.calls.add(q); err != nil {
		return nil, err
	}
	if err := ch.Tell(name, q.qid, fields); err != nil {
		q.calls.drop(q.qid)
		return nil, err
	}
	return q, nil
}

// Notify tells the CRM server something, see [Peer].
func (ch *Channel) Notify(_ context.Context, name string, fields any) error {
	return ch.Tell(name, NewQID(), fields)
}

// Tell is Notify under a qid of the caller's choice.
func (ch *Channel) Tell(name string, qid wire.Token, fields any) error {
	if ch.out.ending() {
		return ErrGone
	}
	b, err := wire.Append(make([]byte, 0, 512), ch.format, name, qid, fields)
	if err != nil {
		return err
	}
	ch.send(&Frame{Body: b})
	return nil
}

// undivided reports whether a frame leaves in one part.
func (ch *Channel) undivided(f *Frame) bool {
	return ch.server == nil || ch.server.link.opts.Multipart == 0 || f.Len() <= ch.server.link.opts.Multipart
}

// split cuts what is too long for the CRM server into parts [P 3.4]. Events never come here.
func (ch *Channel) split(f *Frame) []Frame {
	if ch.undivided(f) {
		return []Frame{*f}
	}
	limit := ch.server.link.opts.Multipart
	id := strings.Trim(string(NewQID()), `"`)
	parts := wire.Split(ch.format, f.whole(), limit, id)
	frames := make([]Frame, len(parts))
	for i, p := range parts {
		frames[i] = Frame{Body: p}
	}
	return frames
}

// Introduced reports whether the CRM server has said who it is, and this link's channel is this one.
func (ch *Channel) Introduced() bool {
	ch.server.mu.Lock()
	defer ch.server.mu.Unlock()
	return !ch.server.since.IsZero()
}

// clientOf finds who sends a message: on a client channel its one client, on a server channel the
// user whom the message names, or the CRM itself [P 4.2]. This look-up is all there is to tunnels.
func (ch *Channel) clientOf(msg *wire.Message) (*Client, *wire.Error) {
	if ch.server == nil || (msg.UserLogin == "" && noID(msg.UserID)) {
		return &ch.self, nil
	}
	if !ch.Introduced() {
		return nil, errNotIntroduced
	}
	id, refused := ch.engine.opts.Resolve(msg.UserLogin, msg.UserID)
	if refused != nil {
		return nil, refused
	}
	if !ch.server.link.MayTunnel(id.Login) {
		return nil, errNotTunnelled
	}
	return ch.server.tunnel(ch, id.Login, msg.Name == "login")
}

// tunnel is the client of a user, made anew only for one who wants to log in.
func (s *serverSide) tunnel(ch *Channel, login string, add bool) (*Client, *wire.Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := strings.ToLower(login)
	if c := s.tunnels[key]; c != nil {
		return c, nil
	}
	if !add || s.over {
		return nil, errNotLoggedIn
	}
	key = strings.Clone(key) // what a message says of itself is only lent
	c := &Client{ch: ch, slot: noSlot, tunnel: key, subs: ch.engine.tunnelEvents, draining: s.draining}
	s.tunnels[key] = c
	return c, nil
}

// drop forgets a user who is not logged in, and reports whether it did. Nobody can log in on the
// client afterwards.
func (s *serverSide) drop(c *Client) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !c.ch.engine.hub.retire(c) {
		return false
	}
	if s.tunnels[c.tunnel] == c {
		delete(s.tunnels, c.tunnel)
	}
	return true
}

// end lets nobody in any more, and gives the users who worked through the channel.
func (s *serverSide) end() []*Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
	all := make([]*Client, 0, len(s.tunnels))
	for _, c := range s.tunnels {
		all = append(all, c)
	}
	s.tunnels = nil
	return all
}

// Tunnelled are the users who work through a server channel.
func (ch *Channel) Tunnelled() []*Client {
	ch.server.mu.Lock()
	defer ch.server.mu.Unlock()
	all := make([]*Client, 0, len(ch.server.tunnels))
	for _, c := range ch.server.tunnels {
		if c.Identity() != nil {
			all = append(all, c)
		}
	}
	return all
}

// Restore makes the client of a user who the CRM says is at work, without a login of his own. The
// caller counts him in with Client.LogIn; when that fails with [ErrClosed], the user has just logged
// out, and Restore gives a new client. Errors: [ErrClosed].
func (ch *Channel) Restore(login string) (*Client, error) {
	c, refused := ch.server.tunnel(ch, login, true)
	if refused != nil {
		return nil, ErrClosed
	}
	return c, nil
}

// noID reports whether a userid names nobody.
func noID(id string) bool {
	return id == "" || id == "00000000-0000-0000-0000-000000000000"
}

// serverRefusal is why a request of the CRM server itself reaches no method.
func (ch *Channel) serverRefusal(m *Method) *wire.Error {
	switch {
	case m != nil && (m.Access == Strangers || m.Access == Anyone):
		return nil
	case !ch.Introduced():
		return errNotIntroduced
	case m == nil:
		return errUnknownMethod
	case m.Access == Clients:
		return errForUsers
	}
	return nil
}

// Forget drops a user who was restored and could not be counted in.
func (ch *Channel) Forget(c *Client) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.retire()
}

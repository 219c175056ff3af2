package protocol

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// LinkOptions are the part of a link's configuration that the protocol goes by.
type LinkOptions struct {
	Name          string
	Trust         bool          // tunnelled logins need no password
	Users         []string      // who may be tunnelled. Nil means all.
	Multipart     int           // bytes above which messages to the CRM are split. Zero means never.
	Queue         int           // bytes that may wait for the CRM. Zero means 32 MiB.
	MethodTimeout time.Duration // how long a dynamic method may take. Zero means 15 s.
	Deliver       []string      // kinds of events that are delivered with confirmation, unasked
	RingingForm   string        // form that is shown when a user's phone rings; "" for none
}

// LinkHooks are told what becomes of links. They run on goroutines of the engine and may wait.
// Introduced and Lost of one link run one after the other, in the order of what happened.
type LinkHooks struct {
	// Opened is a new connection that has not introduced itself.
	Opened func(ctx context.Context, ch *Channel)
	// Introduced is a CRM that may be asked from now on.
	Introduced func(ctx context.Context, l *Link, p Peer)
	// Lost is a link whose CRM went away.
	Lost func(l *Link, p Peer)
}

// A Link is the world of one CRM: its present channel, and the users who work through it. Links do
// not see each other.
type Link struct {
	engine *Engine
	opts   LinkOptions

	taking chan struct{} // has room for the one CRM that takes the link; others wait their turn

	mu      sync.Mutex
	ch      *Channel // the one that introduced itself
	begun   bool     // the hooks know of it
	post    *Post
	since   time.Time
	lost    map[string]Identity // users whose channel broke and who did not come back yet
	told    chan struct{}       // closed when the hooks have been told everything so far
	peer    string              // what the CRM calls itself
	refused int                 // connections that were not accepted
	over    bool
}

func newLink(e *Engine, o LinkOptions) *Link {
	return &Link{engine: e, opts: o, taking: make(chan struct{}, 1), lost: make(map[string]Identity)}
}

// AddLink makes a link known: from now on connections of its name are served.
func (e *Engine) AddLink(o LinkOptions) *Link {
	o.Queue = orInt(o.Queue, 32<<20)
	o.MethodTimeout = orDuration(o.MethodTimeout, 15*time.Second)
	l := newLink(e, o)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.links[o.Name] = l
	return l
}

// RemoveLink ends a link and its channels; its users have their grace time.
func (e *Engine) RemoveLink(name string) {
	e.mu.Lock()
	l := e.links[name]
	delete(e.links, name)
	e.mu.Unlock()
	if l == nil {
		return
	}
	l.mu.Lock()
	l.over = true
	post := l.post
	l.mu.Unlock()
	for _, ch := range e.list() {
		if ch.server != nil && ch.server.link == l {
			ch.close(CloseGoingAway, "the link was removed")
		}
	}
	if post != nil {
		l.mu.Lock()
		l.tellLost(post)
		l.mu.Unlock()
	}
}

// Removed reports whether the link is no more.
func (l *Link) Removed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.over
}

func (e *Engine) link(name string) *Link {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.links[name]
}

// Link is the link that a server channel belongs to.
func (ch *Channel) Link() *Link { return ch.server.link }

// Options are what the link was made with.
func (l *Link) Options() LinkOptions { return l.opts }

// Peer is the CRM, nil while it is away.
func (l *Link) Peer() Peer {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.ch != nil:
		return l.ch
	case l.post != nil:
		return l.post
	}
	return nil
}

// MayTunnel reports whether a user may work through the link.
func (l *Link) MayTunnel(login string) bool {
	return l.opts.Users == nil || slices.ContainsFunc(l.opts.Users, func(u string) bool { return strings.EqualFold(u, login) })
}

// takenError refuses a second CRM on a link.
type takenError struct{ reason string }

func (e *takenError) Error() string { return e.reason }

// probeFor is how long the present CRM of a link has to show that it lives when another one wants
// the link.
const probeFor = time.Second

// take makes a channel the link's, if it is not already. The present one keeps the link if it shows a
// sign of life; otherwise its users are free for the next one.
func (l *Link) take(ctx context.Context, ch *Channel, peer string) error {
	select {
	case l.taking <- struct{}{}:
		defer func() { <-l.taking }()
	case <-ctx.Done():
		return ctx.Err()
	}
	l.mu.Lock()
	old, since := l.ch, l.since
	l.mu.Unlock()
	if old == ch {
		return nil
	}
	if old != nil {
		if old.answers(ctx, probeFor) {
			l.mu.Lock()
			l.refused++
			l.mu.Unlock()
			return &takenError{fmt.Sprintf("link taken by %s since %s", old.self.Name(), since.UTC().Format(time.RFC3339))}
		}
		old.out.abort(ClosePolicy, "replaced")
		old.endServer() // its connection may take long to end
	}
	return l.set(ch, peer)
}

func (l *Link) set(ch *Channel, peer string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := ch.server
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over || l.over {
		return ErrClosed
	}
	l.ch, l.peer, l.since = ch, peer, time.Now()
	s.since = l.since
	return nil
}

// begin tells the hooks of the link's new channel, once.
func (l *Link) begin(ch *Channel) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ch != ch || l.begun {
		return
	}
	l.begun = true
	if introduced := l.engine.opts.Links.Introduced; introduced != nil {
		l.tell(func(ctx context.Context) { introduced(ctx, l, ch) })
	}
}

// tell runs a hook when those before it have returned. mu is held.
func (l *Link) tell(hook func(context.Context)) {
	before, done := l.told, make(chan struct{})
	l.told = done
	runs := l.engine.spawn(func(ctx context.Context) {
		defer close(done)
		if before != nil {
			<-before
		}
		hook(ctx)
	})
	if !runs {
		l.told = before
	}
}

func (l *Link) tellLost(p Peer) { // mu is held
	if lost := l.engine.opts.Links.Lost; lost != nil {
		l.tell(func(context.Context) { lost(l, p) })
	}
}

// answers probes a channel and waits for any sign of life.
func (ch *Channel) answers(ctx context.Context, within time.Duration) bool {
	asked := ch.engine.clock()
	if p, ok := ch.out.conn.(Pinger); ok {
		p.Ping()
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	_, err := ch.Call(ctx, "ping", nil, "pong")
	return err == nil || time.Duration(ch.heard.Load()) > asked
}

// ended takes note of a channel that broke.
func (l *Link) ended(ch *Channel, users []Identity) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, id := range users {
		l.lost[strings.ToLower(id.Login)] = id
	}
	if l.ch == ch {
		l.ch = nil
		if l.begun {
			l.begun = false
			l.tellLost(ch)
		}
	}
}

// KeepLost takes back users of TakeLost, when it did not show what became of them.
func (l *Link) KeepLost(lost map[string]Identity) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for key, id := range lost {
		if _, newer := l.lost[key]; !newer {
			l.lost[key] = id
		}
	}
}

// TakeLost gives the users whose channel broke since the last time, and forgets them.
func (l *Link) TakeLost() map[string]Identity {
	l.mu.Lock()
	defer l.mu.Unlock()
	lost := l.lost
	l.lost = make(map[string]Identity)
	return lost
}

// A LinkStatus is how a link is, for an operator.
type LinkStatus struct {
	Name      string
	Connected bool
	Remote    string
	Peer      string // what the CRM calls itself
	Since     time.Time
	Users     int // who work through it
	Refused   int // connections that were not accepted
}

// Status tells how the link is.
func (l *Link) Status() LinkStatus {
	l.mu.Lock()
	ch, s := l.ch, LinkStatus{Name: l.opts.Name, Peer: l.peer, Since: l.since, Refused: l.refused}
	s.Connected = ch != nil || l.post != nil && !l.since.IsZero()
	l.mu.Unlock()
	if ch != nil {
		s.Remote, s.Users = ch.self.Name(), len(ch.Tunnelled())
	}
	return s
}

package methods

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/wire"
)

// The types of parties that introduce themselves [P 1.1].
const (
	ourType    = "commserver" // CRM servers test this text
	crmType    = "ws-server"
	serverName = "Oktell" // what CRM servers expect the telephone side to be called
)

type introduction struct {
	Type    string `wire:"type" doc:"ws-server for a CRM server, commserver for us"`
	Name    string `wire:"name" doc:"what the party is called"`
	Version string `wire:"version" doc:"its version"`
}

type ourIntroduction struct {
	Type    string `wire:"type" doc:"commserver"`
	Name    string `wire:"name" doc:"what we are called"`
	Version string `wire:"version" doc:"version"`
	Build   string `wire:"build" doc:"the same version in full"`
}

func (a *API) ourselves() ourIntroduction {
	return ourIntroduction{ourType, serverName, a.opts.Version.Build, a.opts.Version.Build}
}

// whoAreYou also tells who asks: its type counts as an introduction [P 4.1].
func (a *API) whoAreYou(ctx context.Context, c *protocol.Client, in introduction) (ourIntroduction, error) {
	return a.ourselves(), a.introduced(ctx, c.Server(), in)
}

func (a *API) iam(ctx context.Context, c *protocol.Client, in introduction) (struct{}, error) {
	return struct{}{}, a.introduced(ctx, c.Server(), in)
}

// introduced makes a CRM server's channel work. Parties of other types are of no use to us.
func (a *API) introduced(ctx context.Context, ch *protocol.Channel, in introduction) error {
	if in.Type != crmType {
		a.log.Warn("not a CRM server", "link", ch.Name(), "type", in.Type, "name", in.Name)
		return nil
	}
	if err := ch.Introduce(ctx, strings.TrimSpace(in.Name+" "+in.Version)); err != nil {
		return &wire.Error{Code: codeWrongState, Text: err.Error()} // another CRM has the link, or it is gone
	}
	return nil
}

// Hooks are what the methods want to know of links.
func (a *API) Hooks() protocol.LinkHooks {
	return protocol.LinkHooks{Opened: a.opened, Introduced: a.welcome, Lost: a.lost}
}

// introduceWithin is how long a CRM server may take to say who it is: it may stand still while its
// application works [P 0.4].
const introduceWithin = 30 * time.Second

// opened asks a new connection who it is.
func (a *API) opened(ctx context.Context, ch *protocol.Channel) {
	ctx, cancel := context.WithTimeout(ctx, introduceWithin)
	defer cancel()
	msg, err := ch.Call(ctx, "whoareyou", a.ourselves(), "iam")
	if err != nil {
		return // closed meanwhile, or it introduces itself by a question of its own
	}
	var in introduction
	if err := msg.Unmarshal(&in); err != nil {
		a.log.Warn("an introduction cannot be read", "link", ch.Name(), "err", err)
		return
	}
	if err := a.introduced(ctx, ch, in); err != nil {
		a.log.Warn("a CRM server is refused", "link", ch.Name(), "err", err)
	}
	ch.Begin()
}

// begin asks a CRM that has introduced itself, when it has its answer.
func begin(c *protocol.Client) { c.Server().Begin() }

// IntroduceOver introduces the server to a CRM behind an HTTP address and learns what it offers. The
// caller repeats it at start, after failures and from time to time; the link's health comes from it.
func (a *API) IntroduceOver(ctx context.Context, l *protocol.Link, p *protocol.Post) error {
	err := a.introduceOver(ctx, l, p)
	if err != nil {
		p.Heard(time.Time{}, "")
		a.lost(l, p)
	}
	return err
}

func (a *API) introduceOver(ctx context.Context, l *protocol.Link, p *protocol.Post) error {
	msg, err := p.Call(ctx, "whoareyou", a.ourselves(), "iam")
	if err != nil {
		return err
	}
	var in introduction
	if err := msg.Unmarshal(&in); err != nil {
		return err
	}
	if in.Type != crmType {
		return fmt.Errorf("%w: type %q", errNoCRM, in.Type)
	}
	p.Heard(time.Now(), strings.TrimSpace(in.Name+" "+in.Version))
	a.welcome(ctx, l, p)
	if l.Removed() { // meanwhile, and what was learned since was not taken away
		a.lost(l, p)
	}
	return nil
}

var errNoCRM = errors.New("what answers there is not a CRM server")

// welcome learns what a CRM offers and, over a channel, who works through it. The questions go out
// together.
func (a *API) welcome(ctx context.Context, l *protocol.Link, p protocol.Peer) {
	ctx, cancel := context.WithTimeout(ctx, introduceWithin)
	defer cancel()
	lost := l.TakeLost() // before the question: who logs in from now on is not among them
	methods := a.question(ctx, p, "getavailablemethods", "availablemethods")
	forms := a.question(ctx, p, "getavailableforms", "availableforms")
	var users sync.WaitGroup
	if ch, ok := p.(*protocol.Channel); ok {
		active := a.question(ctx, p, "getactiveusers", "activeusers")
		users.Go(func() { a.restoreUsers(ctx, l, ch, active, lost) })
	}
	provider, fresh := a.providerOf(l, p)
	if fresh {
		a.log.Info("a CRM is connected", "link", l.Options().Name, "peer", l.Status().Peer)
	}
	a.deliver.begin(l, p)
	a.learn(provider, methods, forms) // some CRMs never answer one of the questions
	users.Wait()
}

// A later is an answer that is waited for when it is needed.
type later func() (wire.Message, error)

// question asks a peer. Over a channel it does not wait, and questions leave in order.
func (a *API) question(ctx context.Context, p protocol.Peer, name, reply string) later {
	ch, ok := p.(*protocol.Channel)
	if !ok {
		return func() (wire.Message, error) { return p.Call(ctx, name, struct{}{}, reply) }
	}
	q, err := ch.Ask(name, struct{}{}, reply)
	if err != nil {
		return func() (wire.Message, error) { return wire.Message{}, err }
	}
	return func() (wire.Message, error) { return q.Wait(ctx) }
}

// lost takes a CRM's methods and forms away; questions to it have failed already.
func (a *API) lost(l *protocol.Link, p protocol.Peer) {
	a.deliver.end(p)
	if a.dropProvider(p) {
		a.log.Warn("a CRM is gone", "link", l.Options().Name)
	}
	if ch, ok := p.(*protocol.Channel); ok {
		a.executions.failAll(ch)
	}
}

type activeUsers struct {
	Users []activeUser `wire:"users" doc:"who works with the CRM now"`
}

type activeUser struct {
	Login string `wire:"userlogin" doc:"login"`
	ID    string `wire:"userid" doc:"id"`
}

// restoreUsers makes the set of tunnelled users what the CRM says it is, after a break too [P 4.3].
// Who logged in on this channel after the question was sent stays whatever the answer says.
func (a *API) restoreUsers(ctx context.Context, l *protocol.Link, ch *protocol.Channel, answer later, lost map[string]protocol.Identity) {
	msg, err := answer()
	var active activeUsers
	if err == nil {
		err = msg.Unmarshal(&active)
	}
	if err != nil {
		a.log.Warn("who works with a CRM is not known", "link", ch.Name(), "err", err)
		l.KeepLost(lost) // their grace times run, the next introduction may tell
		return
	}
	for _, u := range active.Users {
		if err := a.restoreUser(ctx, l, ch, u, lost); errors.Is(err, protocol.ErrClosed) {
			l.KeepLost(lost)
			return
		}
	}
	for _, id := range lost { // those who were not brought back
		a.presence.leaveNow(ctx, id.Login)
	}
}

// restoreUser takes up one user, and takes him out of those that were lost. A link that is not trusted brings back only those who logged in
// through it before the break, as long as their sessions count. The error is that of a channel that
// is gone.
func (a *API) restoreUser(ctx context.Context, l *protocol.Link, ch *protocol.Channel, u activeUser, lost map[string]protocol.Identity) error {
	id, refused := a.Resolve(u.Login, u.ID)
	if refused != nil || !l.MayTunnel(id.Login) || !a.opts.Accounts.MayLogIn(id.Login) {
		a.log.Info("an active user of a CRM is not known here", "link", ch.Name(), "user", u.Login)
		return nil
	}
	key := strings.ToLower(id.Login)
	before, known := lost[key]
	if !l.Options().Trust && (!known || !a.sessionCounts(ctx, before)) {
		return nil
	}
	id.Session = before.Session
	for {
		c, err := ch.Restore(id.Login)
		if err != nil {
			return err
		}
		if c.Identity() != nil {
			delete(lost, key) // he logged in himself
			return nil
		}
		err = a.presence.enter(ctx, c, id)
		if err == nil {
			delete(lost, key)
			a.tellPresent(c)
			return nil
		}
		if !errors.Is(err, protocol.ErrClosed) {
			ch.Forget(c)
			a.log.Warn("a user is not restored", "link", ch.Name(), "user", id.Login, "err", err)
			return nil
		}
		// He logged out a moment ago, or the channel is gone: Restore knows.
	}
}

// sessionCounts reports whether a user may still go on as who he was.
func (a *API) sessionCounts(ctx context.Context, id protocol.Identity) bool {
	owner, err := a.opts.Accounts.Session(ctx, id.Session)
	return err == nil && owner == id.Login
}

// tellPresent tells a restored user what is so now. Events of the time without a channel are not
// repeated, they would be wrong by now.
func (a *API) tellPresent(c *protocol.Client) {
	user, err := a.me(c)
	if err != nil {
		return
	}
	line := a.sw.Line(user.Login)
	a.hub.Publish(stateChanged.For(protocol.These(c), stateOf(a.sw.User(user.Login))))
	a.hub.Publish(lineChanged.For(protocol.These(c), lineEvent{int(line.State), line.State.String(), lineID(user)}))
}

// Resolve finds the user whom a CRM server names. The login decides when there is one; an id that
// nobody has is ignored beside it, one of somebody else is not (decision 0010).
func (a *API) Resolve(login, userID string) (protocol.Identity, *wire.Error) {
	dir := a.sw.Directory()
	byID := dir.UserByID(userID)
	user := byID
	if login != "" {
		user = dir.UserByLogin(login)
	}
	switch {
	case user == nil:
		return protocol.Identity{}, errUnknownUser
	case byID != nil && byID != user:
		return protocol.Identity{}, errTwoUsers
	}
	return protocol.Identity{Login: user.Login, UserID: user.ID}, nil
}

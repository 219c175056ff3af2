package protocol_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/wire"
)

// A linkScene is a scene with links: logins of all users wait as those of the real vocabulary do, and
// the hooks note what they are told.
type linkScene struct {
	*scene
	link  *protocol.Link
	hooks []string // in order: opened, introduced and lost with the peer's address

	remotes map[*protocol.Channel]string // of channels that introduced themselves

	onIntroduced func(context.Context, *protocol.Link, protocol.Peer) // called by the hook when set
}

type peerIn struct {
	Name string `wire:"name" doc:"what the CRM is called"`
}

// newLinkScene makes an engine with one link, called crm.
func newLinkScene(t testing.TB, o protocol.Options, l protocol.LinkOptions, rows ...protocol.Method) *linkScene {
	s := &linkScene{
		scene:   &scene{t: t, gate: make(chan struct{}), meter: &meter{}, clients: map[string]*protocol.Client{}},
		remotes: map[*protocol.Channel]string{},
	}
	for _, m := range s.rows() {
		if m.Name != "login" {
			rows = append(rows, m)
		}
	}
	rows = append(rows,
		protocol.Def("login", protocol.Anyone, "Logs in.", s.enter).Command(),
		protocol.Def("whoareyou", protocol.Strangers, "Introduces a CRM.", s.introduce).Plain().Named("iam").
			Then(func(c *protocol.Client) { c.Server().Begin() }),
		protocol.Def("say", protocol.Everyone, "Says it again.", s.echo).Quick(),
		protocol.Def("formresult", protocol.Everyone, "Tells something.", s.echo).Quick().Silent(),
		protocol.Def("long", protocol.Everyone, "Answers at length.",
			func(_ context.Context, _ *protocol.Client, in numberIn) (textOut, error) {
				return textOut{strings.Repeat("ж", in.Number)}, nil
			}).Quick())
	o.Table = protocol.NewTable(rows...)
	o.Events = protocol.NewEvents(rang.Def(), hung.Def(), moved.Def())
	o.Gone = func(c *protocol.Client, id protocol.Identity) { s.note(&s.gone, id.Login+" "+c.Name()) }
	o.Meter, o.Resolve = s.meter, resolve
	o.ServerEvents, o.TunnelEvents = []string{"moved"}, []string{"phone"}
	o.Links = protocol.LinkHooks{
		Opened: func(_ context.Context, ch *protocol.Channel) { s.note(&s.hooks, "opened") },
		Introduced: func(ctx context.Context, l *protocol.Link, p protocol.Peer) {
			s.note(&s.hooks, "introduced "+s.addressOf(p))
			if s.onIntroduced != nil {
				s.onIntroduced(ctx, l, p)
			}
			s.note(&s.hooks, "welcomed "+s.addressOf(p))
		},
		Lost: func(_ *protocol.Link, p protocol.Peer) { s.note(&s.hooks, "lost "+s.addressOf(p)) },
	}
	s.engine = protocol.NewEngine(o)
	l.Name, l.Trust = "crm", true
	s.link = s.engine.AddLink(l)
	return s
}

// addressOf tells peers apart; channels are known from their introduction.
func (s *linkScene) addressOf(p protocol.Peer) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ch, ok := p.(*protocol.Channel); ok {
		return s.remotes[ch]
	}
	return p.Name()
}

// resolve knows everybody but "nobody". Ids are "id-" and the login.
func resolve(login, userID string) (protocol.Identity, *wire.Error) {
	login = strings.ToLower(login)
	byID, known := strings.CutPrefix(userID, "id-")
	switch {
	case login == "nobody", login == "" && !known:
		return protocol.Identity{}, &wire.Error{Code: 401, Text: "No such user"}
	case login == "":
		login = byID
	case known && byID != login:
		return protocol.Identity{}, &wire.Error{Code: 403, Text: "Two users"}
	}
	return protocol.Identity{Login: login, UserID: "id-" + login}, nil
}

type enterIn struct {
	Login  string `wire:"userlogin" doc:"who logs in"`
	UserID string `wire:"userid" doc:"or his id"`
	Text   string `wire:"text" doc:"wrong to fail, wait to wait at the gate"`
}

func (s *linkScene) enter(_ context.Context, c *protocol.Client, in enterIn) (none, error) {
	switch in.Text {
	case "wrong":
		return none{}, &wire.Error{Code: 1, Text: "Wrong password"}
	case "wait":
		s.gate <- struct{}{}
	}
	id, refused := resolve(in.Login, in.UserID)
	if refused != nil {
		return none{}, refused
	}
	return none{}, c.LogIn(id)
}

func (s *linkScene) introduce(ctx context.Context, c *protocol.Client, in peerIn) (none, error) {
	s.mu.Lock()
	s.remotes[c.Server()] = c.Name()
	s.mu.Unlock()
	return none{}, c.Server().Introduce(ctx, in.Name)
}

// dial makes a connection to the link of a name, that ends when the engine closes it.
func (s *linkScene) dial(f wire.Format, link string) *pipe {
	s.mu.Lock()
	p := newPipe(s.t, f, fmt.Sprintf("10.0.0.9:%d", 1000+len(s.pipes)))
	p.info.Kind, p.info.Link = protocol.ServerKind, link
	s.pipes = append(s.pipes, p)
	s.mu.Unlock()
	p.endsWhenClosed()
	p.push.Lock() // it may end before Open returns
	defer p.push.Unlock()
	p.sink = s.engine.Open(p)
	return p
}

// crm makes an introduced connection.
func (s *linkScene) crm(f wire.Format) *pipe {
	s.t.Helper()
	p := s.dial(f, "crm")
	p.ask("whoareyou", "w", with("name", "CRM"))
	synctest.Wait()
	p.want(`["iam",{"qid":"w"}]`)
	return p
}

// as names a user in a request.
func as(login string) wire.Member { return with("userlogin", login) }

// enterAs logs users in through a CRM's connection.
func (p *pipe) enterAs(logins ...string) {
	p.t.Helper()
	for _, l := range logins {
		p.ask("login", "l", as(l))
	}
	synctest.Wait()
	for _, text := range p.take() {
		if strings.Contains(text, `"result":0`) {
			p.t.Fatalf("a login fails: %s", text)
		}
	}
}

// answered is the good answer to a tunnelled request.
func answered(name, qid, login, text string) string {
	return fmt.Sprintf(`["%sresult",{"qid":%q,"result":1,"userlogin":%q,"userid":%q,"text":%q}]`, name, qid, login, "id-"+login, text)
}

// denied is the bad answer to a tunnelled request.
func denied(reply, qid, login string, code int, text string) string {
	return fmt.Sprintf(`["%s",{"qid":%q,"userlogin":%q,"userid":%q,"result":0,"error":%d,"errorcode":%d,"errormsg":%q}]`,
		reply, qid, login, "id-"+login, code, code, text)
}

// users is how many work through the link now.
func (s *linkScene) users() int { return s.link.Status().Users }

package protocol_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/wire"
)

// A scene is an engine with a small vocabulary, its connections and what it told the outside.
type scene struct {
	t      testing.TB
	engine *protocol.Engine
	gate   chan struct{} // each receive lets one "slow" go on
	meter  *meter

	mu      sync.Mutex
	pipes   []*pipe
	clients map[string]*protocol.Client // by remote
	served  []string                    // texts of "slow" and "echo" in the order of their start
	gone    []string
}

type textIn struct {
	Text string `wire:"text" doc:"any text"`
}

type textOut struct {
	Text string `wire:"text"`
}

type loginIn struct {
	Login string `wire:"userlogin,required" doc:"who logs in"`
}

type namesIn struct {
	Names []string `wire:"eventmethod" doc:"events and groups"`
}

type numberIn struct {
	Number int `wire:"number,required" doc:"any number"`
}

type (
	none      = struct{}
	ringEvent struct {
		Caller string `wire:"callerid"`
	}
)

// The events of all scenes.
var (
	rang  = protocol.NewEvent[ringEvent]("rang", "phone", "The phone rings.")
	hung  = protocol.NewEvent[ringEvent]("hung", "phone", "The call is over.")
	moved = protocol.NewEvent[textOut]("moved", "", "Something moved.")
)

// newScene makes an engine with the rows that every test needs and its own. Table, Events, Gone and
// Meter of the options are the scene's.
func newScene(t testing.TB, o protocol.Options, rows ...protocol.Method) *scene {
	s := &scene{t: t, gate: make(chan struct{}), meter: &meter{}, clients: map[string]*protocol.Client{}}
	o.Table = protocol.NewTable(append(s.rows(), rows...)...)
	o.Events = protocol.NewEvents(rang.Def(), hung.Def(), moved.Def())
	o.Gone = func(c *protocol.Client, id protocol.Identity) { s.note(&s.gone, id.Login+" "+c.Name()) }
	o.Meter = s.meter
	s.engine = protocol.NewEngine(o)
	return s
}

func (s *scene) rows() []protocol.Method {
	return []protocol.Method{
		protocol.Def("login", protocol.Anyone, "Logs in.", s.login).Quick(),
		protocol.Def("logout", protocol.Anyone, "Logs out.", s.logout).Quick(),
		protocol.Def("subscribeevent", protocol.Anyone, "Subscribes.", subscribe).Quick(),
		protocol.Def("unsubscribeevent", protocol.Anyone, "Takes that back.", unsubscribe).Quick(),
		protocol.Def("echo", protocol.Clients, "Says it again.", s.echo).Quick(),
		protocol.Def("slow", protocol.Clients, "Says it again, later.", s.slow),
		protocol.Def("number", protocol.Clients, "Wants a number.",
			func(context.Context, *protocol.Client, numberIn) (none, error) { return none{}, nil }).Quick(),
		protocol.Def("crash", protocol.Clients, "Panics.",
			func(context.Context, *protocol.Client, none) (none, error) { panic("on purpose") }).Quick(),
	}
}

func (s *scene) login(_ context.Context, c *protocol.Client, in loginIn) (none, error) {
	s.mu.Lock()
	s.clients[c.Name()] = c
	s.mu.Unlock()
	return none{}, c.LogIn(protocol.Identity{Login: in.Login, UserID: "id-" + in.Login, Session: "s"})
}

func (s *scene) logout(_ context.Context, c *protocol.Client, _ none) (none, error) {
	c.CloseAfterReply(protocol.CloseNormal, "logged out")
	c.LogOut()
	return none{}, nil
}

func subscribe(_ context.Context, c *protocol.Client, in namesIn) (none, error) {
	c.Subscribe(in.Names)
	return none{}, nil
}

func unsubscribe(_ context.Context, c *protocol.Client, in namesIn) (none, error) {
	c.Unsubscribe(in.Names)
	return none{}, nil
}

func (s *scene) echo(_ context.Context, _ *protocol.Client, in textIn) (textOut, error) {
	s.note(&s.served, in.Text)
	return textOut(in), nil
}

// slow waits at the gate or for the end of its time.
func (s *scene) slow(ctx context.Context, _ *protocol.Client, in textIn) (textOut, error) {
	s.note(&s.served, in.Text)
	select {
	case s.gate <- struct{}{}:
		return textOut(in), nil
	case <-ctx.Done():
		return textOut{}, &wire.Error{Code: 504, Text: "Timed out"}
	}
}

func (s *scene) note(list *[]string, text string) {
	s.mu.Lock()
	*list = append(*list, text)
	s.mu.Unlock()
}

func (s *scene) noted(list *[]string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := slices.Clone(*list)
	*list = nil
	return out
}

// open makes a connection.
func (s *scene) open(f wire.Format) *pipe {
	s.mu.Lock()
	p := newPipe(s.t, f, fmt.Sprintf("10.0.0.1:%d", 1000+len(s.pipes)))
	s.pipes = append(s.pipes, p)
	s.mu.Unlock()
	p.sink = s.engine.Open(p)
	return p
}

// tab makes a connection that is logged in and told of the given events.
func (s *scene) tab(f wire.Format, login string, events ...string) *pipe {
	s.t.Helper()
	p := s.open(f)
	p.ask("login", "login", with("userlogin", login))
	if len(events) > 0 {
		p.ask("subscribeevent", "sub", with("eventmethod", events))
	}
	for _, reply := range p.take() {
		if strings.Contains(reply, `"result":0`) {
			s.t.Fatalf("%s cannot log in: %s", login, reply)
		}
	}
	return p
}

func (s *scene) client(p *pipe) *protocol.Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.clients[p.info.Remote]
}

// stop ends all connections, so that nothing of the engine runs on.
func (s *scene) stop() {
	s.mu.Lock()
	all := slices.Clone(s.pipes)
	s.mu.Unlock()
	for _, p := range all {
		p.end(nil)
		p.unchanged()
	}
}

// inBothFormats runs a test in a bubble of its own, over JSON and over XML.
func inBothFormats(t *testing.T, test func(t *testing.T, f wire.Format)) {
	for _, f := range []wire.Format{wire.JSON, wire.XML} {
		t.Run(f.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test(t, f) })
		})
	}
}

// running runs the engine's watch for the rest of a test.
func (s *scene) running(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.engine.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

// A meter keeps what the engine counted.
type meter struct {
	mu     sync.Mutex
	opened int
	closed []protocol.CloseCode
	asked  []string
	events []string
}

func (m *meter) Opened(protocol.Info) { m.locked(func() { m.opened++ }) }

func (m *meter) Closed(_ protocol.Info, code protocol.CloseCode) {
	m.locked(func() { m.closed = append(m.closed, code) })
}

func (m *meter) Request(method string, code int, took time.Duration) {
	m.locked(func() { m.asked = append(m.asked, fmt.Sprintf("%s %d %v", method, code, took)) })
}

func (m *meter) Event(name string, receivers int) {
	m.locked(func() { m.events = append(m.events, fmt.Sprintf("%s %d", name, receivers)) })
}

func (m *meter) locked(do func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	do()
}

// pass lets time go by in a bubble, and all that it brings about happen.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

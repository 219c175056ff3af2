package protocol_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/wire"
)

func TestAudiences(t *testing.T) {
	for _, f := range []wire.Format{wire.JSON, wire.XML} {
		t.Run(f.String(), func(t *testing.T) {
			s := newScene(t, protocol.Options{})
			outside := s.open(f)
			outside.ask("subscribeevent", "1", with("eventmethod", []string{"phone", "moved"}))
			outside.take()
			a1, a2 := s.tab(f, "alice", "phone", "moved"), s.tab(f, "alice", "hung")
			b1, b2 := s.tab(f, "boris", "rang", "moved"), s.tab(f, "boris")
			all := []*pipe{outside, a1, a2, b1, b2}
			tests := []struct {
				name  string
				event protocol.Event
				want  map[*pipe]string
			}{
				{"everybody", moved.For(protocol.Everybody(), textOut{"x"}), map[*pipe]string{
					a1: `["moved",{"qid":"*","text":"x"}]`, b1: `["moved",{"qid":"*","text":"x"}]`}},
				{"a user", rang.For(protocol.User("alice", "id-alice"), ringEvent{"1"}), map[*pipe]string{a1: told("alice", "1")}},
				{"a user in another case", rang.For(protocol.User("BORIS", "id-boris"), ringEvent{"1"}), map[*pipe]string{b1: told("boris", "1")}},
				{"a group's other event", hung.For(protocol.User("alice", "id-alice"), ringEvent{"2"}), map[*pipe]string{
					a1: `["hung",{"qid":"*","userlogin":"alice","userid":"id-alice","callerid":"2"}]`,
					a2: `["hung",{"qid":"*","userlogin":"alice","userid":"id-alice","callerid":"2"}]`}},
				{"nobody of that name", rang.For(protocol.User("vera", ""), ringEvent{"1"}), nil},
				{"a user without a name", rang.For(protocol.User("", ""), ringEvent{"secret"}), nil},
				{"no audience at all", rang.For(protocol.Audience{}, ringEvent{"secret"}), nil},
				{"these, each under his own name", rang.For(protocol.These(s.client(a1), s.client(b1), s.client(a2)), ringEvent{"3"}),
					map[*pipe]string{a1: told("alice", "3"), b1: told("boris", "3")}},
				{"these: none", rang.For(protocol.These(), ringEvent{"secret"}), nil},
			}
			for _, tt := range tests {
				s.engine.Hub().Publish(tt.event)
				for i, p := range all {
					got, want := p.take(), []string(nil)
					if text := tt.want[p]; text != "" {
						want = []string{text}
					}
					if !slices.Equal(got, want) {
						t.Errorf("%s: pipe %d got %q, want %q", tt.name, i, got, want)
					}
				}
			}
			s.stop()
		})
	}
}

func TestSubscriptions(t *testing.T) {
	s := newScene(t, protocol.Options{})
	p := s.open(wire.JSON)
	tell := func() []string {
		p.take()
		s.engine.Hub().Publish(rang.For(protocol.User("alice", ""), ringEvent{}))
		s.engine.Hub().Publish(hung.For(protocol.User("alice", ""), ringEvent{}))
		s.engine.Hub().Publish(moved.For(protocol.Everybody(), textOut{}))
		var names []string
		for _, text := range p.take() {
			var name string
			_, _ = fmt.Sscanf(text, `["%4s`, &name)
			names = append(names, name)
		}
		return names
	}
	steps := []struct {
		name, method string
		names        any
		want         []string
	}{
		{"before the login", "subscribeevent", "phone", nil}, // a lone name is a list of one
		{"the login", "login", nil, []string{"rang", "hung"}},
		{"one of a group goes", "unsubscribeevent", "rang", []string{"hung"}},
		{"unknown names are no error", "subscribeevent", []string{"dlgcard", "moved", "moved"}, []string{"hung", "move"}},
		{"nothing", "subscribeevent", []string{}, []string{"hung", "move"}},
		{"the group goes", "unsubscribeevent", []string{"phone"}, []string{"move"}},
		{"names keep their case", "subscribeevent", []string{"RANG"}, []string{"move"}},
		{"all goes", "unsubscribeevent", []string{"moved", "phone", "never"}, nil},
		{"and comes again", "subscribeevent", []string{"rang"}, []string{"rang"}},
	}
	for _, step := range steps {
		p.ask(step.method, "1", with("eventmethod", step.names), with("userlogin", "alice"))
		if got := tell(); !slices.Equal(got, step.want) {
			t.Errorf("%s: told %q, want %q", step.name, got, step.want)
		}
	}
	s.client(p).LogOut()
	if got := tell(); got != nil {
		t.Errorf("after the logout: told %q", got)
	}
	if err := s.client(p).LogIn(protocol.Identity{Login: "alice"}); err != nil {
		t.Fatal(err)
	}
	if got := tell(); !slices.Equal(got, []string{"rang"}) {
		t.Errorf("after the next login: told %q", got)
	}
	s.stop()
	if got := s.noted(&s.gone); len(got) != 2 {
		t.Errorf("gone %q, want the logout and the end", got)
	}
}

func TestTabsOfAUserAreLimited(t *testing.T) {
	s := newScene(t, protocol.Options{
		Limits: protocol.Limits{TabsPerUser: 3},
		Errors: func(err error) *wire.Error {
			if errors.Is(err, protocol.ErrTooManyTabs) {
				return &wire.Error{Code: 429, Text: "tabs"}
			}
			return nil
		},
	})
	tabs := []*pipe{s.tab(wire.JSON, "alice"), s.tab(wire.JSON, "alice"), s.tab(wire.JSON, "alice")}
	p := s.open(wire.JSON)
	p.ask("login", "1", with("userlogin", "Alice"))
	p.want(failure("loginresult", "1", 429, "tabs"))
	s.tab(wire.JSON, "boris")                             // others may
	tabs[0].ask("login", "2", with("userlogin", "alice")) // who has one may log in again
	tabs[0].want(`["loginresult",{"qid":"2","result":1}]`)
	tabs[1].end(nil)
	p.ask("login", "3", with("userlogin", "alice"))
	p.want(`["loginresult",{"qid":"3","result":1}]`)
	if n := len(s.engine.Hub().Of("ALICE")); n != 3 {
		t.Errorf("%d tabs, want 3", n)
	}
	s.stop()
}

func TestHubTellsWhoIsThere(t *testing.T) {
	s := newScene(t, protocol.Options{})
	a1, a2, b := s.tab(wire.JSON, "alice"), s.tab(wire.XML, "Alice"), s.tab(wire.JSON, "boris")
	s.open(wire.JSON)
	hub := s.engine.Hub()
	if n := hub.Users(); n != 2 {
		t.Errorf("%d users, want 2", n)
	}
	tabs := map[string]int{}
	for _, p := range hub.Present() {
		tabs[p.Login] = len(p.Tabs)
	}
	if len(tabs) != 2 || tabs["alice"] != 2 || tabs["boris"] != 1 {
		t.Errorf("present: %v", tabs)
	}
	if of := hub.Of("alice"); len(of) != 2 || of[0] != s.client(a1) || of[1] != s.client(a2) {
		t.Errorf("alice has %v", of)
	}
	if b := s.client(b); b.Login() != "boris" || b.Identity().UserID != "id-boris" || b.Name() != b.Info().Remote {
		t.Errorf("boris is %v", b.Identity())
	}
	s.stop()
	if n := hub.Users(); n != 0 {
		t.Errorf("%d users are left", n)
	}
	if channels, _ := s.engine.Pending(); channels != 0 {
		t.Errorf("%d channels are left", channels)
	}
}

func TestGoneIsToldOnce(t *testing.T) {
	s := newScene(t, protocol.Options{})
	p, never := s.tab(wire.JSON, "alice"), s.open(wire.JSON)
	c := s.client(p)
	c.LogOut()
	c.LogOut()
	p.end(errors.New("reset"))
	never.end(nil)
	if got, want := s.noted(&s.gone), []string{"alice " + p.info.Remote}; !slices.Equal(got, want) {
		t.Errorf("gone %q, want %q", got, want)
	}
	if err := c.LogIn(protocol.Identity{Login: "alice"}); !errors.Is(err, protocol.ErrClosed) {
		t.Errorf("login on a closed channel: %v, want ErrClosed", err)
	}
	if n := s.engine.Hub().Users(); n != 0 {
		t.Errorf("%d users are left", n)
	}
	c.Subscribe([]string{"phone"})
	s.tell("alice", "x")
}

// Tabs come, log in and out, subscribe and end in every order while events are told. For -race, and
// for what is left at the end.
func TestHubUnderLoad(t *testing.T) {
	s := newScene(t, protocol.Options{Limits: protocol.Limits{TabsPerUser: 1000}})
	var busy, telling sync.WaitGroup
	stop := make(chan struct{})
	for i := range 4 {
		telling.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					s.tell(numbered(i), "x")
					s.engine.Hub().Publish(moved.For(protocol.Everybody(), textOut{}))
					s.engine.Hub().Publish(hung.For(protocol.These(s.engine.Hub().Of(numbered(0))...), ringEvent{}))
					s.engine.Hub().Present()
				}
			}
		})
	}
	for i := range 8 {
		busy.Go(func() {
			for j := range 20 {
				s.liveATab(wire.Format(j%2), numbered((i+j)%4), j)
			}
		})
	}
	busy.Wait()
	close(stop)
	telling.Wait()
	last := s.tab(wire.JSON, "n000", "phone")
	s.tell("n000", "still works")
	last.want(told("n000", "still works"))
	last.end(nil)
	if n := s.engine.Hub().Users(); n != 0 {
		t.Errorf("%d users are left: %v", n, s.engine.Hub().Present())
	}
	if channels, bytes := s.engine.Pending(); channels != 0 || bytes != 0 {
		t.Errorf("%d channels and %d bytes are left", channels, bytes)
	}
}

func (s *scene) liveATab(f wire.Format, login string, j int) {
	p := s.tab(f, login, "phone", "moved")
	p.allow(j % 5)
	p.ask("echo", "1")
	p.ask("unsubscribeevent", "2", with("eventmethod", "rang"))
	if j%3 == 0 {
		s.client(p).LogOut()
		p.ask("login", "3", with("userlogin", login))
	}
	if j%4 == 0 {
		s.client(p).Close(protocol.CloseNormal, "enough")
	}
	var both sync.WaitGroup
	both.Go(func() { s.client(p).LogOut() })
	both.Go(func() { p.end(nil) })
	both.Wait()
	p.unchanged()
}

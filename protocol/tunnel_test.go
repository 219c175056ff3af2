package protocol_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/wire"
)

func TestTunnelledRequests(t *testing.T) {
	inBothFormats(t, func(t *testing.T, f wire.Format) {
		s := newLinkScene(t, protocol.Options{}, protocol.LinkOptions{Users: []string{"alice", "Boris"}})
		p := s.crm(f)
		p.enterAs("alice")
		id := func(id string) wire.Member { return with("userid", id) }
		zero := id("00000000-0000-0000-0000-000000000000")
		tests := []struct {
			name   string
			method string
			fields []wire.Member
			want   string
		}{
			{"by login", "echo", []wire.Member{as("alice")}, answered("echo", "q", "alice", "x")},
			{"by another spelling", "echo", []wire.Member{as("ALICE")}, answered("echo", "q", "alice", "x")},
			{"by id", "echo", []wire.Member{as(""), id("id-alice")}, answered("echo", "q", "alice", "x")},
			{"by both", "echo", []wire.Member{as("alice"), id("id-alice")}, answered("echo", "q", "alice", "x")},
			{"an id that nobody has beside a login", "echo", []wire.Member{as("alice"), id("whose")}, answered("echo", "q", "alice", "x")},
			{"a zero id beside a login", "echo", []wire.Member{as("alice"), zero}, answered("echo", "q", "alice", "x")},
			{"two users", "echo", []wire.Member{as("alice"), id("id-boris")},
				`["echoresult",{"qid":"q","userlogin":"alice","userid":"id-boris","result":0,"error":403,"errorcode":403,"errormsg":"Two users"}]`},
			{"not logged in", "echo", []wire.Member{as("boris")}, denied("echoresult", "q", "boris", 401, "Not logged in")},
			{"unknown", "echo", []wire.Member{as("nobody")},
				`["echoresult",{"qid":"q","userlogin":"nobody","userid":"","result":0,"error":401,"errorcode":401,"errormsg":"No such user"}]`},
			{"not of this link", "login", []wire.Member{as("vera")}, denied("loginresult", "q", "vera", 403, "This user may not work through this link")},
			{"a method for users without one", "echo", nil,
				`["echoresult",{"qid":"q","result":0,"error":401,"errorcode":401,"errormsg":"The request must name a user who is logged in"}]`},
			{"the CRM itself", "say", []wire.Member{as(""), id("")}, `["sayresult",{"qid":"q","result":1,"text":"x"}]`},
			{"the CRM itself by a zero id", "say", []wire.Member{zero}, `["sayresult",{"qid":"q","result":1,"text":"x"}]`},
			{"unknown method of a user", "nosuch", []wire.Member{as("alice")}, denied("nosuchresult", "q", "alice", 404, "Unknown method")},
			{"unknown method of the CRM", "nosuch", nil, `["nosuchresult",{"qid":"q","result":0,"error":404,"errorcode":404,"errormsg":"Unknown method"}]`},
			{"a bad field", "number", []wire.Member{as("alice")}, denied("numberresult", "q", "alice", 400, `number: missing`)},
			{"a panic", "crash", []wire.Member{as("alice")}, denied("crashresult", "q", "alice", 500, "Internal error")},
			{"a wrong login", "login", []wire.Member{as("boris"), with("text", "wrong")}, denied("loginresult", "q", "boris", 1, "Wrong password")},
			{"a login by id", "login", []wire.Member{id("id-boris")}, `["loginresult",{"qid":"q","result":1,"userlogin":"boris","userid":"id-boris"}]`},
			{"a logout", "logout", []wire.Member{as("boris")}, `["logoutresult",{"qid":"q","result":1,"userlogin":"boris","userid":"id-boris"}]`},
			{"a second logout", "logout", []wire.Member{as("boris")}, denied("logoutresult", "q", "boris", 401, "Not logged in")},
			{"silent from a stranger", "formresult", []wire.Member{as("nobody")}, ""},
			{"silent from who is not there", "formresult", []wire.Member{as("boris")}, ""},
		}
		for _, tt := range tests {
			if tt.method != "login" {
				tt.fields = append(tt.fields, with("text", "x"))
			}
			p.ask(tt.method, "q", tt.fields...)
			synctest.Wait()
			got := strings.Join(p.take(), " ")
			if tt.method == "number" && strings.Contains(got, `"errorcode":400`) && strings.Contains(got, `"userlogin":"alice"`) {
				continue
			}
			if got != tt.want {
				t.Errorf("%s: got %s\nwant %s", tt.name, got, tt.want)
			}
		}
		if n := s.users(); n != 1 {
			t.Errorf("%d users are left, want alice", n)
		}
		p.wantClose(0)
		s.stop()
	})
}

// Before its introduction a CRM may do nothing for users.
func TestTunnelsNeedAnIntroduction(t *testing.T) {
	inBothFormats(t, func(t *testing.T, f wire.Format) {
		s := newLinkScene(t, protocol.Options{}, protocol.LinkOptions{})
		p := s.dial(f, "crm")
		for _, text := range []string{"login", "say", "nosuch"} {
			p.ask(text, "q", as("alice"))
			p.ask(text, "q")
		}
		synctest.Wait()
		for _, text := range p.take() {
			if !strings.Contains(text, `"errorcode":401`) {
				if strings.HasPrefix(text, `["loginresult"`) { // its own: a browser's login is for anyone
					continue
				}
				t.Errorf("got %s, want 401", text)
			}
		}
		s.stop()
		if n := s.engine.Hub().Users(); n != 0 {
			t.Errorf("%d users are logged in", n)
		}
	})
}

// A thousand users work behind one channel. One of them is slow: the others are served, each in his
// own order.
func TestASlowUserDelaysNobody(t *testing.T) {
	inBothFormats(t, func(t *testing.T, f wire.Format) {
		const users, each = 1000, 5
		s := newLinkScene(t, protocol.Options{}, protocol.LinkOptions{})
		p := s.crm(f)
		for i := range users {
			p.enterAs(fmt.Sprintf("u%d", i))
		}
		slow := as("u0")
		for i := range 10 {
			p.ask([]string{"slow", "echo"}[i%2], "s", slow, with("text", numbered(i)))
		}
		for j := range each {
			for i := 1; i < users; i++ {
				p.ask("echo", "q", as(fmt.Sprintf("u%d", i)), with("text", numbered(j)))
			}
		}
		synctest.Wait()
		next := map[string]int{}
		for _, text := range p.take() {
			var login string
			if i := strings.Index(text, `"userlogin":"`); i >= 0 {
				login, _, _ = strings.Cut(text[i+len(`"userlogin":"`):], `"`)
			}
			if want := answered("echo", "q", login, numbered(next[login])); text != want {
				t.Fatalf("got %s, want %s", text, want)
			}
			next[login]++
		}
		if len(next) != users-1 {
			t.Errorf("%d users were answered, want %d", len(next), users-1)
		}
		for i := range 10 { // and the slow one, in his order
			if i%2 == 0 {
				p.want()
				<-s.gate
				synctest.Wait()
				p.want(answered("slow", "s", "u0", numbered(i)), answered("echo", "s", "u0", numbered(i+1)))
			}
		}
		if n := s.users(); n != users {
			t.Errorf("%d users, want %d", n, users)
		}
		s.stop()
	})
}

// Events wait for the reply of their own user's command only.
func TestACommandHoldsOnlyItsOwnUsersEvents(t *testing.T) {
	inBothFormats(t, func(t *testing.T, f wire.Format) {
		var ls *linkScene
		ls = newLinkScene(t, protocol.Options{}, protocol.LinkOptions{},
			protocol.Def("dial", protocol.Clients, "Causes events and waits.",
				func(_ context.Context, c *protocol.Client, in textIn) (textOut, error) {
					ls.tell(c.Login(), "of the command")
					ls.gate <- struct{}{}
					return textOut(in), nil
				}).Command())
		p := ls.crm(f)
		p.enterAs("alice", "boris")
		p.ask("dial", "d", as("alice"), with("text", "x"))
		synctest.Wait()
		ls.tell("boris", "his own")
		p.want(told2("boris", "his own"))
		ls.engine.Hub().Publish(moved.For(protocol.Everybody(), textOut{"all"}))
		p.want(`["moved",{"qid":"*","text":"all"}]`)
		<-ls.gate
		synctest.Wait()
		p.want(answered("dial", "d", "alice", "x"), told2("alice", "of the command"))
		ls.stop()
	})
}

// told2 is told to a user with the ids of links' scenes.
func told2(login, caller string) string {
	return fmt.Sprintf(`["rang",{"qid":"*","userlogin":%q,"userid":"id-%s","callerid":%q}]`, login, login, caller)
}

// Who may not log in leaves nothing behind.
func TestStrangersLeaveNothingBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLinkScene(t, protocol.Options{}, protocol.LinkOptions{})
		p := s.crm(wire.JSON)
		try := func(from, to int) {
			for i := from; i < to; i++ {
				login := as(fmt.Sprintf("user%06d", i))
				p.ask("login", "q", login, with("text", "wrong"))
				p.ask("echo", "q", login)
				p.ask("login", "q", as("nobody"))
				if i%100 == 0 {
					synctest.Wait()
					s.forget(p)
				}
			}
			synctest.Wait()
			s.forget(p)
		}
		try(0, 500)
		before := heap()
		try(500, 4000)
		if grown := heap() - before; grown > 1<<17 {
			t.Errorf("3500 strangers cost %d bytes", grown)
		}
		s.stop()
	})
}

// forget drops what is kept for checks.
func (s *scene) forget(p *pipe) {
	s.meter.locked(func() { s.meter.asked = nil })
	p.mu.Lock()
	defer p.mu.Unlock()
	p.got, p.batches, p.seen = nil, nil, 0
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// A user works in a tunnel and at a tab: both are told, and one's logout leaves the other.
func TestAUserInATunnelAndAtATab(t *testing.T) {
	inBothFormats(t, func(t *testing.T, f wire.Format) {
		s := newLinkScene(t, protocol.Options{}, protocol.LinkOptions{})
		p, tab := s.crm(f), s.tabOf(f, "alice", "phone")
		p.enterAs("alice")
		s.tell("alice", "x")
		p.want(told2("alice", "x"))
		tab.want(told2("alice", "x"))
		p.ask("logout", "q", as("alice"))
		synctest.Wait()
		p.take()
		s.tell("alice", "y")
		p.want()
		tab.want(told2("alice", "y"))
		p.enterAs("alice")
		tab.ask("logout", "q")
		synctest.Wait()
		tab.wantClose(protocol.CloseNormal)
		s.tell("alice", "z")
		p.want(told2("alice", "z"))
		s.stop()
		s.checkEmpty()
	})
}

// What everybody is told a CRM hears once, however many of its users listen to it; what it does not
// listen to itself they hear under their names.
func TestBroadcastsReachACRMOnce(t *testing.T) {
	inBothFormats(t, func(t *testing.T, f wire.Format) {
		s := newLinkScene(t, protocol.Options{}, protocol.LinkOptions{})
		stranger, p, tab := s.dial(f, "crm"), s.crm(f), s.tabOf(f, "boris", "moved", "phone")
		p.enterAs("alice", "vera")
		for _, u := range []string{"alice", "vera"} {
			p.ask("subscribeevent", "q", as(u), with("eventmethod", []string{"moved"}))
		}
		p.take()
		tell := func() { s.engine.Hub().Publish(moved.For(protocol.Everybody(), textOut{"x"})) }
		tell()
		p.want(`["moved",{"qid":"*","text":"x"}]`)
		tab.want(`["moved",{"qid":"*","text":"x"}]`)
		stranger.want() // it has not introduced itself
		p.ask("unsubscribeevent", "q", with("eventmethod", []string{"moved"}))
		p.take()
		tell()
		got := p.take()
		slices.Sort(got)
		named := func(u string) string {
			return fmt.Sprintf(`["moved",{"qid":"*","userlogin":%q,"userid":"id-%s","text":"x"}]`, u, u)
		}
		if want := []string{named("alice"), named("vera")}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		tab.want(`["moved",{"qid":"*","text":"x"}]`)
		s.stop()
	})
}

package protocol_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/wire"
)

// A user's login that waits in his mailbox counts for what is behind it; a logout too.
func TestLoginsAndLogoutsInARow(t *testing.T) {
	inBothFormats(t, func(t *testing.T, f wire.Format) {
		s := newLinkScene(t, protocol.Options{}, protocol.LinkOptions{})
		p := s.crm(f)
		for range 3 {
			p.ask("login", "1", as("alice"), with("text", "wait"))
			p.ask("echo", "2", as("alice"), with("text", "in"))
			p.ask("logout", "3", as("alice"))
			p.ask("echo", "4", as("alice"))
			p.ask("login", "5", as("alice"))
			p.ask("echo", "6", as("alice"), with("text", "again"))
			p.ask("logout", "7", as("alice"))
			<-s.gate
			synctest.Wait()
			good := func(name, qid string) string {
				return fmt.Sprintf(`["%sresult",{"qid":%q,"result":1,"userlogin":"alice","userid":"id-alice"}]`, name, qid)
			}
			p.want(good("login", "1"), answered("echo", "2", "alice", "in"), good("logout", "3"),
				denied("echoresult", "4", "alice", 401, "Not logged in"),
				good("login", "5"), answered("echo", "6", "alice", "again"), good("logout", "7"))
			if n := s.users() + s.engine.Hub().Users(); n != 0 {
				t.Errorf("%d are left", n)
			}
		}
		p.wantClose(0)
		s.stop()
	})
}

// Logins, logouts, restorations and operators' logouts of the same users race. In the end who the
// link serves is who the hub knows, and nothing outlives the channel.
func TestLoginRaces(t *testing.T) {
	for range 3 {
		s := newLinkScene(t, protocol.Options{}, protocol.LinkOptions{})
		p := newPipe(t, wire.JSON, "10.0.0.9:1")
		p.info.Kind, p.info.Link = protocol.ServerKind, "crm"
		p.sink = s.engine.Open(p)
		p.ask("whoareyou", "w")
		for s.link.Peer() == nil {
			runtime.Gosched()
		}
		ch := s.link.Peer().(*protocol.Channel)
		var busy sync.WaitGroup
		busy.Go(func() {
			for i := range 600 {
				u := as(numbered(i % 5))
				p.ask([]string{"login", "echo", "logout"}[i%3], "q", u, with("text", []string{"", "wrong"}[i%7/6]))
			}
		})
		busy.Go(func() {
			for i := range 300 {
				login := numbered(i % 5)
				c, err := ch.Restore(login)
				if err != nil {
					t.Errorf("Restore: %v", err)
					return
				}
				if i%2 == 0 || c.LogIn(protocol.Identity{Login: login, UserID: "id-" + login}) != nil {
					ch.Forget(c)
				}
			}
		})
		busy.Go(func() {
			for i := range 300 {
				for _, c := range s.engine.Hub().Of(numbered(i % 5)) {
					c.LogOut()
				}
				s.tell(numbered(i%5), "x")
			}
		})
		busy.Wait()
		s.settle(ch)
		for i := range 5 {
			p.ask("logout", "q", as(numbered(i)))
		}
		s.settle(ch)
		if n := s.engine.Hub().Users(); n != 0 {
			t.Errorf("%d users are in the hub and not at the link", n)
		}
		p.end(nil)
		s.checkEmpty()
	}
}

// settle waits until nothing of a channel is being answered.
func (s *linkScene) settle(ch *protocol.Channel) {
	ctx, cancel := context.WithTimeout(s.t.Context(), 5*time.Second)
	defer cancel()
	protocol.Finished(ctx, ch)
	if ctx.Err() != nil {
		s.t.Fatal("the channel's requests do not end")
	}
}

func (s *linkScene) checkEmpty() {
	s.t.Helper()
	if n := s.engine.Hub().Users(); n != 0 {
		s.t.Errorf("%d users are left", n)
	}
	if channels, bytes := s.engine.Pending(); channels != 0 || bytes != 0 {
		s.t.Errorf("%d channels and %d bytes are left", channels, bytes)
	}
}

// A login that ends after its channel did leaves nobody in the hub.
func TestAChannelBreaksDuringLogins(t *testing.T) {
	inBothFormats(t, func(t *testing.T, f wire.Format) {
		s := newLinkScene(t, protocol.Options{}, protocol.LinkOptions{})
		p := s.crm(f)
		p.enterAs("alice", "boris")
		p.ask("login", "q", as("vera"), with("text", "wait"))
		p.ask("slow", "q", as("boris"), with("text", "x"))
		synctest.Wait()
		p.end(errors.New("reset"))
		for range 2 {
			<-s.gate
		}
		synctest.Wait()
		s.checkEmpty()
		if got := s.noted(&s.gone); len(got) != 2 {
			t.Errorf("gone: %q, want alice and boris", got)
		}
		lost := s.link.TakeLost()
		if len(lost) != 2 || lost["alice"].UserID != "id-alice" || lost["boris"].Login != "boris" {
			t.Errorf("lost: %v, want alice and boris", lost)
		}
		if again := s.link.TakeLost(); len(again) != 0 {
			t.Errorf("lost again: %v", again)
		}
		s.stop()
	})
}

func TestRestoreAndForget(t *testing.T) {
	inBothFormats(t, func(t *testing.T, f wire.Format) {
		s := newLinkScene(t, protocol.Options{}, protocol.LinkOptions{})
		p := s.crm(f)
		ch := s.peer().(*protocol.Channel)
		c, err := ch.Restore("Alice")
		if err != nil {
			t.Fatal(err)
		}
		if s.users() != 0 || !c.Tunnelled() || !c.Trusted() || c.Server() != ch {
			t.Errorf("the restored client is not one of the link before its login")
		}
		if err := c.LogIn(protocol.Identity{Login: "alice", UserID: "id-alice"}); err != nil {
			t.Fatal(err)
		}
		if again, err := ch.Restore("ALICE"); err != nil || again != c {
			t.Errorf("a second Restore gives another client, %v", err)
		}
		ch.Forget(c) // he is logged in: nothing to forget
		p.ask("echo", "q", as("alice"), with("text", "x"))
		s.tell("alice", "y")
		p.want(answered("echo", "q", "alice", "x"), told2("alice", "y"))

		b, err := ch.Restore("boris")
		if err != nil {
			t.Fatal(err)
		}
		ch.Forget(b)
		if err := b.LogIn(protocol.Identity{Login: "boris"}); !errors.Is(err, protocol.ErrClosed) {
			t.Errorf("a forgotten client logs in: %v", err)
		}
		p.ask("echo", "q", as("boris"))
		p.want(denied("echoresult", "q", "boris", 401, "Not logged in"))
		p.end(nil)
		if _, err := ch.Restore("vera"); !errors.Is(err, protocol.ErrClosed) {
			t.Errorf("Restore after the end: %v, want ErrClosed", err)
		}
		s.stop()
		s.checkEmpty()
	})
}

package methods_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/methods"
)

// present are the users who are logged in for the telephone side.
func (s *scene) present() (logins []string) {
	for _, u := range s.sw.Directory().Users() {
		if s.sw.User(u.Login).State != 0 {
			logins = append(logins, u.Login)
		}
	}
	return logins
}

func (s *scene) wantPresent(logins ...string) {
	s.t.Helper()
	synctest.Wait()
	if got := s.present(); !slices.Equal(got, logins) {
		s.t.Errorf("present are %q, want %q", got, logins)
	}
}

// enter logs users in through a CRM.
func (c *crmConn) enter(logins ...string) {
	c.scene.t.Helper()
	for _, l := range logins {
		if answer := c.ask(l, "login"); !ok(answer) {
			c.scene.t.Fatalf("%s cannot log in: %v", l, answer)
		}
	}
}

func TestUsersAfterABreak(t *testing.T) {
	inBothFormats(t, func(t *testing.T, s *scene) {
		c := s.crmTo("crm")
		c.enter("alice", "boris", "vera")
		c.cut()
		s.pass(20 * time.Second)
		s.wantPresent("alice", "boris", "vera") // in their grace
		again := s.crmTo("crm", "alice", "nobody", "dmitry", "elena")
		s.wantPresent("alice", "elena") // boris and vera are missing: out at once
		if got := again.ask("alice", "getuserstate"); !ok(got) {
			t.Errorf("alice: %v", got)
		}
		if got := again.ask("boris", "getuserstate"); code(got) != "401" {
			t.Errorf("boris: %v", got)
		}
		s.pass(time.Minute)
		s.wantPresent("alice", "elena")
		again.cut()
		s.pass(31 * time.Second) // nobody comes back
		s.wantPresent()
	})
}

// Who logs in while the question is on its way stays, whatever the answer says.
func TestALoginDuringTheQuestionStays(t *testing.T) {
	inBothFormats(t, func(t *testing.T, s *scene) {
		c := s.crmTo("crm")
		c.enter("alice", "boris")
		c.cut()
		synctest.Wait()
		again := s.connectIgnoring("getactiveusers", "crm")
		synctest.Wait()
		again.enter("boris", "vera")
		question := again.named("getactiveusers")[0]
		again.send("activeusers", question.qid, nil)
		s.wantPresent("boris", "vera")
		if got := again.ask("vera", "getuserstate"); !ok(got) {
			t.Errorf("vera: %v", got)
		}
	})
}

// A CRM that breaks again before it said who is active loses nobody.
func TestABreakBeforeTheAnswer(t *testing.T) {
	inBothFormats(t, func(t *testing.T, s *scene) {
		s.engine.AddLink(protocol.LinkOptions{Name: "plain"})
		first := s.crmTo("plain")
		for _, l := range []string{"alice", "boris"} {
			cased, _ := methods.PasswordMD5("demo")
			if got := first.ask(l, "login", with("Password", cased)); !ok(got) {
				t.Fatalf("%s: %v", l, got)
			}
		}
		first.cut()
		synctest.Wait()
		second := s.connectIgnoring("getactiveusers", "plain")
		s.pass(time.Second)
		second.cut()
		synctest.Wait()
		s.wantPresent("alice", "boris")
		s.crmTo("plain", "alice")
		s.wantPresent("alice")
	})
}

// While users are brought back the CRM breaks again: nobody is logged out for that.
func TestABreakDuringTheRebuild(t *testing.T) {
	for range 5 {
		inBothFormats(t, func(t *testing.T, s *scene) {
			users := []string{"alice", "boris", "vera", "elena"}
			c := s.crmTo("crm")
			c.enter(users...)
			c.cut()
			for range 5 {
				next := s.connect("crm", users...)
				go next.cut()
				synctest.Wait()
				s.wantPresent(users...)
			}
			s.crmTo("crm", users...)
			s.pass(time.Minute)
			s.wantPresent(users...)
		})
	}
}

// A link that is not trusted brings back only those who logged in through it, and whose sessions
// still count.
func TestAnUntrustedLinkAfterABreak(t *testing.T) {
	inBothFormats(t, func(t *testing.T, s *scene) {
		s.engine.AddLink(protocol.LinkOptions{Name: "plain"})
		c := s.crmTo("plain", "elena")
		s.wantPresent() // nobody has logged in
		cased, _ := methods.PasswordMD5("demo")
		if got := c.ask("alice", "login"); ok(got) {
			t.Errorf("a login without a password: %v", got)
		}
		for _, l := range []string{"alice", "boris", "vera"} {
			if got := c.ask(l, "login", with("Password", cased)); !ok(got) {
				t.Fatalf("%s: %v", l, got)
			}
		}
		c.cut()
		synctest.Wait()
		if err := s.api.Expel(t.Context(), "vera", "enough"); err != nil {
			t.Fatal(err)
		}
		again := s.crmTo("plain", "alice", "boris", "vera", "elena")
		s.wantPresent("alice", "boris")
		if got := again.ask("alice", "getuserstate"); !ok(got) {
			t.Errorf("alice: %v", got)
		}
	})
}

// A user whom the CRM names by his id alone logs in with his password all the same.
func TestAnUntrustedLoginByID(t *testing.T) {
	inBothFormats(t, func(t *testing.T, s *scene) {
		cased, _ := methods.PasswordMD5("demo")
		c := s.crmTo("stranger")
		if got := c.ask("", "login", with("userid", aliceID), with("Password", cased)); !ok(got) {
			t.Errorf("got %v", got)
		}
		if got := c.ask("", "login", with("userid", borisID), with("Password", "wrong")); ok(got) {
			t.Errorf("got %v", got)
		}
		s.wantPresent("alice")
	})
}

// Wrong passwords of one user behind a CRM make nobody else wait: they all come from its address.
func TestWrongPasswordsBehindACRMCountPerLogin(t *testing.T) {
	inBothFormats(t, func(t *testing.T, s *scene) {
		c := s.crmTo("stranger")
		for range 8 {
			c.ask("alice", "login", with("Password", "wrong"))
		}
		if got := c.ask("boris", "login", with("Password", "wrong")); code(got) == "<nil>" {
			t.Errorf("boris waits: %v", got)
		}
		if got := c.ask("alice", "login", with("Password", "wrong")); got != nil {
			t.Errorf("alice does not: %v", got)
		}
		s.pass(3 * time.Minute) // all her answers
	})
}

// A second CRM takes over from one that is silent: its users are the same.
func TestTakeOverKeepsTheUsers(t *testing.T) {
	inBothFormats(t, func(t *testing.T, s *scene) {
		first := s.connectIgnoring("ping", "stranger")
		synctest.Wait()
		cased, _ := methods.PasswordMD5("demo")
		for _, l := range []string{"alice", "boris"} {
			first.ask(l, "login", with("Password", cased))
		}
		s.pass(30 * time.Second)
		second := s.connect("stranger", "alice")
		s.pass(2 * time.Second)
		if !first.isClosed() || second.isClosed() {
			t.Fatalf("the first is closed: %v (%s), the second: %v (%s)", first.isClosed(), first.reason, second.isClosed(), second.reason)
		}
		s.wantPresent("alice")
		if got := second.ask("alice", "getuserstate"); !ok(got) {
			t.Errorf("alice: %v", got)
		}
	})
}

// A ping for a user comes back with its fields once.
func TestPingOfATunnelledUser(t *testing.T) {
	inBothFormats(t, func(t *testing.T, s *scene) {
		c := s.crmTo("crm")
		c.enter("alice")
		got := c.ask("alice", "ping", with("userid", aliceID), with("count", 5))
		if count, _ := got.Get("count"); count == nil {
			t.Errorf("got %v", got)
		}
		if got := c.ask("", "ping", with("count", 5)); len(got) != 2 {
			t.Errorf("the CRM's own: %v", got)
		}
	})
}

package protocol_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/wire"
)

func reply(name, qid, text string) string {
	return fmt.Sprintf(`["%sresult",{"qid":"%s","result":1,"text":"%s"}]`, name, qid, text)
}

func TestRequestsOfATabAreAnsweredInOrder(t *testing.T) {
	inBothFormats(t, func(t *testing.T, f wire.Format) {
		s := newScene(t, protocol.Options{})
		p := s.tab(f, "alice")
		var want, texts []string
		for i := range 50 {
			name := "slow"
			if i%3 == 1 {
				name = "echo" // a quick method does not overtake
			}
			p.ask(name, numbered(i), with("text", numbered(i)))
			want = append(want, reply(name, numbered(i), numbered(i)))
			texts = append(texts, numbered(i))
		}
		for range 33 {
			<-s.gate
		}
		synctest.Wait()
		p.want(want...)
		if got := s.noted(&s.served); !slices.Equal(got, texts) {
			t.Errorf("served in the order %q", got)
		}
		s.stop()
	})
}

func TestOneRequestOfATabAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, protocol.Options{})
		p := s.tab(wire.JSON, "alice")
		p.ask("slow", "1", with("text", "1"))
		p.ask("slow", "2", with("text", "2"))
		synctest.Wait()
		if got := s.noted(&s.served); len(got) != 1 {
			t.Errorf("%q run at once", got)
		}
		<-s.gate
		<-s.gate
		s.stop()
	})
}

func TestTabsDoNotWaitForEachOther(t *testing.T) {
	inBothFormats(t, func(t *testing.T, f wire.Format) {
		s := newScene(t, protocol.Options{})
		a, b := s.tab(f, "alice"), s.tab(f, "alice")
		a.ask("slow", "1")
		b.ask("echo", "2")
		b.want(reply("echo", "2", ""))
		b.ask("slow", "3")
		synctest.Wait()
		if got := s.noted(&s.served); len(got) != 3 {
			t.Errorf("%d requests run, want 3", len(got))
		}
		<-s.gate
		<-s.gate
		s.stop()
	})
}

// A quick method is answered before Frame returns, and needs no goroutine.
func TestQuickMethodsAreAnsweredWhereTheyArrive(t *testing.T) {
	s := newScene(t, protocol.Options{})
	for _, f := range []wire.Format{wire.JSON, wire.XML} {
		p := s.tab(f, "alice")
		p.ask("echo", "1", with("text", "at once"))
		p.want(reply("echo", "1", "at once"))
	}
	s.stop()
}

func TestFullMailboxIsAnsweredBusy(t *testing.T) {
	inBothFormats(t, func(t *testing.T, f wire.Format) {
		s := newScene(t, protocol.Options{})
		p := s.tab(f, "alice")
		p.ask("slow", "in hand", with("text", "x"))
		synctest.Wait()
		for i := range 64 {
			p.ask("slow", numbered(i), with("text", "x"))
		}
		p.want()
		p.ask("slow", "65th", with("text", "x"))
		p.ask("echo", "quick")
		p.ask("slow", "")
		p.want(
			failure("slowresult", "65th", 429, "Too many requests at once"),
			failure("echoresult", "quick", 429, "Too many requests at once"),
		)
		<-s.gate
		synctest.Wait() // the first of the 64 is in hand now, so there is room for one
		p.ask("slow", "again", with("text", "x"))
		p.want(reply("slow", "in hand", "x"))
		for range 65 {
			<-s.gate
		}
		synctest.Wait()
		got := p.take()
		if len(got) != 65 || got[64] != reply("slow", "again", "x") {
			t.Errorf("%d answers, the last %q", len(got), got[len(got)-1])
		}
		s.stop()
	})
}

// Limits are also about bytes: what waits for one client is never more than one message may have.
func TestMailboxIsBoundedByBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, protocol.Options{Limits: protocol.Limits{Message: 100_000}})
		p := s.tab(wire.JSON, "alice")
		p.ask("slow", "1")
		synctest.Wait()
		big := strings.Repeat("x", 45_000)
		for i := range 4 {
			p.ask("slow", numbered(i), with("text", big))
		}
		p.want(
			failure("slowresult", "n002", 429, "Too many requests at once"),
			failure("slowresult", "n003", 429, "Too many requests at once"),
		)
		for range 3 {
			<-s.gate
		}
		synctest.Wait()
		p.take()
		for i := range 2 { // the room is free again
			p.ask("slow", numbered(i), with("text", big))
		}
		p.want()
		<-s.gate
		<-s.gate
		s.stop()
	})
}

// The transport overwrites its buffer when Frame returns; pipe.send does.
func TestWaitingRequestsOwnTheirBytes(t *testing.T) {
	inBothFormats(t, func(t *testing.T, f wire.Format) {
		s := newScene(t, protocol.Options{})
		p := s.tab(f, "alice")
		var want []string
		for i := range 5 {
			text := strings.Repeat(numbered(i), 300)
			p.ask("slow", numbered(i), with("text", text), with("userlogin", "alice"))
			want = append(want, reply("slow", numbered(i), text))
		}
		for range 5 {
			<-s.gate
		}
		synctest.Wait()
		p.want(want...)
		s.stop()
	})
}

// A request that waits is judged when its turn comes: what came before it may have been the login.
func TestRequestBehindTheLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, protocol.Options{}, protocol.Def("slowlogin", protocol.Anyone, "Logs in, later.",
			func(ctx context.Context, c *protocol.Client, in loginIn) (none, error) {
				<-ctx.Done()
				return none{}, c.LogIn(protocol.Identity{Login: in.Login})
			}))
		p := s.open(wire.JSON)
		p.ask("slowlogin", "1", with("userlogin", "alice"))
		p.ask("echo", "2")
		p.ask("nosuch", "3")
		p.ask("echo", "4", with("userlogin", "boris"))
		synctest.Wait()
		p.want() // nothing overtakes the login
		pass(45 * time.Second)
		p.want(
			`["slowloginresult",{"qid":"1","result":1}]`,
			reply("echo", "2", ""),
			failure("nosuchresult", "3", 404, "Unknown method"),
			failure("echoresult", "4", 403, "The request names another user than this connection's"),
		)
		s.stop()
	})
}

func TestRequestBehindTheLogout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, protocol.Options{}, protocol.Def("leave", protocol.Clients, "Logs out and stays.",
			func(_ context.Context, c *protocol.Client, _ none) (none, error) {
				s := c.Identity() != nil
				c.LogOut()
				if !s {
					return none{}, &wire.Error{Code: 1, Text: "nobody was logged in"}
				}
				return none{}, nil
			}))
		p := s.tab(wire.JSON, "alice")
		p.ask("slow", "1")
		p.ask("leave", "2")
		p.ask("leave", "3")
		p.ask("echo", "4")
		<-s.gate
		synctest.Wait()
		p.want(
			reply("slow", "1", ""),
			`["leaveresult",{"qid":"2","result":1}]`,
			failure("leaveresult", "3", 401, "Not logged in"),
			failure("echoresult", "4", 401, "Not logged in"),
		)
		s.stop()
	})
}

func TestRequestsOfAClosedChannelAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, protocol.Options{}, protocol.Def("open", protocol.Anyone, "Is for anyone.",
			func(context.Context, *protocol.Client, none) (none, error) {
				t.Error("a request of a closed channel was served")
				return none{}, nil
			}))
		p := s.tab(wire.JSON, "alice")
		p.ask("slow", "1", with("text", "in hand"))
		for range 10 {
			p.ask("slow", "2", with("text", "waiting"))
			p.ask("open", "3")
		}
		synctest.Wait()
		p.end(nil)
		<-s.gate
		synctest.Wait()
		if got := s.noted(&s.served); !slices.Equal(got, []string{"in hand"}) {
			t.Errorf("served %q, want only what was in hand", got)
		}
		p.want()
	})
}

func TestRequestHas45Seconds(t *testing.T) {
	inBothFormats(t, func(t *testing.T, f wire.Format) {
		s := newScene(t, protocol.Options{})
		p := s.tab(f, "alice")
		p.ask("slow", "1")
		pass(45*time.Second - 1)
		p.want()
		pass(1)
		p.want(failure("slowresult", "1", 504, "Timed out"))
		s.stop()
	})
}

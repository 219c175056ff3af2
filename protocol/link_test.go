package protocol_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/wire"
)

// introduce asks for the link and lets so much time pass.
func (p *pipe) introduce(d time.Duration) {
	p.ask("whoareyou", "w", with("name", "CRM"))
	pass(d)
}

const introduced = `["iam",{"qid":"w"}]`

// A second CRM on a link: who shows life keeps it.
func TestASecondCRMIsRefusedWhileTheFirstLives(t *testing.T) {
	tests := []struct {
		name   string
		answer func(first *pipe) // half a second after the question
		keeps  bool
	}{
		{"silence", func(*pipe) {}, false},
		{"a pong", func(p *pipe) {
			for _, qid := range p.asked("ping") {
				p.answer("pong", qid)
			}
		}, true},
		{"a WebSocket pong", func(p *pipe) { p.sink.(protocol.LifeSink).Alive() }, true},
		{"a request", func(p *pipe) { p.ask("say", "x", with("text", "x")) }, true},
		{"what is no message", func(p *pipe) { p.send([]byte("rubbish")) }, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBothFormats(t, func(t *testing.T, f wire.Format) {
				s := newLinkScene(t, protocol.Options{}, protocol.LinkOptions{})
				first, second := s.crm(f), s.dial(f, "crm")
				first.enterAs("alice")
				since := time.Now()
				pass(time.Minute)
				s.noted(&s.hooks)
				second.introduce(500 * time.Millisecond)
				second.want() // it waits
				second.wantClose(0)
				if first.pings.Load() == 0 {
					t.Error("the first one is not pinged")
				}
				tt.answer(first)
				pass(500 * time.Millisecond)
				if !tt.keeps {
					first.wantClose(protocol.ClosePolicy)
					if first.reason != "replaced" {
						t.Errorf("closed with %q", first.reason)
					}
					second.want(introduced)
					second.wantClose(0)
					if s.peer() != s.link.Peer() || s.link.Status().Remote != second.info.Remote {
						t.Errorf("status: %+v, want the second", s.link.Status())
					}
					if _, ok := s.link.TakeLost()["alice"]; !ok {
						t.Error("the user of the first one is not free for the second")
					}
					want := []string{"lost " + first.info.Remote, "introduced " + second.info.Remote, "welcomed " + second.info.Remote}
					if got := s.noted(&s.hooks); !slices.Equal(got, want) {
						t.Errorf("hooks: got %q, want %q", got, want)
					}
				} else {
					first.wantClose(0)
					second.wantClose(protocol.ClosePolicy)
					want := fmt.Sprintf("link taken by %s since %s", first.info.Remote, since.UTC().Format(time.RFC3339))
					if second.reason != want {
						t.Errorf("closed with %q, want %q", second.reason, want)
					}
					if st := s.link.Status(); st.Remote != first.info.Remote || st.Users != 1 || st.Refused != 1 {
						t.Errorf("status: %+v, want the first with its user, and one refused", st)
					}
					if got := s.noted(&s.hooks); got != nil {
						t.Errorf("hooks: %q, want none", got)
					}
				}
				s.stop()
				s.checkEmpty()
			})
		})
	}
}

// The users of a CRM that was replaced are free at once, not when its connection ends: a half-open
// one takes its time.
func TestTheReplacedOnesUsersDoNotWaitForItsConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLinkScene(t, protocol.Options{}, protocol.LinkOptions{})
		var lost map[string]protocol.Identity
		s.onIntroduced = func(_ context.Context, l *protocol.Link, _ protocol.Peer) { lost = l.TakeLost() }
		first := s.crm(wire.JSON)
		first.mu.Lock()
		first.onClose = nil // its end is not heard of
		first.mu.Unlock()
		first.enterAs("alice")
		second := s.dial(wire.JSON, "crm")
		pass(time.Minute)
		second.introduce(time.Second)
		second.want(introduced)
		if _, ok := lost["alice"]; !ok || s.engine.Hub().Users() != 0 {
			t.Errorf("lost: %v, in the hub: %d", lost, s.engine.Hub().Users())
		}
		second.enterAs("alice")
		first.end(errors.New("reset")) // at last
		if st := s.link.Status(); st.Users != 1 || st.Remote != second.info.Remote {
			t.Errorf("status: %+v", st)
		}
		if again := s.link.TakeLost(); len(again) != 0 {
			t.Errorf("lost once more: %v", again)
		}
		s.stop()
		s.checkEmpty()
	})
}

func TestTwoNewcomersAtOnce(t *testing.T) {
	inBothFormats(t, func(t *testing.T, f wire.Format) {
		s := newLinkScene(t, protocol.Options{}, protocol.LinkOptions{})
		first, a, b := s.crm(f), s.dial(f, "crm"), s.dial(f, "crm")
		pass(time.Minute)
		a.ask("whoareyou", "w")
		b.ask("whoareyou", "w")
		pass(time.Second) // the first one is silent
		first.wantClose(protocol.ClosePolicy)
		won, other := a, b
		if s.link.Status().Remote == b.info.Remote {
			won, other = b, a
		}
		for _, qid := range won.asked("ping") { // now the winner is asked
			won.answer("pong", qid)
		}
		pass(time.Second)
		won.wantClose(0)
		other.wantClose(protocol.ClosePolicy)
		if !strings.HasPrefix(other.reason, "link taken by "+won.info.Remote) {
			t.Errorf("closed with %q", other.reason)
		}
		s.stop()
		s.checkEmpty()
	})
}

// A newcomer that ends while the present CRM is probed takes nothing after all.
func TestANewcomerThatEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLinkScene(t, protocol.Options{}, protocol.LinkOptions{})
		s.crm(wire.JSON)
		second := s.dial(wire.JSON, "crm")
		pass(time.Minute)
		second.introduce(500 * time.Millisecond)
		second.end(nil)
		pass(time.Second)
		if p := s.link.Peer(); p != nil {
			t.Errorf("the link's peer is %v", s.addressOf(p))
		}
		third := s.crm(wire.JSON)
		if s.link.Status().Remote != third.info.Remote {
			t.Errorf("status: %+v", s.link.Status())
		}
		s.stop()
		s.checkEmpty()
	})
}

// A connection that never says who it is takes nothing, and is closed in time.
func TestIntroductionDeadline(t *testing.T) {
	inBothFormats(t, func(t *testing.T, f wire.Format) {
		s := newLinkScene(t, protocol.Options{Limits: protocol.Limits{LoginWithin: 15 * time.Second}}, protocol.LinkOptions{})
		s.running(t)
		p, stranger := s.crm(f), s.dial(f, "crm")
		for range 16 {
			stranger.ask("say", "1")
			pass(time.Second)
			p.ask("say", "1")
		}
		stranger.wantClose(protocol.CloseNoLogin)
		p.wantClose(0)
		if s.link.Status().Remote != p.info.Remote {
			t.Errorf("status: %+v", s.link.Status())
		}
		s.stop()
	})
}

func TestUnknownLink(t *testing.T) {
	inBothFormats(t, func(t *testing.T, f wire.Format) {
		s := newLinkScene(t, protocol.Options{}, protocol.LinkOptions{})
		p := s.dial(f, "nosuch")
		p.wantClose(protocol.ClosePolicy)
		if p.reason != "no such link" {
			t.Errorf("closed with %q", p.reason)
		}
		p.ask("whoareyou", "w")
		synctest.Wait()
		p.want()
		if got := s.noted(&s.hooks); got != nil {
			t.Errorf("hooks: %q", got)
		}
		s.stop()
		s.checkEmpty()
	})
}

func TestRemoveLink(t *testing.T) {
	inBothFormats(t, func(t *testing.T, f wire.Format) {
		s := newLinkScene(t, protocol.Options{}, protocol.LinkOptions{})
		other := s.engine.AddLink(protocol.LinkOptions{Name: "other"})
		p, stranger, q := s.crm(f), s.dial(f, "crm"), s.dial(f, "other")
		q.ask("whoareyou", "w")
		p.enterAs("alice")
		p.ask("slow", "1", as("alice"), with("text", "in hand"))
		synctest.Wait()
		peer := s.peer()
		got := s.call(t.Context(), peer, "foundresult")
		p.take()
		s.noted(&s.hooks)
		s.engine.RemoveLink("crm")
		s.engine.RemoveLink("crm")
		for _, c := range []*pipe{p, stranger} {
			c.wantClose(protocol.CloseGoingAway)
			if c.reason != "the link was removed" {
				t.Errorf("closed with %q", c.reason)
			}
		}
		q.wantClose(0)
		if r := <-got; !errors.Is(r.err, protocol.ErrGone) {
			t.Errorf("the open question: %v", r.err)
		}
		<-s.gate
		synctest.Wait()
		if _, ok := s.link.TakeLost()["alice"]; !ok {
			t.Error("its user is not lost")
		}
		if want := []string{"lost " + p.info.Remote}; !slices.Equal(s.noted(&s.hooks), want) {
			t.Errorf("hooks differ from %q", want)
		}
		if !s.link.Removed() || other.Removed() || s.link.Peer() != nil || other.Peer() == nil {
			t.Error("the wrong link is gone")
		}
		late := s.dial(f, "crm")
		late.wantClose(protocol.ClosePolicy)
		s.stop()
		s.checkEmpty()
	})
}

// Hooks of a link come in the order of what happened, however long they take and however fast the
// connections come and go.
func TestHooksComeInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLinkScene(t, protocol.Options{}, protocol.LinkOptions{})
		s.onIntroduced = func(ctx context.Context, _ *protocol.Link, p protocol.Peer) {
			if _, err := p.Call(ctx, "getactiveusers", nil, "activeusers"); !errors.Is(err, protocol.ErrGone) {
				t.Errorf("the question to a CRM that breaks: %v", err)
			}
			<-time.After(time.Second) // it still has to clear up
		}
		var want []string
		for range 5 {
			p := s.dial(wire.JSON, "crm")
			p.ask("whoareyou", "w")
			synctest.Wait()
			r := p.info.Remote
			want = append(want, "introduced "+r, "welcomed "+r, "lost "+r)
			p.end(errors.New("reset"))
		}
		pass(time.Minute)
		got := slices.DeleteFunc(s.noted(&s.hooks), func(h string) bool { return h == "opened" })
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		s.stop()
	})
}

// A shutdown finishes what CRM users asked for, and lets nobody new in.
func TestShutdownWithTunnels(t *testing.T) {
	inBothFormats(t, func(t *testing.T, f wire.Format) {
		s := newLinkScene(t, protocol.Options{}, protocol.LinkOptions{})
		p := s.crm(f)
		p.enterAs("alice", "boris")
		p.ask("slow", "1", as("alice"), with("text", "in hand"))
		p.ask("slow", "2", as("alice"), with("text", "waits"))
		p.ask("slow", "3", as("boris"), with("text", "in hand"))
		synctest.Wait()
		ended := s.shutdown(20 * time.Second)
		p.wantClose(0)
		p.ask("slow", "4", as("boris"))
		p.ask("login", "5", as("vera"))
		p.ask("say", "6")
		s.dial(f, "crm").wantClose(protocol.CloseGoingAway)
		synctest.Wait()
		p.want() // none of them is answered
		for range 3 {
			<-s.gate
		}
		if err := <-ended; err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		got := p.take()
		slices.Sort(got)
		want := []string{answered("slow", "1", "alice", "in hand"), answered("slow", "2", "alice", "waits"), answered("slow", "3", "boris", "in hand")}
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		p.wantClose(protocol.CloseGoingAway)
		s.checkEmpty()
	})
}

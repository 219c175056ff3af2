package protocol_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/wire"
)

// CRMs come and go, replace each other, log users in and answer questions all at once. For -race, and
// for what is left at the end.
func TestLinksUnderLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLinkScene(t, protocol.Options{}, protocol.LinkOptions{})
		s.running(t)
		s.onIntroduced = func(ctx context.Context, l *protocol.Link, p protocol.Peer) {
			ctx, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			lost := l.TakeLost()
			if _, err := p.Call(ctx, "getactiveusers", nil, "activeusers"); err != nil {
				l.KeepLost(lost)
			}
		}
		var busy sync.WaitGroup
		stop := make(chan struct{})
		busy.Go(func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(time.Millisecond):
					for i := range 5 {
						s.tell(numbered(i), "x")
					}
					s.engine.Hub().Publish(moved.For(protocol.Everybody(), textOut{}))
					s.link.Status()
					if p := s.link.Peer(); p != nil {
						_ = p.Notify(t.Context(), "tell", textOut{"x"})
					}
				}
			}
		})
		var crms sync.WaitGroup
		for i := range 4 {
			crms.Go(func() {
				for j := range 10 {
					s.liveACRM(wire.Format(j%2), i+j)
				}
			})
		}
		crms.Wait()
		close(stop)
		busy.Wait()
		pass(time.Minute)
		s.onIntroduced = nil
		last := s.crm(wire.JSON)
		last.enterAs("alice")
		s.tell("alice", "still works")
		if got := last.take(); !slices.Contains(got, told2("alice", "still works")) {
			t.Errorf("got %q", got)
		}
		last.end(nil)
		s.stop()
		s.checkEmpty()
	})
}

func (s *linkScene) liveACRM(f wire.Format, n int) {
	p := s.dial(f, "crm")
	p.ask("whoareyou", "w")
	<-time.After(time.Duration(n%5) * 400 * time.Millisecond)
	for i := range 5 {
		p.ask("login", "l", as(numbered(i)))
		p.ask("echo", "e", as(numbered(i)))
	}
	if n%3 > 0 {
		for _, qid := range append(p.asked("ping"), p.asked("getactiveusers")...) {
			p.answer([]string{"activeusers", "pong"}[n%2], qid)
		}
	}
	<-time.After(time.Duration(n%4) * 300 * time.Millisecond)
	p.ask("logout", "l", as(numbered(n%5)))
	p.end(nil)
	p.unchanged()
}

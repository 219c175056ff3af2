package protocol_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/wire"
)

// asideScene has "long", which waits at the gate beside the mailbox.
func asideScene(t *testing.T) *scene {
	var s *scene
	s = newScene(t, protocol.Options{}, protocol.Def("long", protocol.Clients, "Takes its time.",
		func(ctx context.Context, c *protocol.Client, in textIn) (textOut, error) { return s.slow(ctx, c, in) }).Aside())
	return s
}

// Ensure who waits for a long answer can do everything else meanwhile.
func TestRequestsPassOneAside(t *testing.T) {
	inBothFormats(t, func(t *testing.T, f wire.Format) {
		s := asideScene(t)
		p := s.tab(f, "alice")
		p.ask("long", "1", with("text", "first"))
		synctest.Wait()
		p.ask("echo", "2", with("text", "quick"))
		synctest.Wait()
		p.want(reply("echo", "2", "quick"))
		pass(46 * time.Second) // the limit of others is no limit here
		p.want()
		<-s.gate
		synctest.Wait()
		p.want(reply("long", "1", "first"))
		s.stop()
	})
}

// Ensure a request aside comes behind what was asked before it.
func TestAsideWaitsForItsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := asideScene(t)
		p := s.tab(wire.JSON, "alice")
		p.ask("slow", "1", with("text", "first"))
		p.ask("long", "2", with("text", "second"))
		synctest.Wait()
		if got := s.noted(&s.served); len(got) != 1 || got[0] != "first" {
			t.Errorf("served %q before the first was answered", got)
		}
		<-s.gate
		<-s.gate
		synctest.Wait()
		p.want(reply("slow", "1", "first"), reply("long", "2", "second"))
		s.stop()
	})
}

func TestAsideIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := asideScene(t)
		p := s.tab(wire.JSON, "alice")
		for i := range 16 {
			p.ask("long", numbered(i))
		}
		p.ask("long", "17th")
		synctest.Wait()
		p.want(failure("longresult", "17th", 429, "Too many requests at once"))
		<-s.gate
		synctest.Wait()
		if got := p.take(); len(got) != 1 {
			t.Errorf("got %q, want one answer", got)
		}
		p.ask("long", "again")
		for range 16 {
			<-s.gate
		}
		synctest.Wait()
		if got := p.take(); len(got) != 16 {
			t.Errorf("got %d answers, want 16", len(got))
		}
		s.stop()
	})
}

func TestShutdownFinishesWhatIsAside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := asideScene(t)
		p := s.tab(wire.JSON, "alice")
		p.endsWhenClosed()
		p.ask("long", "1", with("text", "in hand"))
		synctest.Wait()
		ended := s.shutdown(20 * time.Second)
		p.wantClose(0)
		<-s.gate
		if err := <-ended; err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		p.want(reply("long", "1", "in hand"))
		p.wantClose(protocol.CloseGoingAway)
	})
}

func TestShutdownEndsWhatIsAside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := asideScene(t)
		p := s.tab(wire.JSON, "alice")
		p.endsWhenClosed()
		p.ask("long", "1")
		synctest.Wait()
		start := time.Now()
		if err := <-s.shutdown(20 * time.Second); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Shutdown: got %v, want %v", err, context.DeadlineExceeded)
		}
		if took := time.Since(start); took != 20*time.Second {
			t.Errorf("took %v, want 20s", took)
		}
	})
}

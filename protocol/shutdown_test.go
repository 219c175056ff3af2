package protocol_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/wire"
)

// endsWhenClosed makes a pipe behave as a transport: after Close comes Closed.
func (p *pipe) endsWhenClosed() {
	p.mu.Lock()
	p.onClose = func(protocol.CloseCode) { time.AfterFunc(time.Millisecond, func() { p.end(nil) }) }
	p.mu.Unlock()
}

// shutdown starts a shutdown; the channel gives its error.
func (s *scene) shutdown(within time.Duration) <-chan error {
	ended := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), within)
		defer cancel()
		ended <- s.engine.Shutdown(ctx)
	}()
	synctest.Wait()
	return ended
}

func TestShutdownFinishesTheRequestInHand(t *testing.T) {
	inBothFormats(t, func(t *testing.T, f wire.Format) {
		s := newScene(t, protocol.Options{})
		busy, idle := s.tab(f, "alice", "phone"), s.open(f)
		busy.endsWhenClosed()
		idle.endsWhenClosed()
		busy.ask("slow", "1", with("text", "in hand"))
		busy.ask("slow", "2", with("text", "waits"))
		synctest.Wait()
		ended := s.shutdown(20 * time.Second)
		idle.wantClose(protocol.CloseGoingAway)
		busy.wantClose(0)
		busy.ask("slow", "3") // too late
		busy.ask("echo", "4")
		s.tell("alice", "still told")
		<-s.gate
		<-s.gate
		if err := <-ended; err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		busy.want(told("alice", "still told"), reply("slow", "1", "in hand"), reply("slow", "2", "waits"))
		busy.wantClose(protocol.CloseGoingAway)
		if got := s.noted(&s.served); !slices.Equal(got, []string{"in hand", "waits"}) {
			t.Errorf("served %q", got)
		}
	})
}

// A client that asks and asks cannot hold a shutdown up.
func TestShutdownIsNotProlongedByRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, protocol.Options{}, protocol.Def("nap", protocol.Clients, "Takes a second.",
			func(context.Context, *protocol.Client, none) (none, error) {
				<-time.After(time.Second)
				return none{}, nil
			}))
		p := s.tab(wire.JSON, "alice")
		p.endsWhenClosed()
		p.ask("nap", "1")
		start := time.Now()
		ended := s.shutdown(time.Hour)
		for range 100 {
			p.ask("nap", "more")
			pass(100 * time.Millisecond)
		}
		if err := <-ended; err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		p.want(`["napresult",{"qid":"1","result":1}]`)
		if took := time.Since(start); took > 11*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

func TestShutdownDeadline(t *testing.T) {
	inBothFormats(t, func(t *testing.T, f wire.Format) {
		s := newScene(t, protocol.Options{})
		p := s.tab(f, "alice")
		p.endsWhenClosed()
		p.ask("slow", "1")
		start := time.Now()
		ended := s.shutdown(5 * time.Second)
		if err := <-ended; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Shutdown: %v, want that its time is over", err)
		}
		if took := time.Since(start); took != 5*time.Second {
			t.Errorf("took %v, want 5 s", took)
		}
		p.wantClose(protocol.CloseGoingAway)
		p.end(nil)
	})
}

// A handler that does not look at its context is left behind.
func TestShutdownDoesNotWaitForAStuckHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stuck := make(chan none)
		s := newScene(t, protocol.Options{}, protocol.Def("stick", protocol.Clients, "Never ends.",
			func(context.Context, *protocol.Client, none) (none, error) { return <-stuck, nil }))
		p := s.tab(wire.JSON, "alice")
		p.ask("stick", "1")
		start := time.Now()
		ended := s.shutdown(5 * time.Second)
		if err := <-ended; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Shutdown: %v", err)
		}
		if took := time.Since(start); took != 6*time.Second {
			t.Errorf("took %v, want its 5 s and one more", took)
		}
		close(stuck)
		p.end(nil)
	})
}

// Connections that never say Closed are waited for as long as the context allows.
func TestShutdownOfDeadConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, protocol.Options{})
		p := s.tab(wire.JSON, "alice")
		ended := s.shutdown(5 * time.Second)
		p.wantClose(protocol.CloseGoingAway)
		if err := <-ended; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Shutdown: %v", err)
		}
		p.end(nil)
	})
}

func TestShutdownOfNothing(t *testing.T) {
	s := newScene(t, protocol.Options{})
	for range 2 { // may come twice
		if err := s.engine.Shutdown(t.Context()); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
	}
}

func TestOpenDuringShutdown(t *testing.T) {
	inBothFormats(t, func(t *testing.T, f wire.Format) {
		s := newScene(t, protocol.Options{})
		p := s.tab(f, "alice")
		ended := s.shutdown(time.Minute)
		late := s.open(f)
		late.wantClose(protocol.CloseGoingAway)
		late.ask("login", "1", with("userlogin", "boris"))
		late.want()
		p.end(nil)
		synctest.Wait()
		select {
		case <-ended:
			t.Error("Shutdown did not wait for the late one")
		default:
		}
		late.end(nil)
		if err := <-ended; err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		after := s.open(f)
		after.wantClose(protocol.CloseGoingAway)
		after.end(nil)
	})
}

// At most 64 channels are ended side by side, so 64 that work hold the others up, no longer.
func TestShutdownOfManyChannels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, protocol.Options{Limits: protocol.Limits{TabsPerUser: 1000}})
		pipes := make([]*pipe, 300)
		for i := range pipes {
			pipes[i] = s.tab(wire.Format(i%2), "alice")
			pipes[i].endsWhenClosed()
			pipes[i].ask("slow", "1")
		}
		ended := s.shutdown(time.Minute)
		for range pipes {
			<-s.gate
		}
		if err := <-ended; err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		for _, p := range pipes {
			p.want(reply("slow", "1", ""))
			p.wantClose(protocol.CloseGoingAway)
		}
	})
}

// Everything at once, for -race: frames, events, openings and ends during a shutdown whose deadline
// passes.
func TestShutdownUnderLoad(t *testing.T) {
	for range 5 {
		s := newScene(t, protocol.Options{})
		var busy sync.WaitGroup
		for i := range 6 {
			p := s.tab(wire.Format(i%2), "alice", "phone")
			busy.Go(func() {
				for j := range 200 {
					p.ask([]string{"echo", "slow"}[j%2], "1")
				}
			})
			busy.Go(func() {
				for range 20 {
					s.open(wire.JSON).end(nil)
					s.tell("alice", "x")
				}
			})
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		if err := s.engine.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Shutdown: %v", err)
		}
		cancel()
		busy.Wait()
		s.stop()
	}
}

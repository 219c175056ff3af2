package protocol_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/wire"
)

func (s *scene) tell(login, caller string) {
	s.engine.Hub().Publish(rang.For(protocol.User(login, "id-"+login), ringEvent{caller}))
}

func told(login, caller string) string {
	return fmt.Sprintf(`["rang",{"qid":"*","userlogin":"%s","userid":"id-%s","callerid":"%s"}]`, login, login, caller)
}

func TestWhatWaitsLeavesTogether(t *testing.T) {
	inBothFormats(t, func(t *testing.T, f wire.Format) {
		s := newScene(t, protocol.Options{})
		p := s.tab(f, "alice", "phone")
		p.allow(0)
		var want []string
		for i := range 20 {
			s.tell("alice", numbered(i))
			want = append(want, told("alice", numbered(i)))
		}
		p.mu.Lock()
		p.batches = nil
		p.mu.Unlock()
		p.more(-1)
		p.want(want...)
		if !slices.Equal(p.batches, []int{20}) {
			t.Errorf("written in batches of %v, want one of 20", p.batches)
		}
		s.stop()
	})
}

// A connection that said it is full is not asked again before it says Writable.
func TestBlockedConnectionIsLeftAlone(t *testing.T) {
	s := newScene(t, protocol.Options{})
	p := s.tab(wire.JSON, "alice", "phone")
	p.allow(1)
	s.tell("alice", "a")
	s.tell("alice", "b") // is offered, not taken
	p.mu.Lock()
	p.batches = nil
	p.mu.Unlock()
	for i := range 10 {
		s.tell("alice", numbered(i))
	}
	if len(p.batches) != 0 {
		t.Errorf("written to %v while it was full", p.batches)
	}
	p.want(told("alice", "a"))
	p.more(5)
	p.want(told("alice", "b"), told("alice", "n000"), told("alice", "n001"), told("alice", "n002"), told("alice", "n003"))
	p.more(-1)
	if n := len(p.take()); n != 6 {
		t.Errorf("%d frames were left, want 6", n)
	}
	s.stop()
}

// Writable may come at any moment: during the Write that makes it necessary, from another
// goroutine, twice, or for nothing.
func TestWritableAtEveryMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, protocol.Options{})
		p := s.tab(wire.JSON, "alice", "phone")
		p.sink.Writable() // for nothing
		p.onWrite = func(int) { p.sink.Writable() }
		s.tell("alice", "during")
		p.want(told("alice", "during"))

		p.allow(0)
		rounds := 0
		p.onWrite = func(int) { // room comes while the engine is told that there is none
			if rounds++; rounds == 3 {
				p.allow(-1)
			}
			p.sink.Writable()
			p.sink.Writable()
		}
		s.tell("alice", "between")
		p.want(told("alice", "between"))

		p.allow(0)
		p.onWrite = func(int) { // and an event comes in the middle of all that
			p.onWrite = nil
			s.tell("alice", "inner")
		}
		s.tell("alice", "outer")
		var both sync.WaitGroup
		p.allow(-1)
		for range 2 {
			both.Go(p.sink.Writable)
		}
		both.Wait()
		p.want(told("alice", "outer"), told("alice", "inner"))
		s.stop()
	})
}

// Whatever the connection takes, whoever sends: nothing is lost, doubled, or in another order than
// its sender's, and never two writes at once.
func TestNothingIsLostDoubledOrReordered(t *testing.T) {
	for round := range 8 {
		synctest.Test(t, func(t *testing.T) {
			s := newScene(t, protocol.Options{})
			p := s.tab(wire.Format(round%2), "alice", "phone")
			p.allow(0)
			const senders, each = 5, 60
			var working, writer sync.WaitGroup
			for i := range senders {
				working.Go(func() {
					for j := range each {
						s.tell("alice", fmt.Sprintf("%d %d", i, j))
					}
				})
			}
			working.Go(func() { // replies go between
				for j := range each {
					p.ask("echo", "q", with("text", fmt.Sprintf("%d %d", senders, j)))
				}
			})
			done := make(chan struct{})
			writer.Go(func() {
				r := rand.New(rand.NewPCG(1, uint64(round)))
				for {
					select {
					case <-done:
						p.more(-1)
						return
					default:
						p.more(r.IntN(7))
						runtime.Gosched()
					}
				}
			})
			working.Wait()
			close(done)
			writer.Wait()
			checkSequences(t, p.take(), senders+1, each)
			if _, bytes := s.engine.Pending(); bytes != 0 {
				t.Errorf("%d bytes are counted when nothing waits", bytes)
			}
			s.stop()
		})
	}
}

func checkSequences(t *testing.T, got []string, senders, each int) {
	t.Helper()
	next := make([]int, senders)
	for _, text := range got {
		var sender, j int
		from := strings.LastIndex(text, `:"`) + 2
		if _, err := fmt.Sscanf(text[from:], "%d %d", &sender, &j); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if next[sender] != j {
			t.Fatalf("sender %d: got %d, want %d", sender, j, next[sender])
		}
		next[sender]++
	}
	for i, n := range next {
		if n != each {
			t.Errorf("sender %d: %d frames came, want %d", i, n, each)
		}
	}
}

func TestSlowPeerIsClosedAndItsQueueFreed(t *testing.T) {
	inBothFormats(t, func(t *testing.T, f wire.Format) {
		s := newScene(t, protocol.Options{Limits: protocol.Limits{Queue: 10_000}})
		p, other := s.tab(f, "alice", "phone"), s.tab(f, "alice", "phone")
		p.allow(0)
		for p.closeCode() == 0 {
			s.tell("alice", strings.Repeat("x", 500))
			if _, bytes := s.engine.Pending(); bytes > 10_000 {
				t.Fatalf("%d bytes wait, want at most 10,000", bytes)
			}
		}
		p.wantClose(protocol.CloseSlow)
		if _, bytes := s.engine.Pending(); bytes != 0 {
			t.Errorf("%d bytes still wait", bytes)
		}
		s.tell("alice", "last")
		p.ask("echo", "1")
		p.more(-1)
		p.want()
		if got := other.take(); got[len(got)-1] != told("alice", "last") {
			t.Error("the other tab suffers")
		}
		s.stop()
	})
}

// The limit can be passed while a Write is under way.
func TestSlowPeerDuringAWrite(t *testing.T) {
	s := newScene(t, protocol.Options{Limits: protocol.Limits{Queue: 10_000}})
	p := s.tab(wire.JSON, "alice", "phone")
	p.onWrite = func(int) {
		p.onWrite = nil
		for range 30 {
			s.tell("alice", strings.Repeat("x", 500))
		}
	}
	s.tell("alice", "first")
	p.wantClose(protocol.CloseSlow)
	if _, bytes := s.engine.Pending(); bytes != 0 {
		t.Errorf("%d bytes wait, want 0", bytes)
	}
	s.stop()
}

// What was written is no longer held by what still waits.
func TestTakenFramesAreReleased(t *testing.T) {
	s := newScene(t, protocol.Options{Limits: protocol.Limits{Queue: 64 << 20}})
	p := s.tab(wire.JSON, "alice", "phone")
	p.allow(0)
	released := make(chan struct{})
	func() {
		s.tell("alice", strings.Repeat("x", 1<<20))
		s.tell("alice", "small")
	}()
	p.more(1)
	p.mu.Lock()
	big := &p.got[len(p.got)-1].frame.Body[0]
	runtime.AddCleanup(big, func(int) { close(released) }, 0)
	p.got, p.seen = nil, 0
	p.mu.Unlock()
	runtime.GC()
	<-released // hangs when somebody still has it
	p.more(-1)
	p.want(told("alice", "small"))
	s.stop()
}

func TestFailedWriteDropsTheQueue(t *testing.T) {
	s := newScene(t, protocol.Options{})
	p := s.tab(wire.JSON, "alice", "phone")
	p.fail = errors.New("broken pipe")
	s.tell("alice", "a")
	s.tell("alice", "b")
	if len(p.take()) != 0 {
		t.Error("something was written")
	}
	if _, bytes := s.engine.Pending(); bytes != 0 {
		t.Errorf("%d bytes wait", bytes)
	}
	p.sink.Writable()
	p.end(p.fail)
	s.stop()
}

func TestCloseWaitsForWhatIsQueued(t *testing.T) {
	inBothFormats(t, func(t *testing.T, f wire.Format) {
		s := newScene(t, protocol.Options{})
		p := s.tab(f, "alice", "phone")
		p.allow(0)
		s.tell("alice", "a")
		s.tell("alice", "b")
		s.client(p).Close(protocol.CloseNormal, "first")
		s.client(p).Close(protocol.ClosePolicy, "second") // only the first counts
		s.tell("alice", "too late")
		p.ask("echo", "too late")
		p.send([]byte("rubbish"))
		p.wantClose(0)
		p.more(1)
		p.wantClose(0)
		p.more(1)
		p.wantClose(protocol.CloseNormal)
		p.want(told("alice", "a"), told("alice", "b"))
		if p.reason != "first" || len(p.closed) != 1 {
			t.Errorf("closed %d times, reason %q", len(p.closed), p.reason)
		}
		if got := s.noted(&s.served); got != nil {
			t.Errorf("served %q on a channel that closes", got)
		}
		s.stop()
	})
}

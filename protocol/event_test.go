package protocol_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"unsafe"

	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/wire"
)

// bodies is the different backing arrays of what pipes got since their last take.
func bodies(pipes ...*pipe) map[*byte]int {
	seen := map[*byte]int{}
	for _, p := range pipes {
		p.mu.Lock()
		for _, w := range p.got[p.seen:] {
			seen[unsafe.SliceData(w.frame.Body)]++
		}
		p.seen = len(p.got)
		p.mu.Unlock()
	}
	return seen
}

func TestEventIsEncodedOncePerFormat(t *testing.T) {
	s := newScene(t, protocol.Options{})
	var pipes []*pipe
	for i := range 40 {
		pipes = append(pipes, s.tab(wire.Format(i%2), numbered(i%7), "moved"))
	}
	bodies(pipes...)
	s.engine.Hub().Publish(moved.For(protocol.Everybody(), textOut{"x"}))
	got := bodies(pipes...)
	if len(got) != 2 {
		t.Errorf("%d encodings, want one per format", len(got))
	}
	for _, n := range got {
		if n != 20 {
			t.Errorf("one encoding reached %d tabs, want 20", n)
		}
	}
	s.stop()
}

func TestEventIsEncodedOncePerFormatAndUser(t *testing.T) {
	s := newScene(t, protocol.Options{})
	var pipes []*pipe
	var clients []*protocol.Client
	for i := range 40 { // users and formats alternate
		p := s.tab(wire.Format(i%2), numbered(i%5), "phone")
		pipes, clients = append(pipes, p), append(clients, s.client(p))
	}
	bodies(pipes...)
	s.tell("n000", "x")
	if got := bodies(pipes...); len(got) != 2 {
		t.Errorf("a user's event: %d encodings, want 2", len(got))
	}
	s.engine.Hub().Publish(rang.For(protocol.These(clients...), ringEvent{}))
	if got := bodies(pipes...); len(got) != 10 {
		t.Errorf("chosen clients: %d encodings, want one for each of 5 users and 2 formats", len(got))
	}
	s.stop()
}

func TestEventsHaveAFreshIDEach(t *testing.T) {
	s := newScene(t, protocol.Options{})
	a, b := s.tab(wire.JSON, "alice", "phone"), s.tab(wire.XML, "alice", "phone")
	seen := map[wire.Token]int{}
	for range 100 {
		s.tell("alice", "x")
	}
	for _, p := range []*pipe{a, b} {
		for _, f := range p.frames()[2:] {
			msg, err := wire.Decode(p.info.Format, whole(f), wire.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			seen[msg.QID]++
		}
	}
	if len(seen) != 100 {
		t.Errorf("%d ids for 100 events", len(seen))
	}
	for id, n := range seen {
		if n != 2 {
			t.Errorf("%s came %d times, want the same in both formats", id, n)
		}
	}
	s.stop()
}

// counted counts how often it is encoded: once per format, the rest is memory.
type counted struct {
	Text string `wire:"text"`
}

func TestSharedAnswerIsOneForAll(t *testing.T) {
	shared := protocol.Share(counted{Text: "directory"})
	var asked atomic.Int32
	s := newScene(t, protocol.Options{}, protocol.Def("directory", protocol.Clients, "Answers the same to all.",
		func(context.Context, *protocol.Client, none) (*protocol.Shared[counted], error) {
			asked.Add(1)
			return shared, nil
		}).Quick())
	var pipes []*pipe
	for i := range 20 {
		pipes = append(pipes, s.tab(wire.Format(i%2), numbered(i)))
	}
	bodies(pipes...)
	var asking sync.WaitGroup
	for i, p := range pipes {
		asking.Go(func() { p.ask("directory", numbered(i)) })
	}
	asking.Wait()
	for i, p := range pipes {
		frames := p.frames()
		if got, want := p.show(frames[len(frames)-1]), `["directoryresult",{"qid":"`+numbered(i)+`","result":1,"text":"directory"}]`; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if got := bodies(pipes...); len(got) != 2 || asked.Load() != 20 {
		t.Errorf("%d encodings of %d answers, want 2 of 20", len(got), asked.Load())
	}
	s.stop() // checks that nobody wrote into them
}

// The bytes of a shared answer are counted in every queue that holds them.
func TestSharedBytesCountInEachQueue(t *testing.T) {
	shared := protocol.Share(counted{Text: string(make([]byte, 1000))})
	s := newScene(t, protocol.Options{}, protocol.Def("directory", protocol.Clients, "Answers the same to all.",
		func(context.Context, *protocol.Client, none) (*protocol.Shared[counted], error) { return shared, nil }).Quick())
	a, b := s.tab(wire.JSON, "alice"), s.tab(wire.JSON, "boris")
	for _, p := range []*pipe{a, b} {
		p.allow(0)
		p.ask("directory", "1")
	}
	if _, bytes := s.engine.Pending(); bytes < 2000 {
		t.Errorf("%d bytes are counted, want the body twice", bytes)
	}
	s.stop()
}

// The same rows serve several engines, made at the same time.
func TestEventsOfSeveralTables(t *testing.T) {
	var making sync.WaitGroup
	for i := range 4 {
		making.Go(func() {
			defs := []*protocol.EventDef{rang.Def(), hung.Def(), moved.Def()}
			table := protocol.NewEvents(defs[i%3], defs[(i+1)%3], defs[(i+2)%3])
			if table.Mask([]string{"phone"}) == 0 {
				t.Error("a group is lost")
			}
		})
	}
	making.Wait()
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, protocol.Options{})
		p := s.tab(wire.JSON, "alice", "rang")
		protocol.NewEvents(moved.Def(), hung.Def(), rang.Def())
		s.tell("alice", "x")
		p.want(told("alice", "x"))
		s.stop()
	})
}

// An event that is in no table of the engine reaches nobody.
func TestEventOfNoTable(t *testing.T) {
	s := newScene(t, protocol.Options{})
	p := s.tab(wire.JSON, "alice", "phone", "moved")
	stranger := protocol.NewEvent[textOut]("stranger", "phone", "Is in no table.")
	s.engine.Hub().Publish(stranger.For(protocol.Everybody(), textOut{}))
	p.want()
	s.stop()
}

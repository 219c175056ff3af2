package triggers_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/scripting/triggers"
)

// A bench is a set that runs, with callers who wait and an engine that notes what it is to start.
type bench struct {
	t    *testing.T
	set  *triggers.Set
	stop func()

	mu      sync.Mutex
	starts  []triggers.Start
	ends    []func()
	waiting map[string][]pbx.Waiter
	fault   error
	log     bytes.Buffer
}

func newBench(t *testing.T, c triggers.Config) *bench {
	b := &bench{t: t, waiting: map[string][]pbx.Waiter{}}
	log := slog.New(slog.NewTextHandler(&b.log, &slog.HandlerOptions{ReplaceAttr: withoutTime}))
	b.set = triggers.New(triggers.Options{Start: b.start, Waiting: b.callers, Log: log})
	b.set.Learn(c)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- b.set.Run(ctx) }()
	b.stop = func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	return b
}

func withoutTime(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}

func (b *bench) start(s triggers.Start, done func()) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fault != nil {
		return b.fault
	}
	b.starts, b.ends = append(b.starts, s), append(b.ends, done)
	return nil
}

func detail(s triggers.Start, key string) any {
	for _, d := range s.Details {
		if d.Key == key {
			return d.Value
		}
	}
	return nil
}

func (b *bench) callers(queue string) []pbx.Waiter {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.waiting[queue]
}

func (b *bench) wait(queue string, chains ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	old := b.waiting[queue]
	b.waiting[queue] = nil
	for _, c := range chains {
		w := pbx.Waiter{Queue: queue, Chain: c, Party: pbx.Party{Number: "from " + c}, Since: time.Now()}
		if i := slices.IndexFunc(old, func(o pbx.Waiter) bool { return o.Chain == c }); i >= 0 {
			w = old[i]
		}
		b.waiting[queue] = append(b.waiting[queue], w)
	}
}

// pass lets time pass, and everything happen that is due in it.
func (b *bench) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// want compares what was started since the last time; the runs end when it is ended.
func (b *bench) want(want ...string) {
	b.t.Helper()
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	var got []string
	for _, s := range b.starts {
		got = append(got, strings.TrimSpace(fmt.Sprintf("%s: %s %s%s", s.Flow, s.Cause, s.User, s.Chain)))
	}
	b.starts = nil
	if !slices.Equal(got, want) {
		b.t.Errorf("got %q, want %q", got, want)
	}
}

// end ends all runs.
func (b *bench) end() {
	b.mu.Lock()
	ends := b.ends
	b.ends = nil
	b.mu.Unlock()
	for _, done := range ends {
		done()
	}
}

func (b *bench) logged() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	text := b.log.String()
	b.log.Reset()
	return text
}

func inBubble(t *testing.T, c triggers.Config, test func(t *testing.T, b *bench)) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, c)
		defer b.stop()
		test(t, b)
	})
}

func TestCallersWhoWaitTooLong(t *testing.T) {
	inBubble(t, triggers.Config{Queues: []triggers.Queue{
		{Queue: "700", On: triggers.Waiting, After: 30 * time.Second, Flow: "sorry"},
		{Queue: "700", On: triggers.Waiting, After: time.Minute, Flow: "boss"},
		{Queue: "701", On: triggers.Waiting, After: time.Second, Flow: "other"},
	}}, func(_ *testing.T, b *bench) {
		b.wait("700", "a")
		b.pass(20 * time.Second)
		b.wait("700", "a", "b")
		b.pass(9 * time.Second)
		b.want()
		b.pass(2 * time.Second)
		b.want("sorry: queue 700 waiting 30s a")
		b.pass(20 * time.Second)
		b.want("sorry: queue 700 waiting 30s b")
		b.wait("700", "b") // a is gone
		b.pass(20 * time.Second)
		b.want()
		b.pass(11 * time.Second)
		b.want("boss: queue 700 waiting 1m0s b")
		b.wait("700")
		b.pass(2 * time.Second)
		b.wait("700", "b") // again, in a new wait
		b.pass(32 * time.Second)
		b.want("sorry: queue 700 waiting 30s b")
	})
}

func TestCallersWhoGiveUpOrAreTaken(t *testing.T) {
	inBubble(t, triggers.Config{Queues: []triggers.Queue{
		{Queue: "700", On: triggers.Abandoned, Flow: "missed"}, {Queue: "700", On: triggers.Answered, Flow: "note"},
	}}, func(t *testing.T, b *bench) {
		record := func(queue, login string, o pbx.Outcome) {
			b.set.Tell(pbx.Event{Login: login, What: pbx.CallRecorded{Record: pbx.CallRecord{
				Chain: "c", Queue: queue, Login: login, Outcome: o, Peer: "7916", Ended: time.Now(), Started: time.Now().Add(-7 * time.Second),
			}}})
		}
		record("700", "", pbx.Missed)
		synctest.Wait()
		if detail(b.starts[0], "from") != "7916" || detail(b.starts[0], "waited") != 7.0 {
			t.Errorf("got %v", b.starts[0].Details)
		}
		b.want("missed: queue 700 abandoned c")
		record("701", "", pbx.Missed)      // another queue
		record("", "", pbx.Missed)         // no queue
		record("700", "alice", pbx.Missed) // her phone did not answer; the caller waits on
		record("700", "", pbx.Taken)
		record("700", "", pbx.Answered)
		b.want()
		talk := func(login, chain, queue string, outgoing bool) {
			b.set.Tell(pbx.Event{Login: login, What: pbx.TalkStarted{Leg: pbx.Leg{Chain: chain, Queue: queue, Outgoing: outgoing}}})
		}
		talk("alice", "d", "700", false)
		talk("alice", "d", "700", false) // after a hold
		talk("boris", "d", "700", false) // after a transfer
		talk("alice", "e", "", false)
		talk("alice", "f", "701", false)
		talk("alice", "g", "700", true)
		b.want("note: queue 700 answered aliced")
	})
}

func TestStatesOfUsers(t *testing.T) {
	inBubble(t, triggers.Config{States: []triggers.State{
		{User: "*", State: pbx.OnBreak, Flow: "breaks"}, {User: "Alice", State: pbx.Ready, Flow: "back"},
	}}, func(t *testing.T, b *bench) {
		be := func(login string, s pbx.StateID, center bool) {
			b.set.Tell(pbx.Event{Login: login, What: pbx.StateChanged{State: pbx.UserState{State: s, CallCenter: center}}})
		}
		be("alice", pbx.Ready, false)
		be("alice", pbx.Ready, true) // something else changed
		be("boris", pbx.Ready, false)
		b.want("back: state ready of Alice alice")
		be("boris", pbx.OnBreak, false)
		be("alice", pbx.OnBreak, false)
		be("alice", pbx.Busy, false)
		synctest.Wait()
		if s := b.starts[1]; detail(s, "before") != "ready" || detail(s, "state") != "break" || s.User != "alice" {
			t.Errorf("got %v", s)
		}
		b.want("breaks: state break of * boris", "breaks: state break of * alice")
		be("alice", pbx.Ready, false)
		b.want("back: state ready of Alice alice")
	})
}

func TestTimersDoNotOverlap(t *testing.T) {
	inBubble(t, triggers.Config{Timers: []triggers.Timer{
		{Every: 15 * time.Minute, Flow: "alone", Zone: time.UTC}, {Every: 20 * time.Minute, Overlap: true, Flow: "many", Zone: time.UTC},
	}}, func(t *testing.T, b *bench) {
		b.want()
		b.pass(14 * time.Minute)
		b.want()
		b.pass(time.Minute)
		b.want("alone: timer every 15m0s")
		b.pass(46 * time.Minute) // its run goes on
		b.want("many: timer every 20m0s", "many: timer every 20m0s", "many: timer every 20m0s")
		if log := b.logged(); strings.Count(log, "a flow is not started") != 3 || !strings.Contains(log, `reason="its last runs have not ended"`) {
			t.Errorf("got log %s", log)
		}
		b.end() // what was missed is not made up for
		b.pass(13 * time.Minute)
		b.want()
		b.pass(time.Minute)
		b.want("alone: timer every 15m0s")
	})
}

// Ensure a reload disturbs nothing that stays the same.
func TestLearningKeepsWhatStays(t *testing.T) {
	zone := func() *time.Location {
		z, err := time.LoadLocation("Europe/Moscow")
		if err != nil {
			t.Fatal(err)
		}
		return z
	}
	config := func() triggers.Config {
		return triggers.Config{
			Timers: []triggers.Timer{{Every: 10 * time.Minute, Flow: "timer", Zone: zone()}},
			Queues: []triggers.Queue{{Queue: "700", On: triggers.Waiting, After: time.Second, Flow: "queue"}},
		}
	}
	inBubble(t, config(), func(_ *testing.T, b *bench) {
		b.wait("700", "a")
		b.pass(9 * time.Minute)
		b.want("queue: queue 700 waiting 1s a")
		b.set.Learn(config())
		b.pass(time.Minute)
		b.want("timer: timer every 10m0s")
		b.set.Learn(config())
		b.pass(10 * time.Minute) // the run goes on
		b.want()
		b.end()
		changed := config()
		changed.Timers[0].Flow = "other"
		b.set.Learn(changed)
		b.pass(10*time.Minute - time.Second)
		b.want()
		b.pass(time.Second)
		b.want("other: timer every 10m0s")
		b.set.Learn(triggers.Config{})
		b.pass(time.Hour)
		b.want()
	})
}

func TestEventsOfClientsAndFlows(t *testing.T) {
	inBubble(t, triggers.Config{Events: []triggers.Event{
		{Name: "paid", Flow: "a"}, {Name: "paid", Flow: "b"}, {Name: "other", Flow: "c"},
	}}, func(t *testing.T, b *bench) {
		b.set.Event(triggers.CustomEvent{Name: "paid", Param: "17", Sender: "alice"})
		b.set.Event(triggers.CustomEvent{Name: "unknown"})
		b.set.Event(triggers.CustomEvent{Name: "Paid"})
		synctest.Wait()
		if s := b.starts[0]; detail(s, "param") != "17" || detail(s, "event") != "paid" || s.User != "alice" {
			t.Errorf("got %v", s)
		}
		b.want("a: event paid alice", "b: event paid alice")
		b.set.Event(triggers.CustomEvent{Name: "other", Flow: "x", Depth: 7})
		synctest.Wait()
		if b.starts[0].Depth != 7 {
			t.Errorf("got %+v", b.starts[0])
		}
		b.want("c: event other")
		for range 5 {
			b.set.Event(triggers.CustomEvent{Name: "other", Flow: "x", Depth: 8})
		}
		b.want()
		if log := b.logged(); strings.Count(log, "in a circle") != 1 || !strings.Contains(log, "skipped=1") {
			t.Errorf("got log %s", log)
		}
		b.pass(2 * time.Minute)
		b.set.Event(triggers.CustomEvent{Name: "other", Flow: "x", Depth: 8})
		if log := b.logged(); !strings.Contains(log, "skipped=5") {
			t.Errorf("got log %s", log)
		}
	})
}

func TestRunsOfATriggerAreBounded(t *testing.T) {
	inBubble(t, triggers.Config{Events: []triggers.Event{{Name: "e", Flow: "a"}, {Name: "f", Flow: "b"}}}, func(t *testing.T, b *bench) {
		for range 150 {
			b.set.Event(triggers.CustomEvent{Name: "e"})
		}
		b.set.Event(triggers.CustomEvent{Name: "f"}) // another trigger
		synctest.Wait()
		if len(b.starts) != 101 {
			t.Errorf("%d runs, want 101", len(b.starts))
		}
		b.starts = nil
		b.end()
		b.set.Event(triggers.CustomEvent{Name: "e"})
		b.want("a: event e")
		b.end()
		b.fault = errors.New("the engine is full")
		b.set.Event(triggers.CustomEvent{Name: "f"})
		b.want()
		if log := b.logged(); !strings.Contains(log, `flow=b cause="event f" reason="the engine is full"`) {
			t.Errorf("got log %s", log)
		}
		b.fault = nil
		b.set.Event(triggers.CustomEvent{Name: "f"})
		b.want("b: event f")
	})
}

// Ensure who tells never waits: not for Run, and not when nothing runs.
func TestTellingDoesNotWait(t *testing.T) {
	var log bytes.Buffer
	set := triggers.New(triggers.Options{
		Start: func(triggers.Start, func()) error { return nil }, Log: slog.New(slog.NewTextHandler(&log, nil)),
	})
	set.Learn(triggers.Config{Events: []triggers.Event{{Name: "e", Flow: "a"}}})
	for range 5000 {
		set.Event(triggers.CustomEvent{Name: "e"})
	}
	if strings.Count(log.String(), "too many starts wait") != 1 {
		t.Errorf("got log %s", log.String())
	}
}

package pbx_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/octolink/octolink/pbx"
)

func ringing(id string) pbx.Leg {
	return pbx.Leg{ID: id, Chain: "chain-" + id, Number: "300", State: pbx.LegRinging, Peer: pbx.Party{Number: "79161234567", External: true}}
}

func talking(id string) pbx.Leg {
	l := ringing(id)
	l.State, l.Talk, l.Since = pbx.LegTalking, "talk-"+id, time.Now()
	return l
}

func over(id string, cause pbx.Cause) pbx.Leg {
	l := ringing(id)
	l.State, l.Cause = pbx.LegEnded, cause
	return l
}

// A driver that has lost sight of its telephone system tells everything again, and nothing happens
// but what is new.
func TestDriverTellsEverythingAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, pbx.Options{})
		if err := w.Connect(t.Context(), "alice"); err != nil {
			t.Fatal(err)
		}
		w.take()
		w.do(t, func() { w.board.Leg(ringing("1")) })
		same(t, kinds(w.take()), "ring+", "line", "state")
		w.do(t, func() { w.board.Leg(ringing("1")) })
		same(t, kinds(w.take()))
		w.do(t, func() { w.board.Leg(talking("1")) })
		same(t, kinds(w.take()), "ring-", "talk+", "line")
		w.do(t, func() { // it was away while the call ended and another began
			w.board.Leg(over("1", pbx.CauseInterrupted))
			w.board.Leg(talking("2"))
		})
		same(t, kinds(w.take()), "talk-", "talk+", "record")
		if l := w.Line("alice"); l.Current.ID != "2" || l.Current.User != "Alice" {
			t.Errorf("got %+v", l.Current)
		}
	})
}

// The picture shows what an event tells, when it is told.
func TestPictureComesBeforeTheEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, pbx.Options{})
		looked := 0
		w.Subscribe(func(e pbx.Event) {
			looked++
			line, state := w.Line("alice"), w.User("alice").State
			switch what := e.What.(type) {
			case pbx.RingStarted:
				if line.State != pbx.LineRinging || state != pbx.Busy || w.NumberState("78005550300") != pbx.Busy {
					t.Errorf("at the ring: %+v, %v", line, state)
				}
			case pbx.TalkStarted:
				if line.State != pbx.LineCommutated {
					t.Errorf("at the talk: %+v", line)
				}
			case pbx.TalkStopped:
				if line.State != pbx.LineReady || line.Current != nil || what.Leg.Talk == "" {
					t.Errorf("at its end: %+v", line)
				}
			}
		})
		if err := w.Connect(t.Context(), "alice"); err != nil {
			t.Fatal(err)
		}
		for _, l := range []pbx.Leg{ringing("1"), talking("1"), over("1", pbx.CauseNormal)} {
			w.do(t, func() { w.board.Leg(l) })
		}
		if looked < 8 {
			t.Errorf("only %d events", looked)
		}
	})
}

func TestScenarioOnTheLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, pbx.Options{})
		l := talking("1")
		l.Peer = pbx.Party{Number: "800", IVR: true}
		w.do(t, func() { w.board.Leg(l) })
		w.do(t, func() { w.board.Leg(over("1", pbx.CauseNormal)) })
		same(t, kinds(w.take()), "ivr+", "line", "ivr-", "line", "record")
	})
}

func TestReadsDoNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, pbx.Options{})
		w.do(t, func() { w.board.Leg(ringing("1")) })
		release, inside := make(chan struct{}), make(chan struct{})
		go func() {
			_ = w.board.Do(t.Context(), func() { close(inside); <-release })
		}()
		<-inside // the switch's goroutine stands still now
		if w.Line("alice").State != pbx.LineRinging || w.Directory() == nil || w.Chain("chain-1") == nil {
			t.Error("a read gave something else while the goroutine was busy")
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := w.Connect(ctx, "alice"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a command whose caller has gone: %v", err)
		}
		close(release)
		synctest.Wait()
		if w.User("alice").State != pbx.Offline {
			t.Error("the command was done although its caller had gone")
		}
	})
}

func TestNothingIsDoneAfterTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{board: make(chan pbx.Board, 1)}
		sw := pbx.NewSwitch(pbx.Options{Driver: d, Directory: office(t)})
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- sw.Run(ctx) }()
		<-d.board
		if err := sw.Run(ctx); err == nil {
			t.Error("it ran twice")
		}
		stop()
		if err := <-ended; err != nil {
			t.Errorf("got %v", err)
		}
		if err := sw.Connect(t.Context(), "alice"); !errors.Is(err, pbx.ErrOffline) {
			t.Errorf("got %v", err)
		}
	})
}

func TestDriverThatGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("broken")
		d := &desk{board: make(chan pbx.Board, 1), run: func(context.Context) error { return broken }}
		sw := pbx.NewSwitch(pbx.Options{Driver: d, Directory: office(t)})
		if err := sw.Run(t.Context()); !errors.Is(err, broken) {
			t.Errorf("got %v", err)
		}
	})
}

func TestDriverWithoutAbilities(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, ctx := watch(t, pbx.Options{}), t.Context()
		w.do(t, func() { w.board.Leg(talking("1")) })
		_, build := w.BuildConference(ctx, "alice")
		_, ghost := w.Ghost(ctx, "alice", "boris")
		_, _, record := w.Recording(ctx, pbx.CallRecord{})
		_, consult := w.AutoCall(ctx, "alice", "301", false, false)
		for name, err := range map[string]error{
			"flash": w.Flash(ctx, "alice", "switch", ""), "build": build, "ghost": ghost, "recording": record, "consult": consult,
			"create": w.CreateConference(ctx, "alice", pbx.Conference{}, nil), "invite": w.Invite(ctx, "alice", "", nil),
			"kick": w.Kick(ctx, "alice", "", ""), "exit": w.ExitConference(ctx, "alice", ""), "join": w.JoinHeld(ctx, "alice"),
			"mode": w.SetGhostMode(ctx, "alice", "", pbx.GhostHelp), "voice": w.SetVoice(ctx, "alice", "", "", true),
		} {
			if !errors.Is(err, pbx.ErrUnsupported) {
				t.Errorf("%s: got %v", name, err)
			}
		}
		if w.CanJoinHeld("alice") {
			t.Error("a driver without conferences joins")
		}
	})
}

func TestTimersRunInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, pbx.Options{})
		start, ran := time.Now(), ""
		at := func(d time.Duration, name string) func() {
			return w.board.After(d, func() { ran += name + time.Since(start).String() + " " })
		}
		var cancel func()
		w.do(t, func() {
			at(2*time.Second, "c")
			at(time.Second, "a")
			w.board.After(time.Second, func() { cancel() })
			cancel = at(time.Second, "never")
			at(time.Second, "b")
		})
		at(500*time.Millisecond, "first")
		<-time.After(3 * time.Second)
		synctest.Wait()
		if ran != "first500ms a1s b1s c2s " {
			t.Errorf("got %q", ran)
		}
		cancel() // again, and too late
	})
}

func TestSubscribersComeAndGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, pbx.Options{NextEvent: 41})
		heard := 0
		cancel := w.Subscribe(func(pbx.Event) { heard++ })
		w.do(t, func() { w.board.Leg(ringing("1")) })
		cancel()
		w.do(t, func() { w.board.Leg(over("1", pbx.CauseNoAnswer)) })
		events := w.take()
		if heard != 2 || events[0].Number != 41 || events[len(events)-1].Number != 40+int64(len(events)) {
			t.Errorf("heard %d, events %+v", heard, events)
		}
	})
}

func TestNumberThatChangesHands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, pbx.Options{})
		if err := w.Connect(t.Context(), "boris"); err != nil {
			t.Fatal(err)
		}
		<-time.After(time.Second)
		w.take()
		before := w.NumbersVersion()
		d, err := pbx.NewDirectory(pbx.Config{Users: []pbx.User{
			{Login: "alice", Numbers: []string{"301"}}, {Login: "boris", Numbers: []string{"300", "305"}}, {Login: "new", Numbers: []string{"306"}},
		}})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.SetDirectory(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		same(t, kinds(w.take()), "directory")
		if w.NumbersVersion() == before || w.NumberState("300") != pbx.Ready || w.NumberState("301") != pbx.Offline {
			t.Error("the numbers did not follow their users")
		}
		<-time.After(time.Second)
		events := w.take()
		if len(events) != 1 {
			t.Fatalf("got %+v", events)
		}
		told, _ := events[0].What.(pbx.NumbersChanged)
		got := map[string]pbx.StateID{}
		for _, n := range told.Numbers {
			got[n.Number] = n.State
		}
		if len(got) != 2 || got["300"] != pbx.Ready || got["301"] != pbx.Offline {
			t.Errorf("got %+v", told)
		}
	})
}

package pbx_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/octolink/octolink/pbx"
)

// notes is a memory that writes everything down.
type notes struct {
	lines  []string
	states map[string]pbx.SavedState
	events int64
}

func (n *notes) OpenCall(r pbx.CallRecord) {
	n.lines = append(n.lines, fmt.Sprintf("open %s %s %s", r.Login, r.Direction, r.Peer))
}

func (n *notes) CloseCall(r pbx.CallRecord) {
	n.lines = append(n.lines, fmt.Sprintf("close %s %s %s", r.Login, r.Outcome, r.Talked()))
}

func (n *notes) SaveState(login string, s pbx.SavedState) {
	n.lines = append(n.lines, "state "+login)
	n.states[login] = s
}

func (n *notes) SaveEvent(e pbx.Event) { n.events = e.Number }

func (n *notes) take() []string {
	synctest.Wait()
	taken := n.lines
	n.lines = nil
	return taken
}

func TestStatesSurviveALogOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &notes{states: map[string]pbx.SavedState{}}
		w, ctx := watch(t, pbx.Options{Memory: n, Saved: map[string]pbx.SavedState{"BORIS": {CallCenter: true, Redirect: true, DND: true}, "nobody": {}}}), t.Context()
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		must(w.Connect(ctx, "boris"))
		if st := w.User("boris"); st != (pbx.UserState{State: pbx.DND, CallCenter: true, Redirect: true}) {
			t.Errorf("got %+v", st)
		}
		must(w.Connect(ctx, "boris"))
		ready, lunch, reason, on, off := pbx.Ready, pbx.OnBreak, 4, true, false
		_, err := w.SetState(ctx, "boris", pbx.StateChange{State: &ready, Redirect: &off, Manual: &on})
		must(err)
		_, err = w.SetState(ctx, "boris", pbx.StateChange{State: &lunch, BreakID: &reason})
		must(err)
		same(t, n.take(), "state boris") // a break is not kept
		if got := n.states["boris"]; got != (pbx.SavedState{CallCenter: true, Manual: true}) {
			t.Errorf("got %+v", got)
		}
		must(w.Disconnect(ctx, "boris"))
		if st := w.User("boris"); st.State != pbx.Offline || st.Lunch {
			t.Errorf("got %+v", st)
		}
		must(w.Connect(ctx, "boris"))
		if st := w.User("boris"); st != (pbx.UserState{State: pbx.Ready, CallCenter: true, Manual: true}) {
			t.Errorf("got %+v", st)
		}
		_, err = w.SetState(ctx, "boris", pbx.StateChange{CallCenter: &off})
		must(err)
		if w.User("boris").Manual {
			t.Error("manual mode without the call-centre")
		}
		if events := w.take(); n.events != events[len(events)-1].Number {
			t.Errorf("the memory has event %d", n.events)
		}
	})
}

func TestWishesThatAreNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, ctx := watch(t, pbx.Options{}), t.Context()
		for _, login := range []string{"alice", "vera"} {
			if err := w.Connect(ctx, login); err != nil {
				t.Fatal(err)
			}
		}
		w.take()
		reason, wrong, dnd := 4, pbx.NoPhone, pbx.DND
		if _, err := w.SetState(ctx, "alice", pbx.StateChange{State: &wrong}); err == nil {
			t.Error("state 7 was chosen")
		}
		// A break's reason alone is no wish for a break [P 5.8].
		if st, err := w.SetState(ctx, "alice", pbx.StateChange{BreakID: &reason}); err != nil || st != (pbx.UserState{State: pbx.Ready}) {
			t.Errorf("got %+v, %v", st, err)
		}
		same(t, kinds(w.take()))
		if st, err := w.SetState(ctx, "vera", pbx.StateChange{State: &dnd}); err != nil || st.State != pbx.NoPhone {
			t.Errorf("a user without a phone: %+v, %v", st, err)
		}
		if l := w.Line("vera"); l.State != pbx.LineDisconnected {
			t.Errorf("got %+v", l)
		}
	})
}

func TestJournalOutcomes(t *testing.T) {
	dialling := ringing("1")
	dialling.State, dialling.Outgoing = pbx.LegDialling, true
	for _, c := range []struct {
		name  string
		first pbx.Leg
		talk  bool
		cause pbx.Cause
		want  pbx.Outcome
	}{
		{"answered", ringing("1"), true, pbx.CauseNormal, pbx.Answered},
		{"answered and moved on", ringing("1"), true, pbx.CauseMoved, pbx.Answered},
		{"caller gave up", ringing("1"), false, pbx.CauseCancelled, pbx.Missed},
		{"nobody there", ringing("1"), false, pbx.CauseNoAnswer, pbx.Missed},
		{"taken elsewhere", ringing("1"), false, pbx.CauseElsewhere, pbx.Elsewhere},
		{"rejected", ringing("1"), false, pbx.CauseRejected, pbx.Rejected},
		{"server went away", ringing("1"), false, pbx.CauseInterrupted, pbx.Interrupted},
		{"gave up", dialling, false, pbx.CauseCancelled, pbx.Cancelled},
		{"no answer", dialling, false, pbx.CauseNoAnswer, pbx.NoAnswer},
		{"busy", dialling, false, pbx.CauseBusy, pbx.BusyThere},
		{"rejected there", dialling, false, pbx.CauseRejected, pbx.Rejected},
		{"no such number", dialling, false, pbx.CauseNoNumber, pbx.Failed},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := &notes{}
				w := watch(t, pbx.Options{Memory: n})
				w.do(t, func() { w.board.Leg(c.first) })
				talked := "0s"
				if c.talk {
					w.do(t, func() { w.board.Leg(talking("1")) })
					<-time.After(3 * time.Second)
					talked = "3s"
				}
				end := over("1", c.cause)
				end.Outgoing = c.first.Outgoing
				w.do(t, func() { w.board.Leg(end) })
				direction := pbx.Incoming
				if end.Outgoing {
					direction = pbx.Outgoing
				}
				same(t, n.take(), fmt.Sprintf("open Alice %s 79161234567", direction), fmt.Sprintf("close Alice %s %s", c.want, talked))
			})
		})
	}
}

func TestJournalOfAQueue(t *testing.T) {
	waiting := pbx.Leg{ID: "9", Chain: "c", Number: "79161234567", State: pbx.LegQueued, Queue: "700"}
	for _, c := range []struct {
		name string
		then pbx.Leg
		want string
	}{
		{"given up", pbx.Leg{ID: "9", Chain: "c", Number: "79161234567", State: pbx.LegEnded, Queue: "700", Cause: pbx.CauseCancelled}, "close  missed 0s"},
		{"taken", pbx.Leg{ID: "9", Chain: "c", Number: "79161234567", State: pbx.LegTalking, Queue: "700", Talk: "t"}, "close  taken 0s"},
		{"moved", pbx.Leg{ID: "9", Chain: "c", Number: "79161234567", State: pbx.LegEnded, Queue: "700", Cause: pbx.CauseMoved}, "close  taken 0s"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := &notes{}
				w := watch(t, pbx.Options{Memory: n})
				w.do(t, func() { w.board.Leg(waiting) })
				w.do(t, func() { w.board.Leg(c.then) })
				same(t, n.take(), "open  incoming 79161234567", c.want)
				told := kinds(w.take())
				if (len(told) == 0) != (c.name != "given up") {
					t.Errorf("told %q", told)
				}
			})
		})
	}
}

func TestChainIsKeptForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, pbx.Options{})
		held := talking("1")
		held.State = pbx.LegHolding
		for _, l := range []pbx.Leg{ringing("1"), talking("1"), held, talking("1"), over("1", pbx.CauseHungUp)} {
			w.do(t, func() { w.board.Leg(l) })
		}
		var got []string
		for _, s := range w.Chain("chain-1") {
			got = append(got, s.Kind)
		}
		same(t, got, "ring", "answer", "hold", "resume", "end")
		<-time.After(11 * time.Minute)
		w.do(t, func() { w.board.Leg(ringing("2")) })
		w.do(t, func() { w.board.Leg(over("2", pbx.CauseNoAnswer)) })
		if w.Chain("chain-1") != nil || len(w.Chain("chain-2")) != 2 {
			t.Errorf("got %+v and %+v", w.Chain("chain-1"), w.Chain("chain-2"))
		}
	})
}

package sim_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/pbx/sim"
)

func TestQueueRingsTheLongestIdle(t *testing.T) {
	inHouse(t, sim.Options{}, func(h *house) {
		h.agents("alice", "boris", "vera")
		h.talking(client, "300")
		h.must(h.sw.Abort(h.ctx, "alice")) // alice has just talked
		h.pass(time.Second)
		h.talking(client, "301")
		h.must(h.sw.Abort(h.ctx, "boris")) // and boris after her
		settled(h)
		h.journal.take()

		h.ring(second, "700")
		h.ringing("vera")
		h.line("vera", "lsRinging ringing "+second+" queue 700")
		h.expect("vera", "ring+ "+second, "line 16", "state 5 cc task")
		h.must(h.sw.Decline(h.ctx, "vera"))
		h.ringing("alice")
		h.pass(20 * time.Second) // she does not answer
		h.ringing("boris")
		h.must(h.sw.Answer(h.ctx, "boris"))
		h.line("boris", "lsCommutated talking "+second+" queue 700")
		if w := h.sw.Waiting("700"); len(w) != 0 {
			t.Errorf("who talks still waits: %+v", w)
		}
		h.pass(5 * time.Second)
		h.must(h.sim.HangupPhone(h.ctx, second))
		h.rows("vera incoming "+second+" rejected 0", "alice incoming "+second+" missed 0", "boris incoming "+second+" answered 5")
	})
}

func TestQueueLeavesWhoDidNotAnswerInPeace(t *testing.T) {
	inHouse(t, sim.Options{}, func(h *house) {
		h.agents("boris")
		h.ring(second, "700")
		h.must(h.sw.Decline(h.ctx, "boris"))
		h.ringing()
		h.pass(4999 * time.Millisecond)
		h.ringing()
		h.pass(time.Millisecond)
		h.ringing("boris")
		h.pass(20 * time.Second)
		h.ringing()
		h.pass(5 * time.Second)
		h.ringing("boris")
	})
}

func TestQueueOffersAsSoonAsSomebodyIsReady(t *testing.T) {
	for _, way := range []struct {
		name  string
		start func(h *house)
		ready func(h *house)
	}{
		{"enters the call-centre", func(*house) {}, func(h *house) { h.agents("boris") }},
		{"comes back from a break", func(h *house) {
			h.agents("boris")
			h.wish("boris", pbx.StateChange{State: is(pbx.OnBreak)})
		}, func(h *house) { h.wish("boris", pbx.StateChange{State: is(pbx.Ready)}) }},
		{"ends do-not-disturb", func(h *house) {
			h.agents("boris")
			h.wish("boris", pbx.StateChange{State: is(pbx.DND)})
		}, func(h *house) { h.wish("boris", pbx.StateChange{State: is(pbx.Ready)}) }},
		{"ends his call", func(h *house) { h.agents("boris"); h.talking(client, "301") }, func(h *house) { h.must(h.sw.Abort(h.ctx, "boris")) }},
		{"logs in", func(h *house) {
			h.agents("boris")
			h.must(h.sw.Disconnect(h.ctx, "boris"))
		}, func(h *house) { h.must(h.sw.Connect(h.ctx, "boris")) }},
		{"puts his hand-set right", func(h *house) {
			h.agents("boris")
			h.must(h.sim.SetBusy(h.ctx, "301", true))
		}, func(h *house) { h.must(h.sim.SetBusy(h.ctx, "301", false)) }},
	} {
		t.Run(way.name, func(t *testing.T) {
			inHouse(t, sim.Options{}, func(h *house) {
				way.start(h)
				h.ring(second, "700")
				h.pass(time.Minute)
				h.ringing()
				way.ready(h)
				h.ringing("boris")
			})
		})
	}
}

func TestQueueServesInTurn(t *testing.T) {
	inHouse(t, sim.Options{}, func(h *house) {
		h.ring(client, "700")
		h.pass(time.Second)
		h.ring(second, "700")
		if w := h.sw.Waiting("700"); len(w) != 2 || w[0].Party.Number != client {
			t.Fatalf("got %+v", w)
		}
		h.agents("vera")
		h.line("vera", "lsRinging ringing "+client+" queue 700")
		h.agents("alice")
		h.line("alice", "lsRinging ringing "+second+" queue 700")
		h.must(h.sim.HangupPhone(h.ctx, client)) // gives up while vera's phone rings
		h.line("vera", "lsReady")
		h.rows("vera incoming "+client+" missed 0", " incoming "+client+" missed 0")
	})
}

func TestQueueRingsAll(t *testing.T) {
	inHouse(t, sim.Options{}, func(h *house) {
		h.agents("alice", "boris")
		h.ring(second, "701")
		h.ringing("alice", "boris")
		h.agents("vera")
		h.ringing("alice", "boris", "vera")
		settled(h)
		h.must(h.sw.Answer(h.ctx, "vera"))
		h.ringing()
		h.expect("boris", "ring- "+second, "line 4", "state 1 cc")
		h.rows("alice incoming "+second+" elsewhere 0", "boris incoming "+second+" elsewhere 0")
	})
}

func TestQueueInOrder(t *testing.T) {
	inHouse(t, sim.Options{}, func(h *house) {
		h.agents("alice", "boris", "vera")
		h.ring(second, "702")
		for _, login := range []string{"vera", "boris", "alice", "vera"} {
			h.ringing(login)
			h.pass(10 * time.Second)
		}
	})
}

func TestQueueWithoutItsMembersFreeGivesNobodyTwoCalls(t *testing.T) {
	inHouse(t, sim.Options{}, func(h *house) {
		h.agents("alice")
		h.ring(client, "700")
		h.ring(second, "701")
		h.line("alice", "lsRinging ringing "+client+" queue 700")
		h.must(h.sw.Answer(h.ctx, "alice"))
		h.must(h.sw.Abort(h.ctx, "alice"))
		h.line("alice", "lsRinging ringing "+second+" queue 701")
	})
}

func TestColleagueInAQueue(t *testing.T) {
	inHouse(t, sim.Options{}, func(h *house) {
		h.ring("303", "700")
		h.line("dmitry", "lsHookUp dialling 700 queue 700")
		h.agents("vera")
		h.line("vera", "lsRinging ringing 303 queue 700")
		h.must(h.sw.Answer(h.ctx, "vera"))
		h.line("dmitry", "lsCommutated talking 302 queue 700")
		if h.sw.User("dmitry").Task {
			t.Error("the caller works for the queue")
		}
	})
}

func TestTransferToAQueue(t *testing.T) {
	inHouse(t, sim.Options{}, func(h *house) {
		h.talking(client, "303")
		h.must(h.sw.Transfer(h.ctx, "dmitry", "700"))
		if w := h.sw.Waiting("700"); len(w) != 1 || w[0].Party.Number != client {
			t.Fatalf("got %+v", w)
		}
		h.agents("boris")
		h.must(h.sw.Answer(h.ctx, "boris"))
		h.line("boris", "lsCommutated talking "+client+" queue 700")
	})
}

func TestQueueLeftByAReload(t *testing.T) {
	inHouse(t, sim.Options{}, func(h *house) {
		h.ring(second, "700")
		c := staff()
		c.Queues = c.Queues[1:]
		dir, err := pbx.NewDirectory(c)
		h.must(err)
		h.must(h.sw.SetDirectory(h.ctx, dir))
		st, err := h.sim.State(h.ctx)
		h.must(err)
		for _, p := range st.Phones {
			if p.Number == second {
				t.Errorf("%s still waits in a queue that is gone", p.Number)
			}
		}
	})
}

// A long queue is shown with a delay, but never wrong for long.
func TestLongQueueIsShown(t *testing.T) {
	inHouse(t, sim.Options{}, func(h *house) {
		const callers = 150
		number := func(i int) string { return fmt.Sprint(79000000000 + i) }
		for i := range callers {
			h.ring(number(i), "700")
		}
		h.pass(200 * time.Millisecond)
		if w := h.sw.Waiting("700"); len(w) != callers || w[callers-1].Party.Number != number(callers-1) {
			t.Errorf("%d wait, want %d", len(w), callers)
		}
		for i := range callers {
			h.must(h.sim.HangupPhone(h.ctx, number(i)))
		}
		h.pass(time.Second)
		if w := h.sw.Waiting("700"); len(w) != 0 {
			t.Errorf("%d wait, want nobody", len(w))
		}
	})
}

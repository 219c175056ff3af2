package sim_test

import (
	"testing"
	"time"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/pbx/sim"
)

// The traces of docs/protocol.md section 10, event by event and line by line, for every party.

// Numbers of outside parties.
const (
	mobile = "79160000000"
	second = "79031112233"
)

func (h *house) ring(from, to string) string {
	h.t.Helper()
	call, err := h.sim.Ring(h.ctx, from, to)
	h.must(err)
	return call
}

// talking brings two phones into a talk; the second is the one called.
func (h *house) talking(from, to string) {
	h.t.Helper()
	h.ring(from, to)
	h.must(h.sim.AnswerPhone(h.ctx, to))
	h.pass(time.Second)
	h.forget()
	h.journal.take()
}

func TestIncomingCall(t *testing.T) { // [P 10.3]
	inHouse(t, sim.Options{}, func(h *house) {
		h.ring(client, "300")
		h.line("alice", "lsRinging ringing "+client)
		h.expect("alice", "ring+ "+client, "line 16", "state 5")
		h.expect("")
		h.pass(50 * time.Millisecond)
		h.expect("", "numbers 300=5 78005550300=5")

		h.must(h.sw.Answer(h.ctx, "alice"))
		h.line("alice", "lsCommutated talking "+client)
		h.expect("alice", "ring- "+client, "talk+ "+client, "line 32")

		h.pass(10 * time.Second)
		h.must(h.sw.Abort(h.ctx, "alice"))
		h.line("alice", "lsReady")
		h.expect("alice", "talk- "+client, "line 4", "state 1")
		h.pass(time.Second)
		h.expect("", "numbers 300=1 78005550300=1")
		h.rows("alice incoming " + client + " answered 10")
	})
}

func TestIncomingCallNotTaken(t *testing.T) { // [P 10.3]
	for _, way := range []struct {
		name    string
		end     func(h *house) error
		outcome string
	}{
		{"declined", func(h *house) error { return h.sw.Decline(h.ctx, "alice") }, "rejected"},
		{"rejected at the phone", func(h *house) error { return h.sim.Reject(h.ctx, "300") }, "rejected"},
		{"caller gives up", func(h *house) error { return h.sim.HangupPhone(h.ctx, client) }, "missed"},
		{"nobody there", func(h *house) error { h.pass(time.Minute); return nil }, "missed"},
	} {
		t.Run(way.name, func(t *testing.T) {
			inHouse(t, sim.Options{}, func(h *house) {
				h.ring(client, "300")
				settled(h)
				h.must(way.end(h))
				h.line("alice", "lsReady")
				h.expect("alice", "ring- "+client, "line 4", "state 1")
				h.rows("alice incoming " + client + " " + way.outcome + " 0")
			})
		})
	}
}

func TestCallFromAColleague(t *testing.T) { // [P 10.3]
	inHouse(t, sim.Options{}, func(h *house) {
		h.ring("301", "300")
		h.line("boris", "lsHookUp dialling 300")
		h.expect("boris", "line 8", "state 5")
		l := h.sw.Line("alice")
		if p := l.Current.Peer; p.User == nil || p.User.Login != "boris" || p.Name != "Boris Petrov" || p.External {
			t.Errorf("got peer %+v", p)
		}
		h.must(h.sw.Answer(h.ctx, "alice"))
		h.line("boris", "lsCommutated talking 300")
		h.line("alice", "lsCommutated talking 301")
		h.expect("boris", "talk+ 300", "line 32")
		h.pass(7 * time.Second)
		h.must(h.sw.Abort(h.ctx, "boris"))
		h.expect("boris", "talk- 300", "line 4", "state 1")
		h.expect("alice", "ring+ 301", "line 16", "state 5", "ring- 301", "talk+ 301", "line 32", "talk- 301", "line 4", "state 1")
		h.rows("boris internal 300 answered 7", "alice internal 301 answered 7")
	})
}

func TestBreakInTheCallCentre(t *testing.T) { // [P 10.7]
	inHouse(t, sim.Options{}, func(h *house) {
		on, off, ready, lunch, reason := true, false, pbx.Ready, pbx.OnBreak, 4
		st, err := h.sw.SetState(h.ctx, "alice", pbx.StateChange{State: &ready, CallCenter: &on, Manual: &off, Redirect: &off})
		h.must(err)
		if got := stateWords(st); got != "1 cc" {
			t.Errorf("got %q", got)
		}
		h.expect("alice", "state 1 cc")
		st, err = h.sw.SetState(h.ctx, "alice", pbx.StateChange{State: &lunch, Redirect: &off, BreakID: &reason})
		h.must(err)
		if got := stateWords(st); got != "2 cc lunch reason4" {
			t.Errorf("got %q", got)
		}
		h.expect("alice", "state 2 cc lunch reason4")
		h.pass(time.Second)
		h.expect("", "numbers 300=2 78005550300=2")
		_, err = h.sw.SetState(h.ctx, "alice", pbx.StateChange{State: &ready, Redirect: &off})
		h.must(err)
		h.expect("alice", "state 1 cc")
	})
}

func TestQueueIsSeenByItsMembers(t *testing.T) { // [P 10.8]
	inHouse(t, sim.Options{}, func(h *house) {
		call := h.ring(second, "700")
		h.pass(time.Second)
		w := h.sw.WaitingFor("alice")
		if len(w) != 1 || w[0].Party.Number != second || !w[0].Party.External || w[0].Chain != call {
			t.Errorf("got %+v", w)
		}
		if w := h.sw.WaitingFor("dmitry"); len(w) != 0 {
			t.Errorf("one who is no member sees %+v", w)
		}
		h.must(h.sim.HangupPhone(h.ctx, second))
		h.pass(time.Second)
		if w := h.sw.WaitingFor("alice"); len(w) != 0 {
			t.Errorf("got %+v", w)
		}
		h.rows(" incoming " + second + " missed 0")
	})
}

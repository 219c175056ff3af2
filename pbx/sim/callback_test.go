package sim_test

import (
	"testing"
	"time"

	"github.com/octolink/octolink/pbx/sim"
)

func TestClickToCallUserFirst(t *testing.T) { // [P 10.2]
	inHouse(t, sim.Options{Outside: 3 * time.Second}, func(h *house) {
		chain, err := h.sw.AutoCall(h.ctx, "alice", mobile, false, false)
		h.must(err)
		h.line("alice", "lsReserved reserved "+mobile+" callback1")
		h.expect("alice", "acm+ "+mobile, "line 2048", "state 5")
		h.pass(50 * time.Millisecond)
		h.expect("", "numbers 300=5 78005550300=5")

		h.pass(50 * time.Millisecond)
		h.line("alice", "lsRinging ringing "+mobile+" callback1")
		h.expect("alice", "ring+ "+mobile, "line 16")

		h.must(h.sim.AnswerPhone(h.ctx, "300"))
		h.line("alice", "lsHookUp dialling "+mobile+" callback2")
		h.expect("alice", "ring- "+mobile, "line 8")

		h.pass(3 * time.Second)
		h.line("alice", "lsCommutated talking "+mobile)
		h.expect("alice", "acm- "+mobile, "talk+ "+mobile, "line 32")
		if l := h.sw.Line("alice"); l.Current.Chain != chain || !l.Current.Peer.External || !l.Current.Outgoing {
			t.Errorf("got leg %+v of chain %s", l.Current, chain)
		}

		h.pass(5 * time.Second)
		h.must(h.sim.HangupPhone(h.ctx, mobile))
		h.line("alice", "lsReady")
		h.expect("alice", "talk- "+mobile, "line 4", "state 1")
		h.pass(time.Second)
		h.expect("", "numbers 300=1 78005550300=1")
		h.rows("alice outgoing " + mobile + " answered 5")
	})
}

func TestClickToCallNotPickedUp(t *testing.T) { // [P 10.2]
	inHouse(t, sim.Options{NoAnswer: 20 * time.Second}, func(h *house) {
		_, err := h.sw.AutoCall(h.ctx, "alice", mobile, false, false)
		h.must(err)
		h.pass(time.Second)
		h.forget()
		h.pass(20 * time.Second)
		h.line("alice", "lsReady")
		h.expect("alice", "ring- "+mobile, "acm- "+mobile, "line 4", "state 1")
		h.rows("alice outgoing " + mobile + " noanswer 0")
	})
}

func TestClickToCallStopped(t *testing.T) { // [P 10.2]
	for _, stage := range []struct {
		name    string
		pickUp  bool
		stop    func(h *house) error
		told    []string
		outcome string
	}{
		{"declined in the back ring", false, func(h *house) error { return h.sw.Decline(h.ctx, "alice") },
			[]string{"ring- " + mobile, "acm- " + mobile, "line 4", "state 1"}, "cancelled"},
		{"aborted in the back ring", false, func(h *house) error { return h.sw.AbortAutoCall(h.ctx, "alice") },
			[]string{"ring- " + mobile, "acm- " + mobile, "line 4", "state 1"}, "cancelled"},
		{"aborted while dialling", true, func(h *house) error { return h.sw.AbortAutoCall(h.ctx, "alice") },
			[]string{"acm- " + mobile, "line 4", "state 1"}, "cancelled"},
		{"hung up while dialling", true, func(h *house) error { return h.sim.HangupPhone(h.ctx, "300") },
			[]string{"acm- " + mobile, "line 4", "state 1"}, "cancelled"},
		{"rejected over there", true, func(h *house) error { return h.sim.Reject(h.ctx, mobile) },
			[]string{"acm- " + mobile, "line 4", "state 1"}, "rejected"},
	} {
		t.Run(stage.name, func(t *testing.T) {
			inHouse(t, sim.Options{}, func(h *house) {
				_, err := h.sw.AutoCall(h.ctx, "alice", mobile, false, false)
				h.must(err)
				h.pass(time.Second)
				if stage.pickUp {
					h.must(h.sw.Answer(h.ctx, "alice"))
				}
				settled(h)
				h.must(stage.stop(h))
				h.line("alice", "lsReady")
				h.expect("alice", stage.told...)
				h.rows("alice outgoing " + mobile + " " + stage.outcome + " 0")
			})
		})
	}
}

func TestClickToCallBusyNumber(t *testing.T) {
	inHouse(t, sim.Options{}, func(h *house) {
		h.must(h.sim.SetBusy(h.ctx, mobile, true))
		_, err := h.sw.AutoCall(h.ctx, "alice", mobile, false, false)
		h.must(err)
		h.pass(time.Second)
		h.must(h.sw.Answer(h.ctx, "alice"))
		h.line("alice", "lsHookUp dialling "+mobile+" callback2")
		settled(h)
		h.pass(time.Second)
		h.line("alice", "lsReady")
		h.expect("alice", "acm- "+mobile, "line 4", "state 1")
		h.rows("alice outgoing " + mobile + " busy 0")
	})
}

func TestClickToCallAbonentFirst(t *testing.T) { // [P 10.2]
	inHouse(t, sim.Options{Outside: 2 * time.Second}, func(h *house) {
		_, err := h.sw.AutoCall(h.ctx, "alice", mobile, true, false)
		h.must(err)
		h.line("alice", "lsReserved reserved "+mobile+" callback2")
		h.expect("alice", "acm+ "+mobile, "line 2048", "state 5")
		h.pass(2100 * time.Millisecond)
		h.line("alice", "lsRinging ringing "+mobile+" callback1")
		h.expect("alice", "ring+ "+mobile, "line 16")
		h.must(h.sw.Answer(h.ctx, "alice"))
		h.line("alice", "lsCommutated talking "+mobile)
		h.expect("alice", "ring- "+mobile, "acm- "+mobile, "talk+ "+mobile, "line 32")
		h.must(h.sw.Abort(h.ctx, "alice"))
		h.expect("alice", "talk- "+mobile, "line 4", "state 1")
	})
}

func TestAbonentFirstToAColleague(t *testing.T) {
	inHouse(t, sim.Options{}, func(h *house) {
		_, err := h.sw.AutoCall(h.ctx, "alice", "301", true, false)
		h.must(err)
		h.pass(100 * time.Millisecond)
		h.line("boris", "lsRinging ringing 300")
		h.must(h.sw.Answer(h.ctx, "boris"))
		h.line("boris", "lsHookUp dialling 300")
		h.line("alice", "lsRinging ringing 301 callback1")
		h.expect("boris", "ring+ 300", "line 16", "state 5", "ring- 300", "line 8")
		h.must(h.sw.Abort(h.ctx, "boris")) // does not want to wait
		h.line("alice", "lsReady")
		h.line("boris", "lsReady")
		h.expect("boris", "line 4", "state 1")
	})
}

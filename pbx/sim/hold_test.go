package sim_test

import (
	"testing"
	"time"

	"github.com/octolink/octolink/pbx/sim"
)

// The two parties that alice talks to in the traces of 10.4.
func consultation(h *house) {
	h.talking(client, "300")
	h.must(h.sw.Flash(h.ctx, "alice", "switch", ""))
	h.ring("300", "301")
	h.must(h.sw.Answer(h.ctx, "boris"))
	h.pass(time.Second)
	h.forget()
}

func TestHoldConsultToggleTransfer(t *testing.T) { // [P 10.4]
	inHouse(t, sim.Options{}, func(h *house) {
		h.talking(client, "300")
		h.must(h.sw.Flash(h.ctx, "alice", "switch", ""))
		h.line("alice", "lsHookUp held "+client)
		h.expect("alice", "talk- "+client, "flash 1", "line 8")

		h.ring("300", "301")
		h.line("alice", "lsHookUp dialling 301 held "+client)
		h.expect("alice", "line 8")
		h.must(h.sw.Answer(h.ctx, "boris"))
		h.line("alice", "lsCommutated talking 301 held "+client)
		h.expect("alice", "talk+ 301", "line 32")
		h.pass(time.Second)
		h.forget()

		h.must(h.sw.Flash(h.ctx, "alice", "switch", ""))
		h.line("alice", "lsCommutated talking "+client+" held 301")
		h.expect("alice", "talk- 301", "flash 7", "talk+ "+client)
		h.line("boris", "lsWaiting held 300")
		h.expect("boris", "flash 11", "line 64")

		h.must(h.sw.Abort(h.ctx, "alice"))
		h.line("alice", "lsReady")
		h.expect("alice", "talk- "+client, "flash 5", "line 4", "state 1")
		h.line("boris", "lsCommutated talking "+client)
		h.expect("boris", "talk- 300", "talk+ "+client, "line 32")
		h.must(h.sim.HangupPhone(h.ctx, client))
		h.expect("boris", "talk- "+client, "line 4", "state 1")
	})
}

func TestConsultationByCallback(t *testing.T) { // [P 10.4], the variant
	inHouse(t, sim.Options{}, func(h *house) {
		h.talking(client, "300")
		_, err := h.sw.AutoCall(h.ctx, "alice", "301", false, false)
		h.must(err)
		h.line("alice", "lsHookUp dialling 301 callback2 held "+client)
		h.expect("alice", "talk- "+client, "flash 1", "line 8", "acm+ 301")
		h.must(h.sw.Answer(h.ctx, "boris"))
		h.line("alice", "lsCommutated talking 301 held "+client)
		h.expect("alice", "acm- 301", "talk+ 301", "line 32")
	})
}

func TestConsultationRefused(t *testing.T) {
	inHouse(t, sim.Options{}, func(h *house) {
		h.talking(client, "300")
		if _, err := h.sw.AutoCall(h.ctx, "alice", "555", false, false); err == nil {
			t.Error("a short number that is nobody's was dialled")
		}
		h.line("alice", "lsCommutated talking "+client)
		h.expect("alice", "talk- "+client, "flash 1", "line 8", "flash 2", "talk+ "+client, "line 32")
	})
}

func TestHoldVariants(t *testing.T) { // [P 10.4], the variants
	back := []string{"talk- 301", "line 8", "flash 2", "talk+ " + client, "line 32"}
	for _, v := range []struct {
		name  string
		do    func(h *house) error
		line  string
		alice []string
		boris []string
	}{
		{"abort returns to the held one", func(h *house) error { return h.sw.Flash(h.ctx, "alice", "abort", "") },
			"lsCommutated talking " + client, back, []string{"talk- 300", "line 4", "state 1"}},
		{"held party hangs up", func(h *house) error { return h.sim.HangupPhone(h.ctx, client) },
			"lsCommutated talking 301", []string{"flash 4"}, nil},
		{"current party hangs up", func(h *house) error { return h.sw.Abort(h.ctx, "boris") },
			"lsHookUp held " + client, []string{"talk- 301", "line 8"}, []string{"talk- 300", "line 4", "state 1"}},
		{"holder puts the hand-set down", func(h *house) error { return h.sim.HangupPhone(h.ctx, "300") },
			"lsReady", []string{"talk- 301", "flash 3", "line 4", "state 1"}, []string{"talk- 300", "line 4", "state 1"}},
		{"next drops the current one", func(h *house) error { return h.sw.Flash(h.ctx, "alice", "next", "") },
			"lsHookUp held " + client, []string{"talk- 301", "line 8"}, []string{"talk- 300", "line 4", "state 1"}},
		{"next dials another", func(h *house) error { return h.sw.Flash(h.ctx, "alice", "next", "302") },
			"lsHookUp dialling 302 callback2 held " + client, []string{"talk- 301", "line 8", "acm+ 302"}, []string{"talk- 300", "line 4", "state 1"}},
		{"connect by an empty transfer", func(h *house) error { return h.sw.Transfer(h.ctx, "alice", "") },
			"lsReady", []string{"talk- 301", "flash 5", "line 4", "state 1"}, []string{"talk- 300", "talk+ " + client}},
		{"plain flash toggles", func(h *house) error { return h.sw.Flash(h.ctx, "alice", "", "") },
			"lsCommutated talking " + client + " held 301", []string{"talk- 301", "flash 7", "talk+ " + client}, []string{"flash 11", "line 64"}},
		{"declining ends the current one", func(h *house) error { return h.sw.Decline(h.ctx, "alice") },
			"lsHookUp held " + client, []string{"talk- 301", "line 8"}, []string{"talk- 300", "line 4", "state 1"}},
		{"transfer of the current one", func(h *house) error { return h.sw.Transfer(h.ctx, "alice", "302") },
			"lsCommutated talking " + client, back, []string{"talk- 300", "line 8"}},
	} {
		t.Run(v.name, func(t *testing.T) {
			inHouse(t, sim.Options{}, func(h *house) {
				consultation(h)
				h.must(v.do(h))
				h.line("alice", v.line)
				h.expect("alice", v.alice...)
				h.expect("boris", v.boris...)
			})
		})
	}
}

func TestHeldColleague(t *testing.T) {
	inHouse(t, sim.Options{}, func(h *house) {
		h.talking("300", "301")
		talk := h.sw.Line("boris").Current.Talk
		h.must(h.sw.Flash(h.ctx, "alice", "switch", ""))
		h.line("boris", "lsWaiting held 300")
		h.expect("boris", "flash 11", "line 64")
		h.must(h.sw.Flash(h.ctx, "alice", "switch", ""))
		h.line("boris", "lsCommutated talking 300")
		h.expect("boris", "flash 12", "line 32")
		if now := h.sw.Line("boris").Current.Talk; now != talk {
			t.Errorf("the held party's commutation changed from %s to %s without an event", talk, now)
		}
		h.forget()
		h.must(h.sw.Flash(h.ctx, "alice", "switch", ""))
		h.forget()
		h.must(h.sw.Abort(h.ctx, "alice")) // nobody to connect with: dropped
		h.expect("alice", "flash 3", "line 4", "state 1")
		h.expect("boris", "talk- 300", "flash 13", "line 4", "state 1")
	})
}

func TestHeldColleagueHangsUp(t *testing.T) {
	inHouse(t, sim.Options{}, func(h *house) {
		h.talking("300", "301")
		h.must(h.sw.Flash(h.ctx, "alice", "switch", ""))
		h.pass(time.Second)
		h.forget()
		h.must(h.sw.Abort(h.ctx, "boris"))
		h.expect("boris", "talk- 300", "line 4", "state 1")
		h.expect("alice", "flash 4", "line 4", "state 1")
	})
}

func TestBlindTransfer(t *testing.T) { // [P 10.5]
	inHouse(t, sim.Options{}, func(h *house) {
		h.talking(client, "300")
		chain := h.sw.Line("alice").Current.Chain
		h.must(h.sw.Transfer(h.ctx, "alice", "302"))
		h.line("alice", "lsReady")
		h.expect("alice", "talk- "+client, "line 4", "state 1")
		h.line("vera", "lsRinging ringing "+client)
		if got := h.sw.Line("vera").Current.Chain; got != chain {
			t.Errorf("the call's chain changed from %s to %s", chain, got)
		}
		h.must(h.sw.Answer(h.ctx, "vera"))
		h.line("vera", "lsCommutated talking "+client)
	})
}

func TestBlindTransferDeclinedEnds(t *testing.T) {
	inHouse(t, sim.Options{}, func(h *house) {
		h.talking("301", "300")
		h.must(h.sw.Transfer(h.ctx, "alice", "302"))
		h.line("boris", "lsHookUp dialling 302")
		h.expect("boris", "talk- 300", "line 8")
		h.must(h.sw.Decline(h.ctx, "vera"))
		for _, login := range []string{"alice", "boris", "vera"} {
			h.line(login, "lsReady")
		}
		h.expect("boris", "line 4", "state 1")
	})
}

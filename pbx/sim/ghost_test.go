package sim_test

import (
	"testing"
	"time"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/pbx/sim"
)

func TestGhostListensUnnoticed(t *testing.T) {
	inHouse(t, sim.Options{}, func(h *house) {
		h.talking(client, "301")
		chain := h.sw.Line("boris").Current.Chain
		steps := len(h.sw.Chain(chain))
		id, err := h.sw.Ghost(h.ctx, "alice", "boris")
		h.must(err)
		h.line("alice", "lsCommutated talking conference") // it did not ring
		h.expect("alice", "talk+ conference", "line 32", "state 5")
		h.line("boris", "lsCommutated talking "+client)
		h.expect("boris")
		if got := len(h.sw.Chain(chain)); got != steps {
			t.Error("the listener is in the target's trace")
		}
		k, ok := h.sw.Conference(id)
		if !ok || !k.Ghost || k.Mode != pbx.GhostMonitor || len(k.Members) != 3 || !k.Members[0].Ghost || !k.Members[1].GhostMain {
			t.Fatalf("got %+v", k)
		}
		h.must(h.sw.SetGhostMode(h.ctx, "alice", id, pbx.GhostHelp))
		if k, _ = h.sw.Conference(id); k.Mode != pbx.GhostHelp || !k.Members[0].Help {
			t.Errorf("got %+v", k)
		}
		h.must(h.sw.SetVoice(h.ctx, "alice", id, k.Members[1].ID, true))
		h.fails(h.sw.SetVoice(h.ctx, "alice", id, "nobody", true), pbx.ErrNoSuchMember)
		h.fails(h.sw.SetGhostMode(h.ctx, "boris", id, pbx.GhostMonitor), pbx.ErrForbidden)
		h.fails(h.sw.SetGhostMode(h.ctx, "alice", id, "shout"), pbx.ErrUnsupported)
		h.fails(h.sw.Kick(h.ctx, "alice", id, k.Members[1].ID), pbx.ErrForbidden)
		h.fails(h.sw.Kick(h.ctx, "boris", id, k.Members[0].ID), pbx.ErrForbidden)
		h.forget()
		h.must(h.sw.Abort(h.ctx, "alice"))
		h.expect("alice", "talk- conference", "line 4", "state 1")
		h.expect("boris")
		h.line("boris", "lsCommutated talking "+client)
	})
}

func TestGhostLeavesWithTheTalk(t *testing.T) {
	inHouse(t, sim.Options{}, func(h *house) {
		h.talking(client, "301")
		id, err := h.sw.Ghost(h.ctx, "alice", h.sw.Directory().UserByLogin("boris").ID)
		h.must(err)
		h.must(h.sw.Flash(h.ctx, "boris", "switch", "")) // a hold does not end it
		h.line("alice", "lsCommutated talking conference")
		h.must(h.sw.Flash(h.ctx, "boris", "switch", ""))
		h.must(h.sim.HangupPhone(h.ctx, client))
		h.line("alice", "lsReady")
		if _, ok := h.sw.Conference(id); ok {
			t.Error("the conference is still there")
		}
	})
}

func TestGhostRights(t *testing.T) {
	inHouse(t, sim.Options{}, func(h *house) {
		_, err := h.sw.Ghost(h.ctx, "alice", "boris")
		h.fails(err, pbx.ErrState) // he does not talk
		h.talking(client, "302")
		for _, target := range []string{"vera", "nobody", "alice"} {
			_, err = h.sw.Ghost(h.ctx, "alice", target)
			h.fails(err, pbx.ErrGhostRights)
		}
		h.talking(second, "301")
		_, err = h.sw.Ghost(h.ctx, "vera", "boris")
		h.fails(err, pbx.ErrGhostRights)
		h.talking("303", "300")
		_, err = h.sw.Ghost(h.ctx, "alice", "boris")
		h.fails(err, pbx.ErrState) // her own phone is busy
	})
}

func TestConferenceOfTwoPhoneCalls(t *testing.T) {
	inHouse(t, sim.Options{}, func(h *house) {
		if h.sw.CanJoinHeld("alice") {
			t.Error("nobody is on hold")
		}
		consultation(h)
		if !h.sw.CanJoinHeld("alice") {
			t.Error("the held and the current party cannot be joined")
		}
		h.must(h.sw.JoinHeld(h.ctx, "alice"))
		h.line("alice", "lsCommutated talking conference")
		h.expect("alice", "talk- 301", "flash 6", "talk+ conference")
		h.expect("boris", "talk- 300", "talk+ conference")
		k := h.sw.Line("alice").Conf
		if got := composition(*k); got != "300:Commutated 301:Commutated "+client+":Commutated" {
			t.Errorf("got %s", got)
		}
		h.must(h.sw.Abort(h.ctx, "alice"))
		h.line("boris", "lsCommutated talking conference") // two are left
		h.must(h.sim.HangupPhone(h.ctx, client))
		h.line("boris", "lsReady")
	})
}

func TestConferenceOnHold(t *testing.T) {
	inHouse(t, sim.Options{}, func(h *house) {
		h.talking("300", "301")
		id, err := h.sw.BuildConference(h.ctx, "alice")
		h.must(err)
		settled(h)
		h.must(h.sw.Flash(h.ctx, "alice", "switch", ""))
		h.line("alice", "lsHookUp held conference")
		h.expect("alice", "talk- conference", "flash 1", "line 8")
		h.line("boris", "lsCommutated talking conference")
		h.ring("300", "302")
		h.must(h.sw.Answer(h.ctx, "vera"))
		settled(h)
		h.must(h.sw.JoinHeld(h.ctx, "alice"))
		h.expect("alice", "talk- 302", "flash 6", "talk+ conference")
		k, _ := h.sw.Conference(id)
		if got := composition(k); got != "300:Commutated 301:Commutated 302:Commutated" {
			t.Errorf("got %s", got)
		}
	})
}

func TestWhoMayDoWhatInAConference(t *testing.T) {
	inHouse(t, sim.Options{}, func(h *house) {
		h.talking("300", "301")
		id, err := h.sw.BuildConference(h.ctx, "alice")
		h.must(err)
		h.must(h.sw.Invite(h.ctx, "boris", id, []string{"302"})) // every participant may
		h.must(h.sw.Answer(h.ctx, "vera"))
		k, _ := h.sw.Conference(id)
		vera, _ := k.Participant("vera")
		h.fails(h.sw.Kick(h.ctx, "boris", id, vera.ID), pbx.ErrForbidden)
		h.fails(h.sw.Kick(h.ctx, "alice", id, "nobody"), pbx.ErrNoSuchMember)
		h.fails(h.sw.Invite(h.ctx, "dmitry", id, []string{"304"}), pbx.ErrForbidden)
		h.fails(h.sw.ExitConference(h.ctx, "dmitry", id), pbx.ErrForbidden)
		h.fails(h.sw.Invite(h.ctx, "alice", "no-such", nil), pbx.ErrNoSuchConference)
		h.must(h.sw.Kick(h.ctx, "alice", id, vera.ID))
		h.line("vera", "lsReady")
		h.must(h.sim.SetBusy(h.ctx, "304", true))
		h.must(h.sw.Invite(h.ctx, "alice", id, []string{"304", "302"}))
		k, _ = h.sw.Conference(id)
		if got := composition(k); got != "300:Commutated 301:Commutated 304:MisInviteBusy 302:Inviting" {
			t.Errorf("got %s", got)
		}
		h.must(h.sw.Decline(h.ctx, "vera"))
		k, _ = h.sw.Conference(id)
		if got := composition(k); got != "300:Commutated 301:Commutated 302:MisInviteRefuse" {
			t.Errorf("got %s", got)
		}
	})
}

func TestConferenceThatNobodyComesTo(t *testing.T) {
	inHouse(t, sim.Options{}, func(h *house) {
		k := pbx.Conference{ID: "0f8fad5b-d9cb-469f-a165-70867728950e"}
		h.fails(h.sw.CreateConference(h.ctx, "alice", k, nil), pbx.ErrState)
		h.must(h.sim.SetBusy(h.ctx, "301", true))
		h.fails(h.sw.CreateConference(h.ctx, "alice", k, []string{"301"}), pbx.ErrBusy)
		h.fails(h.sw.CreateConference(h.ctx, "alice", k, []string{"302", "555"}), pbx.ErrNoSuchNumber)
		h.must(h.sw.CreateConference(h.ctx, "alice", k, []string{"302", "300"}))
		h.ringing("alice", "vera")
		h.fails(h.sw.CreateConference(h.ctx, "boris", k, []string{"303"}), pbx.ErrState)
		h.must(h.sw.Decline(h.ctx, "vera"))
		h.pass(time.Second)
		h.ringing()
	})
}

package sim_test

import (
	"errors"
	"testing"
	"time"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/pbx/sim"
)

func TestHandsThatDoNothing(t *testing.T) {
	inHouse(t, sim.Options{}, func(h *house) {
		h.fails(h.sim.AnswerPhone(h.ctx, "300"), pbx.ErrState)
		h.fails(h.sim.Reject(h.ctx, client), pbx.ErrState)
		h.fails(h.sim.HangupPhone(h.ctx, "300"), pbx.ErrState)
		h.fails(h.sim.HangupPhone(h.ctx, "555"), pbx.ErrNoSuchNumber)
		h.fails(h.sim.AnswerPhone(h.ctx, "700"), pbx.ErrNoSuchNumber)
		for _, number := range []string{"", "<b>", "79161234567; rm"} {
			_, err := h.sim.Ring(h.ctx, number, "300")
			h.fails(err, pbx.ErrNoSuchNumber)
		}
	})
}

func TestStateForPeople(t *testing.T) {
	inHouse(t, sim.Options{}, func(h *house) {
		call := h.ring(client, "300")
		h.ring(second, "700")
		h.must(h.sim.SetBusy(h.ctx, mobile, true))
		st, err := h.sim.State(h.ctx)
		h.must(err)
		if len(st.Phones) != 8 || st.Phones[0].Number != "300" || st.Phones[0].User != "alice" || len(st.Phones[0].Legs) != 1 ||
			st.Phones[0].Legs[0].State != "ringing" || st.Phones[0].Legs[0].Peer != client || st.Phones[0].Legs[0].Call != call {
			t.Errorf("got %+v", st.Phones)
		}
		if p := st.Phones[6]; p.Number != mobile || !p.Busy {
			t.Errorf("outside phones: %+v", st.Phones[5:])
		}
		if q := st.Queues[0]; q.Number != "700" || len(q.Waiting) != 1 || q.Waiting[0] != second {
			t.Errorf("got %+v", st.Queues)
		}
		h.must(h.sim.SetBusy(h.ctx, mobile, false))
		h.must(h.sim.HangupPhone(h.ctx, client))
		st, err = h.sim.State(h.ctx)
		h.must(err)
		if len(st.Phones) != 6 {
			t.Errorf("outside phones that do nothing are kept: %+v", st.Phones)
		}
	})
}

func TestPermissionToDial(t *testing.T) {
	inHouse(t, sim.Options{}, func(h *house) {
		_, err := h.sw.AutoCall(h.ctx, "elena", mobile, false, false) // no patterns: internal numbers only
		h.fails(err, pbx.ErrForbidden)
		h.talking(client, "304")
		h.fails(h.sw.Transfer(h.ctx, "elena", mobile), pbx.ErrForbidden)
		h.fails(h.sw.Flash(h.ctx, "elena", "next", mobile), pbx.ErrForbidden)
		id, err := h.sw.BuildConference(h.ctx, "elena")
		h.must(err)
		h.fails(h.sw.Invite(h.ctx, "elena", id, []string{mobile}), pbx.ErrForbidden)
		h.line("elena", "lsCommutated talking conference")
		h.must(h.sw.Abort(h.ctx, "elena"))
		_, err = h.sw.AutoCall(h.ctx, "elena", "300", false, false)
		h.must(err)
	})
}

func TestDialledByGUID(t *testing.T) {
	inHouse(t, sim.Options{}, func(h *house) {
		d := h.sw.Directory()
		for _, to := range []string{d.UserByLogin("boris").ID, d.NumberBy("301").ID, "3 0-1"} {
			_, err := h.sw.AutoCall(h.ctx, "alice", to, false, false)
			h.must(err)
			h.line("alice", "lsReserved reserved 301 callback1")
			h.must(h.sw.AbortAutoCall(h.ctx, "alice"))
		}
		for _, to := range []string{d.UserByLogin("nophone").ID, "", "boris", "3x1", "000000000000000000000000000000000"} {
			_, err := h.sw.AutoCall(h.ctx, "alice", to, false, false)
			h.fails(err, pbx.ErrNoSuchNumber)
		}
		_, err := h.sw.AutoCall(h.ctx, "alice", "300", false, false)
		h.fails(err, pbx.ErrBusy)
	})
}

func TestCommandsThatMakeNoSense(t *testing.T) {
	inHouse(t, sim.Options{}, func(h *house) {
		for name, err := range map[string]error{
			"answer":         h.sw.Answer(h.ctx, "alice"),
			"decline":        h.sw.Decline(h.ctx, "alice"),
			"abort":          h.sw.Abort(h.ctx, "alice"),
			"abort autocall": h.sw.AbortAutoCall(h.ctx, "alice"),
			"flash":          h.sw.Flash(h.ctx, "alice", "switch", ""),
			"transfer":       h.sw.Transfer(h.ctx, "alice", "301"),
			"connect":        h.sw.Transfer(h.ctx, "alice", ""),
			"join":           h.sw.JoinHeld(h.ctx, "alice"),
		} {
			if !errors.Is(err, pbx.ErrState) {
				t.Errorf("%s: got error %v", name, err)
			}
		}
		h.fails(h.sw.Answer(h.ctx, "nobody"), pbx.ErrNoSuchUser)
		h.fails(h.sw.Answer(h.ctx, "nophone"), pbx.ErrNoPhone)
		h.ring(client, "300")
		_, err := h.sw.AutoCall(h.ctx, "alice", "301", false, false)
		h.fails(err, pbx.ErrState) // her phone rings
		h.must(h.sw.Answer(h.ctx, "ALICE"))
		h.fails(h.sw.Flash(h.ctx, "alice", "loop", ""), pbx.ErrUnsupported)
		h.fails(h.sw.Transfer(h.ctx, "alice", "555"), pbx.ErrNoSuchNumber)
	})
}

func TestUserWhoLeftTheDirectory(t *testing.T) {
	inHouse(t, sim.Options{}, func(h *house) {
		h.talking(client, "300")
		c := staff()
		c.Users = c.Users[1:]
		for i := range c.Queues {
			c.Queues[i].Members = []string{"boris"}
		}
		dir, err := pbx.NewDirectory(c)
		h.must(err)
		h.must(h.sw.SetDirectory(h.ctx, dir))
		h.fails(h.sw.Connect(h.ctx, "alice"), pbx.ErrNoSuchUser)
		h.pass(3 * time.Second)
		h.must(h.sim.HangupPhone(h.ctx, client))
		h.rows("alice incoming " + client + " answered 4") // the journal has it all the same
	})
}

package sim_test

import (
	"testing"
	"time"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/pbx/sim"
)

func TestConferenceFromATalk(t *testing.T) { // [P 10.6]
	inHouse(t, sim.Options{}, func(h *house) {
		h.talking("300", "301")
		id, err := h.sw.BuildConference(h.ctx, "alice")
		h.must(err)
		h.line("alice", "lsCommutated talking conference")
		h.expect("alice", "talk- 301", "talk+ conference")
		h.expect("boris", "talk- 300", "talk+ conference")
		h.expect("", "composition 300:Commutated 301:Commutated", "member 300 Commutated", "member 301 Commutated")
		h.must(h.sw.Invite(h.ctx, "alice", id, []string{client}))
		h.expect("", "composition 300:Commutated 301:Commutated "+client+":Inviting", "member "+client+" Inviting")
		h.pass(time.Minute)
		h.expect("", "composition 300:Commutated 301:Commutated "+client+":MisInviteNotRespond", "member "+client+" MisInviteNotRespond")
		h.must(h.sw.ExitConference(h.ctx, "alice", id))
		h.line("alice", "lsReady")
		h.expect("alice", "talk- conference", "line 4", "state 1")
		h.expect("boris", "talk- conference", "line 4", "state 1") // a conference of one ends
		if _, ok := h.sw.Conference(id); ok {
			t.Error("the conference of one is still there")
		}
	})
}

func TestNewConference(t *testing.T) { // [P 10.6]
	inHouse(t, sim.Options{}, func(h *house) {
		k := pbx.Conference{ID: "0f8fad5b-d9cb-469f-a165-70867728950e", Room: 42, Name: "plans"}
		h.must(h.sw.CreateConference(h.ctx, "alice", k, []string{"301", client}))
		h.line("alice", "lsRinging ringing")
		h.line("boris", "lsRinging ringing 300")
		if l := h.sw.Line("boris"); l.Current.Conference != "" || l.Conf != nil || l.Current.Invited != k.ID {
			t.Errorf("a ringing invitee is in the conference: %+v", l.Current)
		}
		h.must(h.sw.Answer(h.ctx, "alice"))
		h.line("alice", "lsCommutated talking conference")
		h.must(h.sw.Answer(h.ctx, "boris"))
		h.must(h.sim.AnswerPhone(h.ctx, client))
		got, _ := h.sw.Conference(k.ID)
		if words := composition(got); words != "300:Commutated 301:Commutated "+client+":Commutated" || got.Room != 42 || got.Name != "plans" || !got.Members[0].Creator {
			t.Errorf("got %+v", got)
		}
		h.expect("alice", "ring+", "line 16", "state 5", "ring-", "talk+ conference", "line 32")
		h.must(h.sw.ExitConference(h.ctx, "boris", k.ID))
		h.must(h.sw.Abort(h.ctx, "alice")) // leaves; a conference of one ends
		h.line("alice", "lsReady")
	})
}

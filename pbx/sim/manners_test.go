package sim_test

import (
	"testing"
	"time"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/pbx/sim"
)

func rule(to string, onlyInRedirect bool) []pbx.RedirectRule {
	return []pbx.RedirectRule{{ID: "1", Destination: to, Enabled: true, OnlyInRedirect: onlyInRedirect, Priority: 1}}
}

func TestRedirectComesBeforeDoNotDisturb(t *testing.T) {
	inHouse(t, sim.Options{}, func(h *house) {
		h.must(h.sw.SetRules(h.ctx, "alice", rule("302", true)))
		h.wish("alice", pbx.StateChange{State: is(pbx.DND), CallCenter: no()})
		_, err := h.sim.Ring(h.ctx, client, "300")
		h.fails(err, pbx.ErrBusy) // do-not-disturb, and the redirect mode is not on
		h.wish("alice", pbx.StateChange{Redirect: yes()})
		h.ring(client, "300")
		h.ringing("vera")
		h.line("vera", "lsRinging ringing "+client) // the caller's number, not alice's
		h.rows("alice incoming " + client + " busy 0")
	})
}

func TestRedirects(t *testing.T) {
	inHouse(t, sim.Options{Outside: time.Second}, func(h *house) {
		h.must(h.sw.SetRules(h.ctx, "alice", rule("301", false)))
		h.must(h.sw.SetRules(h.ctx, "boris", rule("302", false)))
		h.ring(client, "300")
		h.ringing("vera") // a cascade
		h.must(h.sim.HangupPhone(h.ctx, client))

		h.must(h.sw.SetRules(h.ctx, "vera", rule("300", false)))
		h.ring(client, "300")
		h.ringing("vera") // in a circle the last phone that is not yet in it rings
		h.must(h.sim.HangupPhone(h.ctx, client))

		h.must(h.sw.SetRules(h.ctx, "alice", rule("555", false)))
		h.ring(client, "300")
		h.ringing("alice") // nobody's number is no rule
		h.must(h.sim.HangupPhone(h.ctx, client))

		h.must(h.sw.SetRules(h.ctx, "alice", rule(mobile, false)))
		h.ring("303", "300")
		h.line("dmitry", "lsHookUp dialling 300") // he dialled alice
		h.pass(time.Second)
		h.line("dmitry", "lsCommutated talking "+mobile)
		h.must(h.sw.Abort(h.ctx, "dmitry"))

		h.must(h.sw.SetRules(h.ctx, "elena", rule(mobile, false))) // may dial internal numbers only
		h.ring(client, "304")
		h.ringing("elena")
		h.must(h.sim.HangupPhone(h.ctx, client))

		off := rule("301", false)
		off[0].Enabled = false
		h.must(h.sw.SetRules(h.ctx, "alice", off))
		h.ring(client, "300")
		h.ringing("alice")
	})
}

func TestBusyPhones(t *testing.T) {
	inHouse(t, sim.Options{}, func(h *house) {
		h.must(h.sim.SetBusy(h.ctx, "300", true))
		_, err := h.sim.Ring(h.ctx, client, "300")
		h.fails(err, pbx.ErrBusy)
		h.ring("301", "300")
		h.line("boris", "lsHookUp dialling 300")
		h.pass(time.Second) // of a busy tone
		h.line("boris", "lsReady")
		h.rows("alice incoming "+client+" busy 0", "alice internal 301 busy 0", "boris internal 300 busy 0")

		h.must(h.sim.SetBusy(h.ctx, "300", false))
		h.talking(client, "300")
		_, err = h.sim.Ring(h.ctx, client, "301")
		h.fails(err, pbx.ErrBusy) // the caller's own phone
		_, err = h.sim.Ring(h.ctx, second, "78005550300")
		h.fails(err, pbx.ErrBusy) // the other number of the same phone
		h.fails(h.sw.Transfer(h.ctx, "alice", "300"), pbx.ErrBusy)
		h.line("alice", "lsCommutated talking "+client)
	})
}

func TestNumbersThatAreNobodys(t *testing.T) {
	inHouse(t, sim.Options{}, func(h *house) {
		for _, number := range []string{"99", "555", "5555"} {
			_, err := h.sw.AutoCall(h.ctx, "alice", number, false, false)
			h.fails(err, pbx.ErrNoSuchNumber)
			_, err = h.sim.Ring(h.ctx, client, number)
			h.fails(err, pbx.ErrNoSuchNumber)
		}
		_, err := h.sim.Ring(h.ctx, client, mobile)
		h.fails(err, pbx.ErrNoSuchNumber)
		_, err = h.sw.AutoCall(h.ctx, "alice", "55555", false, false)
		h.must(err)
	})
}

func TestPhonesAnswerByThemselves(t *testing.T) {
	inHouse(t, sim.Options{Answer: 2 * time.Second, Outside: 3 * time.Second}, func(h *house) {
		h.ring(client, "300")
		h.pass(2 * time.Second)
		h.line("alice", "lsCommutated talking "+client)
		_, err := h.sw.AutoCall(h.ctx, "boris", mobile, false, false)
		h.must(err)
		h.pass(2100 * time.Millisecond)
		h.line("boris", "lsHookUp dialling "+mobile+" callback2")
		h.pass(3 * time.Second)
		h.line("boris", "lsCommutated talking "+mobile)
	})
}

func TestIntercomAnswersByItself(t *testing.T) {
	inHouse(t, sim.Options{}, func(h *house) {
		_, err := h.sw.AutoCall(h.ctx, "alice", "301", true, true) // the order is the user first, always
		h.must(err)
		h.pass(time.Second)
		h.line("alice", "lsRinging ringing 301 callback1")
		h.forget()
		h.must(h.sw.Answer(h.ctx, "alice"))
		h.line("alice", "lsCommutated talking 301")
		h.expect("boris", "talk+ 300", "line 32", "state 5")
		h.expect("alice", "ring- 301", "acm- 301", "talk+ 301", "line 32")
	})
}

func TestPhoneRingsWithoutItsUser(t *testing.T) {
	inHouse(t, sim.Options{}, func(h *house) {
		h.must(h.sw.Disconnect(h.ctx, "alice"))
		settled(h)
		if got := h.sw.NumberState("300"); got != pbx.Offline {
			t.Errorf("number: %v", got)
		}
		h.ring(client, "300")
		h.expect("alice", "ring+ "+client, "line 16")
		h.must(h.sim.AnswerPhone(h.ctx, "300"))
		h.line("alice", "lsCommutated talking "+client)
		h.pass(time.Second)
		h.expect("")
		h.must(h.sw.Connect(h.ctx, "alice"))
		h.pass(time.Second)
		h.expect("", "numbers 300=5 78005550300=5")
	})
}

func TestStateWishedDuringACallIsForAfterIt(t *testing.T) {
	for _, v := range []struct {
		name          string
		wish          pbx.StateChange
		during, after string
	}{
		{"break", pbx.StateChange{State: is(pbx.OnBreak), CallCenter: yes()}, "5 cc lunch", "2 cc lunch"},
		{"do not disturb", pbx.StateChange{State: is(pbx.DND)}, "5", "3"},
		{"ready in the call-centre", pbx.StateChange{State: is(pbx.Ready), CallCenter: yes(), Manual: yes()}, "5 cc manual", "1 cc manual"},
		{"redirect only", pbx.StateChange{Redirect: yes()}, "5 redirect", "1 redirect"},
	} {
		t.Run(v.name, func(t *testing.T) {
			inHouse(t, sim.Options{}, func(h *house) {
				h.talking(client, "300")
				st, err := h.sw.SetState(h.ctx, "alice", v.wish)
				h.must(err)
				if got := stateWords(st); got != v.during {
					t.Errorf("got %q, want %q", got, v.during)
				}
				if v.during != "5" { // else nobody sees a difference
					h.expect("alice", "state "+v.during)
				}
				h.must(h.sw.Abort(h.ctx, "alice"))
				h.expect("alice", "talk- "+client, "line 4", "state "+v.after)
			})
		})
	}
}

func TestNumbersAreGatheredOverAWindow(t *testing.T) {
	inHouse(t, sim.Options{}, func(h *house) {
		before := h.sw.NumbersVersion()
		h.ring(client, "301")
		h.ring(second, "302")
		h.pass(20 * time.Millisecond)
		h.must(h.sim.HangupPhone(h.ctx, client)) // boris is as he was
		h.pass(29 * time.Millisecond)
		h.expect("")
		if h.sw.NumbersVersion() == before {
			t.Error("the version did not grow with the first change")
		}
		h.pass(time.Millisecond)
		h.expect("", "numbers 302=5")
	})
}

func TestTwoOutsidePartiesDoNotTalkForEver(t *testing.T) {
	inHouse(t, sim.Options{Outside: time.Second}, func(h *house) {
		h.talking(client, "300")
		h.must(h.sw.Transfer(h.ctx, "alice", mobile))
		h.pass(time.Second)
		_, err := h.sim.Ring(h.ctx, client, "300")
		h.fails(err, pbx.ErrBusy)
		h.pass(time.Minute)
		h.ring(client, "300")
	})
}

func TestTransferOfARingingConsultation(t *testing.T) {
	inHouse(t, sim.Options{}, func(h *house) {
		h.talking(client, "300")
		h.must(h.sw.Flash(h.ctx, "alice", "switch", ""))
		h.ring("300", "301")
		settled(h)
		h.must(h.sw.Abort(h.ctx, "alice"))
		h.line("alice", "lsReady")
		h.expect("alice", "flash 5", "line 4", "state 1")
		h.line("boris", "lsRinging ringing "+client) // rings on, for the other one
		h.expect("boris", "line 16")
		h.must(h.sw.Answer(h.ctx, "boris"))
		h.line("boris", "lsCommutated talking "+client)
	})
}

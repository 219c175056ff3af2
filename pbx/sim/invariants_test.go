package sim_test

import (
	"fmt"
	"slices"

	"github.com/octolink/octolink/pbx"
)

// checkPairs follows the events of each user from the beginning: what stops has started, nothing
// starts twice, and what has started is still to be seen on his line.
func checkPairs(h *house) {
	t, sw := h.t, h.sw
	t.Helper()
	h.mu.Lock()
	events := slices.Clone(h.events)
	h.mu.Unlock()
	going := map[string]bool{}
	turn := func(e pbx.Event, on bool, kind, leg, talk string) {
		key := fmt.Sprint(e.Login, " ", kind, " ", leg, " ", talk)
		if going[key] == on {
			t.Errorf("event %d: %s: %T while that is already %v", e.Number, key, e.What, on)
		}
		if on {
			going[key] = true
		} else {
			delete(going, key)
		}
	}
	last := int64(0)
	for _, e := range events {
		if e.Number != last+1 {
			t.Errorf("event %d follows %d", e.Number, last)
		}
		last = e.Number
		switch what := e.What.(type) {
		case pbx.RingStarted:
			turn(e, true, "ring", what.Leg.ID, "")
		case pbx.RingStopped:
			turn(e, false, "ring", what.Leg.ID, "")
		case pbx.TalkStarted:
			turn(e, true, "talk", what.Leg.ID, what.Leg.Talk)
		case pbx.TalkStopped:
			turn(e, false, "talk", what.Leg.ID, what.Leg.Talk)
		case pbx.IVRStarted:
			turn(e, true, "ivr", what.Leg.ID, "")
		case pbx.IVRStopped:
			turn(e, false, "ivr", what.Leg.ID, "")
		case pbx.CallbackStarted:
			turn(e, true, "callback", what.Leg.ID, "")
		case pbx.CallbackStopped:
			turn(e, false, "callback", what.Leg.ID, "")
		}
	}
	seen := map[string]bool{}
	for _, u := range sw.Directory().Users() {
		if l := sw.Line(u.Login).Current; l != nil {
			see := func(kind, talk string) { seen[fmt.Sprint(u.Login, " ", kind, " ", l.ID, " ", talk)] = true }
			if l.State == pbx.LegRinging {
				see("ring", "")
			}
			switch {
			case l.State != pbx.LegTalking && l.State != pbx.LegHeld:
			case l.Peer.IVR:
				see("ivr", "")
			default:
				see("talk", l.Talk)
			}
			if l.Callback != pbx.NoCallback {
				see("callback", "")
			}
		}
	}
	for key := range going {
		if !seen[key] {
			t.Errorf("%s was started, is not stopped and cannot be seen", key)
		}
	}
	for key := range seen {
		if !going[key] {
			t.Errorf("%s can be seen, but nobody was told", key)
		}
	}
}

// checkLegs compares the lines with what the telephone system says of its phones.
func checkLegs(h *house) {
	h.t.Helper()
	st, err := h.sim.State(h.ctx)
	h.must(err)
	legs := 0
	for _, p := range st.Phones {
		if p.User == "" {
			continue
		}
		legs += len(p.Legs)
		line := h.sw.Line(p.User)
		shown := map[string]*pbx.Leg{}
		for _, l := range []*pbx.Leg{line.Current, line.Held} {
			if l != nil {
				shown[l.ID] = l
			}
		}
		if len(shown) != len(p.Legs) {
			h.t.Errorf("%s: the line shows %d legs, the phone has %v", p.User, len(shown), p.Legs)
		}
		for _, l := range p.Legs {
			got := shown[l.ID]
			if got == nil || got.State.String() != l.State || got.Peer.Number != l.Peer || got.Chain != l.Call {
				h.t.Errorf("%s: the line shows %+v, the phone has %+v", p.User, got, l)
			}
		}
		if busy := h.sw.User(p.User).State == pbx.Busy; h.sw.User(p.User).State != pbx.Offline && busy != (len(p.Legs) > 0) && len(p.Legs) > 0 {
			h.t.Errorf("%s: busy %v with %d legs", p.User, busy, len(p.Legs))
		}
	}
	checkSides(h)
	open := 0
	for _, r := range h.journal.unfinished() {
		if r.Login != "" {
			open++
		}
	}
	if open != legs {
		h.t.Errorf("%d journal entries are open for %d legs: %+v", open, legs, h.journal.unfinished())
	}
	for _, c := range st.Conferences {
		k, ok := h.sw.Conference(c.ID)
		if !ok || len(c.Members) < 2 && !h.rooms {
			h.t.Errorf("conference %+v is shown as %+v", c, k)
		}
	}
}

// checkSides looks at each talk and each conference from both ends.
func checkSides(h *house) {
	h.t.Helper()
	for _, u := range h.sw.Directory().Users() {
		line := h.sw.Line(u.Login)
		for _, l := range []*pbx.Leg{line.Current, line.Held} {
			if l == nil {
				continue
			}
			if l.Conference != "" {
				k, _ := h.sw.Conference(l.Conference)
				if m, ok := k.Participant(u.Login); !ok || m.State != pbx.MemberTalking {
					h.t.Errorf("%s is in conference %s, and that is %+v", u.Login, l.Conference, k)
				}
			}
			if l.Peer.User != nil && l.Conference == "" && (l.State == pbx.LegTalking || l.State == pbx.LegHeld || l.State == pbx.LegHolding) {
				checkSide(h, u, l)
			}
		}
	}
}

// checkSide looks for the leg of the colleague on the other side.
func checkSide(h *house, u *pbx.User, l *pbx.Leg) {
	h.t.Helper()
	want := map[pbx.LegState]pbx.LegState{pbx.LegTalking: pbx.LegTalking, pbx.LegHeld: pbx.LegHolding, pbx.LegHolding: pbx.LegHeld}[l.State]
	other := h.sw.Line(l.Peer.User.Login)
	for _, o := range []*pbx.Leg{other.Current, other.Held} {
		if o != nil && o.Peer.User != nil && o.Peer.User.Login == u.Login && o.State == want {
			return
		}
	}
	h.t.Errorf("%s: %s with %s, who has %s", u.Login, l.State, l.Peer.User.Login, draw(other))
}

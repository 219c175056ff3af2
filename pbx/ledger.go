package pbx

import "time"

// A ledger keeps the journal: an entry per part of a user in a call, opened when it begins and
// closed when it ends, one per outside caller who waits in a queue, and one per outside caller whom
// a flow leads, until he hangs up.
type ledger struct {
	memory Memory
	open   map[string]*entry // by leg
	tags   map[string]*tags  // of calls that a flow leads or led, by chain
}

// An entry is a CallRecord that is not closed yet.
type entry struct {
	CallRecord
	led    bool  // a flow leads or led this leg
	person bool  // somebody, not a scenario, talked with it
	tags   *tags // of the call; nil: no flow has led it
}

// follow opens, completes and closes the entry of a leg. It returns an entry that was closed, but
// not one that nobody wants to read.
func (g *ledger) follow(c *legChange, newID func() string) (r CallRecord, closed bool) {
	l := c.new
	if l.Flow != "" && g.tags[l.Chain] == nil {
		g.tags[l.Chain] = &tags{}
	}
	e := g.open[l.ID]
	if e == nil {
		if l.User == "" && l.State != LegQueued && l.Flow == "" {
			return CallRecord{}, false
		}
		e = &entry{CallRecord: CallRecord{ID: newID(), Started: time.Now()}}
		g.open[l.ID] = e
		e.note(l, g.tags[l.Chain])
		g.memory.OpenCall(e.CallRecord)
	}
	e.note(l, g.tags[l.Chain])
	if l.State != LegEnded && (l.User != "" || l.State == LegQueued || e.led) {
		return CallRecord{}, false
	}
	g.close(e, c)
	return e.CallRecord, e.Outcome != Taken
}

func (g *ledger) close(e *entry, c *legChange) {
	delete(g.open, c.new.ID)
	e.Ended, e.Outcome = time.Now(), e.outcome(c)
	if e.Outcome != Answered {
		e.AnsweredAt = time.Time{} // by a scenario, which connected him to nobody
	}
	if e.led {
		delete(g.tags, e.Chain)
		e.tags.close()
	}
	e.Tags = e.tags.snapshot()
	g.memory.CloseCall(e.CallRecord)
}

// note writes down what a leg shows. What was known once stays: a talk of two may become a
// conference, but the entry is about who called whom.
func (r *entry) note(l *Leg, t *tags) {
	r.Chain, r.Login = l.Chain, l.User
	r.Recorded = r.Recorded || l.Recorded
	if t != nil {
		r.tags = t
	}
	if l.Flow != "" {
		r.Flow, r.led = l.Flow, true
	}
	if l.Conference != "" {
		r.Conference = l.Conference
	}
	if l.Queue != "" {
		r.Queue = l.Queue
	}
	if l.Talk != "" && (r.Talk == "" || !l.Peer.IVR) { // a talk with somebody says more than one with a flow
		r.Talk = l.Talk
	}
	if engaged(l) {
		r.answered(l)
	}
	if l.User == "" {
		r.noteCaller(l)
		return
	}
	r.Number = l.Number
	if r.Peer == "" && l.Peer.Number != "" {
		r.Peer, r.PeerName, r.External = l.Peer.Number, l.Peer.Name, l.Peer.External
		if l.Peer.User != nil {
			r.PeerLogin, r.PeerName = l.Peer.User.Login, l.Peer.User.Name
		}
	}
	r.Direction = direction(r.External, l.Outgoing)
}

// answered notes that the leg is connected.
func (r *entry) answered(l *Leg) {
	r.person = r.person || !l.Peer.IVR
	if r.AnsweredAt.IsZero() && (l.User != "" || r.led) {
		r.AnsweredAt = time.Now()
	}
}

// noteCaller writes down an outside caller's side.
func (r *entry) noteCaller(l *Leg) {
	r.Peer, r.External, r.Direction = l.Number, true, Incoming
	switch {
	case !r.led:
		r.Number = r.Queue
	case r.Number == "":
		r.Number = l.Peer.Number
	}
}

func direction(external, outgoing bool) Direction {
	switch {
	case !external:
		return Internal
	case outgoing:
		return Outgoing
	}
	return Incoming
}

// outcome is how the call ended, seen from the entry's user. A caller whom a flow led was answered
// when a person talked with him, or when the call ended while the flow itself had his ear.
func (r *entry) outcome(c *legChange) Outcome {
	l := c.new
	served := r.person || c.old != nil && inScenario(c.old)
	switch {
	case l.User == "" && !r.led && (l.State != LegEnded || l.Cause == CauseMoved):
		return Taken
	case !r.AnsweredAt.IsZero() && (l.User != "" || served):
		return Answered
	}
	switch l.Cause {
	case CauseInterrupted:
		return Interrupted
	case CauseBusy:
		return BusyThere
	case CauseRejected:
		return Rejected
	case CauseElsewhere:
		return Elsewhere
	case CauseNoNumber, CauseMoved:
		return Failed
	}
	switch {
	case !l.Outgoing || l.User == "":
		return Missed
	case l.Cause == CauseNoAnswer, r.led && l.Cause == CauseNormal: // his flow hung up without an answer
		return NoAnswer
	}
	return Cancelled
}

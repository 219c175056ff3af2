package pbx

import "time"

// A ledger keeps the journal: an entry per part of a user in a call, opened when it begins and
// closed when it ends, and one per caller who waits in a queue.
type ledger struct {
	memory Memory
	open   map[string]*CallRecord // by leg
}

// follow opens, completes and closes the entry of a leg. It returns an entry that was closed, but
// not one that nobody wants to read.
func (g *ledger) follow(c *legChange, newID func() string) (r CallRecord, closed bool) {
	l := c.new
	entry := g.open[l.ID]
	if entry == nil {
		if l.User == "" && l.State != LegQueued {
			return CallRecord{}, false
		}
		entry = &CallRecord{ID: newID(), Started: time.Now()}
		g.open[l.ID] = entry
		entry.note(l)
		g.memory.OpenCall(*entry)
	}
	entry.note(l)
	if l.State != LegEnded && (l.User != "" || l.State == LegQueued) {
		return CallRecord{}, false
	}
	delete(g.open, l.ID)
	entry.Ended, entry.Outcome = time.Now(), outcome(entry, l)
	g.memory.CloseCall(*entry)
	return *entry, entry.Outcome != Taken
}

// note writes down what a leg shows. What was known once stays: a talk of two may become a
// conference, but the entry is about who called whom.
func (r *CallRecord) note(l *Leg) {
	r.Chain, r.Login = l.Chain, l.User
	r.Recorded = r.Recorded || l.Recorded
	if l.Conference != "" {
		r.Conference = l.Conference
	}
	if l.Queue != "" {
		r.Queue = l.Queue
	}
	if l.Talk != "" {
		r.Talk = l.Talk
	}
	if r.AnsweredAt.IsZero() && l.User != "" && engaged(l) {
		r.AnsweredAt = time.Now()
	}
	if l.User == "" {
		r.Number, r.Peer, r.External, r.Direction = r.Queue, l.Number, true, Incoming
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

func direction(external, outgoing bool) Direction {
	switch {
	case !external:
		return Internal
	case outgoing:
		return Outgoing
	}
	return Incoming
}

// outcome is how the call ended, seen from the entry's user.
func outcome(r *CallRecord, l *Leg) Outcome {
	switch {
	case l.User == "" && (l.State != LegEnded || l.Cause == CauseMoved):
		return Taken
	case !r.AnsweredAt.IsZero():
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
	case l.Cause == CauseNoAnswer:
		return NoAnswer
	}
	return Cancelled
}

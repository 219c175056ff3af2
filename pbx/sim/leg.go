package sim

import (
	"slices"
	"time"

	"github.com/octolink/octolink/pbx"
)

// A leg is one phone's part in a call. Two legs are connected when each is the other's `other`;
// while a phone rings, the ringing leg knows the caller's, and the caller's has it in rings.
type leg struct {
	name, chain string
	phone       *phone
	state       pbx.LegState
	cause       pbx.Cause
	other       *leg
	rings       []*leg    // legs that ring for this one's call
	dialled     pbx.Party // shown while nobody is there yet
	outgoing    bool
	talk        string
	since       time.Time
	queue       string // number of the queue that the call came through, or in which it waits
	place       *place // in the queue
	callback    *callback
	stay        *stay       // in a flow
	flows       int         // through which it went
	conf        *conference // that it is in, or is invited to
	member      *member
	timers      []func()
	listeners   []*conference // of supervisors
	shown       string        // GUID of this leg in them
}

// A callback is a call that a user asked for.
type callback struct {
	pbx.DialRequest
	stage    pbx.Callback
	answered bool // the abonent, when he comes first
}

// begin puts a leg on a phone. It is told to the board with tell.
func (s *Sim) begin(p *phone, chain string, state pbx.LegState) *leg {
	l := &leg{name: s.nextName(), chain: chain, phone: p, state: state}
	p.legs = append(p.legs, l)
	s.legs[l.name] = l
	s.settle(p)
	return l
}

// end takes a leg off its phone. What becomes of the other side is the caller's business.
func (s *Sim) end(l *leg, cause pbx.Cause) {
	if l.state == pbx.LegEnded {
		return
	}
	l.calm()
	l.state, l.cause = pbx.LegEnded, cause
	s.leaveFlow(l, pbx.ErrHungUp)
	l.phone.legs = slices.DeleteFunc(l.phone.legs, func(o *leg) bool { return o == l })
	l.phone.freed = s.board.Now()
	delete(s.legs, l.name)
	s.settle(l.phone)
	s.tell(l)
	s.unhaunt(l)
}

// after runs fn if the leg is still in the same state then.
func (s *Sim) after(l *leg, d time.Duration, fn func()) {
	state := l.state
	l.timers = append(l.timers, s.board.After(d, func() {
		if l.state == state {
			fn()
		}
	}))
}

// calm stops the leg's timers: it rings no more.
func (l *leg) calm() {
	for _, cancel := range l.timers {
		cancel()
	}
	l.timers = nil
}

// invited reports whether a ringing leg is called into a conference.
func (l *leg) invited() bool { return l.conf != nil && l.state == pbx.LegRinging }

// paired reports whether the leg is one of two who are connected, on hold or not. One that a flow
// has the ear of is not.
func (l *leg) paired() bool {
	switch l.state {
	case pbx.LegTalking, pbx.LegHolding, pbx.LegHeld:
		return l.conf == nil && l.other != nil
	}
	return false
}

// tell shows the leg to the board as it is now.
func (s *Sim) tell(l *leg) {
	t := pbx.Leg{
		ID: l.name, Chain: l.chain, User: l.phone.login, Number: l.phone.number, State: l.state, Cause: l.cause,
		Outgoing: l.outgoing, Talk: l.talk, Since: l.since, Queue: l.queue, Recorded: l.recorded(), Peer: s.peer(l),
	}
	if l.stay != nil {
		t.Flow = l.stay.number.Flow
	}
	if l.callback != nil {
		t.Callback, t.AbonentFirst = l.callback.stage, l.callback.AbonentFirst
	}
	switch {
	case l.conf == nil:
	case l.talk == "":
		t.Invited = l.conf.id
	default:
		t.Conference = l.conf.id
	}
	s.board.Leg(t)
	s.haunt(l)
}

// recorded reports whether there is a recording of the leg: of every talk, and of what a flow wanted.
func (l *leg) recorded() bool {
	if l.stay != nil && l.other == nil {
		return l.stay.recorded
	}
	return l.talk != ""
}

// peer is who is on the other side.
func (s *Sim) peer(l *leg) pbx.Party {
	switch {
	case l.conf != nil && l.talk != "":
		return pbx.Party{}
	case l.other != nil:
		return s.party(l.other.phone)
	}
	return l.dialled
}

// letGo makes the leg one that waits for somebody new at the other side.
func (l *leg) letGo() {
	l.calm()
	l.state, l.other, l.talk, l.since, l.callback = pbx.LegDialling, nil, "", time.Time{}, nil
}

// leg finds a leg by its name.
func (s *Sim) leg(name string) (*leg, error) {
	if l := s.legs[name]; l != nil {
		return l, nil
	}
	return nil, pbx.ErrNoSuchLeg
}

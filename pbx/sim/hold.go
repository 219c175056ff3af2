package sim

import (
	"context"
	"fmt"

	"github.com/octolink/octolink/pbx"
)

// Hold puts the other side of a talk, or a whole conference, on hold.
func (s *Sim) Hold(ctx context.Context, name string) error {
	return s.do(ctx, func() error {
		l, err := s.leg(name)
		if err != nil {
			return err
		}
		if l.state != pbx.LegTalking || !l.paired() && l.conf == nil || l.phone.held() != nil || l.conf != nil && l.conf.target != nil {
			return fmt.Errorf("sim: hold: %w", pbx.ErrState)
		}
		s.hold(l)
		return nil
	})
}

// hold puts on hold. For the held party its talk goes on: it keeps its commutation.
func (s *Sim) hold(l *leg) {
	l.state = pbx.LegHolding
	s.tell(l)
	if l.conf == nil {
		l.other.state = pbx.LegHeld
		s.tell(l.other)
	}
}

// Resume takes the held side back. Who is current on that phone goes on hold for it; a flow cannot.
func (s *Sim) Resume(ctx context.Context, name string) error {
	return s.do(ctx, func() error {
		l, err := s.leg(name)
		if err != nil {
			return err
		}
		current := l.phone.current()
		if l.state != pbx.LegHolding || current != nil && (!current.joinable() || current.conf != nil && current.conf.target != nil) {
			return fmt.Errorf("sim: resume: %w", pbx.ErrState)
		}
		if current != nil {
			s.hold(current)
		}
		s.resume(l)
		return nil
	})
}

// resume begins a new commutation for the one who had put on hold.
func (s *Sim) resume(l *leg) {
	l.state, l.talk, l.since = pbx.LegTalking, s.board.NewID(), s.board.Now()
	s.tell(l)
	if l.conf == nil {
		l.other.state = pbx.LegTalking
		s.tell(l.other)
	}
}

// Connect leaves the other sides of two legs to each other. A current one that is still ringing
// rings on for the one who was on hold; a conference takes the single one in.
func (s *Sim) Connect(ctx context.Context, heldName, currentName string) error {
	return s.do(ctx, func() error {
		held, current, err := s.both(heldName, currentName)
		if err != nil {
			return err
		}
		switch {
		case held.conf == nil && current.stay != nil && current.other == nil:
			return s.handIn(held, current)
		case current.state == pbx.LegDialling && held.conf == nil:
			s.handOver(held, current)
			return nil
		}
		if !current.joinable() || held.conf != nil && current.conf != nil {
			return fmt.Errorf("sim: connect: %w", pbx.ErrState)
		}
		s.join(held, current)
		return nil
	})
}

// both finds the held and the current leg of one phone.
func (s *Sim) both(heldName, currentName string) (held, current *leg, err error) {
	if held, err = s.leg(heldName); err != nil {
		return nil, nil, err
	}
	if current, err = s.leg(currentName); err != nil {
		return nil, nil, err
	}
	if held.phone != current.phone || held.state != pbx.LegHolding || current.state == pbx.LegHolding ||
		current.conf != nil && current.conf.target != nil {
		return nil, nil, fmt.Errorf("sim: two calls of a phone: %w", pbx.ErrState)
	}
	return held, current, nil
}

// join connects the other sides of two talks and frees the phone between them.
func (s *Sim) join(held, current *leg) {
	switch {
	case held.conf != nil:
		c, o := held.conf, current.other
		s.end(current, pbx.CauseMoved)
		s.admit(c, o)
		s.leave(held, pbx.CauseMoved, pbx.MemberExited)
	case current.conf != nil:
		c, o := current.conf, held.other
		s.end(held, pbx.CauseMoved)
		s.admit(c, o)
		s.leave(current, pbx.CauseMoved, pbx.MemberExited)
	default:
		a, b := held.other, current.other
		s.end(current, pbx.CauseMoved)
		s.end(held, pbx.CauseMoved)
		s.giveAway(a)
		s.giveAway(b)
		s.pair(a, b)
	}
}

// joinable reports whether a leg talks with somebody, or in a conference.
func (l *leg) joinable() bool { return l.state == pbx.LegTalking && (l.paired() || l.conf != nil) }

// handIn gives the party on hold to the flow that the phone has called. The flow begins anew with it.
func (s *Sim) handIn(held, current *leg) error {
	o, st := held.other, current.stay
	t := target{flow: &st.number, number: st.party.Number}
	if o.flows >= maxFlows {
		return fmt.Errorf("sim: connect with %s: %w", t.number, pbx.ErrBusy)
	}
	s.quiet(current)
	s.end(current, pbx.CauseMoved)
	s.end(held, pbx.CauseMoved)
	s.sendOff(o, t)
	if err := s.lead(o, t); err != nil {
		s.giveUp(o, pbx.CauseBusy)
	}
	return nil
}

// handOver gives the call that a phone is making to the party that it has on hold.
func (s *Sim) handOver(held, current *leg) {
	o := held.other
	rings, place := current.rings, current.place
	s.giveAway(o)
	o.letGo()
	o.rings, o.dialled = rings, current.dialled
	current.rings, current.place = nil, nil
	for _, r := range rings {
		r.other = o
		s.tell(r)
	}
	s.end(current, pbx.CauseMoved)
	s.end(held, pbx.CauseMoved)
	switch {
	case place != nil:
		place.from, o.place, o.queue = o, place, place.queue.number
		if o.phone.external() {
			o.state = pbx.LegQueued
		}
		s.tell(o)
		s.tellQueue(place.queue)
	case len(rings) == 0: // a busy tone: there is nobody to hand over to
		s.giveUp(o, pbx.CauseBusy)
	default:
		s.tell(o)
	}
}

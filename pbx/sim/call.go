package sim

import (
	"fmt"
	"slices"
	"time"

	"github.com/octolink/octolink/pbx"
)

// call leads the call of a leg to a number. The leg is off-hook already and hears the ringing.
// Fails with ErrBusy, and then the leg is still there.
func (s *Sim) call(from *leg, t target, intercom bool) error {
	asked := t
	t, free := s.route(t, from.phone.number)
	switch {
	case t.flow != nil:
		return s.lead(from, t)
	case t.queue != nil:
		s.enqueue(from, t.queue)
		return nil
	case t.phone != nil && t.phone == from.phone:
		return fmt.Errorf("sim: %s calls himself: %w", t.phone.number, pbx.ErrBusy)
	case !free:
		s.missed(asked.phone, from)
		return fmt.Errorf("sim: %s: %w", t.name(), pbx.ErrBusy)
	}
	r := s.rung(t.phone, from)
	if intercom && !t.phone.external() {
		s.answered(r)
		return nil
	}
	s.tell(r)
	s.ring(r, s.opts.NoAnswer)
	return nil
}

// rung is a new leg that rings for another one.
func (s *Sim) rung(p *phone, from *leg) *leg {
	r := s.begin(p, from.chain, pbx.LegRinging)
	r.other = from
	from.rings = append(from.rings, r)
	return r
}

// missed tells the journal of a call to a phone that could not be rung.
func (s *Sim) missed(p *phone, from *leg) {
	if p == nil || p.external() {
		return
	}
	s.board.Leg(pbx.Leg{
		ID: s.nextName(), Chain: from.chain, User: p.login, Number: p.number,
		State: pbx.LegEnded, Cause: pbx.CauseBusy, Peer: s.party(from.phone),
	})
}

// ring starts the clocks of a ringing phone.
func (s *Sim) ring(r *leg, atMost time.Duration) {
	s.after(r, atMost, func() { s.unanswered(r, pbx.CauseNoAnswer) })
	byItself := s.opts.Answer
	if r.phone.external() {
		byItself = s.opts.Outside
	}
	if byItself > 0 {
		s.after(r, byItself, func() { s.answered(r) })
	}
}

// answered takes a ringing phone off the hook.
func (s *Sim) answered(r *leg) {
	r.calm()
	from := r.other
	switch {
	case r.invited():
		s.enter(r)
	case r.callback != nil:
		s.pickedUp(r)
	case from.state == pbx.LegReserved:
		s.abonentThere(r)
	default:
		s.taken(from, r)
		s.found(from, r)
		s.pair(from, r)
	}
}

// taken ends the ringing and the waiting of a caller, because r has answered.
func (s *Sim) taken(from, r *leg) {
	for _, o := range from.rings {
		if o != r {
			s.end(o, pbx.CauseElsewhere)
		}
	}
	from.rings = nil
	s.leaveQueue(from)
}

// pair begins a commutation of two legs.
func (s *Sim) pair(a, b *leg) {
	talk, now := s.board.NewID(), s.board.Now()
	for _, l := range []*leg{a, b} {
		l.calm()
		l.state, l.talk, l.since, l.callback = pbx.LegTalking, talk, now, nil
	}
	a.other, b.other = b, a
	s.tell(a)
	s.tell(b)
	if a.phone.external() && b.phone.external() && a.stay == nil && b.stay == nil {
		s.after(a, outsideOnly, func() { s.part(a) })
	}
}

// unanswered ends the ringing of a phone that nobody has answered.
func (s *Sim) unanswered(r *leg, cause pbx.Cause) {
	from := r.other
	switch {
	case r.invited():
		s.declined(r, cause)
		return
	case r.callback != nil:
		s.giveUp(r, cause)
		return
	}
	s.end(r, cause)
	from.rings = slices.DeleteFunc(from.rings, func(o *leg) bool { return o == r })
	if from.place != nil {
		s.notNow(from.place, r.phone)
		return
	}
	switch {
	case len(from.rings) > 0:
	case from.stay != nil:
		s.declinedLed(from, r.phone, cause)
	default:
		s.giveUp(from, cause)
	}
}

// giveUp ends a leg that is not connected yet, and everything that rings for it.
func (s *Sim) giveUp(l *leg, cause pbx.Cause) {
	rings := l.rings
	l.rings = nil
	for _, r := range rings {
		s.end(r, pbx.CauseCancelled)
	}
	if l.other != nil && l.callback != nil { // the abonent who came first
		s.end(l.other, pbx.CauseNormal)
	}
	s.leaveQueue(l)
	s.end(l, cause)
}

// part ends the talk of two; l's phone is the one that hangs up. Whom a flow leads is there again,
// unless he has the other side on hold: then his phone may be busy with another call.
func (s *Sim) part(l *leg) {
	o := l.other
	s.end(l, pbx.CauseHungUp)
	if o.stay != nil && o.state != pbx.LegHolding {
		s.talked(o)
		return
	}
	s.end(o, pbx.CauseNormal)
}

// drop is what happens when somebody hangs up a leg, whatever it does.
func (s *Sim) drop(l *leg) {
	switch {
	case l.state == pbx.LegRinging && l.callback == nil:
		s.unanswered(l, pbx.CauseRejected)
	case l.conf != nil:
		s.leave(l, pbx.CauseHungUp, pbx.MemberExited)
	case l.paired():
		s.part(l)
	case l.stay != nil && l.stay.connected:
		s.giveUp(l, pbx.CauseHungUp)
	case l.other != nil && l.callback == nil: // the abonent who came first hangs up again
		s.giveUp(l.other, pbx.CauseCancelled)
	default:
		s.giveUp(l, pbx.CauseCancelled)
	}
}

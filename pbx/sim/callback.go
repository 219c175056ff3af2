package sim

import (
	"fmt"

	"github.com/octolink/octolink/pbx"
)

// start begins a callback. A phone that is off-hook already, with somebody on hold, need not ring.
func (s *Sim) start(r pbx.DialRequest) error {
	u := s.board.Directory().UserByLogin(r.User)
	if u == nil || u.Main() == "" {
		return fmt.Errorf("sim: %q: %w", r.User, pbx.ErrNoPhone)
	}
	p := s.phoneOf(u)
	if p.busy || p.current() != nil {
		return fmt.Errorf("sim: %s: %w", p.number, pbx.ErrBusy)
	}
	t, err := s.find(r.To)
	if err != nil {
		return err
	}
	r.AbonentFirst = r.AbonentFirst && t.flow == nil // a flow has no phone that could wait
	if t.phone == p {
		return fmt.Errorf("sim: %s calls himself: %w", p.number, pbx.ErrBusy)
	}
	offHook := p.held() != nil
	l := s.begin(p, r.Chain, pbx.LegReserved)
	l.outgoing, l.dialled = true, s.partyOf(t)
	l.callback = &callback{DialRequest: r, stage: pbx.CallbackUser}
	switch {
	case offHook:
		l.callback.AbonentFirst = false
		s.pickedUp(l)
	case r.AbonentFirst:
		l.callback.stage = pbx.CallbackAbonent
		s.tell(l)
		s.after(l, setup, func() { s.callAbonent(l) })
	default:
		s.tell(l)
		s.after(l, setup, func() { s.callBack(l) })
	}
	return nil
}

// callBack rings the user.
func (s *Sim) callBack(l *leg) {
	l.calm()
	l.state = pbx.LegRinging
	l.callback.stage = pbx.CallbackUser
	s.tell(l)
	s.ring(l, s.opts.NoAnswer)
}

// pickedUp is the user who has answered his callback.
func (s *Sim) pickedUp(l *leg) {
	if l.callback.answered {
		s.pair(l, l.other)
		return
	}
	l.state = pbx.LegDialling
	l.callback.stage = pbx.CallbackAbonent
	s.tell(l)
	s.callAbonent(l)
}

// callAbonent dials the number that the user asked for. A busy one is heard as a tone.
func (s *Sim) callAbonent(l *leg) {
	t, err := s.find(l.callback.To)
	if err == nil {
		err = s.call(l, t, l.callback.Intercom)
	}
	if err != nil {
		s.after(l, busyTone, func() { s.giveUp(l, pbx.CauseBusy) })
	}
}

// abonentThere is the number that was dialled first; now the user is rung.
func (s *Sim) abonentThere(r *leg) {
	l := r.other
	s.taken(l, r)
	l.other, l.callback.answered = r, true
	r.state = pbx.LegDialling
	s.tell(r)
	s.callBack(l)
}

package sim

import (
	"context"
	"fmt"
	"slices"

	"github.com/octolink/octolink/pbx"
)

// Ring has somebody dial: an outside party, or a user at his own phone, where the right to dial does
// not matter. `to` is a user's number or a queue's; a user may also dial outside. A user with
// somebody on hold makes a second call. It returns the call's chain. Fails with ErrNoSuchNumber, and
// with ErrBusy when either phone is busy; a user who dials a busy number hears the tone instead.
func (s *Sim) Ring(ctx context.Context, from, to string) (call string, err error) {
	err = s.do(ctx, func() error {
		p, err := s.hand(from)
		if err != nil {
			return err
		}
		t, err := s.dialled(p, to)
		if err != nil {
			return err
		}
		if p.external() && t.phone != nil && t.phone.external() {
			return fmt.Errorf("sim: %.32q is outside, and so is the caller: %w", to, pbx.ErrNoSuchNumber)
		}
		if p.busy || p.current() != nil || p.held() != nil && p.external() {
			return fmt.Errorf("sim: %s: %w", p.number, pbx.ErrBusy)
		}
		call = s.board.NewID()
		l := s.begin(p, call, pbx.LegDialling)
		l.outgoing, l.dialled = true, s.partyOf(t)
		err = s.call(l, t, false)
		switch {
		case err == nil && l.state == pbx.LegDialling:
			s.tell(l)
		case err != nil && p.external():
			s.end(l, pbx.CauseBusy)
			return err
		case err != nil:
			s.tell(l)
			s.after(l, busyTone, func() { s.giveUp(l, pbx.CauseBusy) })
		}
		return nil
	})
	return call, err
}

// hand finds the phone of a user's or an outside number.
func (s *Sim) hand(number string) (*phone, error) {
	t, err := s.place(number)
	if err == nil && t.phone == nil {
		err = fmt.Errorf("sim: %.32q is a queue: %w", number, pbx.ErrNoSuchNumber)
	}
	return t.phone, err
}

// AnswerPhone lifts the hand-set of a ringing phone. Fails with ErrState when it does not ring.
func (s *Sim) AnswerPhone(ctx context.Context, number string) error {
	return s.ringing(ctx, number, s.answered)
}

// Reject presses the red button of a ringing phone. Fails with ErrState when it does not ring.
func (s *Sim) Reject(ctx context.Context, number string) error {
	return s.ringing(ctx, number, s.drop)
}

func (s *Sim) ringing(ctx context.Context, number string, fn func(*leg)) error {
	return s.do(ctx, func() error {
		p, err := s.hand(number)
		if err != nil {
			return err
		}
		for _, l := range p.legs {
			if l.state == pbx.LegRinging {
				fn(l)
				return nil
			}
		}
		return fmt.Errorf("sim: %s does not ring: %w", p.number, pbx.ErrState)
	})
}

// HangupPhone puts the hand-set down: everything that the phone does ends, who is on hold is dropped.
// Fails with ErrState when it does nothing.
func (s *Sim) HangupPhone(ctx context.Context, number string) error {
	return s.do(ctx, func() error {
		p, err := s.hand(number)
		if err != nil {
			return err
		}
		if len(p.legs) == 0 {
			return fmt.Errorf("sim: %s does nothing: %w", p.number, pbx.ErrState)
		}
		for _, l := range slices.Clone(p.legs) {
			if l.state != pbx.LegEnded {
				s.drop(l)
			}
		}
		return nil
	})
}

// SetBusy makes a phone unreachable for new calls, or reachable again. Its present call goes on.
func (s *Sim) SetBusy(ctx context.Context, number string, on bool) error {
	return s.do(ctx, func() error {
		p, err := s.hand(number)
		if err != nil {
			return err
		}
		p.busy = on
		s.settle(p)
		if !on && !p.external() {
			s.memberFreed(p)
		}
		return nil
	})
}

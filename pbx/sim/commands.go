package sim

import (
	"context"
	"fmt"

	"github.com/octolink/octolink/pbx"
)

// Dial makes a callback. The user's phone rings after a tenth of a second, unless it is off-hook
// with somebody on hold.
func (s *Sim) Dial(ctx context.Context, r pbx.DialRequest) error {
	return s.do(ctx, func() error { return s.start(r) })
}

// Answer takes a ringing leg's phone off the hook. Every phone of the simulator can do that.
func (s *Sim) Answer(ctx context.Context, name string) error {
	return s.do(ctx, func() error {
		l, err := s.leg(name)
		if err != nil {
			return err
		}
		if l.state != pbx.LegRinging {
			return fmt.Errorf("sim: answer: %w", pbx.ErrState)
		}
		s.answered(l)
		return nil
	})
}

// Hangup ends a leg; a ringing one is rejected, a callback stopped.
func (s *Sim) Hangup(ctx context.Context, name string) error {
	return s.do(ctx, func() error {
		l, err := s.leg(name)
		if err == nil {
			s.drop(l)
		}
		return err
	})
}

// Transfer sends the other side of a talk elsewhere. A busy destination is refused with ErrBusy, so
// that nobody is lost; one that declines later ends the call.
func (s *Sim) Transfer(ctx context.Context, name, to string) error {
	return s.do(ctx, func() error {
		l, err := s.leg(name)
		if err != nil {
			return err
		}
		if !l.paired() || l.state == pbx.LegHeld || l.other.state == pbx.LegHolding {
			return fmt.Errorf("sim: transfer: %w", pbx.ErrState)
		}
		t, err := s.find(to)
		if err != nil {
			return err
		}
		o := l.other
		if end, free := s.route(t, o.phone.number); !free {
			return fmt.Errorf("sim: transfer to %s: %w", end.name(), pbx.ErrBusy)
		} else if end.flow != nil && o.flows >= maxFlows {
			return fmt.Errorf("sim: transfer to %s: %w", end.name(), pbx.ErrBusy)
		}
		s.end(l, pbx.CauseMoved)
		s.giveAway(o)
		o.letGo()
		o.dialled = s.partyOf(t)
		s.tell(o)
		return s.call(o, t, false)
	})
}

package sim

import (
	"context"
	"fmt"

	"github.com/octolink/octolink/pbx"
)

// Press presses keys at a phone, one after the other. A flow gets them when it asks; who talks with
// somebody presses them for nobody. Fails with ErrInvalid for what is no key, ErrNoSuchNumber, and
// ErrState when no flow leads the phone's call.
func (s *Sim) Press(ctx context.Context, number, digits string) error {
	if err := pbx.CheckKeys(digits); err != nil {
		return err
	}
	return s.do(ctx, func() error {
		p, err := s.hand(number)
		if err != nil {
			return err
		}
		l := p.current()
		if l == nil || l.stay == nil {
			return fmt.Errorf("sim: no flow leads a call of %s: %w", p.number, pbx.ErrState)
		}
		if l.other != nil {
			return nil
		}
		for _, k := range digits {
			l.stay.press(k)
		}
		return nil
	})
}

package sim

import (
	"context"
	"fmt"

	"github.com/octolink/octolink/pbx"
)

// Gather turns a talk of two into a conference.
func (s *Sim) Gather(ctx context.Context, name, conference string) error {
	return s.do(ctx, func() error {
		l, err := s.leg(name)
		if err != nil {
			return err
		}
		if !l.paired() || l.state != pbx.LegTalking || s.confs[conference] != nil {
			return fmt.Errorf("sim: conference: %w", pbx.ErrState)
		}
		c := s.open(conference, l.chain)
		s.gather(c, l, l.other)
		return nil
	})
}

// gather takes legs into a new conference; the first is its creator's.
func (s *Sim) gather(c *conference, legs ...*leg) {
	for _, l := range legs {
		s.admit(c, l)
	}
	c.members[0].creator = true
	s.tellConference(c)
}

// Invite rings numbers into a conference.
func (s *Sim) Invite(ctx context.Context, conference string, numbers []string) error {
	return s.do(ctx, func() error {
		c := s.confs[conference]
		if c == nil || c.target != nil {
			return fmt.Errorf("sim: %.64q: %w", conference, pbx.ErrNoSuchConference)
		}
		guests, err := s.guests(numbers)
		if err == nil {
			s.inviteAll(c, guests)
		}
		return err
	})
}

// Kick ends a member's part, or stops calling him.
func (s *Sim) Kick(ctx context.Context, conference, id string) error {
	return s.do(ctx, func() error {
		c := s.confs[conference]
		if c == nil {
			return fmt.Errorf("sim: %.64q: %w", conference, pbx.ErrNoSuchConference)
		}
		for _, m := range c.members {
			if m.id != id || m.leg == nil || m.leg.conf != c || !m.state.Present() {
				continue
			}
			if m.state == pbx.MemberInviting {
				s.leave(m.leg, pbx.CauseCancelled, pbx.MemberStopped)
			} else {
				s.leave(m.leg, pbx.CauseNormal, pbx.MemberExited)
			}
			return nil
		}
		return fmt.Errorf("sim: %.64q: %w", id, pbx.ErrNoSuchMember)
	})
}

// Join makes one conference of a phone's two calls. When one of them is a conference already, the
// other's party comes into it.
func (s *Sim) Join(ctx context.Context, heldName, currentName string) error {
	return s.do(ctx, func() error {
		held, current, err := s.both(heldName, currentName)
		if err != nil {
			return err
		}
		if !current.joinable() || held.conf != nil && current.conf != nil {
			return fmt.Errorf("sim: join: %w", pbx.ErrState)
		}
		switch {
		case held.conf != nil:
			s.end(current, pbx.CauseMoved)
			s.resume(held)
			s.admit(held.conf, current.other)
		case current.conf != nil:
			s.end(held, pbx.CauseMoved)
			s.admit(current.conf, held.other)
		default:
			s.end(held, pbx.CauseMoved)
			c := s.open(s.board.NewID(), current.chain)
			s.gather(c, current, current.other, held.other)
		}
		return nil
	})
}

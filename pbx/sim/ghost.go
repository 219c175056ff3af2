package sim

import (
	"context"
	"fmt"
	"slices"

	"github.com/octolink/octolink/pbx"
)

// Listen takes a supervisor's phone off the hook and into somebody's talk. The legs of the talk do
// not change: their phones must not notice.
func (s *Sim) Listen(ctx context.Context, supervisor, targetLeg, conference string) error {
	return s.do(ctx, func() error {
		target, err := s.leg(targetLeg)
		if err != nil {
			return err
		}
		u := s.board.Directory().UserByLogin(supervisor)
		if u == nil || u.Main() == "" {
			return fmt.Errorf("sim: %q: %w", supervisor, pbx.ErrNoPhone)
		}
		own := s.phoneOf(u)
		if own.engaged() || own == target.phone {
			return fmt.Errorf("sim: %s: %w", own.number, pbx.ErrBusy)
		}
		if target.state != pbx.LegTalking || s.confs[conference] != nil {
			return fmt.Errorf("sim: listen: %w", pbx.ErrState)
		}
		// A chain of his own: the target's trace must not show him.
		c := s.open(conference, s.board.NewID())
		c.target, c.mode, c.begun = target, pbx.GhostMonitor, true
		target.listeners = append(target.listeners, c)
		m := s.seat(c, s.party(own))
		m.ghost, m.state = true, pbx.MemberTalking
		l := s.begin(own, c.chain, pbx.LegTalking)
		l.conf, l.member, m.leg = c, m, l
		l.talk, l.since = s.board.NewID(), s.board.Now()
		s.tell(l)
		s.haunt(target)
		return nil
	})
}

// haunt shows the listeners of a leg who talks there now.
func (s *Sim) haunt(l *leg) {
	for _, c := range l.listeners {
		c.members = c.members[:1]
		for _, o := range []*leg{l, l.other} {
			if o == nil {
				continue
			}
			if o.shown == "" {
				o.shown = s.board.NewID()
			}
			c.members = append(c.members, &member{
				id: o.shown, leg: o, party: s.party(o.phone), chain: o.chain, state: pbx.MemberTalking, help: c.helped == o,
			})
		}
		s.tellConference(c)
	}
}

// unhaunt ends the listening to a leg that has ended.
func (s *Sim) unhaunt(l *leg) {
	for _, c := range slices.Clone(l.listeners) {
		s.closeConference(c)
	}
}

// GhostMode says who hears the listener. With a member it is about that one only.
func (s *Sim) GhostMode(ctx context.Context, conference, id string, mode pbx.GhostMode) error {
	return s.do(ctx, func() error {
		c := s.confs[conference]
		if c == nil || c.target == nil {
			return fmt.Errorf("sim: %.64q: %w", conference, pbx.ErrNoSuchConference)
		}
		found := false
		for _, m := range c.members {
			if id == "" && m.ghost || id == m.id {
				m.help, found = mode == pbx.GhostHelp, true
				c.helped = nil
				if m.help {
					c.helped = m.leg
				}
			}
		}
		if !found {
			return fmt.Errorf("sim: %.64q: %w", id, pbx.ErrNoSuchMember)
		}
		if id == "" {
			c.mode = mode
		}
		s.tellConference(c)
		return nil
	})
}

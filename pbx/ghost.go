package pbx

import (
	"context"
	"fmt"
)

// Ghost makes a user a silent listener of a subordinate's talk and returns the GUID of the
// conference that he sees; the target and the other side notice nothing. Fails with ErrGhostRights
// for anybody who is not his subordinate, known or not, with ErrState when the target does not talk
// or the user's own phone is busy.
func (s *Switch) Ghost(ctx context.Context, login, target string) (conference string, err error) {
	driver, ok := s.driver.(Eavesdropper)
	if !ok {
		return "", failed("listen", ErrUnsupported)
	}
	ph, err := s.look(ctx, login)
	if err != nil {
		return "", err
	}
	d := s.Directory()
	who := d.UserByLogin(target)
	if who == nil {
		who = d.UserByID(target)
	}
	if who == nil || !d.Supervises(login, who.Login) {
		return "", fmt.Errorf("pbx: %s may not listen to %.64q: %w", login, target, ErrGhostRights)
	}
	if ph.current != nil || ph.held != nil {
		return "", ph.refuse("listening")
	}
	talk := s.Line(who.Login).Current
	if talk == nil || talk.State != LegTalking || s.listens(talk) {
		return "", fmt.Errorf("pbx: %s does not talk: %w", who.Login, ErrState)
	}
	conference = s.opts.NewID()
	return conference, failed("listen", driver.Listen(ctx, ph.user.Login, talk.ID, conference))
}

// ghost checks that the user is the listener of a conference.
func (s *Switch) ghost(login, conference string) (Eavesdropper, error) {
	driver, ok := s.driver.(Eavesdropper)
	if !ok {
		return nil, failed("listen", ErrUnsupported)
	}
	c, me, err := s.member(login, conference)
	if err != nil {
		return nil, err
	}
	if !c.Ghost || !me.Ghost {
		return nil, fmt.Errorf("pbx: %s does not listen in: %w", login, ErrState)
	}
	for _, m := range c.Members {
		if m.GhostMain && m.Party.User != nil && s.Directory().Supervises(login, m.Party.User.Login) {
			return driver, nil
		}
	}
	return nil, fmt.Errorf("pbx: %s: %w", login, ErrGhostRights)
}

// SetGhostMode changes what the listener may do [P 8.6]. Fails with ErrNoSuchConference,
// ErrForbidden, ErrState when he does not listen in, ErrUnsupported for an unknown mode.
func (s *Switch) SetGhostMode(ctx context.Context, login, conference string, mode GhostMode) error {
	driver, err := s.ghost(login, conference)
	if err != nil {
		return err
	}
	switch mode {
	case GhostMonitor, GhostHelp, GhostConference:
		return failed("ghost mode", driver.GhostMode(ctx, conference, "", mode))
	}
	return fmt.Errorf("pbx: ghost mode %.32q: %w", mode, ErrUnsupported)
}

// SetVoice makes one participant the only one who hears the listener, or lets nobody hear him.
// Fails like SetGhostMode, and with ErrNoSuchMember.
func (s *Switch) SetVoice(ctx context.Context, login, conference, member string, help bool) error {
	driver, err := s.ghost(login, conference)
	if err != nil {
		return err
	}
	if c := s.conference(conference); c == nil {
		return fmt.Errorf("pbx: %.64q: %w", conference, ErrNoSuchConference)
	} else if _, known := c.member(member); !known {
		return fmt.Errorf("pbx: %.64q: %w", member, ErrNoSuchMember)
	}
	mode := GhostMonitor
	if help {
		mode = GhostHelp
	}
	return failed("voice", driver.GhostMode(ctx, conference, member, mode))
}

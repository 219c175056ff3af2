package pbx

import (
	"context"
	"fmt"
	"slices"
)

// conferencer is the driver, if it can hold conferences.
func (s *Switch) conferencer() (Conferencer, error) {
	if c, ok := s.driver.(Conferencer); ok {
		return c, nil
	}
	return nil, failed("conference", ErrUnsupported)
}

// CreateConference rings the user and the members, and gathers them. The conference's ID is the
// client's; an empty one is made up. Members are numbers or GUIDs of users or numbers; the user
// himself need not be among them. Fails with ErrState for an ID in use or a busy phone,
// ErrNoSuchNumber, ErrForbidden.
func (s *Switch) CreateConference(ctx context.Context, login string, c Conference, members []string) error {
	driver, err := s.conferencer()
	if err != nil {
		return err
	}
	ph, err := s.look(ctx, login)
	if err != nil {
		return err
	}
	if ph.current != nil || ph.held != nil {
		return ph.refuse("a new conference")
	}
	numbers, err := s.invited(ph.user, members)
	if err != nil {
		return err
	}
	if len(numbers) == 0 {
		return ph.refuse("a conference of one")
	}
	if c.ID == "" {
		c.ID = s.opts.NewID()
	}
	if s.conference(c.ID) != nil {
		return ph.refuse("a conference with an id in use")
	}
	return failed("conference", driver.Create(ctx, c, ph.user.Login, numbers))
}

// invited are the numbers of those who are called, each once, without the caller.
func (s *Switch) invited(u *User, members []string) ([]string, error) {
	var numbers []string
	for _, m := range members {
		number, err := s.dialled(u, m)
		if slices.Contains(u.Numbers, number) {
			continue // he may always call himself
		}
		if err != nil {
			return nil, err
		}
		if !slices.Contains(numbers, number) {
			numbers = append(numbers, number)
		}
	}
	return numbers, nil
}

// BuildConference turns the user's talk into a conference and returns its GUID. Fails with ErrState
// when he does not talk with one party.
func (s *Switch) BuildConference(ctx context.Context, login string) (id string, err error) {
	driver, err := s.conferencer()
	if err != nil {
		return "", err
	}
	ph, err := s.look(ctx, login)
	if err != nil {
		return "", err
	}
	if ph.current == nil || ph.current.State != LegTalking || ph.current.Conference != "" {
		return "", ph.refuse("a conference of two")
	}
	id = s.opts.NewID()
	return id, failed("conference", driver.Gather(ctx, ph.current.ID, id))
}

// member checks that a user is in a conference.
func (s *Switch) member(login, conference string) (*Conference, ConferenceMember, error) {
	c := s.conference(conference)
	if c == nil {
		return nil, ConferenceMember{}, fmt.Errorf("pbx: %.64q: %w", conference, ErrNoSuchConference)
	}
	m, _ := c.Participant(login)
	if !c.ShownTo(login) {
		return nil, ConferenceMember{}, fmt.Errorf("pbx: %s is not in conference %s: %w", login, conference, ErrForbidden)
	}
	return c, m, nil
}

// Invite rings people into a conference; members as in CreateConference. Fails with
// ErrNoSuchConference, ErrForbidden when the user is not in it, ErrNoSuchNumber.
func (s *Switch) Invite(ctx context.Context, login, conference string, members []string) error {
	driver, err := s.conferencer()
	if err != nil {
		return err
	}
	c, _, err := s.member(login, conference)
	if err != nil {
		return err
	}
	u := s.Directory().UserByLogin(login)
	if u == nil || c.Ghost {
		return fmt.Errorf("pbx: %s cannot invite: %w", login, ErrForbidden)
	}
	numbers, err := s.invited(u, members)
	if err != nil {
		return err
	}
	return failed("invitation", driver.Invite(ctx, conference, numbers))
}

// Kick ends somebody's part in a conference, or the calling of one who was invited. Only who created
// or directs it may, and everybody himself. Fails with ErrNoSuchConference, ErrNoSuchMember,
// ErrForbidden.
func (s *Switch) Kick(ctx context.Context, login, conference, member string) error {
	driver, err := s.conferencer()
	if err != nil {
		return err
	}
	c, me, err := s.member(login, conference)
	if err != nil {
		return err
	}
	if m, known := c.member(member); !known || !m.State.Present() {
		return fmt.Errorf("pbx: %.64q: %w", member, ErrNoSuchMember)
	}
	if me.ID != member && !me.Creator && !me.Director || c.Ghost && me.ID != member {
		return fmt.Errorf("pbx: %s does not lead the conference: %w", login, ErrForbidden)
	}
	return failed("kick", driver.Kick(ctx, conference, member))
}

// ExitConference ends the user's own part. Fails with ErrNoSuchConference when it is over, and with
// ErrForbidden when he is not in it.
func (s *Switch) ExitConference(ctx context.Context, login, conference string) error {
	driver, err := s.conferencer()
	if err != nil {
		return err
	}
	_, me, err := s.member(login, conference)
	if err != nil {
		return err
	}
	return failed("exit", driver.Kick(ctx, conference, me.ID))
}

// CanJoinHeld reports whether JoinHeld would have two parties to join.
func (s *Switch) CanJoinHeld(login string) bool {
	_, able := s.driver.(Conferencer)
	l := s.Line(login)
	return able && l.Held != nil && l.Current != nil && l.Current.State == LegTalking &&
		(l.Held.Conference == "" || l.Current.Conference == "") && !s.listens(l.Current)
}

// JoinHeld makes one conference of the user, the current and the held party. Fails with ErrState
// when one of them is missing.
func (s *Switch) JoinHeld(ctx context.Context, login string) error {
	driver, err := s.conferencer()
	if err != nil {
		return err
	}
	ph, err := s.look(ctx, login)
	if err != nil {
		return err
	}
	if !s.CanJoinHeld(login) || ph.current == nil || ph.held == nil {
		return ph.refuse("a conference of three")
	}
	return failed("join", driver.Join(ctx, ph.held.ID, ph.current.ID))
}

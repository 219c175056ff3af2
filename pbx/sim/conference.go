package sim

import (
	"context"
	"fmt"
	"slices"

	"github.com/octolink/octolink/pbx"
)

// A conference is a room of more than two, or what a listening supervisor sees.
type conference struct {
	id, name, chain string
	room            int
	options         pbx.ConferenceOptions
	members         []*member
	begun           bool // somebody has entered

	target *leg // whom a supervisor listens to; nil in an ordinary conference
	mode   pbx.GhostMode
	helped *leg // the one who alone hears the supervisor, when he was chosen; the supervisor's own: the target
}

// A member is somebody's part in a conference.
type member struct {
	id, chain            string
	leg                  *leg // nil: a busy phone
	party                pbx.Party
	state                pbx.MemberState
	creator, ghost, help bool
	told                 bool // that it is over
}

// Create rings everybody, the creator too.
func (s *Sim) Create(ctx context.Context, c pbx.Conference, creator string, members []string) error {
	return s.do(ctx, func() error {
		u := s.board.Directory().UserByLogin(creator)
		if u == nil || u.Main() == "" {
			return fmt.Errorf("sim: %q: %w", creator, pbx.ErrNoPhone)
		}
		if s.confs[c.ID] != nil {
			return fmt.Errorf("sim: conference %s is there already: %w", c.ID, pbx.ErrState)
		}
		own := s.phoneOf(u)
		if own.engaged() {
			return fmt.Errorf("sim: %s: %w", own.number, pbx.ErrBusy)
		}
		guests, err := s.guests(members)
		if err != nil {
			return err
		}
		k := s.open(c.ID, s.board.NewID())
		k.name, k.options = c.Name, c.Options
		if c.Room != 0 {
			k.room = c.Room
		}
		m := s.seat(k, s.party(own))
		m.creator = true
		l := s.summon(k, m, own, pbx.Party{Name: k.name})
		l.outgoing = true
		s.tell(l)
		s.inviteAll(k, guests)
		if s.confs[c.ID] != k {
			return fmt.Errorf("sim: nobody can come to the conference: %w", pbx.ErrBusy)
		}
		return nil
	})
}

// guests finds phones. A queue or a flow cannot come to a conference.
func (s *Sim) guests(numbers []string) ([]target, error) {
	var guests []target
	for _, n := range numbers {
		t, err := s.find(n)
		if err == nil && t.phone == nil {
			err = fmt.Errorf("sim: %s is a queue's or a flow's, and nobody to come to a conference: %w", n, pbx.ErrNoSuchNumber)
		}
		if err != nil {
			return nil, err
		}
		guests = append(guests, t)
	}
	return guests, nil
}

// open makes a conference in the first room that is free.
func (s *Sim) open(id, chain string) *conference {
	taken := map[int]bool{}
	for _, c := range s.confs {
		taken[c.room] = true
	}
	c := &conference{id: id, chain: chain, room: 1}
	for taken[c.room] {
		c.room++
	}
	s.confs[id] = c
	return c
}

// seat adds a member who is being called.
func (s *Sim) seat(c *conference, p pbx.Party) *member {
	m := &member{id: s.board.NewID(), party: p, chain: c.chain, state: pbx.MemberInviting}
	c.members = append(c.members, m)
	return m
}

// summon rings a member's phone. He is not in the conference before he answers.
func (s *Sim) summon(c *conference, m *member, p *phone, inviter pbx.Party) *leg {
	l := s.begin(p, c.chain, pbx.LegRinging)
	l.conf, l.member, m.leg, l.dialled = c, m, l, inviter
	s.tell(l)
	s.ring(l, s.opts.NoAnswer)
	return l
}

// inviteAll calls guests who are not there yet. Redirect rules and do-not-disturb hold for them too.
func (s *Sim) inviteAll(c *conference, guests []target) {
	inviter := pbx.Party{Name: c.name}
	for _, m := range c.members {
		if m.creator && m.state.Present() {
			inviter = m.party
		}
	}
	for _, t := range guests {
		if c.has(t.phone) {
			continue
		}
		t, free := s.route(t, inviter.Number)
		switch {
		case t.phone == nil || c.has(t.phone):
		case free:
			s.summon(c, s.seat(c, s.party(t.phone)), t.phone, inviter)
		default:
			s.seat(c, s.party(t.phone)).state = pbx.MemberBusy
		}
	}
	s.settleConference(c)
}

func (c *conference) has(p *phone) bool {
	return slices.ContainsFunc(c.members, func(m *member) bool { return m.state.Present() && m.leg != nil && m.leg.phone == p })
}

// enter lets in who has answered.
func (s *Sim) enter(l *leg) {
	l.calm()
	l.state, l.talk, l.since = pbx.LegTalking, s.board.NewID(), s.board.Now()
	l.member.state = pbx.MemberTalking
	l.conf.begun = true
	s.tell(l)
	s.tellConference(l.conf)
}

// admit takes a leg of a talk into a conference.
func (s *Sim) admit(c *conference, l *leg) {
	s.giveAway(l)
	l.letGo()
	l.conf, l.member = c, s.seat(c, s.party(l.phone))
	l.member.leg, l.member.chain = l, l.chain
	s.enter(l)
}

// declined is an invited phone that was not answered.
func (s *Sim) declined(l *leg, cause pbx.Cause) {
	l.member.state = pbx.MemberRefused
	if cause == pbx.CauseNoAnswer {
		l.member.state = pbx.MemberNoAnswer
	}
	s.end(l, cause)
	s.settleConference(l.conf)
}

// leave ends a member's part.
func (s *Sim) leave(l *leg, cause pbx.Cause, state pbx.MemberState) {
	l.member.state = state
	s.end(l, cause)
	s.settleConference(l.conf)
}

// settleConference ends a conference of one, and one that everybody has left while others still ring.
func (s *Sim) settleConference(c *conference) {
	if s.confs[c.id] != c {
		return
	}
	var present, inside int
	users := c.users()
	for _, m := range c.members {
		if m.state.Present() {
			present++
		}
		if m.state == pbx.MemberTalking {
			inside++
		}
	}
	if present <= 1 || c.begun && inside == 0 || c.target != nil {
		s.closeConference(c)
		return
	}
	if !users {
		s.board.After(outsideOnly, func() { s.closeOutsiders(c) })
	}
	s.tellConference(c)
}

// users reports whether somebody of ours is there.
func (c *conference) users() bool {
	return slices.ContainsFunc(c.members, func(m *member) bool { return m.state.Present() && m.party.User != nil })
}

// closeOutsiders ends a conference to which nobody of ours has come back.
func (s *Sim) closeOutsiders(c *conference) {
	if !c.users() {
		s.closeConference(c)
	}
}

// closeConference lets everybody go.
func (s *Sim) closeConference(c *conference) {
	if s.confs[c.id] != c {
		return
	}
	delete(s.confs, c.id)
	if c.target != nil {
		c.target.listeners = slices.DeleteFunc(c.target.listeners, func(o *conference) bool { return o == c })
	}
	for _, m := range c.members {
		if m.leg == nil || m.leg.conf != c || !m.state.Present() {
			continue
		}
		cause := pbx.CauseNormal
		if m.state == pbx.MemberInviting {
			cause = pbx.CauseCancelled
		}
		s.end(m.leg, cause)
	}
	s.board.Conference(pbx.Conference{ID: c.id, Room: c.room, Name: c.name, Ghost: c.target != nil})
}

// tellConference shows who is there. Who is gone is shown once more, with the reason.
func (s *Sim) tellConference(c *conference) {
	if s.confs[c.id] != c {
		return
	}
	c.members = slices.DeleteFunc(c.members, func(m *member) bool { return m.told })
	t := pbx.Conference{ID: c.id, Room: c.room, Name: c.name, Options: c.options, Ghost: c.target != nil, Mode: c.mode}
	for _, m := range c.members {
		m.told = !m.state.Present()
		t.Members = append(t.Members, pbx.ConferenceMember{
			ID: m.id, Party: m.party, Chain: m.chain, State: m.state, Creator: m.creator, Ghost: m.ghost,
			GhostMain: c.target != nil && m.leg == c.target, Help: m.help,
		})
	}
	s.board.Conference(t)
}

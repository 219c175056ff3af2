package pbx

import (
	"context"
	"fmt"
)

// person finds a user. Only on the switch's goroutine.
func (s *Switch) person(login string) (*person, error) {
	if p := s.people[fold(login)]; p != nil && !p.gone {
		return p, nil
	}
	return nil, fmt.Errorf("%.64q: %w", login, ErrNoSuchUser)
}

// with runs fn for a user on the switch's goroutine.
func (s *Switch) with(ctx context.Context, login string, fn func(p *person) error) error {
	var failure error
	err := s.do(ctx, func() {
		p, err := s.person(login)
		if err == nil {
			err = fn(p)
		}
		failure = err
	})
	if err != nil {
		return fmt.Errorf("pbx: %w", err)
	}
	if failure != nil {
		return fmt.Errorf("pbx: %w", failure)
	}
	return nil
}

// Connect says that a user is logged in: he is ready, in the call-centre, redirect mode and
// do-not-disturb as he left them. For one who is logged in already nothing changes.
func (s *Switch) Connect(ctx context.Context, login string) error {
	return s.with(ctx, login, func(p *person) error {
		if !p.online {
			p.online = true
			s.batch.touch(p)
		}
		return nil
	})
}

// Disconnect says that a user has logged out. A break ends with that.
func (s *Switch) Disconnect(ctx context.Context, login string) error {
	return s.with(ctx, login, func(p *person) error {
		if p.online {
			p.online = false
			if p.wish != DND {
				p.wish = Ready
			}
			p.breakID, p.reason = 0, ""
			s.batch.touch(p)
		}
		return nil
	})
}

// SetState changes a user's state and returns what it is now: while his phone is busy that is Busy,
// and a wish for another state is kept for the time after the call. Leaving the call-centre leaves
// its manual mode. Fails with ErrState for a state that nobody can choose.
func (s *Switch) SetState(ctx context.Context, login string, change StateChange) (UserState, error) {
	var now UserState
	err := s.with(ctx, login, func(p *person) error {
		if err := p.wants(change); err != nil {
			return err
		}
		s.batch.touch(p)
		s.remember(p)
		now = p.state()
		return nil
	})
	return now, err
}

// remember keeps what must survive a log-out.
func (s *Switch) remember(p *person) {
	if saved := p.saved(); saved != p.kept {
		p.kept = saved
		s.opts.Memory.SaveState(p.login(), saved)
	}
}

// wants takes over what is present in the change [P 5.8].
func (p *person) wants(change StateChange) error {
	if change.State != nil {
		switch *change.State {
		case Ready, OnBreak, DND, Busy:
			p.wish = *change.State
		default:
			return fmt.Errorf("state %d cannot be chosen: %w", *change.State, ErrState)
		}
		if p.wish == OnBreak {
			p.breakID, p.reason = 0, ""
		}
	}
	set(&p.center, change.CallCenter)
	set(&p.manual, change.Manual)
	set(&p.diverts, change.Redirect)
	p.manual = p.manual && p.center
	// A reason alone is no wish for a break: real servers ignore it too [P 5.8].
	if p.wish == OnBreak && change.State != nil {
		set(&p.breakID, change.BreakID)
		set(&p.reason, change.BreakText)
	}
	if p.wish != OnBreak {
		p.breakID, p.reason = 0, ""
	}
	return nil
}

// set takes over a wish that is there.
func set[T any](field, wish *T) {
	if wish != nil {
		*field = *wish
	}
}

// SetRules replaces a user's redirect rules.
func (s *Switch) SetRules(ctx context.Context, login string, rules []RedirectRule) error {
	return s.with(ctx, login, func(p *person) error {
		p.setRules(rules)
		return nil
	})
}

// SetDirectory changes who exists. Users who stay keep their states and calls; the calls of one who
// left go on, without him in the picture.
func (s *Switch) SetDirectory(ctx context.Context, d *Directory) error {
	err := s.do(ctx, func() {
		s.settle(d)
		for login, p := range s.people {
			switch {
			case !p.gone:
				s.batch.touch(p)
			case len(p.legs) == 0:
				delete(s.people, login)
			}
		}
		s.tell("", DirectoryChanged{})
		s.numbersChanged(d.everyNumber()) // some may have changed hands
		if r, ok := s.driver.(Reloader); ok {
			r.DirectoryChanged()
		}
	})
	if err != nil {
		return fmt.Errorf("pbx: %w", err)
	}
	return nil
}

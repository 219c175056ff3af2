package sim

import (
	"strings"
	"time"

	"github.com/octolink/octolink/pbx"
)

// A phone is a user's or an outside party's. An outside one exists only while it does something.
type phone struct {
	login  string // "" outside
	number string // the main one
	legs   []*leg // oldest first
	busy   bool   // made so by hand
	freed  time.Time
}

func (p *phone) external() bool { return p.login == "" }

// current is the leg that is not on hold; nil: there is none.
func (p *phone) current() *leg {
	for _, l := range p.legs {
		if l.state != pbx.LegHolding {
			return l
		}
	}
	return nil
}

func (p *phone) held() *leg {
	for _, l := range p.legs {
		if l.state == pbx.LegHolding {
			return l
		}
	}
	return nil
}

// engaged phones cannot be rung.
func (p *phone) engaged() bool { return p.busy || len(p.legs) > 0 }

// phoneOf is a user's phone; nil for a user without one.
func (s *Sim) phoneOf(u *pbx.User) *phone {
	if u.Main() == "" {
		return nil
	}
	login := strings.ToLower(u.Login)
	p := s.users[login]
	if p == nil {
		p = &phone{login: u.Login}
		s.users[login] = p
	}
	p.number = u.Main()
	return p
}

// outsider is the phone of an outside number. It is remembered when a leg begins or it is made busy.
func (s *Sim) outsider(number string) *phone {
	if p := s.outside[number]; p != nil {
		return p
	}
	return &phone{number: number}
}

// settle forgets an outside phone that does nothing.
func (s *Sim) settle(p *phone) {
	switch {
	case !p.external():
	case p.engaged():
		s.outside[p.number] = p
	default:
		delete(s.outside, p.number)
	}
}

// party is how others see a phone.
func (s *Sim) party(p *phone) pbx.Party {
	if p.external() {
		return pbx.Party{Number: p.number, External: true}
	}
	u := s.board.Directory().UserByLogin(p.login)
	if u == nil {
		return pbx.Party{Number: p.number}
	}
	return pbx.Party{Number: p.number, Name: u.Name, User: u}
}

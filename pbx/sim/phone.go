package sim

import (
	"fmt"
	"slices"
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

// A target is what a number leads to: a phone or a queue.
type target struct {
	phone *phone
	queue *pbx.Queue
}

func (s *Sim) partyOf(t target) pbx.Party {
	if t.queue != nil {
		return pbx.Party{Number: t.queue.Number, Name: t.queue.Name}
	}
	return s.party(t.phone)
}

// find looks a number up. A short one that is nobody's does not exist; any other is outside.
func (s *Sim) find(number string) (target, error) {
	d := s.board.Directory()
	number, err := d.Resolve(number)
	if err != nil {
		return target{}, fmt.Errorf("sim: %w", err)
	}
	if u := d.UserByNumber(number); u != nil {
		return target{phone: s.phoneOf(u)}, nil
	}
	if q := d.QueueByNumber(number); q != nil {
		return target{queue: q}, nil
	}
	if digits := strings.Trim(number, "+"); len(digits) <= 4 {
		return target{}, fmt.Errorf("sim: %.32q: %w", number, pbx.ErrNoSuchNumber)
	}
	return target{phone: s.outsider(number)}, nil
}

// route follows the redirect rules of users, which come before their do-not-disturb. It is not
// ok when the call ends at a phone that takes none. The caller's number stays what it is.
func (s *Sim) route(t target, caller string) (end target, ok bool) {
	seen := []*phone{}
	for range maxCascade {
		if t.queue != nil || t.phone.external() {
			break
		}
		to := s.board.Redirect(t.phone.login, caller)
		if to == "" {
			break
		}
		next, err := s.find(to)
		if err != nil || next.phone != nil && slices.Contains(seen, next.phone) {
			break // a wrong or circular rule is no rule
		}
		seen = append(seen, t.phone)
		t = next
	}
	return t, t.queue != nil || !t.phone.engaged() && !s.refuses(t.phone)
}

// refuses reports whether the phone's user wants no calls.
func (s *Sim) refuses(p *phone) bool {
	return !p.external() && s.board.User(p.login).State == pbx.DND
}

package sim

import (
	"fmt"
	"slices"
	"strings"

	"github.com/octolink/octolink/pbx"
)

// A target is what a number leads to: a phone, a queue or a flow. None of them: the end of the call.
type target struct {
	phone  *phone
	queue  *pbx.Queue
	flow   *pbx.FlowNumber
	number string // that was dialled, of a flow
}

// name is the target's number for errors.
func (t target) name() string {
	switch {
	case t.phone != nil:
		return t.phone.number
	case t.queue != nil:
		return t.queue.Number
	}
	return t.number
}

func (s *Sim) partyOf(t target) pbx.Party {
	switch {
	case t.flow != nil:
		return pbx.Party{Number: t.number, Name: t.flow.Flow, IVR: true}
	case t.queue != nil:
		return pbx.Party{Number: t.queue.Number, Name: t.queue.Name}
	case t.phone != nil:
		return s.party(t.phone)
	}
	return pbx.Party{Number: t.number}
}

// dialled looks up what was dialled at a phone: outside that reaches more flows than inside.
func (s *Sim) dialled(p *phone, number string) (target, error) {
	number, err := s.board.Directory().Resolve(number)
	if err != nil {
		return target{}, fmt.Errorf("sim: %w", err)
	}
	if f, ok := s.board.Flow(number, p.external()); ok {
		return target{flow: &f, number: number}, nil
	}
	return s.place(number)
}

// find looks a number up as users dial it.
func (s *Sim) find(number string) (target, error) {
	number, err := s.board.Directory().Resolve(number)
	if err != nil {
		return target{}, fmt.Errorf("sim: %w", err)
	}
	if f, ok := s.board.Flow(number, false); ok {
		return target{flow: &f, number: number}, nil
	}
	return s.place(number)
}

// place is who has a number. A short one that is nobody's does not exist; any other is outside.
func (s *Sim) place(number string) (target, error) {
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

// aim is where a flow or a fallback sends its caller.
func (s *Sim) aim(to pbx.Route) (target, error) {
	d := s.board.Directory()
	switch to.Kind {
	case pbx.RouteUser:
		if u := d.UserByLogin(to.To); u != nil && u.Main() != "" {
			return target{phone: s.phoneOf(u)}, nil
		}
	case pbx.RouteQueue:
		if q := d.QueueByNumber(to.To); q != nil {
			return target{queue: q}, nil
		}
	case pbx.RouteNumber:
		return s.find(to.To)
	case pbx.RouteHangup:
		return target{}, nil
	}
	return target{}, fmt.Errorf("sim: %s: %w", to, pbx.ErrNoSuchNumber)
}

// route follows the redirect rules of users, which come before their do-not-disturb, and the
// fallback of flows when nobody leads calls. It is not ok when the call ends at a phone that takes
// none, or nowhere. The caller's number stays what it is.
func (s *Sim) route(t target, caller string) (end target, ok bool) {
	seen := []*phone{}
	for range maxCascade {
		next, on := s.onward(t, caller)
		if !on || next.phone != nil && slices.Contains(seen, next.phone) {
			break // a wrong or circular rule is no rule
		}
		if t.phone != nil {
			seen = append(seen, t.phone)
		}
		t = next
	}
	switch {
	case t.flow != nil:
		return t, s.board.Leads()
	case t.phone == nil:
		return t, t.queue != nil
	}
	return t, !t.phone.engaged() && !s.refuses(t.phone)
}

// onward is the next place of a call that does not end at a target.
func (s *Sim) onward(t target, caller string) (next target, ok bool) {
	var err error
	switch {
	case t.flow != nil && !s.board.Leads():
		next, err = s.aim(t.flow.Route())
		next.number = t.number
	case t.phone != nil && !t.phone.external():
		to := s.board.Redirect(t.phone.login, caller)
		if to == "" {
			return target{}, false
		}
		next, err = s.find(to)
	default:
		return target{}, false
	}
	return next, err == nil
}

// refuses reports whether the phone's user wants no calls.
func (s *Sim) refuses(p *phone) bool {
	return !p.external() && s.board.User(p.login).State == pbx.DND
}

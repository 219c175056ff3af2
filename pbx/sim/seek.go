package sim

import (
	"context"
	"fmt"
	"time"

	"github.com/octolink/octolink/pbx"
)

// A seek is what a flow does to find somebody for its caller.
type seek struct {
	todo    []*phone // to be rung later
	timeout time.Duration
	taken   time.Time // when somebody took the call; zero: nobody has
	result  pbx.RingResult
}

// RingFor rings phones for a caller, one after the other or all at once.
func (s *Sim) RingFor(ctx context.Context, name string, r pbx.RingRequest) (pbx.RingResult, error) {
	o, err := s.await(ctx, name, "ring", func(l *leg, o *order) error {
		phones := make([]*phone, 0, len(r.To))
		for _, to := range r.To {
			t, err := s.place(to)
			if err == nil && t.phone == nil {
				err = fmt.Errorf("sim: %s has no phone: %w", to, pbx.ErrNoSuchNumber)
			}
			if err != nil {
				return err
			}
			phones = append(phones, t.phone)
		}
		o.seek = &seek{todo: phones, timeout: r.Timeout}
		s.seekFrom(l)
		if r.AtOnce {
			for _, p := range phones {
				s.try(l, o, p)
			}
			o.seek.todo = nil
		}
		s.tryNext(l, o)
		return nil
	})
	return o.found(), err
}

// found is the result of a command that looked for somebody.
func (o *order) found() pbx.RingResult {
	if o.seek == nil {
		return pbx.RingResult{}
	}
	return o.seek.result
}

// tryNext rings the next phone, when none rings any more, or gives up.
func (s *Sim) tryNext(l *leg, o *order) {
	for len(l.rings) == 0 && len(o.seek.todo) > 0 {
		p := o.seek.todo[0]
		o.seek.todo = o.seek.todo[1:]
		s.try(l, o, p)
	}
	if len(l.rings) > 0 {
		s.tell(l)
		return
	}
	s.nobody(l, o)
}

// try rings one phone. Redirect rules and do-not-disturb hold; where they lead to a queue or a flow,
// it is for the caller's own flow to decide.
func (s *Sim) try(l *leg, o *order, p *phone) {
	t, free := s.route(target{phone: p}, l.phone.number)
	if !free || t.phone == nil || t.phone == l.phone {
		if p != l.phone {
			s.missed(p, l)
		}
		o.seek.about(p, pbx.BusyThere)
		return
	}
	l.dialled = s.party(t.phone)
	r := s.rung(t.phone, l)
	s.tell(r)
	s.ring(r, o.seek.timeout)
}

func (k *seek) about(p *phone, how pbx.Outcome) {
	k.result.Outcome, k.result.Number, k.result.Login = how, p.number, p.login
}

// declinedLed is the last phone that rang for a caller of a flow and was not answered.
func (s *Sim) declinedLed(from *leg, p *phone, cause pbx.Cause) {
	o := from.stay.order
	if o == nil || o.seek == nil {
		return
	}
	how := pbx.NoAnswer
	if cause == pbx.CauseRejected {
		how = pbx.Rejected
	}
	o.seek.about(p, how)
	s.tryNext(from, o)
}

// found notes who took the call of a flow's caller.
func (s *Sim) found(from, r *leg) {
	if from.stay == nil {
		return
	}
	from.stay.connected = true
	if o := from.stay.order; o != nil && o.seek != nil {
		o.hushed()
		o.seek.about(r.phone, pbx.Answered)
		o.seek.taken = s.board.Now()
		o.seek.result.Waited = o.seek.taken.Sub(o.begun)
	}
}

// talked takes a caller into his flow again when the other side has hung up.
func (s *Sim) talked(l *leg) {
	s.back(l)
	if o := l.stay.order; o != nil {
		o.seek.result.Talked = s.board.Now().Sub(o.seek.taken)
		s.finish(o, nil)
	}
}

// nobody takes a caller into his flow again when nobody took his call.
func (s *Sim) nobody(l *leg, o *order) {
	o.seek.result.Waited = s.board.Now().Sub(o.begun)
	s.back(l)
	s.finish(o, nil)
}

// Enqueue lets a caller wait in a queue.
func (s *Sim) Enqueue(ctx context.Context, name string, r pbx.QueueRequest) (pbx.RingResult, error) {
	o, err := s.await(ctx, name, "queue", func(l *leg, o *order) error {
		cfg := s.board.Directory().QueueByNumber(r.Number)
		if cfg == nil {
			return fmt.Errorf("sim: queue %.32q: %w", r.Number, pbx.ErrNoSuchNumber)
		}
		o.seek = &seek{}
		o.seek.result = pbx.RingResult{Outcome: pbx.NoAnswer, Number: cfg.Number}
		if r.Timeout > 0 {
			s.later(o, r.Timeout, func() { s.waited(l, o, pbx.NoAnswer) })
		}
		s.seekFrom(l)
		l.dialled = s.partyOf(target{queue: cfg})
		s.enqueue(l, cfg)
		return nil
	})
	return o.found(), err
}

// waited ends a wait in a queue.
func (s *Sim) waited(l *leg, o *order, how pbx.Outcome) {
	o.seek.result.Outcome = how
	s.quiet(l)
	s.nobody(l, o)
}

// removed ends the wait in a queue that is there no more.
func (s *Sim) removed(l *leg) {
	if l.stay != nil && l.stay.order != nil && l.stay.order.seek != nil {
		s.waited(l, l.stay.order, pbx.Failed)
		return
	}
	s.giveUp(l, pbx.CauseNoNumber)
}

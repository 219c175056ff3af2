package sim

import (
	"slices"
	"strings"
	"time"

	"github.com/octolink/octolink/pbx"
)

// A queue is who waits under a number.
type queue struct {
	number string
	places []*place
	rest   map[*phone]time.Time // who did not answer, and until when he is left in peace
	late   bool                 // it is shown in a moment
}

// In a long queue everybody's coming and going would be a long list: it is shown ten times a second.
const (
	longQueue   = 100 // callers
	queueWindow = 100 * time.Millisecond
)

// A place in a queue is one waiting caller.
type place struct {
	queue *queue
	from  *leg
	since time.Time
	asked map[*phone]bool // who was rung for him in this round
}

// enqueue lets a leg wait. An outside caller is shown as waiting; a user's phone dials.
func (s *Sim) enqueue(from *leg, cfg *pbx.Queue) {
	q := s.queues[cfg.Number]
	if q == nil {
		q = &queue{number: cfg.Number, rest: map[*phone]time.Time{}}
		s.queues[cfg.Number] = q
	}
	from.place = &place{queue: q, from: from, since: s.board.Now(), asked: map[*phone]bool{}}
	from.queue = cfg.Number
	q.places = append(q.places, from.place)
	if from.phone.external() {
		from.state = pbx.LegQueued
		from.dialled = s.partyOf(target{queue: cfg})
	}
	s.tell(from)
	s.tellQueue(q)
	s.dispatch(q)
}

// leaveQueue takes a leg out of its queue, if it is in one.
func (s *Sim) leaveQueue(l *leg) {
	if l.place == nil {
		return
	}
	q := l.place.queue
	q.places = slices.DeleteFunc(q.places, func(p *place) bool { return p == l.place })
	l.place = nil
	s.tellQueue(q)
}

// tellQueue shows who waits, in a long queue after a moment.
func (s *Sim) tellQueue(q *queue) {
	if len(q.places) <= longQueue {
		s.showQueue(q)
		return
	}
	if q.late {
		return
	}
	q.late = true
	s.board.After(queueWindow, func() {
		q.late = false
		s.showQueue(q)
	})
}

func (s *Sim) showQueue(q *queue) {
	waiting := make([]pbx.Waiter, 0, len(q.places))
	for _, p := range q.places {
		waiting = append(waiting, pbx.Waiter{Queue: q.number, Party: s.party(p.from.phone), Chain: p.from.chain, Since: p.since})
	}
	s.board.Queue(q.number, waiting)
}

// dispatch rings members for those who wait, first in line first.
func (s *Sim) dispatch(q *queue) {
	if q == nil {
		return
	}
	cfg := s.board.Directory().QueueByNumber(q.number)
	if cfg == nil {
		for _, p := range slices.Clone(q.places) {
			s.removed(p.from)
		}
		return
	}
	free := s.free(cfg, q)
	for _, p := range q.places {
		if len(free) == 0 {
			return
		}
		if cfg.Strategy != pbx.RingAll && len(p.from.rings) > 0 {
			continue
		}
		for _, m := range choose(cfg.Strategy, p, free) {
			free = slices.DeleteFunc(free, func(o *phone) bool { return o == m })
			s.offer(cfg, p, m)
		}
	}
}

// choose returns the members to ring now for a caller: by the queue's strategy, and of those who are
// free first who has not been asked yet.
func choose(by pbx.Strategy, p *place, free []*phone) []*phone {
	if by == pbx.RingAll {
		return slices.Clone(free)
	}
	fresh := slices.DeleteFunc(slices.Clone(free), func(m *phone) bool { return p.asked[m] })
	if len(fresh) == 0 {
		clear(p.asked) // a new round
		fresh = slices.Clone(free)
	}
	if by == pbx.LongestIdle {
		slices.SortStableFunc(fresh, func(a, b *phone) int { return a.freed.Compare(b.freed) })
	}
	return fresh[:1]
}

// free are the members who can take a call: in the call-centre, ready, with an idle phone, not asked
// in vain a moment ago.
func (s *Sim) free(cfg *pbx.Queue, q *queue) []*phone {
	var free []*phone
	now := s.board.Now()
	for _, login := range cfg.Members {
		u := s.board.Directory().UserByLogin(login)
		st := s.board.User(login)
		if u == nil || st.State != pbx.Ready || !st.CallCenter {
			continue
		}
		if m := s.phoneOf(u); m != nil && !m.engaged() && !q.rest[m].After(now) {
			free = append(free, m)
		}
	}
	return free
}

// offer rings one member.
func (s *Sim) offer(cfg *pbx.Queue, p *place, m *phone) {
	p.asked[m] = true
	r := s.begin(m, p.from.chain, pbx.LegRinging)
	r.other, r.queue = p.from, cfg.Number
	p.from.rings = append(p.from.rings, r)
	s.tell(r)
	s.ring(r, cfg.Ring)
}

// notNow leaves a member who did not answer in peace, and rings the next.
func (s *Sim) notNow(p *place, m *phone) {
	q := p.queue
	if cfg := s.board.Directory().QueueByNumber(q.number); cfg != nil {
		q.rest[m] = s.board.Now().Add(cfg.Retry)
		s.board.After(cfg.Retry, func() { s.dispatch(q) })
	}
	s.dispatch(q)
}

// memberFreed looks whether a phone that was made free again by hand can take a caller.
func (s *Sim) memberFreed(p *phone) {
	for _, q := range s.board.Directory().QueuesOf(strings.ToLower(p.login)) {
		s.dispatch(s.queues[q.Number])
	}
}

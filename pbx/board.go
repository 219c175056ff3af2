package pbx

import (
	"context"
	"slices"
	"time"
)

// A board is the Switch as its driver sees it.
type board struct{ s *Switch }

var _ Board = board{}

func (b board) Do(ctx context.Context, fn func()) error { return b.s.do(ctx, fn) }

func (b board) After(d time.Duration, fn func()) (cancel func()) { return b.s.after(d, fn) }

func (b board) Now() time.Time { return time.Now() }

func (b board) NewID() string { return b.s.opts.NewID() }

func (b board) Directory() *Directory { return b.s.Directory() }

func (b board) User(login string) UserState { return b.s.User(login) }

func (b board) Redirect(login, caller string) string {
	if p := b.s.people[fold(login)]; p != nil {
		return p.redirect(b.s.Directory(), caller)
	}
	return ""
}

// Leg fills in what the directory knows and remembers what has changed.
func (b board) Leg(l Leg) {
	s, dir := b.s, b.s.Directory()
	if u := dir.UserByNumber(l.Number); l.User == "" && u != nil {
		l.User = u.Login
	}
	if l.Peer.User == nil && !l.Peer.External {
		l.Peer.User = dir.UserByNumber(l.Peer.Number)
	}
	for _, c := range s.batch.legs {
		if c.new.ID == l.ID {
			c.new = &l
			return
		}
	}
	old := s.legs[l.ID]
	if old != nil && *old == l {
		return
	}
	c := &legChange{old: old, new: &l}
	if l.User != "" {
		c.person = s.people[fold(l.User)]
	}
	s.batch.legs = append(s.batch.legs, c)
}

func (b board) Conference(c Conference) {
	c.Members = slices.Clone(c.Members)
	for _, o := range b.s.batch.confs {
		if o.new.ID == c.ID {
			o.new = &c
			return
		}
	}
	b.s.batch.confs = append(b.s.batch.confs, &confChange{old: b.s.conference(c.ID), new: &c})
}

func (b board) Queue(number string, waiting []Waiter) {
	b.s.batch.queues = append(b.s.batch.queues, queueChange{number: number, waiting: slices.Clone(waiting)})
}

package main

import (
	"strings"
	"time"

	"github.com/octolink/octolink/store"
)

// title is the queue's name, or its number when it has none.
func (q *Queue) title() string {
	if q.Name != "" {
		return q.Name
	}
	return q.Number
}

func (k *checker) userByLogin(login string) *User {
	for i := range k.c.Users {
		if strings.EqualFold(k.c.Users[i].Login, login) {
			return &k.c.Users[i]
		}
	}
	return nil
}

func (k *checker) checkQueues() {
	ids := seen{}
	for i := range k.c.Queues {
		q := &k.c.Queues[i]
		if q.Number == "" {
			k.fault(k.near(&q.Number, q), "a queue needs a number")
			continue
		}
		owner := "queue " + q.title()
		k.checkID(&q.ID, ids, owner)
		switch q.Strategy {
		case "longest-idle", "all", "order":
		default:
			k.fault(&q.Strategy, "%s: strategy: want longest-idle, all or order, got %q", owner, cut(q.Strategy))
		}
		if q.Ring.std() < time.Second || q.Ring.std() > time.Hour {
			k.fault(&q.Ring, "%s: ring: want 1s to 1h, got %s", owner, q.Ring.std())
		}
		if q.Retry.std() > time.Hour {
			k.fault(&q.Retry, "%s: retry: want at most 1h, got %s", owner, q.Retry.std())
		}
		k.checkMembers(q, owner)
	}
}

func (k *checker) checkMembers(q *Queue, owner string) {
	members := seen{}
	for i := range q.Members {
		m := &q.Members[i]
		u := k.userByLogin(*m)
		switch {
		case u == nil:
			k.fault(m, "%s: no user %q to be a member", owner, cut(*m))
		case len(u.allNumbers()) == 0:
			k.fault(m, "%s: member %s has no number to ring", owner, u.Login)
		case members.take(strings.ToLower(*m), owner) != "":
			k.fault(m, "%s: member %s is there twice", owner, u.Login)
		}
	}
}

func (k *checker) checkBreaks() {
	ids := map[int]bool{}
	for i := range k.c.Breaks {
		b := &k.c.Breaks[i]
		switch {
		case b.ID < 1:
			k.fault(k.near(&b.ID, b), "a break needs an id from 1")
		case ids[b.ID]:
			k.fault(&b.ID, "break %d is there twice", b.ID)
		case b.Name == "":
			k.fault(k.near(&b.Name, b), "break %d needs a name", b.ID)
		}
		ids[b.ID] = true
	}
}

var procedureName = &pattern{text: `^[A-Za-z_][A-Za-z0-9_.]{0,63}$`}

func (k *checker) checkProcedures() {
	names := seen{}
	for i := range k.c.Procedures {
		p := &k.c.Procedures[i]
		if !procedureName.MatchString(p.Name) {
			k.fault(k.near(&p.Name, p), "a procedure needs a name of letters, digits, dots and underscores")
			continue
		}
		owner := "procedure " + p.Name
		if names.take(strings.ToLower(p.Name), owner) != "" {
			k.fault(&p.Name, "%s is there twice", owner)
		}
		if err := store.CheckQuery(p.SQL); err != nil {
			k.fault(k.near(&p.SQL, p), "%s: %v", owner, err)
		}
		if len(p.Allow) == 0 {
			k.fault(k.near(&p.Allow, p), "%s: allow names nobody, so nobody could run it", owner)
		}
		for j := range p.Allow {
			if k.userByLogin(p.Allow[j]) == nil {
				k.fault(&p.Allow[j], "%s: no user %q to be allowed", owner, cut(p.Allow[j]))
			}
		}
	}
}

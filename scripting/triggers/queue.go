package triggers

import (
	"time"

	"github.com/octolink/octolink/pbx"
)

// lookEvery is how exact the waiting in queues is.
const lookEvery = time.Second

// idle is how long Run sleeps when nothing is due: clocks are set, and machines sleep.
const idle = time.Minute

type queueTrigger struct {
	Queue
	*trigger
	told map[string]bool // chains of callers who wait and were told of; only Run
}

// queue is the trigger of an entry; it remembers whom it told of.
func (l *live) queue(q Queue, t *trigger) *queueTrigger {
	for _, old := range l.queues {
		if old.trigger == t {
			return old
		}
	}
	return &queueTrigger{q, t, map[string]bool{}}
}

// lookAtQueues starts flows for callers who wait too long, and says when to look again.
func (s *Set) lookAtQueues(l *live, now time.Time) (again time.Duration) {
	again = idle
	for _, q := range l.queues {
		if q.On != Waiting {
			continue
		}
		again = lookEvery
		waiters := s.o.Waiting(q.Queue.Queue)
		q.forget(waiters)
		for _, w := range waiters {
			waited := now.Sub(w.Since)
			if waited < q.After || q.told[w.Chain] {
				continue
			}
			q.told[w.Chain] = true
			s.begin(order{q.trigger, runsEach, q.about(w.Chain, w.Party.Number, w.Party.Name, waited, "")})
		}
	}
	return again
}

// forget those who wait no more.
func (q *queueTrigger) forget(waiters []pbx.Waiter) {
	if len(q.told) == 0 {
		return
	}
	still := make(map[string]bool, len(waiters))
	for _, w := range waiters {
		still[w.Chain] = true
	}
	for chain := range q.told {
		if !still[chain] {
			delete(q.told, chain)
		}
	}
}

func (q *queueTrigger) about(chain, from, name string, waited time.Duration, user string) Start {
	return Start{
		Flow: q.Flow, Cause: q.cause(), Kind: "queue", User: user, Chain: chain,
		Details: []Detail{{"on", string(q.On)}, {"queue", q.Queue.Queue}, {"from", from}, {"name", name}, {"waited", waited.Seconds()}},
	}
}

// abandonedBy tells of a caller who was in a queue and reached nobody.
func (s *Set) abandonedBy(l *live, r pbx.CallRecord) {
	if r.Queue == "" || r.Login != "" || r.Outcome != pbx.Missed {
		return
	}
	for _, q := range l.queues {
		if q.On == Abandoned && q.Queue.Queue == r.Queue {
			s.start(q.trigger, runsEach, q.about(r.Chain, r.Peer, r.PeerName, r.Ended.Sub(r.Started), ""))
		}
	}
}

// answeredBy tells of a caller whom somebody took, once: a talk begins again after each hold.
func (s *Set) answeredBy(l *live, login string, leg pbx.Leg) {
	if leg.Queue == "" || leg.Outgoing || login == "" || !s.answered.first(leg.Chain) {
		return
	}
	for _, q := range l.queues {
		if q.On == Answered && q.Queue.Queue == leg.Queue {
			start := q.about(leg.Chain, leg.Peer.Number, leg.Peer.Name, 0, login)
			start.Details = start.Details[:len(start.Details)-1] // the one who took him does not know how long he waited
			s.start(q.trigger, runsEach, start)
		}
	}
}

// maxRecent is how many chains are remembered.
const maxRecent = 10_000

// recent remembers the last chains.
type recent struct {
	known map[string]bool
	order []string
	next  int
}

// first notes a chain and reports whether it is new.
func (r *recent) first(chain string) bool {
	if r.known[chain] {
		return false
	}
	if r.known == nil {
		r.known = map[string]bool{}
	}
	if len(r.order) < maxRecent {
		r.order = append(r.order, chain)
	} else {
		delete(r.known, r.order[r.next])
		r.order[r.next] = chain
		r.next = (r.next + 1) % maxRecent
	}
	r.known[chain] = true
	return true
}

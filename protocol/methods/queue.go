package methods

import (
	"context"
	"time"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/protocol"
)

type queueOut struct {
	Queue []abonent `wire:"queue" doc:"who waits, first in line first"`
}

// currentQueue is polled every few seconds by every client [P 3.6].
func (a *API) currentQueue(_ context.Context, c *protocol.Client, _ struct{}) (queueOut, error) {
	return queueOf(a.sw.WaitingFor(c.Login()), time.Now()), nil
}

func (a *API) totalQueue(_ context.Context, c *protocol.Client, _ struct{}) (queueOut, error) {
	user, err := a.asker(c)
	if err != nil {
		return queueOut{}, err
	}
	if !user.Supervisor {
		return queueOut{}, errNotAllowed
	}
	var all []pbx.Waiter
	for _, q := range a.sw.Directory().Queues() {
		all = append(all, a.sw.Waiting(q.Number)...)
	}
	return queueOf(all, time.Now()), nil
}

func queueOf(waiting []pbx.Waiter, now time.Time) queueOut {
	out := queueOut{Queue: make([]abonent, len(waiting))}
	for i, w := range waiting {
		out.Queue[i] = abonentOf(w.Party, w.Chain)
		out.Queue[i].Queue = w.Queue
		out.Queue[i].WaitingSec = int(now.Sub(w.Since) / time.Second)
	}
	return out
}

package methods

import (
	"context"
	"errors"
	"math"
	"sync"

	"github.com/octolink/octolink/protocol"
)

// A window holds the events that are on their way over a channel, oldest first. What counts as
// delivered is the unbroken row of confirmed ones at its start.
type window struct {
	d       *delivery
	ch      *protocol.Channel
	sent    int64 // number of the newest event in it, or confirmed
	open    []*sending
	results chan *sending
	waiters sync.WaitGroup
}

// A sending is one event on its way.
type sending struct {
	event     KeptEvent
	tries     int
	ok        bool // what the last try came to
	confirmed bool
	failed    bool // the last try was not confirmed in time
}

// runOver keeps the window full until the channel is gone.
func (d *delivery) runOver(ctx context.Context, ch *protocol.Channel) {
	ctx, cancel := context.WithCancel(ctx)
	w := &window{d: d, ch: ch, sent: d.since, results: make(chan *sending, onTheWay)}
	defer w.waiters.Wait()
	defer cancel()
	for ctx.Err() == nil {
		if !w.fill(ctx) {
			return
		}
		select {
		case <-ctx.Done():
		case <-d.wake:
		case s := <-w.results:
			if !w.settle(ctx, s) {
				return
			}
		}
	}
}

// fill sends new events as far as there is room. It reports false when the channel is gone.
func (w *window) fill(ctx context.Context) bool {
	for more := true; more && len(w.open) < onTheWay; w.advance() {
		room := onTheWay - len(w.open)
		events := w.d.next(ctx, w.sent, room)
		for _, e := range events {
			w.sent = e.Number
			s := &sending{event: e, confirmed: !w.d.wants(e)}
			w.open = append(w.open, s)
			if !s.confirmed && !w.send(ctx, s) {
				return false
			}
		}
		more = len(events) == room // what the CRM does not want makes room at once
	}
	return true
}

// send asks the CRM to confirm an event; the answer, or its absence, comes through results.
func (w *window) send(ctx context.Context, s *sending) bool {
	q, err := w.ch.Ask(s.event.Kind, w.d.api.bodyOf(s.event), s.event.Kind+"result")
	if errors.Is(err, protocol.ErrGone) {
		return false
	}
	s.tries, s.failed = s.tries+1, false
	w.waiters.Go(func() {
		wait, cancel := context.WithTimeout(ctx, confirmIn)
		defer cancel()
		s.ok = err == nil && w.d.confirms(q.Wait(wait))
		if !s.ok {
			<-wait.Done() // a refusal is tried again no sooner than silence
		}
		w.results <- s // there is room for all that are open
	})
	return true
}

// settle takes the outcome of a try. It reports false when the channel is gone.
func (w *window) settle(ctx context.Context, s *sending) bool {
	s.confirmed, s.failed = s.ok, !s.ok
	w.advance()
	return ctx.Err() == nil && w.again(ctx)
}

// again sends what was not confirmed once more under its number, in order: one waits for those before
// it whose last try is still open.
func (w *window) again(ctx context.Context) bool {
	least := math.MaxInt
	for _, s := range w.open {
		if s.confirmed {
			continue
		}
		if s.failed && s.tries < least && !w.send(ctx, s) {
			return false
		}
		least = min(least, s.tries)
	}
	return true
}

// advance takes the confirmed row off the start of the window.
func (w *window) advance() {
	n := 0
	for n < len(w.open) && w.open[n].confirmed {
		n++
	}
	if n > 0 {
		w.d.confirmed(w.open[n-1].event.Number)
		w.open = w.open[n:]
	}
	w.d.open.Store(int64(len(w.open)))
}

package methods

import (
	"context"
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
	confirmed bool
	ok        bool // what the last try came to
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
	room := onTheWay - len(w.open)
	if room == 0 {
		return true
	}
	for _, e := range w.d.next(ctx, w.sent, room) {
		w.sent = e.Number
		s := &sending{event: e, confirmed: !w.d.wants(e)}
		w.open = append(w.open, s)
		if !s.confirmed && !w.send(ctx, s) {
			return false
		}
	}
	w.advance()
	return true
}

// send asks the CRM to confirm an event; the answer, or its absence, comes through results.
func (w *window) send(ctx context.Context, s *sending) bool {
	q, err := w.ch.Ask(s.event.Kind, w.d.api.bodyOf(s.event), s.event.Kind+"result")
	if err != nil {
		return false
	}
	w.waiters.Go(func() {
		wait, cancel := context.WithTimeout(ctx, confirmIn)
		defer cancel()
		s.ok = w.d.confirms(q.Wait(wait))
		if !s.ok {
			<-wait.Done() // a refusal is tried again no sooner than silence
		}
		w.results <- s // there is room for all that are open
	})
	return true
}

// settle takes the outcome of a try; what was not confirmed is sent again under its number.
func (w *window) settle(ctx context.Context, s *sending) bool {
	if !s.ok {
		return ctx.Err() == nil && w.send(ctx, s)
	}
	s.confirmed = true
	w.advance()
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

package peers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/octolink/octolink/cmd/octolink/bench"
	"github.com/octolink/octolink/cmd/octolink/bench/herd"
)

// Asking is requests and answers on all tabs of a herd, either so many in flight on each (closed), or
// so many a second in all, whatever the server does (open): then a latency begins when the request was
// due, not when it could be sent.
type asking struct {
	language
	herd  *herd.Herd
	depth int           // in flight on each tab; 0 for open
	every time.Duration // between requests, when open

	tabs    []asker
	done    uint64 // answers in this window
	latency bench.Latency
	size    int // of an answer without the digits of its number, once one has come
	ending  bool
	open    int // requests without an answer
	due     time.Time
	turn    int // whose request is next, when open
	scratch [20]byte
}

// An asker is a tab that asks.
type asker struct {
	question
	next uint64
	sent []request // by number, modulo
}

type request struct {
	n   uint64 // 0 when it is answered
	due time.Time
}

// firstNumber gives all numbers of a window the same length, mostly.
const firstNumber = 1_000_000

// newAsking prepares the tabs of a herd.
func newAsking(l language, h *herd.Herd, depth, perSecond int, ask func(i int) question) *asking {
	a := &asking{language: l, herd: h, depth: depth}
	places := 4 * depth
	if perSecond > 0 {
		a.every, places = time.Second/time.Duration(perSecond), 2048
	}
	for i := range h.Tabs() {
		a.tabs = append(a.tabs, asker{ask(i), firstNumber, make([]request, places)})
	}
	return a
}

// Opened implements [herd.Load]; all tabs are open.
func (a *asking) Opened(*herd.Tab) {}

// ask sends the next request of a tab.
func (a *asking) ask(t *herd.Tab, due time.Time) {
	p := &a.tabs[t.ID]
	place := &p.sent[p.next%uint64(len(p.sent))]
	if place.n != 0 {
		a.herd.Fail(fmt.Errorf("request %d of tab %d has no answer, later ones have", place.n, t.ID))
		return
	}
	*place = request{p.next, due}
	t.Send(p.parts(p.next, a.scratch[:]))
	p.next++
	a.open++
}

// Message implements [herd.Load].
func (a *asking) Message(t *herd.Tab, m []byte) {
	p := &a.tabs[t.ID]
	n, digits := a.number(m)
	if digits == 0 {
		return // an event
	}
	place := &p.sent[n%uint64(len(p.sent))]
	if place.n != n || n == 0 {
		a.herd.Fail(fmt.Errorf("an answer to a request that tab %d has not sent: %.200s", t.ID, m))
		return
	}
	if a.size == 0 {
		a.size = len(m) - digits
	}
	if !bytes.HasPrefix(m, p.answer) || len(m)-digits != a.size {
		a.herd.Fail(fmt.Errorf("another answer than before: %.300s", m))
		return
	}
	place.n = 0
	a.open--
	a.done++
	a.latency.Add(a.herd.Now.Sub(place.due))
	if a.depth > 0 && !a.ending {
		a.ask(t, a.herd.Now)
	}
}

// tick sends what is due, when open.
func (a *asking) tick(now time.Time) time.Time {
	for !a.ending && !a.due.After(now) {
		a.ask(a.herd.Tabs()[a.turn], a.due)
		a.turn = (a.turn + 1) % len(a.tabs)
		a.due = a.due.Add(a.every)
	}
	return a.due
}

// begin lets the tabs ask.
func (a *asking) begin() func(time.Time) time.Time {
	a.herd.Use(a)
	a.ending = false
	if a.depth == 0 {
		a.due = time.Now()
		return a.tick
	}
	now := time.Now()
	for _, t := range a.herd.Tabs() {
		for range a.depth {
			a.ask(t, now)
		}
	}
	return nil
}

// reset begins to count.
func (a *asking) reset() { a.done = 0; a.latency.Reset() }

// counted are the answers since reset.
func (a *asking) counted() (uint64, *bench.Latency) { return a.done, &a.latency }

// end waits for the answers that are on their way.
func (a *asking) end(ctx context.Context) error {
	a.ending = true
	ctx, cancel := context.WithTimeoutCause(ctx, answerTimeout, errors.New("answers are missing"))
	defer cancel()
	if err := a.herd.Run(ctx, func() bool { return a.open == 0 }, nil); err != nil {
		return fmt.Errorf("%d requests have no answer: %w", a.open, errors.Join(err, context.Cause(ctx)))
	}
	return nil
}

// answerTimeout is how long an answer may take.
const answerTimeout = 20 * time.Second

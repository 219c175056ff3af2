package peers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/octolink/octolink/cmd/octolink/bench"
	"github.com/octolink/octolink/cmd/octolink/bench/herd"
	"github.com/octolink/octolink/protocol/wire"
)

// Telling is events to all tabs of a herd. One tab sends a burst; when every tab has heard all of it,
// and in its order, the tab of the next user sends one: a user may tell everybody ten events a second.
type telling struct {
	language
	herd  *herd.Herd
	burst int

	heard   []uint64 // the number of the next event of each tab
	sent    uint64
	left    int // deliveries of this burst that are on their way
	replies int // likewise
	sender  int
	at      time.Time
	done    uint64
	latency bench.Latency
	ending  bool
	scratch [20]byte
}

const (
	firstEvent   = 10_000_000 // gives all numbers of events the same length
	eventPadding = 276        // an event is about 400 bytes
)

// trigger tells everybody an event whose parameter begins with its number.
func trigger(l language, u bench.User, n uint64) question {
	return l.question("triggercustomevent", "triggercustomeventresult", wire.Object{
		{Key: "userlogin", Value: u.Login}, {Key: "eventname", Value: "bench"},
		{Key: "eventparam", Value: fmt.Sprint(n) + strings.Repeat(".", eventPadding)}, {Key: "recipients", Value: false},
	})
}

var (
	eventBegin = []byte(`["customevent"`)
	paramBegin = []byte(`"eventparam":"`)
)

func newTelling(l language, h *herd.Herd, burst int) *telling {
	f := &telling{language: l, herd: h, burst: burst, sent: firstEvent, heard: make([]uint64, len(h.Tabs()))}
	for i := range f.heard {
		f.heard[i] = firstEvent
	}
	return f
}

// Opened implements [herd.Load]; all tabs are open.
func (f *telling) Opened(*herd.Tab) {}

// Message implements [herd.Load].
func (f *telling) Message(t *herd.Tab, m []byte) {
	if !bytes.HasPrefix(m, eventBegin) {
		f.reply(m)
		return
	}
	n := uint64(0)
	if i := bytes.Index(m, paramBegin); i > 0 {
		for _, c := range m[i+len(paramBegin):] {
			if c < '0' || c > '9' {
				break
			}
			n = n*10 + uint64(c-'0')
		}
	}
	if n != f.heard[t.ID] {
		f.herd.Fail(fmt.Errorf("tab %d heard event %d, not %d: one is lost or out of order", t.ID, n, f.heard[t.ID]))
		return
	}
	f.heard[t.ID]++
	f.left--
	f.done++
	f.latency.Add(f.herd.Now.Sub(f.at))
	f.next()
}

func (f *telling) reply(m []byte) {
	if n, digits := f.number(m); digits == 0 || n <= firstEvent || n > f.sent || !bytes.Contains(m, f.success) {
		f.herd.Fail(fmt.Errorf("not an answer of success: %.200s", m))
		return
	}
	f.replies--
	f.next()
}

// next sends a burst when all tabs have heard the last one.
func (f *telling) next() {
	if f.left > 0 || f.replies > 0 || f.ending {
		return
	}
	f.at = time.Now()
	t := f.herd.Tabs()[f.sender]
	f.sender = (f.sender + 1) % min(users, len(f.heard))
	for range f.burst {
		f.send(t)
	}
	f.left, f.replies = f.burst*len(f.heard), f.burst
}

func (f *telling) send(t *herd.Tab) {
	q := trigger(f.language, siteUser(t.ID), f.sent)
	f.sent++
	t.Send(q.parts(f.sent, f.scratch[:]))
}

func (f *telling) begin() func(time.Time) time.Time {
	f.herd.Use(f)
	f.ending = false
	f.next()
	return nil
}

func (f *telling) reset() { f.done = 0; f.latency.Reset() }

func (f *telling) counted() (uint64, *bench.Latency) { return f.done, &f.latency }

// end waits for the deliveries that are on their way.
func (f *telling) end(ctx context.Context) error {
	f.ending = true
	ctx, cancel := context.WithTimeoutCause(ctx, answerTimeout, errors.New("events are missing"))
	defer cancel()
	if err := f.herd.Run(ctx, func() bool { return f.left <= 0 && f.replies <= 0 }, nil); err != nil {
		return fmt.Errorf("%d deliveries are missing: %w", f.left, errors.Join(err, context.Cause(ctx)))
	}
	return nil
}

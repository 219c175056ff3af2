package flowtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/scripting"
)

// How long things take that take time. Nothing is really played.
const (
	letter   = 60 * time.Millisecond
	fileTime = 3 * time.Second
	keyTime  = time.Second
	patience = 10 * time.Minute // of a caller for whom nothing was said, in a queue
	ringTime = 30 * time.Second
	firstKey = 5 * time.Second
	speaks   = 5 * time.Second
	oneTake  = time.Minute
)

// A caller is a call as a test has written it.
type caller struct {
	w    *world
	info pbx.LedInfo
	ctx  context.Context
	stop context.CancelCauseFunc
	keys []string // what is pressed, one entry for each question; "" for nothing
}

var _ scripting.Call = (*caller)(nil)

func (c *caller) Context() context.Context { return c.ctx }
func (c *caller) Info() pbx.LedInfo        { return c.info }

// newCaller is somebody outside who has reached a flow's number.
func (w *world) newCaller(flow string) *caller {
	c := &caller{w: w, info: pbx.LedInfo{
		Entry: "entry-1", Chain: "call-1", Leg: "leg-1", From: pbx.Party{Number: "79161234567", External: true}, To: "700",
		Direction: pbx.Incoming, Flow: flow, Fallback: pbx.Route{Kind: pbx.RouteHangup}, At: w.clock.Now(),
	}}
	c.ctx, c.stop = context.WithCancelCause(context.Background())
	return c
}

// hangUp is the caller's own.
func (c *caller) hangUp() {
	if c.ctx.Err() == nil {
		c.w.note(func(s *seen) { s.ended = "hung up" })
		c.stop(pbx.ErrHungUp)
	}
}

// do begins a command that takes so long.
func (c *caller) do(ctx context.Context, takes time.Duration) error {
	if c.ctx.Err() != nil {
		return context.Cause(c.ctx)
	}
	if c.w.hangsUp() {
		return pbx.ErrHungUp // the engine ends the run
	}
	return c.w.clock.Sleep(ctx, takes)
}

func (c *caller) Answer(ctx context.Context) error { return c.do(ctx, 0) }

// Play lets the caller hear something; one who has keys to press and may, presses the next.
func (c *caller) Play(ctx context.Context, p pbx.Prompt) (key string, err error) {
	takes := c.hears(p)
	if p.Keys != "" && len(c.keys) > 0 {
		pressed := c.keys[0]
		if pressed == "" {
			c.keys = c.keys[1:]
		} else if strings.Contains(p.Keys, pressed[:1]) {
			key, takes = pressed[:1], keyTime
			c.keep(pressed[1:])
		}
	}
	return key, c.do(ctx, takes)
}

// hears notes a prompt and says how long it is.
func (c *caller) hears(p pbx.Prompt) (takes time.Duration) {
	if p.File != "" {
		takes += fileTime
	}
	if text := p.File + p.Text; text != "" {
		c.w.note(func(s *seen) { s.said = append(s.said, text) })
	}
	return takes + time.Duration(utf8.RuneCountInString(p.Text))*letter
}

// keep puts back what was too much for one question.
func (c *caller) keep(rest string) {
	c.keys = c.keys[1:]
	if rest != "" {
		c.keys = slices.Insert(c.keys, 0, rest)
	}
}

func (c *caller) Digits(ctx context.Context, r pbx.DigitsRequest) (string, error) {
	takes := c.hears(r.Prompt)
	if len(c.keys) == 0 {
		return "", c.do(ctx, takes+orElse(r.First, firstKey))
	}
	pressed := c.keys[0]
	got, rest := pressed, ""
	if i := strings.IndexAny(pressed, r.Stop); r.Stop != "" && i >= 0 {
		got, rest = pressed[:i], pressed[i+1:]
	}
	if most := max(r.Max, 1); len(got) > most {
		got, rest = pressed[:most], pressed[most:]
	}
	c.keep(rest)
	if pressed == "" {
		takes += orElse(r.First, firstKey)
	}
	return got, c.do(ctx, takes+time.Duration(len(pressed)-len(rest))*keyTime)
}

func orElse(d, zero time.Duration) time.Duration {
	if d == 0 {
		return zero
	}
	return d
}

func (c *caller) Record(ctx context.Context, r pbx.RecordRequest) (pbx.RecordResult, error) {
	takes := orElse(r.Max, oneTake)
	if r.Silence > 0 {
		takes = min(takes, speaks+r.Silence)
	}
	c.w.note(func(s *seen) { s.recordings++ })
	return pbx.RecordResult{ID: c.info.Entry, Length: takes}, c.do(ctx, takes)
}

// Ring calls the telephones that the test has described, or one that nobody takes.
func (c *caller) Ring(ctx context.Context, r pbx.RingRequest) (got pbx.RingResult, err error) {
	if err := c.do(ctx, 0); err != nil {
		return got, err
	}
	c.w.note(func(s *seen) { s.rang = append(s.rang, r.To...) })
	if r.AtOnce {
		return c.ringAll(ctx, r)
	}
	for _, to := range r.To {
		got, err = c.ring(ctx, to, orElse(r.Timeout, ringTime))
		if err != nil || got.Outcome == pbx.Answered {
			return got, err
		}
	}
	return got, err
}

// ringAll finds who would be the first to answer.
func (c *caller) ringAll(ctx context.Context, r pbx.RingRequest) (pbx.RingResult, error) {
	first := r.To[0]
	for _, to := range r.To[1:] {
		if p, best := c.w.phones[to], c.w.phones[first]; p.takes && (!best.takes || p.answer < best.answer) {
			first = to
		}
	}
	return c.ring(ctx, first, orElse(r.Timeout, ringTime))
}

func (c *caller) ring(ctx context.Context, to string, timeout time.Duration) (pbx.RingResult, error) {
	p := c.w.phones[to]
	got := pbx.RingResult{Number: to, Login: p.user, Outcome: pbx.NoAnswer, Waited: timeout}
	switch {
	case p.unknown:
		return got, fmt.Errorf("no telephone %s: %w", to, pbx.ErrNoSuchNumber)
	case p.busy:
		got.Outcome, got.Waited = pbx.BusyThere, 0
	case p.rejects:
		got.Outcome, got.Waited = pbx.Rejected, min(p.answer, timeout)
	case p.takes && p.answer < timeout:
		got.Outcome, got.Waited = pbx.Answered, p.answer
	}
	return c.talk(ctx, got, p.talk)
}

func (c *caller) Queue(ctx context.Context, r pbx.QueueRequest) (pbx.RingResult, error) {
	if err := c.do(ctx, 0); err != nil {
		return pbx.RingResult{}, err
	}
	c.w.note(func(s *seen) { s.queued = append(s.queued, r.Number) })
	q := c.w.queues[r.Number]
	got := pbx.RingResult{Number: q.user, Login: q.user, Outcome: pbx.NoAnswer, Waited: r.Timeout}
	switch {
	case q.unknown:
		return got, fmt.Errorf("no queue %s: %w", r.Number, pbx.ErrNoSuchNumber)
	case q.takes && (r.Timeout == 0 || q.answer < r.Timeout):
		got.Outcome, got.Waited = pbx.Answered, q.answer
	case r.Timeout == 0:
		if err := c.w.clock.Sleep(ctx, patience); err != nil {
			return got, err
		}
		c.hangUp()
		return got, gone(ctx)
	}
	return c.talk(ctx, got, q.talk)
}

// talk lets the time pass of a call to somebody.
func (c *caller) talk(ctx context.Context, got pbx.RingResult, lasts time.Duration) (pbx.RingResult, error) {
	if err := c.w.clock.Sleep(ctx, got.Waited); err != nil {
		return got, err
	}
	if got.Outcome != pbx.Answered {
		return got, nil
	}
	got.Talked = lasts
	return got, c.w.clock.Sleep(ctx, lasts)
}

func (c *caller) Transfer(ctx context.Context, to string) error {
	if c.w.phones[to].unknown {
		return fmt.Errorf("no telephone %s: %w", to, pbx.ErrNoSuchNumber)
	}
	return c.part(ctx, "transfer "+to, pbx.ErrGivenAway)
}

func (c *caller) Conference(ctx context.Context, id string) (string, error) {
	if id == "" {
		id = "conference-1"
	}
	return id, c.part(ctx, "conference "+id, pbx.ErrGivenAway)
}

func (c *caller) Hold(ctx context.Context) error   { return c.do(ctx, 0) }
func (c *caller) Resume(ctx context.Context) error { return c.do(ctx, 0) }

var causes = map[pbx.Cause]string{
	pbx.CauseNormal: "hangup", pbx.CauseBusy: "hangup busy", pbx.CauseRejected: "hangup rejected", pbx.CauseNoNumber: "hangup nonumber",
}

func (c *caller) Hangup(ctx context.Context, cause pbx.Cause) error {
	if _, bounded := ctx.Deadline(); bounded { // the engine's, when the flow has ended
		c.w.note(func(s *seen) { s.ended = causes[cause] })
		c.stop(pbx.ErrHungUp)
		return nil
	}
	return c.part(ctx, causes[cause], pbx.ErrHungUp)
}

// part ends the call, or gives it away.
func (c *caller) part(ctx context.Context, how string, cause error) error {
	if err := c.do(ctx, 0); err != nil {
		return err
	}
	c.w.note(func(s *seen) { s.ended = how })
	c.stop(cause)
	return nil
}

func (c *caller) Tag(key, value string) error {
	if errors.Is(context.Cause(c.ctx), pbx.ErrHungUp) {
		return pbx.ErrHungUp
	}
	c.w.glance()
	c.w.note(func(s *seen) { s.tags.set(key, value) })
	return nil
}

// Fallback is what the number's rule says.
func (c *caller) Fallback(context.Context) error {
	if c.ctx.Err() == nil {
		c.w.note(func(s *seen) { s.ended = "fallback " + c.info.Fallback.String() })
		c.stop(pbx.ErrGivenAway)
	}
	return nil
}

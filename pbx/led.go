package pbx

import (
	"context"
	"sync/atomic"
	"time"
)

// A Led is a call that a flow leads: the leg of a caller, handed over by the driver. One command at a
// time, from any goroutine; Tag, Info and Context at any time; Fallback beside a running command ends it.
//
// A caller who hangs up ends a command at once with ErrHungUp; one who is taken out of the flow, by a
// transfer of the user with whom he talks for example, ends it with ErrGivenAway. From then on every
// command fails like that. Other errors: those of ctx, ErrInvalid for values out of bounds, ErrState,
// ErrOffline.
//
// Who got a Led must end it: by Transfer, Conference, Hangup or, whatever happened, by Fallback.
// Otherwise the caller hears nothing until he hangs up.
type Led struct {
	s      *Switch
	driver Conductor
	leg    string
	info   LedInfo
	ctx    context.Context
	stop   context.CancelCauseFunc
	tags   *tags
	busy   atomic.Bool // with a command
}

// LedInfo is what is known of a call when a flow gets it.
type LedInfo struct {
	Entry     string // GUID of the call's journal entry: the caller's own, or the flow's for one from outside
	Chain     string // GUID of the call
	Leg       string // the driver's name of the caller's leg
	From      Party  // the caller
	To        string // the number that was dialled
	Direction Direction
	Queue     string // number of the queue that the call came through; "" for none
	Flow      string
	Fallback  Route
	At        time.Time
}

// Context ends when the caller is gone or the call was given away; its cause is ErrHungUp or
// ErrGivenAway then. It ends with ErrOffline when the switch stops.
func (c *Led) Context() context.Context { return c.ctx }

// Info is what was known when the flow got the call.
func (c *Led) Info() LedInfo { return c.info }

// Answer takes the call. What needs a connected caller (Play, Digits, Record, Hold) does it by itself.
func (c *Led) Answer(ctx context.Context) error {
	return c.do(ctx, "answer", func(ctx context.Context) error { return c.driver.Accept(ctx, c.leg) })
}

// Play lets the caller hear something and returns when it has been played, or with the key of p.Keys
// that stopped it, which is used up; one that was pressed before counts. Other keys are kept for
// Digits, the first 32 of them.
func (c *Led) Play(ctx context.Context, p Prompt) (key string, err error) {
	if err := p.check(true); err != nil {
		return "", err
	}
	err = c.do(ctx, "play", func(ctx context.Context) (err error) {
		key, err = c.driver.Play(ctx, c.leg, p)
		return err
	})
	return key, err
}

// Digits gathers what the caller presses, and what he pressed before: up to r.Max keys or until one
// of r.Stop or until he takes too long; then what is there so far is the answer, often "".
func (c *Led) Digits(ctx context.Context, r DigitsRequest) (digits string, err error) {
	if err := r.check(); err != nil {
		return "", err
	}
	err = c.do(ctx, "digits", func(ctx context.Context) (err error) {
		digits, err = c.driver.Digits(ctx, c.leg, r)
		return err
	})
	return digits, err
}

// Record records the caller. The recording is that of the call in the journal.
func (c *Led) Record(ctx context.Context, r RecordRequest) (RecordResult, error) {
	if err := r.check(); err != nil {
		return RecordResult{}, err
	}
	var res RecordResult
	err := c.do(ctx, "record", func(ctx context.Context) (err error) {
		res, err = c.driver.RecordCaller(ctx, c.leg, r)
		return err
	})
	res.ID = c.info.Entry
	return res, err
}

// Ring calls others for the caller and returns when the talk has ended, because the other side hung
// up: then the caller is in the flow again, or when nobody took it. Fails with ErrNoSuchNumber,
// ErrNoSuchUser or ErrNoPhone before anybody is rung; a queue's and a flow's number are none here.
// Whether the caller may dial does not matter: the flow decides.
func (c *Led) Ring(ctx context.Context, r RingRequest) (RingResult, error) {
	r, err := r.check(c.s.Directory())
	if err != nil {
		return RingResult{}, err
	}
	var res RingResult
	err = c.do(ctx, "ring", func(ctx context.Context) (err error) {
		res, err = c.driver.RingFor(ctx, c.leg, r)
		return err
	})
	return res, err
}

// Queue lets the caller wait for an agent like any caller, and returns when the talk with him has
// ended or the time is over. Fails with ErrNoSuchNumber when there is no such queue.
func (c *Led) Queue(ctx context.Context, r QueueRequest) (RingResult, error) {
	if err := r.check(c.s.Directory()); err != nil {
		return RingResult{}, err
	}
	var res RingResult
	err := c.do(ctx, "queue", func(ctx context.Context) (err error) {
		res, err = c.driver.Enqueue(ctx, c.leg, r)
		return err
	})
	return res, err
}

// Transfer gives the call away to a number, which may be a queue's or another flow's, to a login or a
// GUID, without asking there: who does not answer ends the call. Fails with ErrNoSuchNumber, ErrNoPhone
// and ErrBusy; then the flow keeps the call.
func (c *Led) Transfer(ctx context.Context, to string) error {
	number, err := c.s.Directory().numberOf(to)
	if err != nil {
		return err
	}
	return c.do(ctx, "transfer", func(ctx context.Context) error {
		return c.driver.Send(ctx, c.leg, Route{Kind: RouteNumber, To: number})
	})
}

// Conference gives the call away into a conference. One that is not there, and "", makes it. It
// returns the conference's ID.
func (c *Led) Conference(ctx context.Context, id string) (string, error) {
	if len(id) > maxConferenceID {
		return "", invalid("a conference's id of %d bytes", len(id))
	}
	if id == "" {
		id = c.s.opts.NewID()
	}
	return id, c.do(ctx, "conference", func(ctx context.Context) error { return c.driver.Confer(ctx, c.leg, id) })
}

// Hold lets the caller hear music until Resume or the next command.
func (c *Led) Hold(ctx context.Context) error {
	return c.do(ctx, "hold", func(ctx context.Context) error { return c.driver.Music(ctx, c.leg, true) })
}

// Resume ends the music.
func (c *Led) Resume(ctx context.Context) error {
	return c.do(ctx, "resume", func(ctx context.Context) error { return c.driver.Music(ctx, c.leg, false) })
}

// Hangup ends the call. CauseBusy, CauseRejected and CauseNoNumber tell a caller who was not answered
// why.
func (c *Led) Hangup(ctx context.Context, cause Cause) error {
	return c.do(ctx, "hang up", func(ctx context.Context) error { return c.driver.Release(ctx, c.leg, cause) })
}

// Tag notes something in the call's journal entries: those of users that end from now on, and the
// flow's own. A key that is there is replaced. It works after the call was given away too. Fails with
// ErrInvalid for an empty key, one over 64 bytes or with control characters, a value over 1024 bytes,
// what is not UTF-8, or the 33rd key, and with ErrHungUp when the call is over.
func (c *Led) Tag(key, value string) error { return c.tags.set(key, value) }

// Fallback does what the number's rule says: FlowNumber.Fallback. Whatever happens, the call is ended
// or given away then: a destination that is busy or gone ends it. A caller who is talking with
// somebody is left to that talk. For a call that is over or not in the flow any more it does nothing.
func (c *Led) Fallback(ctx context.Context) error { return c.fallback(ctx) }

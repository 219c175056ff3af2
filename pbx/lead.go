package pbx

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// How long the telephone system may take for a fallback.
const fallbackTime = 10 * time.Second

// Lead has fn called with every call that comes to a flow number; nil: nobody leads any more, and
// calls go by their fallback at once. fn runs on the switch's goroutine and must not block: it
// starts a goroutine, or has none to spare and starts one for Led.Fallback.
func (s *Switch) Lead(fn func(*Led)) {
	if fn == nil {
		s.leads.fn.Store(nil)
		return
	}
	s.leads.fn.Store(&fn)
}

// leads are the calls that flows lead.
type leads struct {
	fn      atomic.Pointer[func(*Led)]
	running map[string]*Led // by leg; only the switch's goroutine
}

// An offer is a caller's leg that came to a flow number.
type offer struct {
	leg    string
	number FlowNumber
	to     string
	fn     func(*Led)
}

// An ending is a call that a flow leads no more, told when everybody knows why.
type ending struct {
	led   *Led
	cause error
}

func (b board) Offer(leg string, f FlowNumber, to string) bool {
	fn := b.s.leads.fn.Load()
	if _, able := b.s.driver.(Conductor); !able || fn == nil {
		return false
	}
	b.s.batch.offers = append(b.s.batch.offers, offer{leg, f, to, *fn})
	return true
}

func (b board) Flow(number string, outside bool) (FlowNumber, bool) {
	return b.Directory().Flow(number, outside)
}

func (b board) Leads() bool {
	_, able := b.s.driver.(Conductor)
	return able && b.s.leads.fn.Load() != nil
}

func (b board) Told(fn func()) { b.s.batch.told = append(b.s.batch.told, fn) }

// followLed sees whether a leg has left its flow.
func (s *Switch) followLed(b *batch, l *Leg) {
	led := s.leads.running[l.ID]
	switch {
	case led == nil:
	case l.State == LegEnded:
		b.endings = append(b.endings, ending{led, ErrHungUp})
		delete(s.leads.running, l.ID)
	case l.Flow == "":
		b.endings = append(b.endings, ending{led, ErrGivenAway})
		delete(s.leads.running, l.ID)
	}
}

// handOver ends what flows lead no more and gives them the calls that came.
func (s *Switch) handOver(b *batch) {
	for _, e := range b.endings {
		e.led.stop(e.cause)
	}
	for _, o := range b.offers {
		if old := s.leads.running[o.leg]; old != nil { // from one flow to the next
			old.stop(ErrGivenAway)
			delete(s.leads.running, o.leg)
		}
		if l := s.legs[o.leg]; l != nil && l.Flow != "" {
			s.offer(o, l)
		}
	}
	for _, fn := range b.told {
		fn()
	}
}

func (s *Switch) offer(o offer, l *Leg) {
	led := &Led{s: s, driver: s.driver.(Conductor), leg: o.leg, tags: s.ledger.tags[l.Chain]}
	led.info = LedInfo{
		Entry: s.ledger.open[l.ID].ID, Chain: l.Chain, Leg: l.ID, From: s.caller(l), To: o.to, Direction: Incoming, Queue: l.Queue,
		Flow: o.number.Flow, Fallback: o.number.Route(), At: time.Now(),
	}
	if l.User != "" {
		led.info.Direction = Internal
	}
	led.ctx, led.stop = context.WithCancelCause(context.Background())
	s.leads.running[o.leg] = led
	o.fn(led)
}

// caller is whose leg it is.
func (s *Switch) caller(l *Leg) Party {
	if u := s.Directory().UserByLogin(l.User); l.User != "" && u != nil {
		return Party{Number: l.Number, Name: u.Name, User: u}
	}
	return Party{Number: l.Number, External: l.User == ""}
}

// forsake ends the context of every led call: the switch has stopped.
func (s *Switch) forsake() {
	for _, led := range s.leads.running {
		led.stop(ErrOffline)
	}
}

// over is why the flow has the call no more; nil: it has.
func (c *Led) over() error {
	if c.ctx.Err() == nil {
		return nil
	}
	return context.Cause(c.ctx)
}

// do runs one command, which ends with the call at the latest.
func (c *Led) do(ctx context.Context, what string, command func(ctx context.Context) error) error {
	if err := c.over(); err != nil {
		return failed(what, err)
	}
	if !c.busy.CompareAndSwap(false, true) {
		return fmt.Errorf("pbx: %s beside another command: %w", what, ErrState)
	}
	defer c.busy.Store(false)
	err := c.bound(ctx, command)
	if err == nil {
		return nil
	}
	if cause := c.over(); cause != nil {
		return failed(what, cause)
	}
	return failed(what, c.known(err))
}

// bound runs a command with a context that ends with the call, too.
func (c *Led) bound(ctx context.Context, command func(ctx context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(c.ctx, func() { cancel(context.Cause(c.ctx)) })()
	return command(ctx)
}

// known learns from a driver's error that the call is over, which the picture may show only later.
func (c *Led) known(err error) error {
	switch {
	case errors.Is(err, ErrHungUp), errors.Is(err, ErrNoSuchLeg):
		err = ErrHungUp
	case errors.Is(err, ErrGivenAway):
		err = ErrGivenAway
	default:
		return err
	}
	c.stop(err)
	return err
}

func (c *Led) fallback(ctx context.Context) error {
	if c.over() != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fallbackTime)
	defer cancel()
	err := c.bound(ctx, func(ctx context.Context) error { return c.driver.Send(ctx, c.leg, c.info.Fallback) })
	if err == nil || isOver(err) {
		return nil
	}
	cause := CauseNormal
	switch {
	case errors.Is(err, ErrBusy):
		cause = CauseBusy
	case errors.Is(err, ErrNoSuchNumber), errors.Is(err, ErrNoPhone):
		cause = CauseNoNumber
	}
	c.s.log.Warn("the fallback of a call cannot be reached, it is ended", "call", c.info.Chain, "to", c.info.Fallback.String(), "err", err)
	err = c.bound(ctx, func(ctx context.Context) error { return c.driver.Release(ctx, c.leg, cause) })
	if err == nil || isOver(err) {
		return nil
	}
	return failed("fallback", err)
}

// isOver reports whether a driver's error says that the flow has the call no more.
func isOver(err error) bool {
	return errors.Is(err, ErrHungUp) || errors.Is(err, ErrGivenAway) || errors.Is(err, ErrNoSuchLeg)
}

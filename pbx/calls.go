package pbx

import (
	"context"
	"fmt"
)

// A phone is what a command sees of a user's phone before it acts. Between that look and the
// driver's act the phone may change; then the driver refuses the leg, and the command fails.
type phone struct {
	user          *User
	current, held *Leg
}

// look reads a user's phone. Fails with ErrNoSuchUser, ErrNoPhone.
func (s *Switch) look(ctx context.Context, login string) (phone, error) {
	var ph phone
	err := s.with(ctx, login, func(p *person) error {
		if p.user.Main() == "" {
			return fmt.Errorf("%s: %w", p.login(), ErrNoPhone)
		}
		ph = phone{user: p.user, current: p.current(), held: p.held()}
		return nil
	})
	return ph, err
}

func (p phone) refuse(what string) error {
	return fmt.Errorf("pbx: %s: %s: %w", p.user.Login, what, ErrState)
}

// failed adds what was tried to a driver's error.
func failed(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("pbx: %s: %w", what, err)
}

// dialled is the number behind what a client names. Fails with ErrNoSuchNumber, ErrForbidden.
func (s *Switch) dialled(u *User, to string) (string, error) {
	d := s.Directory()
	number, err := d.Resolve(to)
	if err != nil {
		return "", fmt.Errorf("pbx: %w", err)
	}
	if !d.MayDial(u, number) {
		return "", fmt.Errorf("pbx: %s may not dial %s: %w", u.Login, number, ErrForbidden)
	}
	return number, nil
}

// AutoCall makes a callback: the user's phone rings, then the number is dialled, or the other way
// round with abonentFirst [P 6.4]. With intercom the destination answers by itself, and the order is
// always the user first. `to` is a number, a user's GUID or a number's. While the user talks, the
// other side is put on hold first, and no phone of his has to ring. It returns the new call's chain.
// Fails with ErrNoSuchNumber, ErrForbidden, ErrNoPhone, ErrState and what the driver says.
func (s *Switch) AutoCall(ctx context.Context, login, to string, abonentFirst, intercom bool) (chain string, err error) {
	ph, err := s.look(ctx, login)
	if err != nil {
		return "", err
	}
	number, err := s.dialled(ph.user, to)
	if err != nil {
		return "", err
	}
	r := DialRequest{
		User: ph.user.Login, From: ph.user.Main(), To: number, Chain: s.opts.NewID(),
		AbonentFirst: abonentFirst && !intercom, Intercom: intercom,
	}
	if ph.current == nil {
		return r.Chain, failed("callback", s.driver.Dial(ctx, r))
	}
	if ph.current.State != LegTalking || ph.held != nil {
		return "", ph.refuse("a callback")
	}
	return r.Chain, s.consult(ctx, ph.current.ID, r)
}

// consult puts the other side on hold and dials. When that is refused, the other side comes back.
func (s *Switch) consult(ctx context.Context, leg string, r DialRequest) error {
	h, ok := s.driver.(Holder)
	if !ok {
		return failed("hold", ErrUnsupported)
	}
	if err := h.Hold(ctx, leg); err != nil {
		return failed("hold", err)
	}
	err := s.driver.Dial(ctx, r)
	if err != nil {
		if back := h.Resume(ctx, leg); back != nil {
			s.log.Warn("the party on hold did not come back after a refused consultation", "user", r.User, "err", back)
		}
	}
	return failed("callback", err)
}

// AbortAutoCall stops a callback that is under way, at whatever stage. Somebody on hold stays there.
// Fails with ErrState when there is none.
func (s *Switch) AbortAutoCall(ctx context.Context, login string) error {
	ph, err := s.look(ctx, login)
	if err != nil {
		return err
	}
	if ph.current == nil || ph.current.Callback == NoCallback {
		return ph.refuse("stopping a callback")
	}
	return failed("stop callback", s.driver.Hangup(ctx, ph.current.ID))
}

// Answer takes the user's ringing phone off the hook. Fails with ErrState when it does not ring.
func (s *Switch) Answer(ctx context.Context, login string) error {
	ph, err := s.look(ctx, login)
	if err != nil {
		return err
	}
	if ph.current == nil || ph.current.State != LegRinging {
		return ph.refuse("answering")
	}
	return failed("answer", s.driver.Answer(ctx, ph.current.ID))
}

// Decline rejects a ringing call, stops a callback and ends a talk, whatever the phone does; who is
// on hold stays there [P 6.4]. Fails with ErrState when the phone does nothing.
func (s *Switch) Decline(ctx context.Context, login string) error {
	ph, err := s.look(ctx, login)
	if err != nil {
		return err
	}
	if ph.current == nil {
		return ph.refuse("declining")
	}
	return failed("decline", s.driver.Hangup(ctx, ph.current.ID))
}

// Abort drops the current connection. With somebody on hold the user leaves, and the current and the
// held party are connected to each other [P 6.4]. At the dial tone with somebody on hold that one is
// dropped. A listening supervisor leaves the talk he listens to. Fails with ErrState when the phone
// does nothing.
func (s *Switch) Abort(ctx context.Context, login string) error {
	ph, err := s.look(ctx, login)
	if err != nil {
		return err
	}
	switch {
	case ph.current == nil && ph.held == nil:
		return ph.refuse("hanging up")
	case ph.current == nil:
		return failed("hang up", s.driver.Hangup(ctx, ph.held.ID))
	case ph.held != nil && s.connectable(ph.current):
		return s.connect(ctx, ph)
	}
	return failed("hang up", s.driver.Hangup(ctx, ph.current.ID))
}

// listens reports whether a leg is a supervisor's in somebody else's talk.
func (s *Switch) listens(l *Leg) bool {
	c := s.conference(l.Conference)
	return c != nil && c.Ghost
}

// connectable reports whether the other side of a leg can be left to somebody else. One that is
// still being dialled can: who was on hold then hears it ring.
func (s *Switch) connectable(l *Leg) bool {
	return (l.State == LegTalking || l.State == LegDialling) && !s.listens(l)
}

// connect joins the two sides that the user talks to; he is free then.
func (s *Switch) connect(ctx context.Context, ph phone) error {
	h, ok := s.driver.(Holder)
	if !ok {
		return failed("connect", ErrUnsupported)
	}
	return failed("connect", h.Connect(ctx, ph.held.ID, ph.current.ID))
}

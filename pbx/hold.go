package pbx

import (
	"context"
	"fmt"
)

// The modes of Flash [P 8.6].
const (
	FlashModePlain  = ""       // like FlashModeSwitch
	FlashModeSwitch = "switch" // put on hold, take back, or change between the current and the held one
	FlashModeAbort  = "abort"  // drop the current one, back to the held one
	FlashModeNext   = "next"   // drop the current one and dial the next
)

// Flash is the button of that name. In FlashModeNext `next` is the number to dial; without it the phone
// stays at the dial tone, if somebody is on hold. Fails with ErrState when the mode makes no sense
// now, ErrUnsupported for an unknown mode, and with what AutoCall fails with.
func (s *Switch) Flash(ctx context.Context, login, mode, next string) error {
	ph, err := s.look(ctx, login)
	if err != nil {
		return err
	}
	h, ok := s.driver.(Holder)
	if !ok {
		return failed("flash", ErrUnsupported)
	}
	if ph.current == nil && ph.held == nil {
		return ph.refuse("a flash")
	}
	switch mode {
	case FlashModePlain, FlashModeSwitch:
		return s.change(ctx, h, ph)
	case FlashModeAbort:
		return s.back(ctx, h, ph)
	case FlashModeNext:
		return s.nextCall(ctx, ph, next)
	}
	return fmt.Errorf("pbx: flash mode %.32q: %w", mode, ErrUnsupported)
}

// change puts on hold, takes back or toggles.
func (s *Switch) change(ctx context.Context, h Holder, ph phone) error {
	switch {
	case ph.held == nil && ph.current.State == LegTalking && !s.listens(ph.current):
		return failed("hold", h.Hold(ctx, ph.current.ID))
	case ph.held == nil:
		return ph.refuse("putting on hold")
	case ph.current == nil, ph.current.State == LegTalking && !s.listens(ph.current):
		return failed("take back", h.Resume(ctx, ph.held.ID))
	}
	return s.back(ctx, h, ph) // nobody is there yet who could be put on hold
}

// back drops the current party, if any, and returns to the one on hold, if any.
func (s *Switch) back(ctx context.Context, h Holder, ph phone) error {
	if ph.current != nil {
		if err := s.driver.Hangup(ctx, ph.current.ID); err != nil {
			return failed("drop", err)
		}
	}
	if ph.held == nil {
		return nil
	}
	return failed("take back", h.Resume(ctx, ph.held.ID))
}

func (s *Switch) nextCall(ctx context.Context, ph phone, next string) error {
	if next != "" {
		if _, err := s.dialled(ph.user, next); err != nil {
			return err
		}
	}
	if ph.current != nil {
		if err := s.driver.Hangup(ctx, ph.current.ID); err != nil {
			return failed("drop", err)
		}
	}
	if next == "" {
		return nil
	}
	_, err := s.AutoCall(ctx, ph.user.Login, next, false, false)
	return err
}

// Transfer sends somebody to a number without asking there [P 6.4]. Without a hold that is the
// current party, and the user is free. With a hold the current party goes, and the user is back with
// the held one; at the dial tone the held one goes. An empty `to` connects the current party with
// the held one. Fails with ErrState when there is nobody to send, ErrNoSuchNumber, ErrForbidden and
// what the driver says; then nothing has changed.
func (s *Switch) Transfer(ctx context.Context, login, to string) error {
	ph, err := s.look(ctx, login)
	if err != nil {
		return err
	}
	if to == "" {
		if ph.current == nil || ph.held == nil || s.listens(ph.current) {
			return ph.refuse("connecting two calls")
		}
		return s.connect(ctx, ph)
	}
	number, err := s.dialled(ph.user, to)
	if err != nil {
		return err
	}
	sent := ph.current
	if sent == nil {
		sent = ph.held
	}
	if sent == nil || sent.State != LegTalking && sent.State != LegHolding || sent.Conference != "" {
		return ph.refuse("a transfer")
	}
	if err := s.driver.Transfer(ctx, sent.ID, number); err != nil {
		return failed("transfer", err)
	}
	if ph.held == nil || sent == ph.held {
		return nil
	}
	h, ok := s.driver.(Holder)
	if !ok {
		return failed("take back", ErrUnsupported)
	}
	return failed("take back", h.Resume(ctx, ph.held.ID))
}

package crmsim

import (
	"context"
	"slices"
	"time"

	"github.com/gobwas/ws"

	"github.com/octolink/octolink/protocol/wire"
)

// garbage is what no peer can read.
var garbage = []byte(`["methodresult",{"qid":"`)

// A disturbance is what lasts until Resume. With CRM.mu held.
type disturbance struct {
	refusing bool
	hung     chan struct{} // open while posts are not answered; nil otherwise
	end      *time.Timer   // calls Resume; nil for no end
}

// Inject misbehaves at once or at the next occasion; see [FaultKind].
func (c *CRM) Inject(f Fault) error {
	if err := f.check(c.opts.Mode); err != nil {
		return err
	}
	if f.instant(c.opts.Mode) {
		c.disturb(f)
		return nil
	}
	if f.Kind == Garbage && f.On == "" && !c.opts.Mode.posted() && c.SendRaw(garbage) == nil {
		c.update(func() { c.stats.Faults++ })
		return nil
	}
	c.update(func() { c.faults = append(c.faults, f) })
	return nil
}

// Clear forgets faults that have not happened, and resumes.
func (c *CRM) Clear() {
	c.update(func() { c.faults = nil })
	c.Resume()
}

// Resume reads again, takes connections again, answers posts again.
func (c *CRM) Resume() {
	var links []*link
	c.update(func() {
		if c.trouble.hung != nil {
			close(c.trouble.hung)
		}
		if c.trouble.end != nil {
			c.trouble.end.Stop()
		}
		c.trouble = disturbance{}
		links = c.open()
	})
	for _, l := range links {
		l.sock.Release()
	}
}

// open are the links there are. With mu held.
func (c *CRM) open() []*link {
	var all []*link
	for l := range c.links {
		all = append(all, l)
	}
	return all
}

// fault takes the fault for an answer.
func (c *CRM) fault(name string, answered bool) (Fault, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f, is := c.faults.take(name, answered)
	if is {
		c.stats.Faults++
		c.happened()
	}
	return f, is
}

// disturb does something to all links.
func (c *CRM) disturb(f Fault) {
	var links []*link
	c.update(func() {
		if f.instant(c.opts.Mode) {
			c.stats.Faults++
		}
		links = c.open()
		c.lasting(f)
	})
	for _, l := range links {
		switch f.Kind {
		case Drop, Refuse:
			l.sock.Cut(false)
		case Reset:
			l.sock.Cut(true)
		case Close:
			l.sock.Close(ws.StatusNormalClosure, "")
		case StopReading:
			l.sock.Hold(false)
		case HalfOpen:
			l.sock.Hold(true)
		}
	}
}

// lasting notes a fault that lasts. With mu held.
func (c *CRM) lasting(f Fault) {
	switch f.Kind {
	case Refuse:
		c.trouble.refusing = true
	case StopReading, HalfOpen:
		if c.trouble.hung == nil {
			c.trouble.hung = make(chan struct{})
		}
	default:
		return
	}
	if f.Delay > 0 {
		if c.trouble.end != nil {
			c.trouble.end.Stop()
		}
		c.trouble.end = time.AfterFunc(f.Delay, c.Resume)
	}
}

func (c *CRM) refuses() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.trouble.refusing
}

// spoil answers wrongly. r is nil when there was nothing to answer.
func (l *link) spoil(ctx context.Context, r *reply, f Fault) {
	if f.Kind == Garbage {
		_ = l.send(false, garbage) // the reader sees why not
		return
	}
	if r == nil {
		return
	}
	for _, wrong := range r.spoilt(f) {
		l.respond(ctx, wrong)
	}
}

// spoilt is what an answer becomes by a fault.
func (r *reply) spoilt(f Fault) []*reply {
	wrong := *r
	switch f.Kind {
	case Late:
		wrong.delay, wrong.run = either(f.Delay, 5*time.Second), ""
	case Silent:
		return nil
	case Twice:
		return []*reply{&wrong, &wrong}
	case Foreign:
		wrong.qid, wrong.sent = wire.Text(newGUID()), nil
		wrong.fields = slices.Clone(r.fields)
		for i := range wrong.fields {
			if m := &wrong.fields[i]; m.Key == "executionid" || m.Key == "sessionid" {
				m.Value = newGUID()
			}
		}
	case Fail:
		wrong.fields, wrong.sent = failed(&wire.Error{Code: 500, Text: "the CRM fails on demand"}), nil
	}
	return []*reply{&wrong}
}

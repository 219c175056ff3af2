package sim

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/octolink/octolink/pbx"
)

// How long prompts take and callers speak. Nothing is really played.
const (
	fileLength  = 3 * time.Second
	letter      = 60 * time.Millisecond
	shortestSay = 300 * time.Millisecond
	longestSay  = 30 * time.Second
	callerSpeak = 5 * time.Second // into a recording; then the caller is silent
)

// led finds a leg that is in a flow.
func (s *Sim) led(name string) (*leg, error) {
	l, err := s.leg(name)
	if err != nil {
		return nil, err
	}
	if l.stay == nil {
		return nil, fmt.Errorf("sim: %s: %w", l.phone.number, pbx.ErrGivenAway)
	}
	return l, nil
}

// idle finds a leg that is in a flow, with no other command and in no talk.
func (s *Sim) idle(name string) (*leg, error) {
	l, err := s.led(name)
	if err == nil && (l.stay.order != nil || l.other != nil) {
		err = fmt.Errorf("sim: %s: the flow has it do something else: %w", l.phone.number, pbx.ErrState)
	}
	return l, err
}

// conduct runs a command that takes no time.
func (s *Sim) conduct(ctx context.Context, name string, fn func(l *leg) error) error {
	return s.do(ctx, func() error {
		l, err := s.idle(name)
		if err != nil {
			return err
		}
		l.stay.music = false
		return fn(l)
	})
}

// await runs a command that takes time: begin starts it on the switch's goroutine, and finish ends it there.
// When ctx ends, what was begun ends, but not a talk.
func (s *Sim) await(ctx context.Context, name, what string, begin func(l *leg, o *order) error) (*order, error) {
	o := &order{name: what, done: make(chan struct{})}
	err := s.conduct(ctx, name, func(l *leg) error {
		o.leg, o.begun = l, s.board.Now()
		l.stay.order = o
		err := begin(l, o)
		if err != nil && l.stay != nil {
			l.stay.order = nil
		}
		return err
	})
	if err != nil {
		return o, err
	}
	select {
	case <-o.done:
		return o, o.err
	case <-ctx.Done():
	}
	err = s.do(context.WithoutCancel(ctx), func() error {
		s.abandon(o)
		return nil
	})
	if err != nil || o.err == nil && o.abandoned {
		return o, ctx.Err()
	}
	return o, o.err
}

// abandon ends an order whose flow waits no longer.
func (s *Sim) abandon(o *order) {
	if o.over {
		return
	}
	o.abandoned = true
	l := o.leg
	s.finish(o, nil)
	if o.seek != nil && l.other == nil {
		s.quiet(l)
		s.back(l)
	}
}

// Accept answers the call of a leg.
func (s *Sim) Accept(ctx context.Context, name string) error {
	return s.conduct(ctx, name, func(l *leg) error {
		s.accept(l)
		return nil
	})
}

// Play lets the time pass that a prompt takes, and logs it.
func (s *Sim) Play(ctx context.Context, name string, p pbx.Prompt) (key string, err error) {
	o, err := s.await(ctx, name, "play", func(l *leg, o *order) error {
		s.accept(l)
		if o.answer = l.stay.use(p.Keys); o.answer != "" {
			s.finish(o, nil)
			return nil
		}
		o.key = func(k rune) {
			if !strings.ContainsRune(p.Keys, k) {
				l.stay.keep(k)
				return
			}
			o.answer = string(k)
			s.finish(o, nil)
		}
		s.say(l, o, p, func() { s.finish(o, nil) })
		return nil
	})
	return o.answer, err
}

// say lets a caller hear a prompt; then comes what comes after it.
func (s *Sim) say(l *leg, o *order, p pbx.Prompt, then func()) {
	if p.File == "" && p.Text == "" {
		then()
		return
	}
	l.stay.hear(p)
	s.log.Info("a flow speaks", "flow", l.stay.number.Flow, "to", l.phone.number, "prompt", spoken(p))
	if d := s.length(p); d > 0 {
		s.later(o, d, then)
		return
	}
	then()
}

// length is how long a prompt takes.
func (s *Sim) length(p pbx.Prompt) time.Duration {
	var d time.Duration
	if s.opts.Instant {
		return 0
	}
	if p.File != "" {
		d = fileLength
	}
	if p.Text != "" {
		d += min(max(time.Duration(utf8.RuneCountInString(p.Text))*letter, shortestSay), longestSay)
	}
	return d
}

// Digits gathers keys.
func (s *Sim) Digits(ctx context.Context, name string, r pbx.DigitsRequest) (digits string, err error) {
	o, err := s.await(ctx, name, "digits", func(l *leg, o *order) error {
		s.accept(l)
		early := l.stay.keys
		l.stay.keys = ""
		o.key = func(k rune) { s.digit(o, r, k) }
		if early == "" {
			s.say(l, o, r.Prompt, func() { s.later(o, r.First, func() { s.finish(o, nil) }) })
		}
		for _, k := range early {
			l.stay.press(k) // what is more than enough is kept again
		}
		return nil
	})
	return o.answer, err
}

// digit takes one key.
func (s *Sim) digit(o *order, r pbx.DigitsRequest, k rune) {
	o.hushed()
	if strings.ContainsRune(r.Stop, k) {
		s.finish(o, nil)
		return
	}
	o.answer += string(k)
	if len(o.answer) >= r.Max {
		s.finish(o, nil)
		return
	}
	s.later(o, r.Between, func() { s.finish(o, nil) })
}

// RecordCaller records a caller, who speaks for five seconds and is silent then.
func (s *Sim) RecordCaller(ctx context.Context, name string, r pbx.RecordRequest) (pbx.RecordResult, error) {
	o, err := s.await(ctx, name, "record", func(l *leg, o *order) error {
		s.accept(l)
		l.stay.recorded = true
		s.tell(l)
		done := func() {
			o.record.Length = s.board.Now().Sub(o.begun)
			s.finish(o, nil)
		}
		if l.stay.use(r.Stop) != "" {
			done()
			return nil
		}
		o.key = func(k rune) {
			if strings.ContainsRune(r.Stop, k) {
				done()
				return
			}
			l.stay.keep(k)
		}
		atMost := r.Max
		if r.Silence > 0 {
			atMost = min(atMost, callerSpeak+r.Silence)
		}
		s.later(o, atMost, done)
		return nil
	})
	return o.record, err
}

// Music begins or ends music.
func (s *Sim) Music(ctx context.Context, name string, on bool) error {
	return s.conduct(ctx, name, func(l *leg) error {
		s.accept(l)
		l.stay.music = on
		return nil
	})
}

// Release ends the call of a leg, whatever it does.
func (s *Sim) Release(ctx context.Context, name string, c pbx.Cause) error {
	return s.do(ctx, func() error {
		l, err := s.led(name)
		if err != nil {
			return err
		}
		if o := l.other; o != nil {
			s.end(l, c)
			s.end(o, pbx.CauseNormal)
			return nil
		}
		s.giveUp(l, c)
		return nil
	})
}

// Send lets a leg leave its flow for somewhere else. One that talks with somebody is left to that.
func (s *Sim) Send(ctx context.Context, name string, to pbx.Route) error {
	return s.do(ctx, func() error {
		l, err := s.led(name)
		switch {
		case err != nil:
			return err
		case l.other != nil:
			s.giveAway(l)
			s.tell(l)
			return nil
		case to.Kind == pbx.RouteHangup:
			s.giveUp(l, pbx.CauseNormal)
			return nil
		}
		return s.send(l, to)
	})
}

// send calls somebody else for a led leg. The command that it waits for ends, whatever comes of it.
func (s *Sim) send(l *leg, to pbx.Route) error {
	s.quiet(l)
	asked, err := s.aim(to)
	if err == nil {
		t, free := s.route(asked, l.phone.number)
		if !free || t.phone != nil && t.phone == l.phone || t.flow != nil && l.flows >= maxFlows {
			err = fmt.Errorf("sim: %s: %w", to, pbx.ErrBusy)
		}
	}
	if err == nil {
		s.sendOff(l, asked)
		return s.call(l, asked, false)
	}
	if o := l.stay.order; o != nil {
		s.finish(o, fmt.Errorf("sim: another command ended this one: %w", pbx.ErrState))
		s.back(l)
	}
	return err
}

// sendOff makes a led leg one that calls somebody else. An autocall that nobody has answered goes on.
func (s *Sim) sendOff(l *leg, t target) {
	pending := l.callback
	s.giveAway(l)
	l.letGo()
	l.callback, l.dialled, l.queue = pending, s.partyOf(t), ""
	s.tell(l)
}

// Confer lets a leg leave its flow into a conference.
func (s *Sim) Confer(ctx context.Context, name, conference string) error {
	return s.conduct(ctx, name, func(l *leg) error {
		c := s.confs[conference]
		if c != nil && c.target != nil {
			return fmt.Errorf("sim: %.64q: %w", conference, pbx.ErrNoSuchConference)
		}
		if c == nil {
			c = s.open(conference, l.chain)
			s.gather(c, l)
			return nil
		}
		s.admit(c, l)
		return nil
	})
}

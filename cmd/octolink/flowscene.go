package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/octolink/octolink/crm"
	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/pbx/sim"
	"github.com/octolink/octolink/scripting"
	"github.com/octolink/octolink/web"
)

// A scene plays one flow on a simulated telephone system.
type scene struct {
	dir, flow          string
	from, to, fallback string
	user               string
	params             []string
	press              []string
	hangUp             time.Duration
	answer, talk       time.Duration
	fast, noCall       bool
	event              string
	data               any
	people             *Config
	crms               *crm.Directory

	sim    *sim.Sim
	sw     *pbx.Switch
	engine *scripting.Engine
	lines  io.Writer // of steps as they happen; nil: nobody looks
}

// often is how often the scene looks at what has changed.
const often = 50 * time.Millisecond

// play returns when the flow has ended.
func (s *scene) play(ctx context.Context, lines io.Writer) (web.FlowTrace, error) {
	s.lines = lines
	s.people.Flows.Numbers = []FlowNumber{{Match: s.to, Flow: s.flow, Fallback: s.fallback}}
	directory, err := s.people.directory()
	if err != nil {
		return web.FlowTrace{}, err
	}
	s.sim = sim.New(sim.Options{Answer: s.answer, Outside: s.answer, Instant: s.fast})
	s.sw = pbx.NewSwitch(pbx.Options{Driver: s.sim, Directory: directory})
	s.engine = scripting.New(scripting.Options{
		Dir: s.dir, Directory: s.crms, Desk: fakeDesk{s.crms}, House: sceneHouse{s.sw}, Poll: -1,
	})
	life, cancel := context.WithCancel(ctx)
	var parts sync.WaitGroup
	parts.Go(func() { _ = s.sw.Run(life) }) // ends with life alone
	defer func() {
		ended, now := context.WithCancel(context.WithoutCancel(ctx))
		now() // nobody waits for what the flow has started
		s.engine.Shutdown(ended)
		cancel()
		parts.Wait()
	}()
	if err := s.present(life, directory); err != nil {
		return web.FlowTrace{}, err
	}
	running, err := s.start(life)
	if err != nil {
		return web.FlowTrace{}, err
	}
	return s.watch(life, running)
}

// present has all users work, in the call-centre too.
func (s *scene) present(ctx context.Context, d *pbx.Directory) error {
	works := true
	for _, u := range d.Users() {
		if u.Main() == "" {
			continue
		}
		if err := s.sw.Connect(ctx, u.Login); err != nil {
			return err
		}
		if _, err := s.sw.SetState(ctx, u.Login, pbx.StateChange{CallCenter: &works}); err != nil {
			return err
		}
	}
	return nil
}

// start starts the flow by a call, or without one.
func (s *scene) start(ctx context.Context) (*scripting.Running, error) {
	t := scripting.Trigger{Flow: s.flow, Kind: "command", User: s.user, Params: s.params, Data: s.data}
	if s.event != "" {
		t.Kind, t.Event = "event", s.event
	}
	if s.noCall {
		return s.engine.Start(t)
	}
	type begun struct {
		running *scripting.Running
		err     error
	}
	got := make(chan begun, 1)
	var once sync.Once
	s.sw.Lead(func(c *pbx.Led) {
		once.Do(func() {
			t.Kind, t.Call, t.Chain = "call", &caller{c, s, s.press}, c.Info().Chain
			running, err := s.engine.Start(t)
			got <- begun{running, err}
		})
	})
	if _, err := s.sim.Ring(ctx, s.from, s.to); err != nil {
		return nil, err
	}
	select {
	case b := <-got:
		return b.running, b.err
	case <-ctx.Done():
		return nil, errors.New("interrupted")
	}
}

// watch plays the people at the telephones until the flow has ended, and tells of its steps.
func (s *scene) watch(ctx context.Context, running *scripting.Running) (web.FlowTrace, error) {
	look := time.NewTicker(often)
	defer look.Stop()
	began, told := time.Now(), 0
	talking := map[string]time.Time{} // since when, by number
	for {
		select {
		case <-running.Done():
			t := traceShown(running.Trace())
			s.tell(t, told)
			if s.lines != nil {
				fmt.Fprintln(s.lines, traceEnd(t))
			}
			return t, nil
		case <-ctx.Done():
			running.Stop(errors.New("interrupted"))
			<-running.Done()
			return traceShown(running.Trace()), errors.New("interrupted")
		case <-look.C:
		}
		told = s.tell(traceShown(running.Trace()), told)
		if s.hangUp > 0 && time.Since(began) >= s.hangUp && !s.noCall {
			_ = s.sim.HangupPhone(ctx, s.from) // he may have gone
		}
		if err := s.endTalks(ctx, talking); err != nil {
			return web.FlowTrace{}, err
		}
	}
}

// tell prints the steps that have ended since the last look.
func (s *scene) tell(t web.FlowTrace, told int) int {
	for ; told < len(t.Steps); told++ {
		step := t.Steps[told]
		if step.Open && t.Outcome == "" {
			break
		}
		if s.lines != nil {
			printStep(s.lines, step)
		}
	}
	return told
}

// endTalks has those hang up who have talked long enough.
func (s *scene) endTalks(ctx context.Context, since map[string]time.Time) error {
	state, err := s.sim.State(ctx)
	if err != nil {
		return err
	}
	for _, p := range state.Phones {
		talks := false
		for _, l := range p.Legs {
			talks = talks || p.Number != s.from && l.State == pbx.LegTalking.String() && l.Flow == ""
		}
		switch began, known := since[p.Number]; {
		case !talks:
			delete(since, p.Number)
		case !known:
			since[p.Number] = time.Now()
		case time.Since(began) >= s.talk:
			_ = s.sim.HangupPhone(ctx, p.Number) // the caller may have done it
		}
	}
	return nil
}

// A caller presses the next keys at each question.
type caller struct {
	*pbx.Led
	s    *scene
	keys []string
}

// reaction is how long a caller needs for a key, when prompts take time.
const reaction = time.Second

// Digits presses keys while they are gathered.
func (c *caller) Digits(ctx context.Context, r pbx.DigitsRequest) (string, error) {
	defer c.press()()
	return c.Led.Digits(ctx, r)
}

// Play presses keys when they stop the prompt.
func (c *caller) Play(ctx context.Context, p pbx.Prompt) (string, error) {
	if p.Keys != "" {
		defer c.press()()
	}
	return c.Led.Play(ctx, p)
}

// press has keys pressed a moment later. The returned function waits for it, or drops it.
func (c *caller) press() (end func()) {
	if len(c.keys) == 0 {
		return func() {}
	}
	keys := c.keys[0]
	c.keys = c.keys[1:]
	if keys == "" {
		return func() {}
	}
	pressed := make(chan struct{})
	wait := reaction
	if c.s.fast {
		wait = 0
	}
	timer := time.AfterFunc(wait, func() {
		defer close(pressed)
		_ = c.s.sim.Press(c.Context(), c.s.from, keys) // he may have hung up
	})
	return func() {
		if !timer.Stop() {
			<-pressed
		}
	}
}

// sceneHouse is what flows do beside calls. The trace shows it.
type sceneHouse struct{ sw *pbx.Switch }

// Notify implements [scripting.House].
func (sceneHouse) Notify(context.Context, string, string) error { return nil }

// Emit implements [scripting.House].
func (sceneHouse) Emit(context.Context, string, any) error { return nil }

// Callback implements [scripting.House].
func (h sceneHouse) Callback(ctx context.Context, user, number string) (string, error) {
	return h.sw.AutoCall(ctx, user, number, false, false)
}

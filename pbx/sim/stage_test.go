package sim_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/pbx/sim"
)

// A script is a flow of a test. Its call goes by the fallback when it returns.
type script func(ctx context.Context, c *pbx.Led) error

// A stage is a house whose flow numbers lead to scripts, by the name of the flow.
type stage struct {
	*house
	runs sync.WaitGroup
	mu   sync.Mutex // guards said
	said []string   // what scripts noted
}

func (g *stage) note(format string, args ...any) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.said = append(g.said, fmt.Sprintf(format, args...))
}

// notes compares what scripts noted since the last look.
func (g *stage) notes(want ...string) {
	g.t.Helper()
	synctest.Wait()
	g.mu.Lock()
	defer g.mu.Unlock()
	if !slices.Equal(g.said, want) {
		g.t.Errorf("scripts noted\n\t%q\nwant\n\t%q", g.said, want)
	}
	g.said = nil
}

func menus() pbx.Config {
	c := staff()
	c.Flows = []pbx.FlowNumber{
		{Match: "900", Flow: "menu", Fallback: "user:vera"},
		{Match: "700", Flow: "menu", Fallback: "queue:700"}, // before the queue of the same number
		{Match: "901", Flow: "loop", Fallback: "number:902"},
		{Match: "902", Flow: "loop", Fallback: "number:901"},
		{Match: "903", Flow: "menu"},
		{Match: "7495*", Flow: "menu", Fallback: "number:200123"},
		{Match: "749512345xx", Flow: "menu", Fallback: "user:boris"},
	}
	return c
}

// onStage runs a scenario with everybody logged in. When it is over, every script must be.
func onStage(t *testing.T, o sim.Options, play script, scenario func(g *stage)) {
	t.Helper()
	inBubble(t, func(t *testing.T) {
		g := &stage{house: open(t, o, menus())}
		if play != nil {
			g.sw.Lead(func(c *pbx.Led) {
				g.runs.Go(func() {
					if err := play(g.ctx, c); err != nil {
						g.note("failed: %v", errors.Unwrap(err))
					}
					if err := c.Fallback(g.ctx); err != nil {
						g.t.Errorf("fallback: %v", err)
					}
				})
			})
		}
		for _, u := range g.sw.Directory().Users() {
			g.must(g.sw.Connect(g.ctx, u.Login))
		}
		g.pass(time.Second)
		g.forget()
		scenario(g)
		g.check()
		g.empty()
		g.runs.Wait()
	})
}

// empty puts down every hand-set and looks for what is left.
func (g *stage) empty() {
	g.t.Helper()
	st, err := g.sim.State(g.ctx)
	g.must(err)
	for _, p := range st.Phones {
		if len(p.Legs) > 0 {
			_ = g.sim.HangupPhone(g.ctx, p.Number) // another hang-up may have ended it
		}
	}
	g.pass(time.Minute)
	g.nothing()
}

// nothing must be there of any call.
func (g *stage) nothing() {
	g.t.Helper()
	st, err := g.sim.State(g.ctx)
	g.must(err)
	for _, p := range st.Phones {
		if len(p.Legs) > 0 || p.User == "" {
			g.t.Errorf("left over: %+v", p)
		}
	}
	for _, q := range st.Queues {
		if len(q.Waiting) > 0 {
			g.t.Errorf("left over in queue %s: %v", q.Number, q.Waiting)
		}
	}
	if len(st.Conferences) > 0 {
		g.t.Errorf("left over: %+v", st.Conferences)
	}
	if open := g.journal.unfinished(); len(open) > 0 {
		g.t.Errorf("journal entries are open without a call: %+v", open)
	}
	for _, u := range g.sw.Directory().Users() {
		if u.Main() != "" {
			g.line(u.Login, "lsReady")
		}
	}
}

func (g *stage) press(number, digits string) {
	g.t.Helper()
	g.must(g.sim.Press(g.ctx, number, digits))
	synctest.Wait()
}

func (g *stage) answer(login string) {
	g.t.Helper()
	synctest.Wait()
	g.must(g.sw.Answer(g.ctx, login))
	synctest.Wait()
}

func (g *stage) hangup(number string) {
	g.t.Helper()
	g.must(g.sim.HangupPhone(g.ctx, number))
	synctest.Wait()
}

// steps are the kinds of what happened to a call.
func (g *stage) steps(call string, want ...string) {
	g.t.Helper()
	synctest.Wait()
	var got []string
	for _, s := range g.sw.Chain(call) {
		got = append(got, s.Kind)
	}
	if !slices.Equal(got, want) {
		g.t.Errorf("steps %q, want %q", got, want)
	}
}

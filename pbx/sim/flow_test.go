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

func TestFlowAsksAndConnects(t *testing.T) {
	var g *stage
	onStage(t, sim.Options{}, func(ctx context.Context, c *pbx.Led) error {
		i := c.Info()
		g.note("%s from %s to %s, %s, else %s", i.Flow, i.From.Number, i.To, i.Direction, i.Fallback)
		key, err := c.Play(ctx, pbx.Prompt{Text: "Press one for sales", Keys: "12"})
		if err != nil {
			return err
		}
		g.note("key %s", key)
		digits, err := c.Digits(ctx, pbx.DigitsRequest{Prompt: pbx.Prompt{File: "number"}, Max: 4, Stop: "#"})
		if err != nil {
			return err
		}
		g.note("digits %s", digits)
		if err := errors.Join(c.Tag("customer", digits), c.Tag("topic", "sales")); err != nil {
			return err
		}
		res, err := c.Ring(ctx, pbx.RingRequest{To: []string{"alice", "301"}, Timeout: 10 * time.Second})
		if err != nil {
			return err
		}
		g.note("%s %s %s, waited %v, talked %v", res.Outcome, res.Number, res.Login, res.Waited, res.Talked)
		if err := c.Tag("mark", "5"); err != nil {
			return err
		}
		return c.Hangup(ctx, pbx.CauseNormal)
	}, func(stage *stage) {
		g = stage
		call := g.ring(client, "900")
		g.pass(100 * time.Millisecond)
		g.notes("menu from 79161234567 to 900, incoming, else user:vera")
		g.press(client, "1")
		g.notes("key 1")
		g.press(client, "42")
		g.press(client, "#")
		g.notes("digits 42")
		g.ringing("alice")
		g.pass(10 * time.Second)
		g.ringing("boris")
		g.answer("boris")
		g.line("boris", "lsCommutated talking 79161234567")
		g.pass(7 * time.Second)
		g.hangup("301")
		g.notes("answered 301 boris, waited 10s, talked 7s")
		g.nothing()
		g.steps(call, "flow", "ivr", "ring", "noanswer", "ring", "answer", "end", "ivr", "end")
		records := g.journal.take()
		if len(records) != 3 {
			t.Fatalf("journal: %+v", records)
		}
		for i, want := range []string{
			"alice 300 79161234567 missed menu/ [{customer 42} {topic sales}]",
			"boris 301 79161234567 answered menu/ [{customer 42} {topic sales}]",
			" 900 79161234567 answered menu/menu [{customer 42} {topic sales} {mark 5}]",
		} {
			r := records[i]
			if got := fmt.Sprintf("%s %s %s %s menu/%s %v", r.Login, r.Number, r.Peer, r.Outcome, r.Flow, r.Tags); got != want {
				t.Errorf("entry %d: got %q, want %q", i, got, want)
			}
		}
	})
}

func TestKeysBeforeTheQuestion(t *testing.T) {
	var g *stage
	onStage(t, sim.Options{}, func(ctx context.Context, c *pbx.Led) error {
		key, err := c.Play(ctx, pbx.Prompt{Text: "This one may be heard by who does not know the menu"})
		if err != nil {
			return err
		}
		g.note("first %q", key)
		if key, err = c.Play(ctx, pbx.Prompt{Text: "Nobody hears this", Keys: "*"}); err != nil {
			return err
		}
		g.note("second %q", key)
		digits, err := c.Digits(ctx, pbx.DigitsRequest{Prompt: pbx.Prompt{Text: "Nor this"}, Max: 3})
		if err != nil {
			return err
		}
		g.note("digits %q", digits)
		digits, err = c.Digits(ctx, pbx.DigitsRequest{Max: 9, First: time.Second, Between: time.Second})
		if err != nil {
			return err
		}
		g.note("rest %q", digits)
		digits, err = c.Digits(ctx, pbx.DigitsRequest{Max: 9, First: 2 * time.Second})
		g.note("nothing %q", digits)
		return err
	}, func(stage *stage) {
		g = stage
		g.ring(client, "903")
		g.pass(time.Second)
		g.press(client, "1*2345")
		g.press(client, "66666666666666666666666666666666666666666666") // more than are kept
		g.pass(3 * time.Second)
		g.notes(`first ""`, `second "*"`, `digits "123"`, `rest "456666666"`, `nothing "666666666"`)
		g.fails(g.sim.Press(g.ctx, client, "a"), pbx.ErrInvalid)
		g.fails(g.sim.Press(g.ctx, "301", "1"), pbx.ErrState)
		g.empty()
	})
}

func TestFlowQueue(t *testing.T) {
	var g *stage
	onStage(t, sim.Options{}, func(ctx context.Context, c *pbx.Led) error {
		for _, wait := range []time.Duration{5 * time.Second, 0} {
			res, err := c.Queue(ctx, pbx.QueueRequest{Number: "700", Timeout: wait})
			if err != nil {
				return err
			}
			g.note("%s %s, waited %v, talked %v", res.Outcome, res.Login, res.Waited, res.Talked)
		}
		_, err := c.Play(ctx, pbx.Prompt{Text: "Thank you"})
		return err
	}, func(stage *stage) {
		g = stage
		call := g.ring(client, "700")
		g.pass(time.Second)
		if w := g.sw.Waiting("700"); len(w) != 1 || w[0].Party.Number != client {
			t.Errorf("waiting: %+v", w)
		}
		g.pass(4 * time.Second)
		g.notes("noanswer , waited 5s, talked 0s")
		g.agents("alice")
		g.answer("alice")
		g.pass(3 * time.Second)
		g.hangup("300")
		g.notes("answered alice, waited 100ms, talked 3s")
		g.steps(call, "flow", "queue", "queue", "ring", "answer", "end", "ivr")
		g.hangup(client)
		g.pass(time.Second)
		g.notes("failed: the caller has hung up")
		g.rows("alice incoming 79161234567 answered 3", " incoming 79161234567 answered 3")
	})
}

func TestFallbacks(t *testing.T) {
	tests := []struct {
		name, from, to string
		led            bool
		check          func(g *stage)
	}{
		{"user", client, "900", true, func(g *stage) { g.ringing("vera") }},
		{"user, nobody leads", client, "900", false, func(g *stage) { g.ringing("vera") }},
		{"queue of the same number", client, "700", true, func(g *stage) { g.ringing("alice") }},
		{"queue of the same number, nobody leads", client, "700", false, func(g *stage) { g.ringing("alice") }},
		{"none", client, "903", true, func(g *stage) { g.nothing() }},
		{"a circle", client, "901", true, func(g *stage) { g.nothing() }},
		{"a pattern", client, "74951112233", true, func(g *stage) { g.outside("200123") }},
		{"the longest pattern", client, "74951234567", true, func(g *stage) { g.ringing("boris") }},
		{"patterns are not for calls from inside", "302", "74951234567", true, func(g *stage) { g.outside("74951234567") }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var nothing script
			if tt.led {
				nothing = func(context.Context, *pbx.Led) error { return nil }
			}
			onStage(t, sim.Options{}, nothing, func(g *stage) {
				g.agents("alice")
				g.ring(tt.from, tt.to)
				synctest.Wait()
				tt.check(g)
			})
		})
	}
	for _, to := range []string{"901", "903"} {
		onStage(t, sim.Options{}, nil, func(g *stage) {
			_, err := g.sim.Ring(g.ctx, client, to) // nobody leads calls, and the fallbacks end nowhere
			g.fails(err, pbx.ErrBusy)
			g.nothing()
		})
	}
}

// outside looks for an outside phone that rings.
func (g *stage) outside(number string) {
	g.t.Helper()
	st, err := g.sim.State(g.ctx)
	g.must(err)
	for _, p := range st.Phones {
		if p.Number == number && len(p.Legs) == 1 && p.Legs[0].State == "ringing" {
			return
		}
	}
	g.t.Errorf("%s does not ring: %+v", number, st.Phones)
}

func TestFallbackThatIsBusyEndsTheCall(t *testing.T) {
	onStage(t, sim.Options{}, func(ctx context.Context, c *pbx.Led) error {
		_, err := c.Play(ctx, pbx.Prompt{Text: "Hello"})
		return err
	}, func(g *stage) {
		g.must(g.sim.SetBusy(g.ctx, "302", true))
		g.ring(client, "900")
		g.pass(10 * time.Second)
		g.nothing()
		g.must(g.sim.SetBusy(g.ctx, "302", false))
	})
}

// A user's own phone in a flow: what he is told and sees.
func TestUserInFlow(t *testing.T) {
	var g *stage
	onStage(t, sim.Options{}, func(ctx context.Context, c *pbx.Led) error {
		if i := c.Info(); i.From.User == nil || i.From.User.Login != "alice" || i.Direction != pbx.Internal {
			g.note("wrong: %+v", i)
		}
		if err := sleep(ctx, c, 2*time.Second); err != nil {
			return err
		}
		if _, err := c.Digits(ctx, pbx.DigitsRequest{First: 10 * time.Second}); err != nil {
			return err
		}
		if _, err := c.Ring(ctx, pbx.RingRequest{To: []string{"301"}}); err != nil {
			return err
		}
		_, err := c.Digits(ctx, pbx.DigitsRequest{First: 10 * time.Second})
		return err
	}, func(stage *stage) {
		g = stage
		g.ring("300", "900")
		g.line("alice", "lsHookUp dialling 900")
		settled(g.house)
		g.pass(2 * time.Second)
		g.line("alice", "lsCommutated talking 900")
		g.expect("alice", "pbx.IVRStarted", "line 32")
		g.fails(g.sw.Flash(g.ctx, "alice", "", ""), pbx.ErrState)
		_, err := g.sw.BuildConference(g.ctx, "alice")
		g.fails(err, pbx.ErrState)
		g.fails(g.sw.Transfer(g.ctx, "alice", "301"), pbx.ErrState)
		g.press("300", "1")
		g.line("alice", "lsHookUp dialling 301")
		g.expect("alice", "pbx.IVRStopped", "line 8")
		g.answer("boris")
		g.line("alice", "lsCommutated talking 301")
		g.expect("alice", "talk+ 301", "line 32")
		g.hangup("301")
		g.line("alice", "lsCommutated talking 900")
		g.expect("alice", "talk- 301", "pbx.IVRStarted")
		g.must(g.sw.Abort(g.ctx, "alice"))
		g.expect("alice", "pbx.IVRStopped", "line 4", "state 1")
		g.notes("failed: the caller has hung up")
		g.rows("boris internal 300 answered 0", "alice internal 900 answered 0")
	})
}

// sleep lets a flow do something else for a while.
func sleep(ctx context.Context, c *pbx.Led, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-c.Context().Done():
		return fmt.Errorf("sleep: %w", context.Cause(c.Context()))
	}
}

// What the user does with whom the flow has connected to him takes the call out of the flow.
func TestCallerLeavesTheFlow(t *testing.T) {
	tests := []struct {
		name  string
		leave func(g *stage)
		left  bool
	}{
		{"transfer", func(g *stage) { g.must(g.sw.Transfer(g.ctx, "alice", "303")) }, true},
		{"conference", func(g *stage) {
			_, err := g.sw.BuildConference(g.ctx, "alice")
			g.must(err)
		}, true},
		{"transfer to another flow", func(g *stage) { g.must(g.sw.Transfer(g.ctx, "alice", "903")) }, true},
		{"hold and back", func(g *stage) {
			g.must(g.sw.Flash(g.ctx, "alice", "", ""))
			g.pass(time.Second)
			g.must(g.sw.Flash(g.ctx, "alice", "", ""))
		}, false},
		{"attended transfer", func(g *stage) {
			_, err := g.sw.AutoCall(g.ctx, "alice", "302", false, false)
			g.must(err)
			g.answer("vera")
			g.must(g.sw.Transfer(g.ctx, "alice", ""))
		}, true},
		{"attended transfer before the answer", func(g *stage) {
			_, err := g.sw.AutoCall(g.ctx, "alice", "302", false, false)
			g.must(err)
			g.must(g.sw.Abort(g.ctx, "alice"))
			g.ringing("vera")
		}, true},
		{"attended transfer to a flow", func(g *stage) {
			_, err := g.sw.AutoCall(g.ctx, "alice", "903", false, false)
			g.must(err)
			g.pass(time.Second)
			g.must(g.sw.Abort(g.ctx, "alice"))
		}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var g *stage
			onStage(t, sim.Options{}, func(ctx context.Context, c *pbx.Led) error {
				if c.Info().To == "903" {
					g.note("%s in 903", c.Info().From.Number)
					_, err := c.Digits(ctx, pbx.DigitsRequest{First: time.Hour})
					return err
				}
				res, err := c.Ring(ctx, pbx.RingRequest{To: []string{"alice"}})
				if err == nil {
					g.note("back: %s", res.Outcome)
				}
				return err
			}, func(stage *stage) {
				g = stage
				g.ring(client, "900")
				g.answer("alice")
				tt.leave(g)
				g.pass(time.Second)
				g.check()
				g.mu.Lock()
				left := slices.Contains(g.said, "failed: the call was given away")
				g.mu.Unlock()
				if left != tt.left {
					t.Errorf("left the flow: %v, noted %q", left, g.said)
				}
			})
		})
	}
}

func TestRingOutcomes(t *testing.T) {
	tests := []struct {
		name   string
		ring   pbx.RingRequest
		before func(g *stage)
		then   func(g *stage)
		want   string
	}{
		{"nobody answers", pbx.RingRequest{To: []string{"alice"}, Timeout: 5 * time.Second}, nil,
			func(g *stage) { g.pass(5 * time.Second) }, "noanswer 300 5s"},
		{"at once, one answers", pbx.RingRequest{To: []string{"alice", "boris"}, AtOnce: true}, nil, func(g *stage) {
			g.ringing("alice", "boris")
			g.answer("boris")
			g.ringing()
			g.hangup("301")
		}, "answered 301 0s"},
		{"at once, both decline", pbx.RingRequest{To: []string{"alice", "boris"}, AtOnce: true}, nil, func(g *stage) {
			g.must(g.sim.Reject(g.ctx, "300"))
			g.must(g.sim.Reject(g.ctx, "301"))
		}, "rejected 301 0s"},
		{"busy", pbx.RingRequest{To: []string{"alice"}}, func(g *stage) { g.must(g.sim.SetBusy(g.ctx, "300", true)) },
			func(g *stage) { g.must(g.sim.SetBusy(g.ctx, "300", false)) }, "busy 300 0s"},
		{"do not disturb", pbx.RingRequest{To: []string{"alice"}},
			func(g *stage) { g.wish("alice", pbx.StateChange{State: is(pbx.DND)}) }, nil, "busy 300 0s"},
		{"redirected to a colleague", pbx.RingRequest{To: []string{"alice"}}, func(g *stage) { g.redirects("alice", "303") }, func(g *stage) {
			g.ringing("dmitry")
			g.answer("dmitry")
			g.hangup("303")
		}, "answered 303 0s"},
		{"redirected to a queue", pbx.RingRequest{To: []string{"alice"}}, func(g *stage) { g.redirects("alice", "701") }, nil, "busy 300 0s"},
		{"redirected to a flow", pbx.RingRequest{To: []string{"alice"}}, func(g *stage) { g.redirects("alice", "903") }, nil, "busy 300 0s"},
		{"outside", pbx.RingRequest{To: []string{"79990001122"}}, nil, func(g *stage) {
			g.must(g.sim.AnswerPhone(g.ctx, "79990001122"))
			g.pass(2 * time.Minute) // two outside parties may talk as long as a flow leads the call
			g.hangup("79990001122")
		}, "answered 79990001122 0s"},
		{"a queue", pbx.RingRequest{To: []string{"701"}}, nil, nil, "error"},
		{"nobody", pbx.RingRequest{To: []string{"zoe"}}, nil, nil, "error"},
		{"one without a phone", pbx.RingRequest{To: []string{"alice", "nophone"}}, nil, nil, "error"},
		{"no one", pbx.RingRequest{}, nil, nil, "error"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var g *stage
			onStage(t, sim.Options{}, func(ctx context.Context, c *pbx.Led) error {
				res, err := c.Ring(ctx, tt.ring)
				if err != nil {
					g.note("error")
				} else {
					g.note("%s %s %v", res.Outcome, res.Number, res.Waited)
				}
				return c.Hangup(ctx, pbx.CauseBusy)
			}, func(stage *stage) {
				g = stage
				if tt.before != nil {
					tt.before(g)
				}
				g.ring(client, "900")
				synctest.Wait()
				if tt.then != nil {
					tt.then(g)
				}
				g.notes(tt.want)
				g.nothing()
			})
		})
	}
}

// redirects sends a user's calls elsewhere.
func (g *stage) redirects(login, to string) {
	g.t.Helper()
	g.must(g.sw.SetRules(g.ctx, login, []pbx.RedirectRule{{Destination: to, Enabled: true}}))
}

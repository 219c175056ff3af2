package sim_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/pbx/sim"
)

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

// Another configuration touches no call that a flow leads: it keeps its rule, and the flow its caller. Who waits in a
// queue that is there no more is in the flow again.
func TestNewDirectoryDuringFlows(t *testing.T) {
	var g *stage
	onStage(t, sim.Options{}, func(ctx context.Context, c *pbx.Led) error {
		res, err := c.Queue(ctx, pbx.QueueRequest{Number: "702"})
		if err != nil {
			return err
		}
		g.note("%s", res.Outcome)
		_, err = c.Digits(ctx, pbx.DigitsRequest{First: time.Minute})
		return err
	}, func(stage *stage) {
		g = stage
		g.ring(client, "900")
		g.pass(time.Second)
		without := staff()
		without.Queues = without.Queues[:2]
		d, err := pbx.NewDirectory(without)
		g.must(err)
		g.must(g.sw.SetDirectory(g.ctx, d))
		g.notes("failed")
		_, err = g.sim.Ring(g.ctx, "79990001122", "900")
		g.fails(err, pbx.ErrNoSuchNumber)
		g.press(client, "1")
		g.ringing("vera")
	})
}

// Every entry of the journal is told once.
func TestRecordsOfFlowsAreToldOnce(t *testing.T) {
	onStage(t, sim.Options{Instant: true}, func(ctx context.Context, c *pbx.Led) error {
		_, err := c.Ring(ctx, pbx.RingRequest{To: []string{"alice", "boris"}, AtOnce: true})
		return err
	}, func(g *stage) {
		g.ring(client, "903")
		g.answer("boris")
		g.must(g.sw.Transfer(g.ctx, "boris", "302"))
		g.answer("vera")
		g.hangup(client)
		g.mu.Lock()
		defer g.mu.Unlock()
		told := map[string]int{}
		for _, e := range g.events {
			if r, ok := e.What.(pbx.CallRecorded); ok {
				told[r.Record.Login+" "+string(r.Record.Outcome)]++
			}
		}
		want := map[string]int{"alice elsewhere": 1, "boris answered": 1, "vera answered": 1, " answered": 1}
		if !maps.Equal(told, want) {
			t.Errorf("told %v, want %v", told, want)
		}
	})
}

// Who was not answered by a flow was not answered, whoever ended the call.
func TestCallThatNoFlowAnswers(t *testing.T) {
	tests := []struct {
		name, from string
		hangup     bool // by the caller
		cause      pbx.Cause
		want       string
	}{
		{"outside, the flow hangs up", client, false, pbx.CauseNormal, " incoming 79161234567 missed 0"},
		{"outside, rejected", client, false, pbx.CauseRejected, " incoming 79161234567 rejected 0"},
		{"outside, busy", client, false, pbx.CauseBusy, " incoming 79161234567 busy 0"},
		{"outside, the caller hangs up", client, true, 0, " incoming 79161234567 missed 0"},
		{"a user, the flow hangs up", "300", false, pbx.CauseNormal, "alice internal 903 noanswer 0"},
		{"a user, busy", "300", false, pbx.CauseBusy, "alice internal 903 busy 0"},
		{"a user hangs up", "300", true, 0, "alice internal 903 cancelled 0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			onStage(t, sim.Options{}, func(ctx context.Context, c *pbx.Led) error {
				if err := sleep(ctx, c, 2*time.Second); err != nil {
					return nil
				}
				return c.Hangup(ctx, tt.cause)
			}, func(g *stage) {
				g.ring(tt.from, "903")
				g.pass(time.Second)
				if tt.hangup {
					g.hangup(tt.from)
				}
				g.pass(2 * time.Second)
				g.rows(tt.want)
			})
		})
	}
}

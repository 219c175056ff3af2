package sim_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/pbx/sim"
)

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

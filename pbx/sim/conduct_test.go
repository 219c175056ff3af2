package sim_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/pbx/sim"
)

func TestFlowGivesCallsAway(t *testing.T) {
	tests := []struct {
		name  string
		give  func(ctx context.Context, c *pbx.Led) error
		then  func(g *stage)
		noted []string
	}{
		{"to a login", func(ctx context.Context, c *pbx.Led) error { return c.Transfer(ctx, "Boris") },
			func(g *stage) { g.ringing("boris") }, []string{"the call was given away"}},
		{"to a queue's number", func(ctx context.Context, c *pbx.Led) error { return c.Transfer(ctx, "701") },
			func(g *stage) { g.ringing("alice") }, []string{"the call was given away"}},
		{"outside", func(ctx context.Context, c *pbx.Led) error { return c.Transfer(ctx, "79990001122") },
			func(g *stage) { g.outside("79990001122") }, []string{"the call was given away"}},
		{"to somebody busy", func(ctx context.Context, c *pbx.Led) error { return c.Transfer(ctx, "dmitry") },
			func(g *stage) { g.ringing("vera") }, []string{"failed: busy"}},
		{"to nobody", func(ctx context.Context, c *pbx.Led) error { return c.Transfer(ctx, "12") },
			func(g *stage) { g.ringing("vera") }, []string{"failed: no such number"}},
		{"into a conference", func(ctx context.Context, c *pbx.Led) error {
			_, err := c.Conference(ctx, "room")
			return err
		}, func(g *stage) {
			if k, ok := g.sw.Conference("room"); !ok || len(k.Members) != 1 {
				g.t.Errorf("conference %+v", k)
			}
		}, []string{"the call was given away"}},
		{"away", func(ctx context.Context, c *pbx.Led) error { return c.Hangup(ctx, pbx.CauseRejected) },
			func(g *stage) { g.nothing() }, []string{"the caller has hung up"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var g *stage
			onStage(t, sim.Options{Instant: true}, func(ctx context.Context, c *pbx.Led) error {
				_, err := c.Play(ctx, pbx.Prompt{Text: "Hello"})
				if err == nil {
					err = tt.give(ctx, c)
				}
				if err != nil {
					g.note("failed: %v", root(err))
					return nil
				}
				_, err = c.Play(ctx, pbx.Prompt{Text: "Is anybody there?"})
				if cause := context.Cause(c.Context()); !errors.Is(err, cause) {
					g.note("the command fails with %v, the context with %v", err, cause)
				}
				if tagged := c.Tag("late", "yes"); errors.Is(tagged, pbx.ErrHungUp) != errors.Is(err, pbx.ErrHungUp) {
					g.note("a tag after %v: %v", err, tagged)
				}
				g.note("%v", root(err))
				return nil
			}, func(stage *stage) {
				g = stage
				g.rooms = true
				g.must(g.sim.SetBusy(g.ctx, "303", true))
				g.agents("alice")
				g.ring(client, "900")
				synctest.Wait()
				tt.then(g)
				g.notes(tt.noted...)
				g.must(g.sim.SetBusy(g.ctx, "303", false))
			})
		})
	}
}

// root is the innermost error.
func root(err error) error {
	for errors.Unwrap(err) != nil {
		err = errors.Unwrap(err)
	}
	return err
}

func TestVoiceMail(t *testing.T) {
	var g *stage
	var entry string
	onStage(t, sim.Options{}, func(ctx context.Context, c *pbx.Led) error {
		for _, r := range []pbx.RecordRequest{{Stop: "#"}, {Silence: 2 * time.Second}, {Max: 3 * time.Second, Silence: time.Minute}} {
			res, err := c.Record(ctx, r)
			if err != nil {
				return err
			}
			entry = res.ID
			g.note("%v", res.Length)
		}
		return c.Hangup(ctx, pbx.CauseNormal)
	}, func(stage *stage) {
		g = stage
		g.ring(client, "903")
		g.pass(4 * time.Second)
		g.press(client, "1#")
		g.pass(10 * time.Second)
		g.notes("4s", "7s", "3s")
		records := g.journal.take()
		if len(records) != 1 || records[0].ID != entry || !records[0].Recorded || records[0].Outcome != pbx.Answered {
			t.Fatalf("journal: %+v, the recording is of %s", records, entry)
		}
		rc, _, err := g.sw.Recording(g.ctx, records[0])
		g.must(err)
		g.must(rc.Close())
	})
}

// Only what a flow wanted to have is recorded of a caller who heard nobody.
func TestPromptsAreNotRecorded(t *testing.T) {
	onStage(t, sim.Options{Instant: true}, func(ctx context.Context, c *pbx.Led) error {
		_, err := c.Play(ctx, pbx.Prompt{File: "closed"})
		return err
	}, func(g *stage) {
		g.ring(client, "903")
		synctest.Wait()
		if r := g.journal.take(); len(r) != 1 || r[0].Recorded || r[0].Outcome != pbx.Answered {
			t.Errorf("journal: %+v", r)
		}
	})
}

func TestMusic(t *testing.T) {
	onStage(t, sim.Options{}, func(ctx context.Context, c *pbx.Led) error {
		if err := c.Hold(ctx); err != nil {
			return err
		}
		if err := sleep(ctx, c, time.Second); err != nil {
			return err
		}
		if err := c.Resume(ctx); err != nil {
			return err
		}
		return sleep(ctx, c, time.Second)
	}, func(g *stage) {
		g.ring(client, "903")
		for _, want := range []bool{true, false} {
			g.pass(500 * time.Millisecond)
			st, err := g.sim.State(g.ctx)
			g.must(err)
			if l := st.Phones[len(st.Phones)-1].Legs[0]; l.Music != want || l.Flow != "menu" {
				t.Errorf("music %v, want %v: %+v", l.Music, want, l)
			}
			g.pass(500 * time.Millisecond)
		}
	})
}

// waits are all commands that take time.
var waits = []struct {
	name string
	do   func(ctx context.Context, c *pbx.Led) error
}{
	{"play", func(ctx context.Context, c *pbx.Led) error {
		_, err := c.Play(ctx, pbx.Prompt{File: "long", Text: "A text that takes a while", Keys: "5"})
		return err
	}},
	{"digits", func(ctx context.Context, c *pbx.Led) error {
		_, err := c.Digits(ctx, pbx.DigitsRequest{Prompt: pbx.Prompt{Text: "Your number"}, Max: 5})
		return err
	}},
	{"record", func(ctx context.Context, c *pbx.Led) error {
		_, err := c.Record(ctx, pbx.RecordRequest{Max: 5 * time.Second})
		return err
	}},
	{"ring", func(ctx context.Context, c *pbx.Led) error {
		_, err := c.Ring(ctx, pbx.RingRequest{To: []string{"alice", "boris"}, Timeout: 4 * time.Second})
		return err
	}},
	{"ring all", func(ctx context.Context, c *pbx.Led) error {
		_, err := c.Ring(ctx, pbx.RingRequest{To: []string{"alice", "boris", "79990001122"}, AtOnce: true, Timeout: 4 * time.Second})
		return err
	}},
	{"queue", func(ctx context.Context, c *pbx.Led) error {
		_, err := c.Queue(ctx, pbx.QueueRequest{Number: "702", Timeout: 9 * time.Second})
		return err
	}},
}

// A flow that wants no longer what it asked for has its caller back, and nothing of it stays.
func TestCommandIsCalledOff(t *testing.T) {
	for _, w := range waits {
		t.Run(w.name, func(t *testing.T) {
			var g *stage
			onStage(t, sim.Options{}, func(ctx context.Context, c *pbx.Led) error {
				soon, cancel := context.WithTimeout(ctx, time.Second)
				defer cancel()
				if err := w.do(soon, c); !errors.Is(err, context.DeadlineExceeded) {
					g.note("called off: %v", err)
				}
				_, err := c.Digits(ctx, pbx.DigitsRequest{First: time.Minute})
				return err
			}, func(stage *stage) {
				g = stage
				g.agents("vera")
				g.ring(client, "903")
				g.pass(2 * time.Second)
				g.ringing()
				if w := g.sw.Waiting("702"); len(w) > 0 {
					t.Errorf("still waiting: %+v", w)
				}
				g.notes()
				g.press(client, "1") // the flow has its ear
				g.nothing()
			})
		})
	}
}

// A talk goes on when the flow that made it waits no longer, and is left alone by its fallback.
func TestTalkOutlivesTheFlow(t *testing.T) {
	var g *stage
	onStage(t, sim.Options{}, func(ctx context.Context, c *pbx.Led) error {
		soon, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		_, err := c.Ring(soon, pbx.RingRequest{To: []string{"alice"}})
		return err
	}, func(stage *stage) {
		g = stage
		g.ring(client, "903")
		g.answer("alice")
		g.pass(time.Minute)
		g.notes("failed: context deadline exceeded")
		g.line("alice", "lsCommutated talking 79161234567")
		g.hangup("300")
		g.nothing()
		g.rows("alice incoming 79161234567 answered 60", " incoming 79161234567 answered 60")
	})
}

// The fallback ends a command that is running.
func TestFallbackBesideACommand(t *testing.T) {
	for _, w := range waits {
		t.Run(w.name, func(t *testing.T) {
			var g *stage
			onStage(t, sim.Options{}, func(ctx context.Context, c *pbx.Led) error {
				g.runs.Go(func() {
					if err := sleep(ctx, c, time.Second); err != nil {
						g.note("too early: %v", err)
					}
					if err := c.Answer(ctx); !errors.Is(err, pbx.ErrState) {
						g.note("a second command: %v", err)
					}
					if err := c.Fallback(ctx); err != nil {
						g.note("fallback: %v", err)
					}
				})
				return w.do(ctx, c)
			}, func(stage *stage) {
				g = stage
				g.ring(client, "900")
				g.pass(2 * time.Second)
				g.ringing("vera")
				g.notes("failed: the call was given away")
			})
		})
	}
}

// A caller may hang up at any moment of anything.
func TestCallerHangsUpAtAnyMoment(t *testing.T) {
	for seed := range uint64(6) {
		rnd, whim := rand.New(rand.NewPCG(seed, 7)), rand.New(rand.NewPCG(seed, 8))
		var g *stage
		var ended time.Time
		play := func(ctx context.Context, c *pbx.Led) error {
			for {
				if err := pick(whim, waits).do(ctx, c); err != nil {
					ended = time.Now()
					return err
				}
			}
		}
		onStage(t, sim.Options{Outside: 3 * time.Second}, play, func(stage *stage) {
			g = stage
			g.agents("boris", "vera")
			for range 150 {
				caller := pick(rnd, []string{client, "303"})
				g.ring(caller, "903")
				for range rnd.IntN(4) {
					g.pass(time.Duration(rnd.IntN(4000)) * time.Millisecond)
					switch rnd.IntN(3) {
					case 0:
						g.press(caller, pick(rnd, []string{"1", "5", "#12345"}))
					case 1:
						_ = (&player{house: g.house}).answerSomebody()
					}
				}
				g.pass(time.Duration(rnd.IntN(9000)) * time.Millisecond)
				g.check()
				now := time.Now()
				g.hangup(caller)
				g.notes("failed: the caller has hung up")
				if !ended.Equal(now) {
					t.Fatalf("the command ended %v after the call", ended.Sub(now))
				}
				g.nothing()
				g.pass(4 * time.Second) // the queue's own rest for who did not answer
				if n := g.timers.Load(); n != 0 {
					t.Fatalf("%d timers run without a call", n)
				}
			}
		})
	}
}

package sim_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/pbx/sim"
)

// A whim is a flow that does random things with a call and leaves it in a random way.
func whim(seed uint64, calls *atomic.Uint64) script {
	return func(ctx context.Context, c *pbx.Led) error {
		rnd := rand.New(rand.NewPCG(seed, calls.Add(1)))
		for range rnd.IntN(6) {
			soon, cancel := context.WithTimeout(ctx, time.Duration(1+rnd.IntN(20000))*time.Millisecond)
			err := pick(rnd, waits).do(soon, c)
			cancel()
			if err != nil && !errors.Is(err, context.DeadlineExceeded) {
				return err
			}
		}
		switch rnd.IntN(5) {
		case 0:
			return c.Transfer(ctx, pick(rnd, insides))
		case 1:
			_, err := c.Conference(ctx, fmt.Sprint("room", rnd.IntN(2)))
			return err
		case 2:
			return c.Hangup(ctx, pbx.CauseBusy)
		}
		return nil
	}
}

var menuNumbers = []string{"900", "901", "903", "700"}

// Random days with flows that do random things.
func TestRandomFlows(t *testing.T) {
	var calls atomic.Uint64
	for seed := range uint64(6) {
		var g *stage
		onStage(t, sim.Options{Outside: 7 * time.Second, NoAnswer: 30 * time.Second}, whim(seed, &calls), func(stage *stage) {
			g = stage
			g.rooms = true
			p := &player{house: g.house, rnd: rand.New(rand.NewPCG(seed, 3)), flows: menuNumbers}
			for step := 0; step < 1500 && !t.Failed(); step++ {
				what, _ := p.move()
				if p.rnd.IntN(3) == 0 {
					g.pass(time.Duration(p.rnd.IntN(4000)) * time.Millisecond)
				}
				synctest.Wait()
				checkLegs(g.house)
				if t.Failed() {
					t.Log("after", what)
				}
			}
			p.goHome()
			synctest.Wait()
		})
	}
	if n := calls.Load(); n < 100 {
		t.Errorf("only %d calls came to flows", n)
	}
}

// Commands of several users, hands and flows at the same moment may come in any order, but must leave no ruins.
func TestRandomFlowsAtOnce(t *testing.T) {
	var calls atomic.Uint64
	onStage(t, sim.Options{Outside: 2 * time.Second, NoAnswer: 30 * time.Second}, whim(9, &calls), func(g *stage) {
		g.rooms = true
		var wg sync.WaitGroup
		for seed := range uint64(6) {
			wg.Go(func() {
				p := &player{house: g.house, rnd: rand.New(rand.NewPCG(seed, 4)), flows: menuNumbers}
				for range 300 {
					if _, err := p.move(); err == nil {
						<-time.After(time.Duration(p.rnd.IntN(300)) * time.Millisecond)
					}
					if number := pick(p.rnd, outsides); p.rnd.IntN(3) == 0 {
						_ = p.sim.Press(p.ctx, number, "1") // mostly nobody listens
					}
				}
			})
		}
		wg.Wait()
		g.check()
		(&player{house: g.house}).goHome()
	})
	if n := calls.Load(); n < 20 {
		t.Errorf("only %d calls came to flows", n)
	}
}

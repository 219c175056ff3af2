package sim_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/pbx/sim"
)

// A crossing is a switch with calls that flows lead, for measurements in real time.
type crossing struct {
	b      testing.TB
	ctx    context.Context
	phones *sim.Sim
	asked  chan struct{} // a call has got so far that it asks for a key
	ended  chan struct{} // a flow has hung up
	close  func()
}

func newCrossing(b testing.TB) *crossing {
	dir, err := pbx.NewDirectory(menus())
	if err != nil {
		b.Fatal(err)
	}
	x := &crossing{b: b, phones: sim.New(sim.Options{Instant: true}), asked: make(chan struct{}, 1), ended: make(chan struct{}, 1)}
	sw := pbx.NewSwitch(pbx.Options{Driver: x.phones, Directory: dir})
	var stop context.CancelFunc
	x.ctx, stop = context.WithCancel(b.Context())
	var flows sync.WaitGroup
	sw.Lead(func(c *pbx.Led) { flows.Go(func() { x.flow(c) }) })
	gone := make(chan error, 1)
	go func() { gone <- sw.Run(x.ctx) }()
	x.close = func() {
		stop()
		<-gone
		flows.Wait()
	}
	return x
}

// flow greets, waits for a key and hangs up.
func (x *crossing) flow(c *pbx.Led) {
	if _, err := c.Play(x.ctx, pbx.Prompt{Text: "Hello"}); err != nil {
		return
	}
	x.asked <- struct{}{}
	if _, err := c.Digits(x.ctx, pbx.DigitsRequest{First: pbx.MaxWait}); err != nil {
		return
	}
	if err := c.Hangup(x.ctx, pbx.CauseNormal); err == nil {
		x.ended <- struct{}{}
	}
}

func (x *crossing) call(number string) {
	if _, err := x.phones.Ring(x.ctx, number, "903"); err != nil {
		x.b.Fatal(err)
	}
	<-x.asked
}

func (x *crossing) suspend(calls int) {
	for i := range calls {
		x.call(fmt.Sprint(79000000000 + i))
	}
}

// A call that comes, hears a prompt, presses a key and is hung up, alone and beside others that wait in flows.
func BenchmarkFlowCall(b *testing.B) {
	for _, others := range []int{0, 10_000} {
		b.Run(fmt.Sprint("beside ", others), func(b *testing.B) {
			x := newCrossing(b)
			defer x.close()
			x.suspend(others)
			b.ReportAllocs()
			for b.Loop() {
				x.call(client)
				if err := x.phones.Press(x.ctx, client, "1"); err != nil {
					b.Fatal(err)
				}
				<-x.ended
			}
		})
	}
}

// The memory and the goroutines of a call that is suspended in a flow.
func BenchmarkFlowsSuspended(b *testing.B) {
	const calls = 10_000
	for b.Loop() {
		x := newCrossing(b)
		before, goroutines := heap(), runtime.NumGoroutine()
		x.suspend(calls)
		b.ReportMetric(float64(heap()-before)/calls, "B/call")
		b.ReportMetric(float64(runtime.NumGoroutine()-goroutines)/calls, "goroutines/call")
		x.close()
	}
}

// heap is the memory in use, with the stacks.
func heap() uint64 {
	runtime.GC()
	runtime.GC() // what was freed by finalizers and what stacks left behind
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}

// Thousands of callers are in flows at once; each waiting command costs the goroutine of its flow and no other.
func TestManyFlows(t *testing.T) {
	const calls = 3000
	var g *stage
	before := 0
	onStage(t, sim.Options{Instant: true}, func(ctx context.Context, c *pbx.Led) error {
		if _, err := c.Play(ctx, pbx.Prompt{Text: "Hello"}); err != nil {
			return err
		}
		key, err := c.Digits(ctx, pbx.DigitsRequest{First: time.Hour})
		if err != nil {
			return err
		}
		if err := c.Tag("key", key); err != nil {
			return err
		}
		return c.Hangup(ctx, pbx.CauseNormal)
	}, func(stage *stage) {
		g = stage
		before = runtime.NumGoroutine()
		for i := range calls {
			g.ring(fmt.Sprint(79000000000+i), "903")
		}
		g.pass(time.Second)
		if n := runtime.NumGoroutine() - before; n > calls {
			t.Errorf("%d goroutines for %d calls", n, calls)
		}
		for i := range calls {
			g.must(g.sim.Press(g.ctx, fmt.Sprint(79000000000+i), fmt.Sprint(i%10)))
		}
		g.pass(time.Second)
		g.notes()
		if records := g.journal.take(); len(records) != calls {
			t.Errorf("%d journal entries", len(records))
		} else if r := records[2345]; r.Outcome != pbx.Answered || len(r.Tags) != 1 {
			t.Errorf("entry %+v", r)
		}
		g.nothing()
	})
}

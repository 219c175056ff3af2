package scripting_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/octolink/octolink/crm"
	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/scripting"
)

// A quiet call is one whose commands succeed at once, or wait for ever.
type quiet struct {
	ctx  context.Context
	info pbx.LedInfo
	wait chan struct{}   // play waits for it; nil: it does not wait
	here *sync.WaitGroup // done when play waits
}

func (q *quiet) Context() context.Context     { return q.ctx }
func (q *quiet) Info() pbx.LedInfo            { return q.info }
func (q *quiet) Answer(context.Context) error { return nil }
func (q *quiet) Play(ctx context.Context, _ pbx.Prompt) (string, error) {
	if q.wait != nil {
		q.here.Done()
		select {
		case <-q.wait:
		case <-ctx.Done():
		}
	}
	return "", nil
}
func (q *quiet) Digits(context.Context, pbx.DigitsRequest) (string, error) { return "1", nil }
func (q *quiet) Record(context.Context, pbx.RecordRequest) (pbx.RecordResult, error) {
	return pbx.RecordResult{}, nil
}
func (q *quiet) Ring(context.Context, pbx.RingRequest) (pbx.RingResult, error) {
	return pbx.RingResult{Outcome: pbx.Answered, Login: "alice"}, nil
}
func (q *quiet) Queue(context.Context, pbx.QueueRequest) (pbx.RingResult, error) {
	return pbx.RingResult{}, nil
}
func (q *quiet) Transfer(context.Context, string) error             { return nil }
func (q *quiet) Conference(context.Context, string) (string, error) { return "", nil }
func (q *quiet) Hold(context.Context) error                         { return nil }
func (q *quiet) Resume(context.Context) error                       { return nil }
func (q *quiet) Hangup(context.Context, pbx.Cause) error            { return nil }
func (q *quiet) Tag(string, string) error                           { return nil }
func (q *quiet) Fallback(context.Context) error                     { return nil }

func newQuiet() *quiet {
	return &quiet{ctx: context.Background(), info: pbx.LedInfo{Chain: "c", Flow: "flow", From: pbx.Party{Number: client, External: true}, To: "500"}}
}

// shortFlow is twenty lines with three methods of a CRM and some commands of the call.
const shortFlow = `
interface Customer { name: string; manager: string; debt: number }

function find(phone: string): Customer | undefined {
	const who = crm.contacts.find({ phone });
	if (!who) return undefined;
	return { name: who.name ?? "", manager: who.manager ?? "", debt: who.debt ?? 0 };
}

export default function incoming(call: Call) {
	call.answer();
	const who = find(call.from);
	if (!who) return call.queue("700");
	call.tag("customer", who.name);
	const balance = crm.contacts.find({ phone: call.from, what: "balance" });
	if (balance!.debt > 100) call.play("You owe us " + balance!.debt);
	const talk = call.dial(who.manager, { timeout: 20 });
	crm.contacts.note({ phone: call.from, text: "talked: " + talk.answered });
	call.hangup();
}`

func quickContacts() *provider {
	answer := crm.Values{{Key: "name", Value: "Client"}, {Key: "manager", Value: "alice"}, {Key: "debt", Value: crm.Number("12.50")}}
	return &provider{
		name: "contacts", methods: []crm.Method{{Key: "find"}, {Key: "note"}},
		invoke: func(context.Context, crm.Call) (crm.Values, error) { return answer, nil },
	}
}

// nowhere keeps no traces.
type nowhere struct{}

func (nowhere) Save(context.Context, scripting.Trace) error { return nil }

// BenchmarkStart is the time from Start until the flow's first line calls the host.
func BenchmarkStart(b *testing.B) {
	began := make(chan struct{}, 1)
	d := &crm.Directory{}
	d.Put(&provider{name: "p", methods: []crm.Method{{Key: "began"}}, invoke: func(context.Context, crm.Call) (crm.Values, error) {
		began <- struct{}{}
		return nil, nil
	}})
	e := engine(b, `export default function f(call: Call) { crm.p.began(); }`, scripting.Options{Directory: d})
	b.ReportAllocs()
	for b.Loop() {
		g, err := e.Start(scripting.Trigger{Flow: "flow", Call: newQuiet()})
		if err != nil {
			b.Fatal(err)
		}
		<-began
		<-g.Done()
	}
}

// BenchmarkShortFlow runs short flows with three method calls each, many at a time.
func BenchmarkShortFlow(b *testing.B) {
	d := &crm.Directory{}
	d.Put(quickContacts())
	e := engine(b, shortFlow, scripting.Options{Directory: d, Traces: nowhere{}})
	b.ReportAllocs()
	began := time.Now()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			g, err := e.Start(scripting.Trigger{Flow: "flow", Call: newQuiet()})
			if err != nil {
				b.Error(err)
				return
			}
			if r, _ := g.Wait(context.Background()); r.Outcome != scripting.Returned {
				b.Errorf("got %s: %v", r.Outcome, r.Err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/time.Since(began).Seconds(), "flows/s")
}

// BenchmarkSuspended holds ten thousand flows in a prompt.
func BenchmarkSuspended(b *testing.B) {
	const calls = 10_000
	d := &crm.Directory{}
	d.Put(quickContacts())
	e := engine(b, `export default function incoming(call: Call) { call.answer(); const who = crm.contacts.find({ phone: call.from }); call.tag("x", who!.name); call.play("wait"); }`, scripting.Options{Directory: d})
	for b.Loop() {
		end := make(chan struct{})
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		all := make([]*scripting.Running, calls)
		var here sync.WaitGroup
		here.Add(calls)
		for i := range all {
			q := newQuiet()
			q.wait, q.here = end, &here
			g, err := e.Start(scripting.Trigger{Flow: "flow", Call: q})
			if err != nil {
				b.Fatal(err)
			}
			all[i] = g
		}
		here.Wait()
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapInuse+after.StackInuse-before.HeapInuse-before.StackInuse)/calls/1024, "KiB/call")
		close(end)
		for _, g := range all {
			<-g.Done()
		}
	}
}

// BenchmarkBadNeighbour prints how late a thousand flows get their turn while scripts beside them work without
// end, and how long those live.
func BenchmarkBadNeighbour(b *testing.B) {
	for _, loops := range []int{0, 1, 4} {
		b.Run(fmt.Sprintf("%d-loops", loops), func(b *testing.B) { badNeighbour(b, loops) })
	}
}

func badNeighbour(b *testing.B, loops int) {
	e := engineOf(b, `export default function f() { for (let i = 0; i < 40; i++) sleep(0.01); }`, map[string]string{"loop.ts": `export default function f() { for (;;) {} }`}, scripting.Options{})
	for b.Loop() {
		var wg sync.WaitGroup
		var mu sync.Mutex
		var worst, longest time.Duration
		for range 1000 {
			g, err := e.Start(scripting.Trigger{Flow: "flow"})
			if err != nil {
				b.Fatal(err)
			}
			wg.Go(func() {
				<-g.Done()
				mu.Lock()
				defer mu.Unlock()
				for _, s := range g.Trace().Steps {
					worst = max(worst, s.Took-10*time.Millisecond)
				}
			})
		}
		for range loops {
			began := time.Now()
			g, err := e.Start(scripting.Trigger{Flow: "loop"})
			if err != nil {
				b.Fatal(err)
			}
			wg.Go(func() {
				<-g.Done()
				mu.Lock()
				defer mu.Unlock()
				longest = max(longest, time.Since(began))
			})
		}
		wg.Wait()
		b.ReportMetric(float64(worst.Microseconds())/1000, "ms-late")
		b.ReportMetric(float64(longest.Microseconds())/1000, "ms-loop")
	}
}

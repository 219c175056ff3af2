package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	directory "github.com/octolink/octolink/crm"
	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/pbx/sim"
	"github.com/octolink/octolink/scripting"
)

// FlowsOptions say how call flows are measured.
type FlowsOptions struct {
	Calls    int           // suspended in a flow at once
	Others   int           // calls beside which scripts misbehave
	Duration time.Duration // of each window
	Progress func(string, int) Bar
}

// The flows of the measurement.
const (
	// waits is what a flow has usually done when its caller listens to something.
	waits = `
export default function waits(call: Call) {
  call.answer();
  const who = crm.bench.find({ phone: call.from });
  if (who?.name) call.tag("customer", who.name);
  const key = call.menu("For sales press 1, for support press 2.", { choices: "12", timeout: 3600 });
  if (key === "1") call.dial(who?.responsible ?? "alice", { timeout: 20 });
  else call.hangup();
}`
	// first calls the host at once.
	first = `export default function first(start: Start) { crm.bench.first({ number: start.params[0] }); }`
	// short asks three times.
	short = `
interface Customer { name: string; responsible: string; debt: number }

function find(phone: string): Customer | undefined {
  const who = crm.bench.find({ phone });
  if (!who) return undefined;
  return { name: who.name ?? "", responsible: who.responsible ?? "", debt: 0 };
}

export default function short(start: Start) {
  const phone = start.params[0] ?? "";
  const who = find(phone);
  if (!who) return "nobody";
  const balance = crm.bench.balance({ phone });
  who.debt = balance?.amount < 0 ? -balance.amount : 0;
  crm.bench.note({ phone, text: who.name + " owes " + who.debt });
  return who.responsible;
}`
)

// A flowHouse is a telephone system with callers outside, and an engine that leads its calls.
type flowHouse struct {
	sim    *sim.Sim
	sw     *pbx.Switch
	engine *scripting.Engine
	crm    *flowCRM
	ends   ends
	led    chan *scripting.Running // of calls that came to a flow, as far as somebody waits
	stop   func()
}

// flowCRM is the in-process provider of the measurement.
type flowCRM struct {
	asked atomic.Int64
	told  atomic.Pointer[func(method string, in directory.Values)] // of each call; nil: nobody
}

func (c *flowCRM) Name() string { return "bench" }

func (c *flowCRM) Catalog() directory.Catalog {
	return directory.Catalog{Methods: []directory.Method{{Key: "find"}, {Key: "balance"}, {Key: "note"}, {Key: "first"}, {Key: "beat"}}}
}

var (
	customer = directory.Values{{Key: "name", Value: "Anna Petrovna Sidorova"}, {Key: "responsible", Value: "alice"}}
	amount   = directory.Values{{Key: "amount", Value: directory.Number("-12.5")}}
)

func (c *flowCRM) Invoke(_ context.Context, call directory.Call) (directory.Values, error) {
	c.asked.Add(1)
	if told := c.told.Load(); told != nil {
		(*told)(call.Method, call.In)
	}
	switch call.Method {
	case "find":
		return customer, nil
	case "balance":
		return amount, nil
	}
	return nil, nil
}

// ends throws traces away; they were made nevertheless. It remembers the first run that did not end well.
type ends struct {
	bad atomic.Pointer[scripting.Trace]
}

func (e *ends) Save(_ context.Context, t scripting.Trace) error {
	if t.Outcome == scripting.Limited || t.Outcome == scripting.Threw || t.Outcome == scripting.Refused {
		e.bad.CompareAndSwap(nil, &t)
	}
	return nil
}

func (e *ends) err() error {
	if t := e.bad.Load(); t != nil {
		return fmt.Errorf("bench: the flow %s ended with %s: %s", t.Flow, t.Outcome, t.Reason)
	}
	return nil
}

const (
	flowNumber = "500"
	flowQueue  = "700"
)

// openFlows runs a house whose number 500 leads to a flow. Callers of the queue wait: nobody works there.
func openFlows(ctx context.Context, calls int, flows map[string]string) (*flowHouse, error) {
	dir, err := os.MkdirTemp("", "octolink-bench")
	if err != nil {
		return nil, err
	}
	for name, source := range flows {
		if err := os.WriteFile(filepath.Join(dir, name+".ts"), []byte(source), 0o600); err != nil {
			return nil, errors.Join(err, os.RemoveAll(dir))
		}
	}
	known, err := pbx.NewDirectory(pbx.Config{
		Users:  []pbx.User{{Login: "alice", Numbers: []string{"300"}}},
		Queues: []pbx.Queue{{Number: flowQueue, Name: "queue", Members: []string{"alice"}}},
		Flows:  []pbx.FlowNumber{{Match: flowNumber, Flow: "call", Fallback: "hangup"}},
	})
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	h := &flowHouse{sim: sim.New(sim.Options{Instant: true}), crm: &flowCRM{}, led: make(chan *scripting.Running, 1)}
	var crms directory.Directory
	crms.Put(h.crm)
	h.sw = pbx.NewSwitch(pbx.Options{Driver: h.sim, Directory: known})
	h.engine = scripting.New(scripting.Options{
		Dir: dir, Directory: &crms, Traces: &h.ends, Poll: -1, Limits: scripting.Limits{Runs: calls + 1000, Heap: 16 << 30},
	})
	h.sw.Lead(h.lead)
	life, cancel := context.WithCancel(ctx)
	var parts sync.WaitGroup
	parts.Go(func() { _ = h.sw.Run(life) }) // ends with life alone
	h.stop = func() {
		now, end := context.WithCancel(context.WithoutCancel(ctx))
		end()
		h.engine.Shutdown(now)
		cancel()
		parts.Wait()
		os.RemoveAll(dir)
	}
	if problems := h.engine.Reload(); len(problems) > 0 {
		h.stop()
		return nil, problems
	}
	return h, nil
}

// lead starts the flow of a call.
func (h *flowHouse) lead(c *pbx.Led) {
	running, err := h.engine.Start(scripting.Trigger{Flow: c.Info().Flow, Call: c})
	if err != nil {
		return // the measurement sees that it is not there
	}
	select {
	case h.led <- running:
	default:
	}
}

// Flows measures call flows within this process: what suspended calls hold, how long a start takes, how
// many short flows end in a second, and what scripts that misbehave do to the calls of others.
func Flows(ctx context.Context, o FlowsOptions) (*Result, error) {
	r := &Result{Load: fmt.Sprintf("flows, %d suspended, windows of %s, GOMAXPROCS %d", o.Calls, o.Duration, runtime.GOMAXPROCS(0))}
	for _, part := range []func(context.Context, FlowsOptions) error{r.suspended, r.started, r.many, r.misbehaving} {
		if err := part(ctx, o); err != nil {
			return r, err
		}
	}
	return r, nil
}

// suspended compares calls in a flow with calls in a queue, in turn.
func (r *Result) suspended(ctx context.Context, o FlowsOptions) error {
	bar := o.Progress("calling", 2*o.Calls)
	defer func() { _ = bar.Finish() }()
	var held [2]int64
	for i, to := range []string{flowQueue, flowNumber} {
		h, err := openFlows(ctx, o.Calls, map[string]string{"call": waits})
		if err != nil {
			return err
		}
		held[i], err = h.hold(ctx, o.Calls, to, bar)
		h.stop()
		if err != nil {
			return err
		}
	}
	each := func(bytes int64) float64 { return float64(bytes) / float64(o.Calls) / 1024 }
	r.add("a call in a queue", each(held[0]), "KiB")
	r.add("a call suspended in a flow", each(held[1]), "KiB")
	r.add("a flow's own memory, goal 40", each(held[1]-held[0]), "KiB")
	return nil
}

// hold has so many callers dial a number, and returns what memory that takes when all are there.
func (h *flowHouse) hold(ctx context.Context, calls int, to string, bar Bar) (int64, error) {
	before := inUse()
	for i := range calls {
		if _, err := h.sim.Ring(ctx, fmt.Sprint(79_000_000_000+i), to); err != nil {
			return 0, err
		}
		_ = bar.Add(1)
	}
	if to == flowNumber {
		all := func() (bool, error) { return h.crm.asked.Load() == int64(calls) && h.waiting() == calls, h.ends.err() }
		if err := until(ctx, "all flows wait", all); err != nil {
			return 0, err
		}
	}
	return inUse() - before, nil
}

// waiting is how many runs are in their menu.
func (h *flowHouse) waiting() (n int) {
	for _, t := range h.engine.Running() {
		if last := len(t.Steps) - 1; last >= 0 && t.Steps[last].Open && t.Steps[last].Name == "call.menu" {
			n++
		}
	}
	return n
}

// until looks now and then whether something is so.
func until(ctx context.Context, what string, is func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	look := time.NewTicker(100 * time.Millisecond)
	defer look.Stop()
	for {
		if so, err := is(); so || err != nil {
			return err
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return fmt.Errorf("bench: never: %s", what)
		}
	}
}

// inUse is what the process holds in its heap and in stacks.
func inUse() int64 {
	runtime.GC()
	runtime.GC() // what finalizers have let go
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

// started measures the time from Start to the flow's first call of the host.
func (r *Result) started(ctx context.Context, o FlowsOptions) error {
	h, err := openFlows(ctx, 0, map[string]string{"first": first})
	if err != nil {
		return err
	}
	defer h.stop()
	bar := o.Progress("starting", 1)
	defer func() { _ = bar.Finish() }()
	var took []time.Duration
	var began time.Time
	met := make(chan time.Duration, 1)
	told := func(string, directory.Values) { met <- time.Since(began) }
	h.crm.told.Store(&told)
	for over := time.Now().Add(o.Duration); time.Now().Before(over); {
		began = time.Now()
		running, err := h.engine.Start(scripting.Trigger{Flow: "first", Params: []string{"1"}})
		if err != nil {
			return err
		}
		took = append(took, <-met)
		if result, err := running.Wait(ctx); err != nil || result.Outcome != scripting.Returned {
			return errors.Join(err, fmt.Errorf("bench: the flow ended with %s: %w", result.Outcome, result.Err))
		}
	}
	slices.Sort(took)
	r.add("starts", float64(len(took)), "")
	r.add("start of a run p50, goal 100", µs(took[len(took)/2]), "µs")
	r.add("start of a run p99", µs(took[len(took)*99/100]), "µs")
	return nil
}

func µs(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }

// atOnce is how many short flows go on at one time.
const atOnce = 16

// many measures how many short flows with three methods each end in a second.
func (r *Result) many(ctx context.Context, o FlowsOptions) error {
	h, err := openFlows(ctx, 0, map[string]string{"short": short})
	if err != nil {
		return err
	}
	defer h.stop()
	bar := o.Progress("running", 1)
	defer func() { _ = bar.Finish() }()
	began := h.crm.asked.Load()
	var mu sync.Mutex
	rate, p50, err := callsFor(ctx, o.Duration, atOnce, func(ctx context.Context) error {
		running, err := h.engine.Start(scripting.Trigger{Flow: "short", Params: []string{"79161234567"}})
		if err != nil {
			return err
		}
		result, err := running.Wait(ctx)
		if err == nil && result.Value != "alice" { // the rest of the measurement goes on
			mu.Lock()
			defer mu.Unlock()
			r.fail(fmt.Errorf("a short flow ended with %s %v: %w", result.Outcome, result.Value, result.Err))
		}
		return err
	})
	if err != nil {
		return err
	}
	r.add("short flows, goal 5000", rate, "/s")
	r.add("methods called", float64(h.crm.asked.Load()-began), "")
	r.add("a short flow p50", µs(p50), "µs")
	return nil
}

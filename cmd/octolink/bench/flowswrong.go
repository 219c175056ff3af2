package bench

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	directory "github.com/octolink/octolink/crm"
	"github.com/octolink/octolink/scripting"
)

// wrongs are scripts that misbehave, and how their runs must end.
var wrongs = []struct {
	name, source string
	outcome      scripting.Outcome // "": whichever is first, the limit of the expression or that of the script
	limit        time.Duration     // after which it is to be ended
}{
	{"endless loop", `export default function f() { for (;;) {} }`, scripting.Limited, 100 * time.Millisecond},
	{"endless loop in finally", `export default function f() { try { for (;;) {} } finally { for (;;) {} } }`, scripting.Limited, 100 * time.Millisecond},
	{"recursion without end", `export default function f() { const g = (n: number): number => g(n + 1) + 1; return g(0); }`, scripting.Limited, 0},
	{"throws no error", `export default function f() { throw { no: "error" }; }`, scripting.Threw, 0},
	{"slow expression", `export default function f() { return /^(?=(a+)+$)b?(a+)+$/.test("a".repeat(5000) + "b"); }`, "", 100 * time.Millisecond},
}

// ignores is ended by its caller, and does not want to know.
const ignores = `
export default function ignores(call: Call) {
  call.answer();
  for (;;) {
    try { call.menu("?", { timeout: 3600 }); } catch { /* on and on */ } finally { for (;;) {} }
  }
}`

// beats is a call of somebody else: it does something small ten times a second.
const beats = `
export default function beats(start: Start) {
  const number = start.params[0];
  for (;;) { sleep(0.1); crm.bench.beat({ number }); }
}`

// beat is how often beats does it.
const beat = 100 * time.Millisecond

// misbehaving measures how soon bad scripts are ended, and how late that makes a thousand others.
func (r *Result) misbehaving(ctx context.Context, o FlowsOptions) error {
	flows := map[string]string{"beats": beats, "call": ignores}
	for _, w := range wrongs {
		flows[fileName(w.name)] = w.source
	}
	h, err := openFlows(ctx, o.Others, flows)
	if err != nil {
		return err
	}
	defer h.stop()
	bar := o.Progress("misbehaving", 2+len(wrongs))
	defer func() { _ = bar.Finish() }()
	late, err := h.others(ctx, o.Others)
	if err != nil {
		return err
	}
	if err := rest(ctx, o.Duration); err != nil {
		return err
	}
	r.add("calls beside", float64(o.Others), "")
	r.add("their delay without bad scripts, worst", ms(late.reset()), "ms")
	_ = bar.Add(1)
	for _, w := range wrongs {
		took, err := h.bad(ctx, o.Duration, fileName(w.name), w.outcome)
		if err != nil {
			return err
		}
		r.add(w.name+", ended after its limit, goal 200", ms(max(took-w.limit, 0)), "ms")
		r.add(w.name+", delay of others, goal 50", ms(late.reset()), "ms")
		_ = bar.Add(1)
	}
	took, err := h.ignoring(ctx, o.Duration)
	if err != nil {
		return err
	}
	r.add("ignores the hang-up, ended after it, goal 200", ms(took), "ms")
	r.add("ignores the hang-up, delay of others, goal 50", ms(late.reset()), "ms")
	return nil
}

func fileName(name string) string { return strings.ReplaceAll(name, " ", "-") }

// lateness is the worst delay of any of the others.
type lateness struct{ worst atomic.Int64 }

func (l *lateness) add(d time.Duration) {
	for {
		old := l.worst.Load()
		if int64(d) <= old || l.worst.CompareAndSwap(old, int64(d)) {
			return
		}
	}
}

func (l *lateness) reset() time.Duration { return time.Duration(l.worst.Swap(0)) }

// others starts calls that do something regularly, spread over the time between two beats, and measures
// how much later than that they do it: a late wake-up, a late call of the host and a late return of the
// one before all count.
func (h *flowHouse) others(ctx context.Context, n int) (*lateness, error) {
	l := &lateness{}
	last := make([]atomic.Int64, n) // microseconds since began, by call
	began := time.Now()
	told := func(_ string, in directory.Values) {
		text, _ := in.Get("number")
		number, err := strconv.Atoi(fmt.Sprint(text))
		if err != nil {
			return
		}
		now := time.Since(began)
		if before := last[number].Swap(now.Microseconds()); before > 0 {
			l.add(now - time.Duration(before)*time.Microsecond - beat)
		}
	}
	h.crm.told.Store(&told)
	for i := range n {
		if _, err := h.engine.Start(scripting.Trigger{Flow: "beats", Params: []string{strconv.Itoa(i)}}); err != nil {
			return nil, err
		}
		if err := rest(ctx, beat/time.Duration(n)); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// bad runs a script again and again, and returns the longest time until one was ended.
func (h *flowHouse) bad(ctx context.Context, d time.Duration, flow string, want scripting.Outcome) (worst time.Duration, err error) {
	for over := time.Now().Add(d); time.Now().Before(over) && ctx.Err() == nil; {
		began := time.Now()
		running, err := h.engine.Start(scripting.Trigger{Flow: flow})
		if err != nil {
			return 0, err
		}
		result, err := running.Wait(ctx)
		if err != nil {
			return 0, err
		}
		if want != "" && result.Outcome != want {
			return 0, fmt.Errorf("bench: %s ended with %s: %w", flow, result.Outcome, result.Err)
		}
		worst = max(worst, time.Since(began))
		if err := rest(ctx, 10*time.Millisecond); err != nil {
			return 0, err
		}
	}
	return worst, nil
}

// ignoring has callers of a flow hang up that does not want to end, and returns the longest time until it
// was ended.
func (h *flowHouse) ignoring(ctx context.Context, d time.Duration) (worst time.Duration, err error) {
	const number = "79169999999"
	for over := time.Now().Add(d); time.Now().Before(over); {
		if _, err := h.sim.Ring(ctx, number, flowNumber); err != nil {
			return 0, err
		}
		running := <-h.led
		err := until(ctx, "the flow asks", func() (bool, error) {
			steps := running.Trace().Steps
			return len(steps) > 1 && steps[len(steps)-1].Open, nil
		})
		if err != nil {
			return 0, err
		}
		began := time.Now()
		if err := h.sim.HangupPhone(ctx, number); err != nil {
			return 0, err
		}
		if _, err := running.Wait(ctx); err != nil {
			return 0, err
		}
		worst = max(worst, time.Since(began))
	}
	return worst, nil
}

// rest waits.
func rest(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return errors.New("interrupted")
	}
}

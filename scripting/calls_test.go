package scripting_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/octolink/octolink/crm"
	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/scripting"
)

// A caller hangs up in the so-manieth thing that a flow waits for.
type caller struct {
	quiet
	stop   context.CancelCauseFunc
	at     int
	things int
	fell   atomic.Int32
	ended  error // what hanging up is to the flow
}

func newCaller(at int) *caller {
	c := &caller{quiet: *newQuiet(), at: at, ended: pbx.ErrHungUp}
	c.ctx, c.stop = context.WithCancelCause(context.Background())
	return c
}

// step is one thing that the flow waits for.
func (c *caller) step(ctx context.Context) error {
	if c.ctx.Err() != nil {
		return context.Cause(c.ctx)
	}
	if c.things++; c.things != c.at {
		return nil
	}
	c.stop(c.ended)
	<-ctx.Done() // as a command of the switch, it ends with the call or with the run
	return c.ended
}

func (c *caller) Answer(ctx context.Context) error { return c.step(ctx) }
func (c *caller) Play(ctx context.Context, _ pbx.Prompt) (string, error) {
	return "", c.step(ctx)
}
func (c *caller) Digits(ctx context.Context, _ pbx.DigitsRequest) (string, error) {
	return "1234", c.step(ctx)
}
func (c *caller) Record(ctx context.Context, _ pbx.RecordRequest) (pbx.RecordResult, error) {
	return pbx.RecordResult{ID: "c", Length: time.Second}, c.step(ctx)
}
func (c *caller) Ring(ctx context.Context, r pbx.RingRequest) (pbx.RingResult, error) {
	return pbx.RingResult{Outcome: pbx.NoAnswer, Number: r.To[0]}, c.step(ctx)
}
func (c *caller) Queue(ctx context.Context, _ pbx.QueueRequest) (pbx.RingResult, error) {
	return pbx.RingResult{Outcome: pbx.Answered, Login: "boris", Talked: time.Minute}, c.step(ctx)
}
func (c *caller) Hold(ctx context.Context) error { return c.step(ctx) }
func (c *caller) Hangup(ctx context.Context, _ pbx.Cause) error {
	if err := c.step(ctx); err != nil {
		return err
	}
	c.stop(pbx.ErrHungUp)
	return nil
}
func (c *caller) Tag(string, string) error { return nil }
func (c *caller) Fallback(context.Context) error {
	c.fell.Add(1)
	return nil
}

// stubborn catches whatever can be caught, and goes on.
const stubborn = `export default function incoming(call: Call) {
	for (const step of [
		() => call.answer(), () => call.play("hello.wav"), () => call.menu("1 or 2", { choices: "12", tries: 2 }), () => call.collect("PIN", { secret: true }),
		() => call.record({ max: 5 }), () => crm.contacts.find({ phone: call.from }), () => crm.find("find", {}, { all: true }), () => call.hold(), () => sleep(0.001),
		() => call.dial(["alice", "301"], { atOnce: true }), () => call.queue("700"), () => call.hangup("busy"),
	]) {
		try { step(); } catch (e) { try { step(); } catch {} } finally { log("went on"); }
	}
	kv.set("done", true);
	return call.user;
}`

func TestCallerHangsUpAnywhere(t *testing.T) {
	for _, gone := range []struct {
		cause error
		want  scripting.Outcome
	}{{pbx.ErrHungUp, scripting.HungUp}, {pbx.ErrGivenAway, scripting.GivenAway}, {pbx.ErrOffline, scripting.Gone}} {
		for at := 1; ; at++ {
			c := newCaller(at)
			c.ended = gone.cause
			d := &crm.Directory{}
			d.Put(&provider{name: "contacts", methods: []crm.Method{{Key: "find"}}, invoke: func(ctx context.Context, _ crm.Call) (crm.Values, error) {
				return nil, c.step(ctx)
			}})
			kv := scripting.NewMemory()
			e := engine(t, stubborn, scripting.Options{Directory: d, KV: kv})
			g, err := e.Start(scripting.Trigger{Flow: "flow", Call: c})
			if err != nil {
				t.Fatal(err)
			}
			r, _ := g.Wait(context.Background())
			trace := g.Trace()
			if c.things < at { // it was never so far
				if r.Outcome != scripting.Returned || r.Value != "boris" {
					t.Errorf("nobody hangs up: got %s %v: %v", r.Outcome, r.Value, r.Err)
				}
				if at < 12 {
					t.Errorf("the flow waited for %d things only", at-1)
				}
				break
			}
			if r.Outcome != gone.want || !errors.Is(r.Err, gone.cause) {
				t.Errorf("%v at %d: got %s: %v", gone.cause, at, r.Outcome, r.Err)
			}
			if _, found, _ := kv.Get(t.Context(), "flow", "done"); found {
				t.Errorf("%v at %d: the flow went on", gone.cause, at)
			}
			if c.fell.Load() != 0 {
				t.Errorf("%v at %d: a call that is over was sent to its fallback", gone.cause, at)
			}
			if n := len(trace.Steps); n == 0 || trace.Steps[n-1].Open {
				t.Errorf("%v at %d: the last step is not closed: %+v", gone.cause, at, trace.Steps)
			}
		}
	}
}

// Whatever a flow does with its call, in the end it is seen to.
func TestCallIsSeenTo(t *testing.T) {
	for name, tc := range map[string]struct {
		source string
		fell   int32
	}{
		"returns at once":    {`export default function f(call: Call) {}`, 1},
		"throws":             {`export default function f(call: Call) { throw 1; }`, 1},
		"loops":              {`export default function f(call: Call) { for (;;) {} }`, 1},
		"gives it away":      {`export default function f(call: Call) { call.transfer("300"); }`, 0},
		"has a conference":   {`export default function f(call: Call) { call.conference(); }`, 0},
		"hangs up, and goes": {`export default function f(call: Call) { call.hangup(); throw new Error("later"); }`, 0},
		"hangs up badly":     {`export default function f(call: Call) { call.hangup("rude" as any); }`, 1},
		"hands it to another": {`export default function f(call: Call) { if (start() < 2) execFlow("flow"); }
			function start() { const n = ((kv.get("n") as number) ?? 0) + 1; kv.set("n", n); return n; }`, 1},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCaller(0)
			g, err := engine(t, tc.source, scripting.Options{}).Start(scripting.Trigger{Flow: "flow", Call: c})
			if err != nil {
				t.Fatal(err)
			}
			r, _ := g.Wait(context.Background())
			if got := c.fell.Load(); got != tc.fell {
				t.Errorf("got %d fallbacks, want %d (%s: %v)", got, tc.fell, r.Outcome, r.Err)
			}
		})
	}
}

func TestFlowThatCannotStart(t *testing.T) {
	for name, source := range map[string]string{"is broken": `export default function (`, "does not exist": ""} {
		t.Run(name, func(t *testing.T) {
			saved := &traces{more: make(chan struct{}, 1)}
			e := engine(t, source, scripting.Options{Traces: saved})
			c := newCaller(0)
			if source == "" {
				c.info.Flow = "another"
			} else {
				c.info.Flow = "flow"
			}
			e.Lead(c)
			<-saved.more
			if trace := saved.last(); trace.Outcome != scripting.Refused || c.fell.Load() != 1 {
				t.Errorf("got %+v and %d fallbacks", trace, c.fell.Load())
			}
		})
	}
}

// What is said of an argument that is wrong names the function, the argument, what was expected and what came.
func TestWrongArguments(t *testing.T) {
	for expression, want := range map[string]string{
		`call.dial()`:                                              "call.dial: argument 1 (to): expected a number, a login or a list of them, got undefined",
		`call.dial([])`:                                            "call.dial: argument 1 (to): expected a list of 1 to 64 numbers or logins, got an array",
		`call.dial("300", 20)`:                                     "call.dial: argument 2 (options): expected an object with timeout, atOnce, got 20",
		`call.dial("300", { timeout: "20" })`:                      `call.dial: argument 2 (options.timeout): expected a number of seconds, got "20"`,
		`call.dial("300", { timeout: -1 })`:                        "call.dial: argument 2 (options.timeout): expected a number of seconds from 0 to 2592000, got -1",
		`call.dial("300", { timeout: NaN })`:                       "call.dial: argument 2 (options.timeout): expected a number of seconds from 0 to 2592000, got NaN",
		`call.dial("300", { timout: 5 })`:                          `call.dial: argument 2 (options): expected an object with timeout, atOnce, got one with "timout"`,
		`call.play(null)`:                                          "call.play: argument 1 (prompt): expected a file's name, a text, {file} or {text}, got null",
		`call.play({ url: "x" })`:                                  "call.play: argument 1 (prompt): expected a file's name, a text, {file} or {text}, got an object",
		`call.answer(1)`:                                           "call.answer: takes at most 0 arguments, got 1",
		`call.tag("a", () => 1)`:                                   "call.tag: argument 2 (value): expected a string, got a function",
		`call.hold("loud")`:                                        `call.hold: argument 1 (music): expected "on" or "off", got "loud"`,
		`crm.contacts.find("x")`:                                   "crm.contacts.find: argument 1 (params): expected an object, got \"x\"",
		`crm.contacts.find({ f() {} })`:                            "crm.contacts.find: argument 1 (params): expected an object of plain values: a function or a symbol, got an object",
		`sleep("long")`:                                            `sleep: argument 1 (seconds): expected a number of seconds, got "long"`,
		`schedule.open("always")`:                                  `schedule.open: argument 1 (hours): expected days and hours such as "mon-fri 9-18", got "always", which is no "days hours"`,
		`schedule.open("* 9-18", "Mars/Phobos")`:                   `schedule.open: argument 2 (zone): expected a time zone such as "Europe/Moscow", got "Mars/Phobos"`,
		`kv.set("", 1)`:                                            "kv.set: argument 1 (key): expected a string of 1 to 256 bytes, got one of 0",
		`kv.set("k", "x".repeat(70000))`:                           "kv.set: argument 2 (value): expected at most 65536 bytes as JSON, got 70002",
		`log((() => { const a: any = {}; a.a = a; return a; })())`: "log: argument 1 (values): expected plain values, got nested deeper than 32, or within itself",
	} {
		t.Run(expression, func(t *testing.T) {
			e := engine(t, `export default function f(call: any) { try { `+expression+`; } catch (e) { return e instanceof TypeError ? (e as Error).message : "no TypeError: " + e; } }`, scripting.Options{})
			g, err := e.Start(scripting.Trigger{Flow: "flow", Call: newQuiet()})
			if err != nil {
				t.Fatal(err)
			}
			r, _ := g.Wait(context.Background())
			if got := fmt.Sprint(r.Value); got != want {
				t.Errorf("got  %v (%v)\nwant %s", r.Value, r.Err, want)
			}
		})
	}
}

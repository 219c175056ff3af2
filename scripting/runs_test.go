package scripting_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/octolink/octolink/crm"
	"github.com/octolink/octolink/scripting"
)

// A file that changes serves new runs; one that does not compile leaves the last good version.
func TestFilesThatChange(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string) {
		t.Helper()
		write(t, dir, map[string]string{name: text})
		later := time.Now().Add(time.Duration(len(text)) * time.Second) // a change within the clock's grain
		if err := os.Chtimes(filepath.Join(dir, name), later, later); err != nil {
			t.Fatal(err)
		}
	}
	put("flow.ts", `import { v } from "./lib/v"; export default () => { sleep(0); return v; };`)
	put("lib/v.ts", `export const v = 1;`)
	put("part.ts", `export const part = 1;`)
	e := scripting.New(scripting.Options{Dir: dir, Poll: -1})
	defer e.Shutdown(context.Background())
	says := func(want any) {
		t.Helper()
		if r, trace := result(t, e); r.Value != want {
			t.Errorf("got %v (%s), want %v", r.Value, trace.Reason, want)
		}
	}
	says(crm.Number("1"))
	if flows := e.Flows(); len(flows) != 1 || flows[0] != "flow" {
		t.Errorf("got %v", flows)
	}

	put("lib/v.ts", `export const v = "changed";`)
	if problems := e.Reload(); len(problems) != 1 || problems[0].File != "part.ts" {
		t.Errorf("got %v, want that part.ts exports no flow", problems)
	}
	says("changed")

	put("lib/v.ts", "export const v = ;;")
	if problems := e.Reload(); len(problems) == 0 || problems[0].String() != `lib/v.ts:1:18: Unexpected ";"` {
		t.Errorf("got %v", problems)
	}
	says("changed")

	put("flow.ts", `import { part } from "./part"; export default () => "whole" + part;`)
	if problems := e.Reload(); len(problems) != 0 {
		t.Errorf("got %v, want none", problems)
	}
	says("whole1")

	put("flow.js", `export default () => 2`)
	if problems := e.Reload(); len(problems) == 0 || !strings.Contains(problems[0].Text, "one of them must go") {
		t.Errorf("got %v", problems)
	}
	if err := os.Remove(filepath.Join(dir, "flow.ts")); err != nil {
		t.Fatal(err)
	}
	_ = e.Reload()
	says(crm.Number("2"))
	if err := os.Remove(filepath.Join(dir, "flow.js")); err != nil {
		t.Fatal(err)
	}
	_ = e.Reload()
	if _, err := e.Start(scripting.Trigger{Flow: "flow"}); !errors.Is(err, scripting.ErrNoFlow) {
		t.Errorf("got %v, want %v", err, scripting.ErrNoFlow)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if problems := e.Reload(); len(problems) != 1 {
		t.Errorf("a folder that is gone: got %v", problems)
	}
}

// The engine looks at the files by itself.
func TestRunSeesChanges(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"flow.ts": `export default () => 1`})
	synctest.Test(t, func(t *testing.T) {
		e := scripting.New(scripting.Options{Dir: dir})
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- e.Run(ctx) }()
		write(t, dir, map[string]string{"flow.ts": `export default () => "longer"`})
		time.Sleep(1100 * time.Millisecond)
		if r, _ := result(t, e); r.Value != "longer" {
			t.Errorf("got %v, want the changed flow", r.Value)
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		e.Shutdown(context.Background())
		time.Sleep(2 * time.Second) // the watchdog goes to sleep
	})
}

func TestFlowThatCallsItself(t *testing.T) {
	e := engine(t, `export default function f(start: Start) {
		const depth = Number(start.params[0] ?? 0);
		try { return execFlow("flow", depth + 1); } catch (e) { return e instanceof FlowError ? depth + " " + e.flow + " " + e.outcome : "another"; }
	}`, scripting.Options{})
	if r, trace := result(t, e); r.Value != "16 flow limit" {
		t.Errorf("got %v (%s), want an end at 16", r.Value, trace.Reason)
	}
	// Without a catch, each in the chain ends by the error of the next.
	e = engine(t, `export default function f() { execFlow("flow"); }`, scripting.Options{})
	if r, trace := result(t, e); r.Outcome != scripting.Threw || !strings.Contains(trace.Reason, "nested too deeply") {
		t.Errorf("got %s: %s", r.Outcome, trace.Reason)
	}
}

// A flow that calls itself several times would go on for months, within its depth.
func TestFlowThatCallsItselfTwice(t *testing.T) {
	e := engine(t, `export default function f() {
		let last = "";
		for (let i = 0; i < 3; i++) try { execFlow("flow"); } catch (e) { last = String(e); }
		return last;
	}`, scripting.Options{Limits: scripting.Limits{Called: 100}})
	if r, trace := result(t, e); !strings.Contains(r.Value.(string), "too many flows were called: 100") {
		t.Errorf("got %v (%s)", r.Value, trace.Reason)
	}
	if s := e.Stats(); s.Started != 101 {
		t.Errorf("got %d runs, want the first and 100", s.Started)
	}
}

// A run that is called by another ends with it.
func TestCalledRunEndsWithItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := engineOf(t, `export default function f() { execFlow("inner"); }`, map[string]string{"inner.ts": `export default function f() { for (;;) { try { sleep(60); } catch {} } }`},
			scripting.Options{})
		g, err := e.Start(scripting.Trigger{Flow: "flow"})
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if n := e.Stats().Running; n != 2 {
			t.Errorf("got %d runs, want both", n)
		}
		g.Stop(scripting.ErrShutdown)
		<-g.Done()
		if n := e.Stats().Running; n != 0 {
			t.Errorf("got %d runs, want none", n)
		}
		time.Sleep(2 * time.Second) // the watchdog goes to sleep
	})
}

func TestShutdownWaitsAndThenEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := engine(t, `export default function f(call: Call) { sleep(call.from === "slow" ? 3600 : 5); return "done"; }`, scripting.Options{})
		start := func(from string) (*scripting.Running, *caller) {
			c := newCaller(0)
			c.info.From.Number = from
			g, err := e.Start(scripting.Trigger{Flow: "flow", Call: c})
			if err != nil {
				t.Fatal(err)
			}
			return g, c
		}
		quick, _ := start("quick")
		slow, call := start("slow")
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		began := time.Now()
		e.Shutdown(ctx)
		if took := time.Since(began); took.Round(time.Second) != 10*time.Second {
			t.Errorf("took %s, want the grace of 10s", took)
		}
		if r, _ := quick.Wait(t.Context()); r.Value != "done" {
			t.Errorf("got %s, want it done", r.Outcome)
		}
		if r, _ := slow.Wait(t.Context()); r.Outcome != scripting.Gone || call.fell.Load() != 1 {
			t.Errorf("got %s and %d fallbacks", r.Outcome, call.fell.Load())
		}
		if _, err := e.Start(scripting.Trigger{Flow: "flow"}); !errors.Is(err, scripting.ErrShutdown) {
			t.Errorf("got %v, want %v", err, scripting.ErrShutdown)
		}
	})
}

func TestTraceIsBounded(t *testing.T) {
	e := engine(t, `export default function f() { for (let i = 0; i < 100; i++) kv.set("k" + i, "x".repeat(5000)); return "y".repeat(5000); }`,
		scripting.Options{Limits: scripting.Limits{Steps: 10, StepText: 64}})
	_, trace := result(t, e)
	if len(trace.Steps) != 10 || trace.Left != 90 {
		t.Fatalf("got %d steps and %d left out, want 10 and 90", len(trace.Steps), trace.Left)
	}
	for i, want := range []int{0, 1, 2, 3, 4, 95, 96, 97, 98, 99} {
		s := trace.Steps[i]
		if !strings.HasPrefix(s.Args, fmt.Sprintf(`{"key":"k%d",`, want)) || len(s.Args) > 64+len("…") || s.Open {
			t.Errorf("step %d: got %+v, want that of k%d, cut", i, s, want)
		}
	}
	if len(trace.Returned) > 64+len("…") {
		t.Errorf("got %d bytes of what was returned", len(trace.Returned))
	}
}

func TestLogLinesAreBounded(t *testing.T) {
	var b bytes.Buffer
	e := engine(t, `export default function f() { for (let i = 0; i < 100; i++) log("line", i, "x".repeat(10000)); }`,
		scripting.Options{Log: slog.New(slog.NewTextHandler(&b, nil)), Limits: scripting.Limits{Lines: 5}})
	result(t, e)
	if n := strings.Count(b.String(), "msg=\"line"); n != 5 {
		t.Errorf("got %d lines, want 5", n)
	}
	if n := strings.Count(b.String(), "left out"); n != 1 || b.Len() > 5*5000 {
		t.Errorf("got %d notes, %d bytes", n, b.Len())
	}
}

func TestKV(t *testing.T) {
	kv := scripting.NewMemory()
	e := engine(t, `export default function f() {
		const before = kv.get("k");
		kv.set("k", { n: 1.5, list: [true, null, "x"], big: "1" });
		const got = kv.get("k") as any;
		kv.set("gone", 1); kv.set("gone", undefined);
		return [typeof before, got.n + 1, JSON.stringify(got.list), typeof kv.get("gone"), now() > 1e12].join(" ");
	}`, scripting.Options{KV: kv})
	if r, trace := result(t, e); r.Value != `undefined 2.5 [true,null,"x"] undefined true` {
		t.Errorf("got %v (%s)", r.Value, trace.Reason)
	}
	for i := range 10_000 {
		if err := kv.Set(t.Context(), "full", fmt.Sprint(i), []byte("1")); err != nil {
			t.Fatal(err)
		}
	}
	if err := kv.Set(t.Context(), "full", "another", []byte("1")); !errors.Is(err, scripting.ErrFull) {
		t.Errorf("got %v, want %v", err, scripting.ErrFull)
	}
}

func TestStartTellsWhy(t *testing.T) {
	e := engine(t, `export default (start: Start) => JSON.stringify(start)`, scripting.Options{})
	g, err := e.Start(scripting.Trigger{
		Flow: "flow", Kind: "event", User: "alice", Params: []string{"a", "b"}, Event: "paid", Data: crm.Values{{Key: "sum", Value: crm.Number("1.50")}},
		Chain: "c", About: crm.Values{{Key: "queue", Value: "700"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	r, _ := g.Wait(t.Context())
	if want := `{"kind":"event","flow":"flow","params":["a","b"],"user":"alice","event":"paid","call":"c","data":{"sum":1.5},"queue":"700"}`; r.Value != want {
		t.Errorf("got %v, want %s", r.Value, want)
	}
	if texts := (scripting.Result{Value: crm.List{"a", crm.Number("200"), crm.Values{{Key: "k", Value: nil}}, "d"}}).Texts(); strings.Join(texts, "|") != `a|200|{"k":null}` {
		t.Errorf("got %q", texts)
	}
}

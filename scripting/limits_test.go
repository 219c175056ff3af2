package scripting_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/octolink/octolink/scripting"
)

// engine makes an engine of one flow, which has no call.
func engine(t testing.TB, source string, o scripting.Options) *scripting.Engine {
	t.Helper()
	return engineOf(t, source, nil, o)
}

// result runs the engine's flow to its end.
func result(t testing.TB, e *scripting.Engine) (scripting.Result, scripting.Trace) {
	t.Helper()
	g, err := e.Start(scripting.Trigger{Flow: "flow"})
	if err != nil {
		t.Fatal(err)
	}
	r, err := g.Wait(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return r, g.Trace()
}

// Whatever a script does, it ends, and says why.
func TestScriptsThatDoNotEnd(t *testing.T) {
	for _, tc := range []struct {
		name   string
		source string
		want   scripting.Outcome
		reason string

		abandoned int64 // a built-in function holds it; its call is seen to nevertheless
	}{
		{"an endless loop", `export default function f() { for (;;) {} }`, scripting.Limited, "worked for longer than 100ms", 0},
		{"an endless loop that catches", `export default function f() { for (;;) { try { for (;;) {} } catch {} finally { continue; } } }`, scripting.Limited, "worked for longer", 0},
		{"an endless loop before the flow", `for (;;) {} export default function f() {}`, scripting.Limited, "worked for longer", 0},
		{"an endless callback", `export default function f() { [1].forEach(() => { for (;;) {} }); }`, scripting.Limited, "worked for longer", 0},
		{"an endless getter of a result", `export default function f() { return { get x() { for (;;) {} } }; }`, scripting.Limited, "worked for longer", 0},
		{"an endless getter of an argument", `export default function f() { log({ get x() { for (;;) {} } }); }`, scripting.Limited, "worked for longer", 0},
		{"an endless text of an error", `export default function f() { throw { stack: "", toString() { for (;;) {} } }; }`, scripting.Limited, "worked for longer", 0},
		{"an endless async function", `export default async function f() { for (;;) await null; }`, scripting.Limited, "worked for longer", 0},
		{"an endless generator", `export default function f() { return [...(function* () { for (;;) yield 0; })()]; }`, scripting.Limited, "worked for longer", 0},
		{"recursion", "export default function f() {\n  return 1 + f();\n}", scripting.Limited, "functions called each other more than 1000 deep: at f (flow.ts:2:16)", 0},
		{"recursion that catches", `function g(): number { try { return g(); } catch { return g(); } } export default () => g();`, scripting.Limited, "1000 deep", 0},
		{"recursion through built-ins", `function g() { [1].forEach(g); } export default () => g();`, scripting.Limited, "1000 deep", 0},
		{"recursion through getters", `const o = { get x(): number { return this.x; } }; export default () => o.x;`, scripting.Limited, "1000 deep", 0},
		{"an expression that backtracks", `export default function f() { return /^(?=(a+)+b)(a+)+$/.test("a".repeat(40) + "c"); }`, scripting.Limited, "worked for longer", 1},
		{"a promise that nothing fulfils", `export default async function f() { await new Promise(() => {}); }`, scripting.Threw, "waits for a promise", 0},
		{"a number thrown", `export default function f() { throw 42; }`, scripting.Threw, "thrown: 42", 0},
		{"undefined thrown", `export default function f() { throw undefined; }`, scripting.Threw, "thrown: undefined", 0},
		{"an object thrown", `export default function f() { throw { code: 7, password: "x" }; }`, scripting.Threw, `thrown: an object {"code":7,"password":"***"}`, 0},
		{"an object thrown whose getter throws", `export default function f() { throw { get a() { throw new Error("inside"); } }; }`, scripting.Threw, "thrown: an object that throws when it is looked at\nat f (flow.ts:1:31)", 0},
		{"an error thrown whose name throws", `export default function f() { const e = new Error("x"); Object.defineProperty(e, "name", { get() { throw 7; } }); throw e; }`, scripting.Threw, "thrown: an object that throws", 0},
		{"a proxy thrown", `export default function f() { throw new Proxy({}, { get() { throw 1; }, ownKeys() { throw 2; } }); }`, scripting.Threw, "thrown: an object that throws", 0},
		{"a function thrown", `export default function f() { throw f; }`, scripting.Threw, "thrown: a function", 0},
		{"a list within itself thrown", `export default function f() { const a: any[] = []; a.push(a); throw a; }`, scripting.Threw, "thrown: an array", 0},
		{"a getter of a result that throws", `export default function f() { return { get a() { throw new Error("inside"); } }; }`, scripting.Threw, "Error: inside\nat a (flow.ts:1:56)", 0},
		{"a getter of a result that calls itself", `export default function f() { return { get a(): number { return this.a; } }; }`, scripting.Limited, "1000 deep", 0},
		{"an error thrown", "export default function f() {\n  const x: number = 1;\n  throw new Error(`no ${x}`);\n}", scripting.Threw, "Error: no 1\nat f (flow.ts:3:9)", 0},
		{"an error from an import", "import { deep } from './lib/deep';\nexport default function f() {\n  deep();\n}", scripting.Threw, "at deep (lib/deep.ts:3:9)\nat f (flow.ts:3:8)", 0},
		{"a rejection", `export default async function f() { throw new TypeError("bad"); }`, scripting.Threw, "TypeError: bad", 0},
		{"a default export that is none", `export default 42;`, scripting.Threw, "the default export is no function", 0},
		{"an undeclared name", `export default function f() { nosuch(); }`, scripting.Threw, "ReferenceError: nosuch is not defined", 0},
		{"a function returned", `export default function f() { return { f() {} }; }`, scripting.Threw, "cannot be given on", 0},
		{"a list within itself returned", `export default function f() { const a: any[] = []; a.push(a); return a; }`, scripting.Threw, "within itself", 0},
		{"eval", `export default function f() { return eval("1"); }`, scripting.Threw, "eval is not there", 0},
		{"Function", `export default function f() { return new Function("return 1")(); }`, scripting.Threw, "Function is not there", 0},
		{"Function by the back door", `export default function f() { return (() => 1).constructor("for (;;) {}")(); }`, scripting.Threw, "TypeError", 0},
		{"Function by the async door", `export default async function f() { return (async () => 1).constructor("return 1")(); }`, scripting.Threw, "TypeError", 0},
		{"Function by the side door", `export default function f() { return (function* () {}).constructor("return 1")(); }`, scripting.Threw, "TypeError", 0},
		{"a symbol as an argument", `export default function f() { kv.get(Symbol("key") as any); }`, scripting.Threw, "expected a string, got a symbol", 0},
		{"a symbol returned", `export default function f() { return [Symbol("x")]; }`, scripting.Threw, "a function or a symbol", 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := map[string]string{"lib/deep.ts": "interface X { a: number }\nexport function deep(x?: X) {\n  throw new Error('deep');\n}"}
			o := scripting.Options{}
			e := engineOf(t, tc.source, dir, o)
			r, trace := result(t, e)
			if r.Outcome != tc.want || trace.Outcome != tc.want || !strings.Contains(trace.Reason, tc.reason) {
				t.Errorf("got %s: %s\nwant %s: %s", r.Outcome, trace.Reason, tc.want, tc.reason)
			}
			if s := e.Stats(); s.Running != 0 || s.Abandoned != tc.abandoned {
				t.Errorf("got %+v, want nothing left", s)
			}
		})
	}
}

// What makes a big thing, or walks over one, in a single step is refused before it begins.
func TestBuiltInsAreCapped(t *testing.T) {
	for name, expression := range map[string]string{
		"repeat":              `"x".repeat(2 ** 30)`,
		"repeat computed":     `("x" as any)["re" + "peat"](2 ** 30)`,
		"padStart":            `"x".padStart(2 ** 29)`,
		"padEnd":              `"x".padEnd(2 ** 29, "ab")`,
		"Array":               `Array(2 ** 31)`,
		"new Array":           `new Array(2 ** 31)`,
		"Array.from":          `Array.from({ length: 2 ** 31 })`,
		"fill":                `Array.prototype.fill.call({ length: 2 ** 31 }, 0)`,
		"forEach":             `Array.prototype.forEach.call({ length: 2 ** 40 }, () => 0)`,
		"indexOf of a hole":   `(() => { const a: number[] = []; a[2 ** 31] = 1; return a.indexOf(5); })()`,
		"spread of holes":     `(() => { const a: number[] = []; a.length = 2 ** 31; return [...a]; })()`,
		"a set of holes":      `(() => { const a: number[] = []; a.length = 2 ** 31; return new Set(a); })()`,
		"text of holes":       `(() => { const a: number[] = []; a.length = 2 ** 31; return "" + a; })()`,
		"apply":               `Math.max.apply(null, { length: 2 ** 31 } as any)`,
		"Reflect.apply":       `Reflect.apply(Math.max, null, { length: 2 ** 31 } as any)`,
		"join":                `Array(1000).fill("x".repeat(1e6)).join("")`,
		"join by much":        `Array(1000).fill(1).join("x".repeat(1e6))`,
		"lists in lists":      `(() => { let a: any = ["x"]; for (let i = 0; i < 40; i++) a = [a, a]; return String(a); })()`,
		"a deep list":         `(() => { let a: any = []; for (let i = 0; i < 5000; i++) a = [a]; return String(a); })()`,
		"concat":              `Array(9e5).fill(0).concat(Array(9e5).fill(0))`,
		"concat of texts":     `"x".repeat(9e6).concat("x".repeat(9e6))`,
		"flat":                `(() => { const a = Array(1e4).fill(0); return Array(1e4).fill(a).flat(); })()`,
		"flat without end":    `(() => { let a: any[] = []; for (let i = 0; i < 5000; i++) a = [a]; return a.flat(Infinity); })()`,
		"sort":                `Array(2e5).fill("b").sort()`,
		"split":               `"x".repeat(2e6).split("")`,
		"match":               `"x".repeat(2e6).match(/x/g)`,
		"test":                `/x+y/.test("x".repeat(2e6))`,
		"replaceAll":          `"x".repeat(1e5).replaceAll("x", "y".repeat(1e5))`,
		"replace":             `"x".repeat(1e5).replace(/x/g, "$'")`,
		"String.raw":          `String.raw({ raw: { length: 2 ** 31 } } as any)`,
		"JSON.stringify":      `(() => { let a: any = ["x"]; for (let i = 0; i < 40; i++) a = [a, a]; return JSON.stringify(a); })()`,
		"JSON.stringify deep": `(() => { let a: any = {}; for (let i = 0; i < 5000; i++) a = { a }; return JSON.stringify(a, null, 10); })()`,
		"JSON.parse":          `JSON.parse("[".repeat(1e6))`,
		"ArrayBuffer":         `new ArrayBuffer(2 ** 31)`,
		"Float64Array":        `new Float64Array(2 ** 28)`,
		"Uint8Array of much":  `new Uint8Array({ length: 2 ** 31 } as any)`,
		"BigInt":              `(BigInt(2) as any) ** (BigInt(1e12) as any)`,
		"a big integer":       `1n << 100000000000n`,
		"repeat of an object": `String.prototype.repeat.call({ toString: () => "x".repeat(1e6) } as any, 1e6)`,
		"repeat of a String":  `(new String("x".repeat(1e6)) as any).repeat(1e6)`,
		"repeat in turns":     `(() => { let n = 0; String.prototype.repeat.call({ toString: () => "x".repeat(n++ ? 1e7 : 1) } as any, 1e6); String.prototype.repeat.call({ toString: () => "x".repeat(n++ ? 1e7 : 1) } as any, 1e6); })()`,
		"padEnd in turns":     `(() => { let n = 0; const more = { valueOf: () => n++ ? 2 ** 29 : 1 } as any; "x".padEnd(more); "x".padEnd(more); })()`,
		"join of Strings":     `Array(1e5).fill(new String("x".repeat(1e6))).join("")`,
		"join of errors":      `Array(1e5).fill(new Error("x".repeat(1e6))).join("")`,
		"join by an object":   `Array(1e5).fill(1).join({ toString: () => "x".repeat(1e6) } as any)`,
		"stringify Strings":   `JSON.stringify(Array(1e5).fill(new String("x".repeat(1e6))))`,
		"replace by Strings":  `"x".repeat(1e5).replace(/x/g, new String("y".repeat(1e6)) as any)`,
		"a long expression":   `new RegExp("(".repeat(4e6) + ")".repeat(4e6))`,
		"match by much":       `"x".match("(".repeat(4e6) + ")".repeat(4e6))`,
		"search by a String":  `"x".search(new String("(".repeat(4e6) + ")".repeat(4e6)) as any)`,
	} {
		t.Run(name, func(t *testing.T) {
			r, trace := result(t, engine(t, `export default function f() { try { `+expression+`; } catch (e) { return (e as Error).name; } return "made"; }`, scripting.Options{Limits: scripting.Limits{CPU: time.Minute}}))
			if r.Value != "RangeError" && r.Value != "TypeError" {
				t.Errorf("got %v (%s), want a RangeError", r.Value, trace.Reason)
			}
		})
	}
}

// The guards are in nobody's way.
func TestGuardedBuiltInsWork(t *testing.T) {
	r, trace := result(t, engine(t, `
		class Stack extends Array<number> { top() { return this[this.length - 1]; } }
		export default function f() {
			const s = new Stack(); s.push(3, 1, 2);
			const key: "map" = "map";
			const all: unknown[] = [
				"ab".repeat(2), "x".padStart(3), "x".padEnd(2, "-"), Array(2).fill(0), new Array(1, 2), Array.from("abc"), Array.of(7), [3, 1, 2].sort(), [1, [2, [3]]].flat(Infinity),
				[1].concat([2], 3 as any), "a,b".split(","), "a1b2".match(/\d/g), /b+/.exec("abbb")![0], "a-b-c".replaceAll("-", "+"), "ab".replace(/(a)(b)/, "$2$1"),
				String.raw`+"`a\\n${1}`"+`, JSON.parse(JSON.stringify({ a: [1, { b: null }] }, null, 2)), Math.max.apply(null, [1, 5]), [...new Set([1, 1, 2])], s.top(), s instanceof Array,
				Array.isArray(s), [] instanceof Array, new Uint8Array([1, 256])[1], [1, 2][key]((x: number) => x * 2), ""+[1, [2, 3]], Object.fromEntries([["k", 1]]), new Float64Array(2).length,
				String.prototype.padEnd.call(7, 3, "0"), "x".concat([1, 2] as any), new RegExp("b+", "g").flags, new RegExp(/b/).test("b"), RegExp("b") instanceof RegExp, "abc".replace("b", (m) => m + m),
				"a1b".split(new RegExp("[0-9]")), "a.c".match("a.c")![0], [1, 2].join(new String("-") as any), "a-b".search(/-/), [..."a1b2".matchAll(/[a-z](\d)/g)].map((m) => m[1]),
			];
			return JSON.stringify(all);
		}`, scripting.Options{}))
	want := `["abab","  x","x-",[0,0],[1,2],["a","b","c"],[7],[1,2,3],[1,2,3],[1,2,3],["a","b"],["1","2"],"bbb","a+b+c","ba","a\\n1",{"a":[1,{"b":null}]},5,[1,2],2,true,true,true,0,[2,4],"1,2,3",{"k":1},2,"700","x1,2","g",true,true,"abbc",["a","b"],"a.c","1-2",1,["1","2"]]`
	if r.Value != want {
		t.Errorf("got  %v (%s)\nwant %s", r.Value, trace.Reason, want)
	}
}

func TestRunEndsAtItsTime(t *testing.T) {
	e := engine(t, `export default function f() { for (;;) { try { sleep(3600); } catch {} } }`, scripting.Options{Limits: scripting.Limits{Run: 10 * time.Millisecond}})
	r, trace := result(t, e)
	var limit *scripting.LimitError
	if r.Outcome != scripting.Limited || !errors.As(r.Err, &limit) || !strings.Contains(trace.Reason, "longer than 10ms") {
		t.Errorf("got %s: %s", r.Outcome, trace.Reason)
	}
	if len(trace.Steps) != 1 || trace.Steps[0].Name != "sleep" {
		t.Errorf("got %+v, want the one sleep that was cut off", trace.Steps)
	}
}

// A flow that stays within its limit between two host functions may work for ever.
func TestHostFunctionsGiveNewTime(t *testing.T) {
	e := engine(t, `export default function f() { for (let i = 0; i < 20; i++) { const until = Date.now() + 10; while (Date.now() < until) {} sleep(0); } return "done"; }`,
		scripting.Options{Limits: scripting.Limits{CPU: 100 * time.Millisecond}})
	if r, trace := result(t, e); r.Value != "done" {
		t.Errorf("got %s: %s", r.Outcome, trace.Reason)
	}
}

func TestTooManyRuns(t *testing.T) {
	e := engine(t, `export default function f() { sleep(3600); }`, scripting.Options{Limits: scripting.Limits{Runs: 2}})
	for range 2 {
		if _, err := e.Start(scripting.Trigger{Flow: "flow"}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := e.Start(scripting.Trigger{Flow: "flow"}); !errors.Is(err, scripting.ErrFull) {
		t.Errorf("got %v, want %v", err, scripting.ErrFull)
	}
}

// With too little memory the youngest run goes.
func TestHeapMarkEndsTheYoungest(t *testing.T) {
	runtime.GC()
	var now runtime.MemStats
	runtime.ReadMemStats(&now)
	e := engine(t, `export default function f(start: Start) { if (start.params[0] === "old") sleep(3600); else { let s = "x"; for (;;) s += s; } }`,
		scripting.Options{Limits: scripting.Limits{CPU: time.Minute, Heap: now.HeapAlloc + 256<<20}})
	old, err := e.Start(scripting.Trigger{Flow: "flow", Params: []string{"old"}})
	if err != nil {
		t.Fatal(err)
	}
	r, trace := result(t, e)
	if r.Outcome != scripting.Limited || !strings.Contains(trace.Reason, "memory is used up to its mark") {
		t.Errorf("got %s: %s", r.Outcome, trace.Reason)
	}
	if trace := old.Trace(); trace.Outcome != "" {
		t.Errorf("the older run has ended, too: %s", trace.Reason)
	}
}

package flowtest_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/octolink/octolink/scripting"
	"github.com/octolink/octolink/scripting/flowtest"
)

// folder writes flows and tests.
func folder(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// run runs the tests of one file beside one flow, named flow.
func run(t *testing.T, flow, tests string) []flowtest.Test {
	t.Helper()
	all, err := flowtest.Run(t.Context(), flowtest.Options{Dir: folder(t, map[string]string{"flow.ts": flow, "flow_test.ts": tests})})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// passes runs one test that must pass.
func passes(t *testing.T, flow, test string) {
	t.Helper()
	for _, one := range run(t, flow, "test('x', (t) => {\n"+test+"\n});") {
		for _, f := range one.Failures {
			t.Error(f)
		}
	}
}

func TestFailuresSayWhereAndWhat(t *testing.T) {
	for _, tt := range []struct{ name, test, want string }{
		{"equal", `t.equal({ a: 1, b: [2] }, { b: [3], a: 1 });`, "flow_test.ts:2: got {a: 1, b: [2]}, want {a: 1, b: [3]}"},
		{"equal with words", `t.equal(1, "1", "the mark");`, `flow_test.ts:2: the mark: got 1, want "1"`},
		{"ok", `t.ok("", "a text");`, "flow_test.ts:2: a text: it does not hold"},
		{"match", `t.match("abc", /^b/);`, `flow_test.ts:2: "abc" does not match /^b/`},
		{"fail", `t.fail("for no reason");`, "flow_test.ts:2: for no reason"},
		{"thrown", `throw new Error("oops");`, "flow_test.ts:2: Error: oops"},
		{"a mistake in the test", `t.phone("alice", { answered: 5 });`, `flow_test.ts:2: TypeError: t.phone: a telephone has answers, talks, user, busy, rejects or unknown, not "answered"`},
		{"no such flow", `t.call("nobody");`, "no such flow: nobody"},
		{"a wrong time", `t.now("noon");`, `t.now: "noon" is no time`},
		{"an answer that throws", `t.provider("p", { m: () => { throw new Error("oops"); } }); t.call("flow");`, "an answer of the test threw Error: oops"},
		{"an answer that is none", `t.provider("p", { m: 5 }); t.call("flow");`, "an answer is an object, got 5"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			all := run(t, `export default function flow(call: Call) { try { crm.p.m(); } catch {} call.hangup(); }`, "test('x', (t) => {\n"+tt.test+"\n});")
			if len(all) != 1 || len(all[0].Failures) == 0 || !strings.Contains(all[0].Failures[0].String(), tt.want) {
				t.Errorf("got %+v, want %s", all, tt.want)
			}
		})
	}
}

func TestTimeOfTests(t *testing.T) {
	passes(t, `export default function flow(call: Call) {
		const began = now();
		sleep(3600);
		call.play("four letters");
		call.dial(["300", "301"], { timeout: 20 });
		return [now() - began, Date.now() - began, schedule.open("mon-fri 9-18", "Europe/Moscow")];
	}`, `
	t.now("2026-01-12T07:30:00+03:00");
	const run = t.call("flow");
	t.equal(run.took, 3600 + 12 * 0.06 + 40);
	t.equal(run.returned[2], false);
	t.equal(run.returned[0], 3640720);
	t.equal(run.returned[1], 3640720);`)
}

func TestTelephonesOfTests(t *testing.T) {
	flow := `export default function flow(call: Call) { return call.dial(["alice", "boris"], { atOnce: call.to === "1", timeout: 20 }); }`
	passes(t, flow, `
	t.phone("alice", { rejects: 3 });
	t.phone("boris", { answers: 5, talks: 10 });
	t.equal(t.call("flow").returned, { answered: true, reason: "talked", duration: 10, waited: 5, number: "boris", user: "boris" });
	t.equal(t.call("flow", { to: "1" }).returned.user, "boris");
	t.phone("boris", { busy: true });
	t.equal(t.call("flow").returned.reason, "busy");
	t.phone("boris", { answers: 25 });
	t.equal(t.call("flow").returned.reason, "noanswer");
	t.phone("boris", { unknown: true });
	t.equal(t.call("flow").returned.reason, "nonumber");`)
}

func TestKeysOfTests(t *testing.T) {
	passes(t, `export default function flow(call: Call) {
		return [call.play("x", { keys: "1" }), call.collect("pin", { max: 4, secret: true }), call.collect("rest", { stop: "*" }), call.menu("?", { choices: "5", tries: 2 })];
	}`, `
	const run = t.call("flow", { keys: ["1", "123456*", "", "5"] });
	t.equal(run.returned, ["1", "1234", "56", "5"], "what is too much for one question is for the next");
	t.equal(t.call("flow", { keys: ["1", "12#", "", "7", "8"] }).returned, ["1", "12", "", ""]);
	t.equal(t.call("flow").returned, ["", "", "", ""]);`)
}

func TestNotesOfTests(t *testing.T) {
	flow := `export default function flow(call: Call) {
		call.tag("a", "1");
		if (call.to === "1") call.hangup(); else call.transfer("300");
		try { call.tag("b", "2"); } catch (e) { return e instanceof CallError; }
	}`
	passes(t, flow, `
	const over = t.call("flow", { to: "1" });
	t.equal(over.tags, { a: "1" });
	t.equal(over.returned, true, "a call that is over takes no notes");
	const away = t.call("flow");
	t.equal(away.tags, { a: "1", b: "2" });
	t.equal(away.ended, "transfer 300");`)
}

func TestFormsOfTests(t *testing.T) {
	passes(t, `export default function flow() {
		try { return crm.p.card.show("alice", { n: 1 }, { timeout: 60 }); }
		catch (e) { return [e instanceof NobodyError, e instanceof CrmError && e.timeout]; }
	}`, `
	t.form("p.card", (user, params) => t.late(5, { button: "save", values: { who: user, n: params.n } }));
	const run = t.start("flow");
	t.equal(run.returned, { button: "save", values: { who: "alice", n: 1 } });
	t.equal(run.took, 5);
	t.form("p.card", t.never());
	const late = t.start("flow");
	t.equal(late.returned, [false, true]);
	t.equal(late.took, 60);
	t.screen("alice", false);
	t.equal(t.start("flow").returned, [true, false]);`)
}

func TestEachTestHasAWorldOfItsOwn(t *testing.T) {
	flow := `export default function flow() { const n = (kv.get("n") as number ?? 0) + 1; kv.set("n", n); return [n, crm.find === undefined]; }`
	all := run(t, flow, `
		test("first", (t) => { t.kept("flow", "n", 5); t.equal(t.start("flow").returned[0], 6); t.equal(t.kept("flow", "n"), 6); });
		test("second", (t) => { t.equal(t.start("flow").returned[0], 1); t.equal(t.start("flow").returned[0], 2); });`)
	for _, one := range all {
		for _, f := range one.Failures {
			t.Errorf("%s: %s", one.Name, f)
		}
	}
}

// Ensure a hang-up is tried in each step, and what is wrong with it is found.
func TestHangUps(t *testing.T) {
	dir := folder(t, map[string]string{
		"flow.ts":      `export default function flow(call: Call) { kv.set("x", 1); call.play("a"); crm.p.m(); sleep(1); call.hangup(); notify("alice", "gone"); }`,
		"flow_test.ts": `test("x", (t) => { t.provider("p", { m: {} }); t.equal(t.call("flow").ended, "hangup"); });`,
	})
	all, err := flowtest.Run(t.Context(), flowtest.Options{Dir: dir, HangUps: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 1 || len(all[0].Failures) > 0 || all[0].HangUps != 5 {
		t.Errorf("got %+v, want 5 hang-ups: in kv, play, the method, hangup and notify, where there is no call any more", all)
	}
}

func TestTestsThatDoNotEnd(t *testing.T) {
	dir := folder(t, map[string]string{
		"flow.ts":      `export default function flow() { for (;;) {} }`,
		"flow_test.ts": `test("the flow", (t) => { t.equal(t.start("flow").outcome, "limit"); });`,
		"self_test.ts": `test("itself", () => { for (;;) {} });`,
	})
	all, err := flowtest.Run(t.Context(), flowtest.Options{Dir: dir, Files: []string{"flow_test.ts"}, Timeout: time.Minute})
	if err != nil || len(all) != 1 || len(all[0].Failures) > 0 {
		t.Errorf("got %+v, %v", all, err)
	}
	all, err = flowtest.Run(t.Context(), flowtest.Options{Dir: dir, Files: []string{"self_test.ts"}, Timeout: 50 * time.Millisecond})
	if err != nil || len(all) != 1 || len(all[0].Failures) != 1 || !strings.Contains(all[0].Failures[0].Text, "the test does not end") {
		t.Errorf("got %+v, %v", all, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := flowtest.Run(ctx, flowtest.Options{Dir: dir}); err == nil {
		t.Error("an ended context runs on")
	}
}

func TestFilesOfTests(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"syntax", "test('x', (t) => {\n", "a_test.ts:2:1: "},
		{"twice", "test('x', () => {}); test('x', () => {});", `the test "x" is there twice`},
		{"no function", "test('x');", "test takes a name and a function"},
		{"endless", "for (;;) {}", "the file of tests does not end"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := flowtest.Run(t.Context(), flowtest.Options{Dir: folder(t, map[string]string{"a_test.ts": tt.text}), Timeout: time.Second})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
	if _, err := flowtest.Run(t.Context(), flowtest.Options{Dir: "nowhere"}); err == nil {
		t.Error("a folder that is not there is well")
	}
}

func TestDeclarations(t *testing.T) {
	for _, name := range []string{"now", "provider", "form", "phone", "queue", "screen", "kept", "call", "start", "equal", "ok", "match", "fail", "log", "failure", "never", "late", "closed"} {
		if !regexp.MustCompile(`(?m)^  ` + name + `\(`).MatchString(flowtest.Declarations) {
			t.Errorf("t.%s is not declared", name)
		}
	}
}

func Example() {
	dir, err := os.MkdirTemp("", "flows")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	for name, text := range map[string]string{
		"hello.ts":      `export default function hello(call: Call) { call.play("Hello"); call.hangup(); }`,
		"hello_test.ts": `test("says hello", (t) => { t.equal(t.call("hello").said, ["Hello"]); });`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			panic(err)
		}
	}
	tests, err := flowtest.Run(context.Background(), flowtest.Options{Dir: dir})
	fmt.Println(err)
	for _, t := range tests {
		fmt.Println(t.Name, t.Failures, t.Traces[0].Outcome == scripting.Returned)
	}
	// Output:
	// <nil>
	// says hello [] true
}

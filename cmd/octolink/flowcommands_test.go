package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octolink/octolink/web"
)

// flowFolder writes files into a folder and goes there.
func flowFolder(t *testing.T, files map[string]string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
}

const goodFlow = `export default function good(call: Call) {
  const choice = call.menu("One or two?", { choices: "12" });
  call.tag("choice", choice);
  if (choice === "1" && call.dial("alice").answered) return;
  call.hangup();
}
`

const goodTest = `test("one rings Alice", (t) => {
  t.phone("alice", { answers: 1 });
  t.equal(t.call("good", { keys: ["1"] }).rang, ["alice"]);
});
test("two does not", (t) => {
  t.log("two", { is: 2 });
  t.equal(t.call("good", { keys: ["2"] }).ended, "hangup");
});
`

func TestFlowCheck(t *testing.T) {
	flowFolder(t, map[string]string{"good.ts": goodFlow, "good_test.ts": goodTest})
	if out := mustCLI(t, "flow", "check"); out != "all is well (flows: 1, files of tests: 1)\n" {
		t.Errorf("got %q", out)
	}
	flowFolder(t, map[string]string{
		"broken.ts": "export default function broken(call: Call) {\n  call.play(;\n}\n", "none.ts": "export const x = 1;\n",
		"unknown.ts": "export default function unknown() {\n  fetch(\"/\");\n}\n", "bad_test.ts": "test(\"x\", (t) => {\n",
	})
	out, errs, code := cli(t, "", "flow", "check", ".")
	if code != exitFailed || !strings.Contains(errs, "mistakes: 4") {
		t.Errorf("got %d %q", code, errs)
	}
	for _, want := range []string{"broken.ts:2:13: ", "none.ts:1:1: no default export", "unknown.ts:2:3: ", "bad_test.ts:2:1: "} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if _, errs, code := cli(t, "", "flow", "check", "nowhere"); code != exitUsage || !strings.Contains(errs, "no folder nowhere") {
		t.Errorf("got %d %q", code, errs)
	}
}

func TestFlowTest(t *testing.T) {
	flowFolder(t, map[string]string{"good.ts": goodFlow, "good_test.ts": goodTest})
	if out := mustCLI(t, "flow", "test", "--hang-ups"); !strings.HasPrefix(out, "ok\tgood_test.ts\t2 tests, 6 hang-ups\t") {
		t.Errorf("got %q", out)
	}
	out := mustCLI(t, "flow", "test", ".", "--run", "two", "-v")
	for _, want := range []string{"--- PASS: two does not (", "    two {is: 2}\n", `call.tag("key":"choice","value":"2")`, "ok\tgood_test.ts\t1 tests"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if strings.Contains(out, "one rings Alice") {
		t.Errorf("got a test that was not asked for:\n%s", out)
	}
	if err := os.WriteFile("bad_test.ts", []byte("test(\"three\", (t) => {\n  t.equal(t.call(\"good\", { keys: [\"3\"] }).tags, { choice: \"3\" });\n});\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, errs, code := cli(t, "", "flow", "test")
	if code != exitFailed || !strings.Contains(errs, "1 of 2 files failed") {
		t.Errorf("got %d %q", code, errs)
	}
	for _, want := range []string{"--- FAIL: three (", "    bad_test.ts:2: got {choice: \"\"}, want {choice: \"3\"}\n", "FAIL\tbad_test.ts\t1 of 1 tests", "ok\tgood_test.ts\t2 tests\t"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if _, errs, code := cli(t, "", "flow", "test", "--run", "("); code != exitUsage || !strings.Contains(errs, "--run") {
		t.Errorf("got %d %q", code, errs)
	}
	flowFolder(t, nil)
	if _, errs, code := cli(t, "", "flow", "test"); code != exitFailed || !strings.Contains(errs, "no tests in .") {
		t.Errorf("got %d %q", code, errs)
	}
}

func TestFlowTypesOffline(t *testing.T) {
	out := mustCLI(t, "flow", "types", "--offline")
	for _, want := range []string{"interface Call {", "declare const crm: ", "interface Tester {"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

const fakeContacts = `methods:
  - key: find
    in: [{key: phone}]
    out: [{key: name}]
    answers: [{when: {phone: "79*"}, out: {name: Anna}}]
`

const callingFlow = `export default function calling(call: Call) {
  const who = crm.contacts.find({ phone: call.from });
  call.tag("who", who!.name);
  if (call.menu("Press one", { choices: "1" }) !== "1") return call.hangup();
  return call.dial("300").user;
}
`

func TestFlowRunOfAFile(t *testing.T) {
	flowFolder(t, map[string]string{
		"calling.ts": callingFlow, "contacts.yaml": fakeContacts,
		"told.ts": `export default function told(start: Start) { return [start.kind, start.event, (start.data as { n: number }).n]; }`,
	})
	quick := []string{"--fast", "--answer", "1ms", "--talk", "1ms"}
	run := func(args ...string) []string { return append(append([]string{"flow", "run"}, args...), quick...) }
	out := mustCLI(t, run("calling.ts", "--provider", "contacts=contacts.yaml", "--press", "1")...)
	for _, want := range []string{`crm.contacts.find("params":{"phone":"79161234567"})`, `→ {"name":"Anna"}`, `call.menu(`, `"user":"alice"`, "returned after "} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	var trace web.FlowTrace
	out = mustCLI(t, run("calling.ts", "--provider", "contacts=contacts.yaml", "--press", "1", "--json")...)
	if err := json.Unmarshal([]byte(out), &trace); err != nil || trace.Returned != `"alice"` || trace.Fallback != "" {
		t.Errorf("got %v %+v", err, trace)
	}
	out = mustCLI(t, run("calling.ts", "--provider", "contacts=contacts.yaml", "--hangup-after", "1ms", "--from", "79991112233")...)
	if !strings.Contains(out, "hung up after ") {
		t.Errorf("got\n%s", out)
	}
	out, errs, code := cli(t, "", run("calling.ts", "--fallback", "queue:700")...)
	if code != exitFailed || !strings.Contains(errs, `ended with "threw"`) || !strings.Contains(out, "went by the fallback queue:700") {
		t.Errorf("without the CRM: got %d %q\n%s", code, errs, out)
	}
	out = mustCLI(t, run("told.ts", "--event", "paid", "--data", `{"n":5}`)...)
	if !strings.Contains(out, `["event","paid",5]`) {
		t.Errorf("got\n%s", out)
	}
}

func TestWrongCommandLinesOfFlowRun(t *testing.T) {
	flowFolder(t, map[string]string{"calling.ts": callingFlow, "bad.yaml": "methods: 5\n"})
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"incoming", "--press", "1"}, "--press goes with a file"},
		{[]string{"nowhere.ts"}, "no file nowhere.ts"},
		{[]string{"calling.ts", "--no-wait"}, "--no-wait goes with the name"},
		{[]string{"calling.ts", "--data", "5"}, "--data goes with --event"},
		{[]string{"calling.ts", "--event", "x", "--data", "{"}, "this is no JSON"},
		{[]string{"calling.ts", "--provider", "contacts"}, "want NAME=FILE"},
		{[]string{"calling.ts", "--provider", "contacts=bad.yaml"}, "bad.yaml"},
		{[]string{"calling.ts", "--people", "nowhere.yaml"}, "nowhere.yaml"},
		{nil, "usage: octolink flow run"},
	} {
		out, errs, code := cli(t, "", append([]string{"flow", "run"}, tt.args...)...)
		if code != exitUsage || !strings.Contains(errs, tt.want) {
			t.Errorf("%v: got %d %q %q, want %q", tt.args, code, out, errs, tt.want)
		}
	}
}

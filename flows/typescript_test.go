package flows_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octolink/octolink/flows"
	"github.com/octolink/octolink/scripting"
	"github.com/octolink/octolink/scripting/flowtest"
)

// compiler is where `npm ci` puts the TypeScript compiler.
const compiler = "../scripting/testdata/typescript/node_modules/typescript/bin/tsc"

// check runs the TypeScript compiler over a folder with its tsconfig.json.
func check(t *testing.T, dir string) (out string, err error) {
	t.Helper()
	path, err := filepath.Abs(compiler)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("the TypeScript compiler is not here: %v", err)
		}
		t.Skip("the TypeScript compiler is not here: npm --prefix scripting/testdata/typescript ci --ignore-scripts")
	}
	command := exec.CommandContext(t.Context(), "node", path, "-p", dir, "--pretty", "false")
	text, err := command.CombinedOutput()
	return string(text), err
}

// copyExamples puts the examples into a folder of the test's own.
func copyExamples(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, flows.Files); err != nil {
		t.Fatal(err)
	}
	return dir
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// The examples and their tests are right for a strict TypeScript compiler, with the declarations beside
// them and with those that know no CRM.
func TestExamplesForTheCompiler(t *testing.T) {
	if out, err := check(t, copyExamples(t)); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	dir := copyExamples(t)
	var b strings.Builder
	if err := scripting.WriteTypes(&b, nil); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "octolink.d.ts", b.String()+"\n"+flowtest.Declarations)
	if out, err := check(t, dir); err != nil {
		t.Errorf("without CRMs: %v\n%s", err, out)
	}
}

// The compiler sees what an author gets wrong.
func TestMistakesForTheCompiler(t *testing.T) {
	mistakes := []struct{ name, line, want string }{
		{"method", `crm.contacts.fynd({ phone: call.from });`, "'fynd' does not exist"},
		{"provider", `crm.contract.find({ phone: call.from });`, "'contract' does not exist"},
		{"parameter", `crm.contacts.find({ phone: 7 });`, "not assignable to type 'string"},
		{"result", `const n: number = crm.contacts.find({ phone: call.from })!.name!; log(n);`, "Type 'string' is not assignable to type 'number'"},
		{"absent result", `log(crm.contacts.find({ phone: call.from }).name);`, "possibly 'null'"},
		{"function", `call.ring("300");`, "'ring' does not exist"},
		{"option", `call.dial("300", { seconds: 3 });`, "'seconds' does not exist"},
		{"cause", `call.hangup("never");`, "not assignable"},
		{"a field of the call", `call.from = "1";`, "read-only"},
		{"http", `fetch("https://crm.example");`, "Cannot find name 'fetch'"},
		{"form", `crm.crm.card.show();`, "Expected 1-3 arguments"},
		{"what a form gives", `log(crm.crm.card.show("alice").values.mark);`, "'mark' does not exist"},
	}
	dir := copyExamples(t)
	for i, m := range mistakes {
		write(t, dir, fmt.Sprintf("mistake%d.ts", i), "export default function mistake(call: Call) {\n  log(call.id);\n  "+m.line+"\n}\n")
	}
	out, err := check(t, dir)
	if err == nil {
		t.Errorf("got no error, want one for each mistake")
	}
	for i, m := range mistakes {
		at := fmt.Sprintf("mistake%d.ts(3,", i)
		if _, found, ok := strings.Cut(out, at); !ok || !strings.Contains(strings.SplitN(found, "mistake", 2)[0], m.want) {
			t.Errorf("%s: no %q in line 3 of mistake%d.ts in\n%s", m.name, m.want, i, out)
		}
	}
}

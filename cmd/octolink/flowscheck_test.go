package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Ensure a check warns of scripts that do not compile, and takes the file: the server would.
func TestCheckWarnsOfBrokenFlows(t *testing.T) {
	dir := t.TempDir()
	writeFlows(t, dir, map[string]string{"good.ts": toldFlow, "bad.ts": "export default function () {\n  call.(\n}"})
	config := flowHouse("  numbers: [{match: \"495*\", flow: bad, fallback: hangup}]\n  events: [{event: e, flow: good}]\n")
	out, errs, code := cli(t, "", "check", "--config", configFile(t, dir, config))
	if code != exitOK || !strings.Contains(out, "flows: 2)") {
		t.Errorf("got %d %s", code, out)
	}
	if !strings.Contains(errs, "/flows/bad.ts:2:8: ") || strings.Count(errs, "\n") != 1 {
		t.Errorf("got %s", errs)
	}
	out, errs, code = cli(t, "", "check", "--config", configFile(t, dir, strings.Replace(config, "flow: good", "flow: nosuch", 1)))
	if code == exitOK || !strings.Contains(errs, "no flow nosuch: there is neither nosuch.ts nor nosuch.js in") {
		t.Errorf("got %d %s%s", code, out, errs)
	}
}

// Ensure nobody else can write what the server runs.
func TestScriptsThatEverybodyMayWrite(t *testing.T) {
	dir := t.TempDir()
	writeFlows(t, dir, map[string]string{"a.ts": toldFlow})
	config := flowHouse("  events: [{event: e, flow: a}]\n")
	for _, tc := range []struct{ path, want string }{
		{"flows", "flows.dir: everybody may write to"}, {"flows/a.ts", "a.ts: take that away"},
	} {
		path := filepath.Join(dir, tc.path)
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, info.Mode()|0o002); err != nil {
			t.Fatal(err)
		}
		if _, errs, code := cli(t, "", "check", "--config", configFile(t, dir, config)); code == exitOK || !strings.Contains(errs, tc.want) {
			t.Errorf("%s: got %d %s", tc.path, code, errs)
		}
		if err := os.Chmod(path, info.Mode()); err != nil {
			t.Fatal(err)
		}
	}
	if _, errs, code := cli(t, "", "check", "--config", configFile(t, dir, config)); code != exitOK {
		t.Errorf("got %d %s", code, errs)
	}
}

// Ensure commands find the server by a configuration that has become wrong: they tell what is wrong.
func TestCommandsWithAConfigurationThatIsWrong(t *testing.T) {
	s := startFlows(t, `  numbers: [{match: "495*", flow: incoming, fallback: hangup}]
`, map[string]string{"incoming.ts": `export default function (call: Call) { call.answer() }`})
	if err := os.Remove(filepath.Join(s.dir, "flows", "incoming.ts")); err != nil {
		t.Fatal(err)
	}
	out, errs, code := cli(t, "", "flow", "list", "-c", s.path)
	if code != exitOK || !strings.Contains(out, "incoming") {
		t.Errorf("got %d %s%s, want the list", code, out, errs)
	}
	s.write("data: [")
	if _, errs, code = cli(t, "", "flow", "list", "-c", s.path); code == exitOK || !strings.Contains(errs, "octolink.yaml:1:") {
		t.Errorf("got %d %s, want what is wrong", code, errs)
	}
}

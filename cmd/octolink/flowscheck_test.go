package main

import (
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

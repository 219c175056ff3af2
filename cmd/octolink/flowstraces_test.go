package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/octolink/octolink/web"
)

// Ensure of a long run its beginning and its end are kept.
func TestLongTraces(t *testing.T) {
	trace := web.FlowTrace{Run: "r", Left: 100}
	for i := range 500 {
		trace.Steps = append(trace.Steps, web.FlowStep{Name: "log", At: float64(i), Args: strings.Repeat("x", 1024)})
	}
	body, err := traceBody(trace)
	if err != nil || len(body) > maxTraceBody || len(body) < maxTraceBody/3 {
		t.Fatalf("got %d bytes, %v", len(body), err)
	}
	var kept web.FlowTrace
	if err := json.Unmarshal(body, &kept); err != nil {
		t.Fatal(err)
	}
	if n := len(kept.Steps); kept.Left+n != 600 || kept.Steps[0].At != 0 || kept.Steps[n-1].At != 499 {
		t.Errorf("got %d steps, %d left out, the last at %v", n, kept.Left, kept.Steps[n-1].At)
	}
	one := web.FlowTrace{Steps: []web.FlowStep{{Args: strings.Repeat("x", 2*maxTraceBody)}}}
	if body, err = traceBody(one); err != nil || len(body) < maxTraceBody {
		t.Errorf("got %d bytes, %v: a single step is kept as it is", len(body), err)
	}
}

// Ensure one service cannot take the room of the others, and that its count outlives a reload.
func TestRunsOfAServiceAreBounded(t *testing.T) {
	config := "  services: [{name: patient, flow: patient, allow: [alice]}, {name: other, flow: quick, allow: [alice]}]\n"
	s := startFlows(t, config, map[string]string{
		"patient.ts": `export default function (start: Start) { if (start.params[0]) sleep(3600) }`, "quick.ts": toldFlow,
	})
	run := func(name, first string) int {
		t.Helper()
		status, _, _ := s.basicGet("/execsvcscript?async=1&name="+name+"&startparam1="+first, "alice", "demo")
		return status
	}
	for range serviceRuns {
		if got := run("patient", "1"); got != 200 {
			t.Fatalf("got %d", got)
		}
	}
	if out, errs, code := s.cli("", "reload"); code != exitOK {
		t.Errorf("got %d %s%s", code, out, errs)
	}
	if got := run("patient", ""); got != 503 {
		t.Errorf("got %d", got)
	}
	if got := run("other", ""); got != 200 {
		t.Errorf("another service: got %d", got)
	}
}

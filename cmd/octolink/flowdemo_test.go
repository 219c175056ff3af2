package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/octolink/octolink/web"
)

// must runs a command that succeeds.
func mustCLI(t *testing.T, args ...string) string {
	t.Helper()
	out, errs, code := cli(t, "", args...)
	if code != exitOK {
		t.Fatalf("%v: got %d\n%s%s", args, code, out, errs)
	}
	return out
}

// soonCLI runs a command until it succeeds: what it needs is about to be there.
func soonCLI(t *testing.T, args ...string) {
	t.Helper()
	soon(t, strings.Join(args, " "), func() bool {
		_, _, code := cli(t, "", args...)
		return code == exitOK
	})
}

// ended waits for the latest run of a flow to end.
func endedRun(t *testing.T, flow string) (ended web.FlowTrace) {
	t.Helper()
	soon(t, "a run of "+flow+" has ended", func() bool {
		out, _, code := cli(t, "", "flow", "trace", "--flow", flow, "--json")
		var list []web.FlowTrace
		if code != exitOK || json.Unmarshal([]byte(out), &list) != nil || len(list) != 1 || list[0].Outcome == "" {
			return false
		}
		ended = list[0]
		return true
	})
	return ended
}

const demoCaller = "79161234567"

// Every example is reached by what the demonstration says, asks its CRMs and ends well.
func TestFlowsOfTheDemo(t *testing.T) {
	declared, err := os.ReadFile("../../flows/octolink.d.ts")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	p := launch(t)
	defer func() {
		p.signal(os.Interrupt)
		p.wait()
	}()
	soon(t, "all CRMs are there", func() bool {
		out, _, _ := cli(t, "", "crm", "list")
		return strings.Contains(out, "billing\n") && strings.Contains(out, "contacts\n") && strings.Contains(out, "crm\n")
	})
	soon(t, "Elena works in her CRM", func() bool {
		out, _, _ := cli(t, "", "status")
		return strings.Contains(out, "introduced") && strings.Contains(out, "users: 1,")
	})
	list := mustCLI(t, "flow", "list")
	for _, want := range []string{"number 701", "number 702", "number 703", "queue 700 abandoned", "event rated", "service balance"} {
		if !strings.Contains(list, want) {
			t.Errorf("no %q in\n%s", want, list)
		}
	}
	if out := mustCLI(t, "flow", "check", "octolink-demo/flows", "--live"); strings.Contains(out, "warning") {
		t.Errorf("got\n%s", out)
	}
	if types := mustCLI(t, "flow", "types"); types != string(declared) {
		t.Errorf("flows/octolink.d.ts is not what the demonstration declares; octolink flow types -o flows/octolink.d.ts writes it:\n%s", types)
	}
	t.Run("incoming", demoIncomingCall)
	t.Run("balance", demoBalanceCall)
	t.Run("survey", demoSurveyCall)
	t.Run("missed", demoMissedCall)
	t.Run("account", func(t *testing.T) {
		if out := mustCLI(t, "flow", "run", "account", demoCaller); !strings.Contains(out, `returned after `) || !strings.Contains(out, `: "1250.50 roubles"`) {
			t.Errorf("got\n%s", out)
		}
	})
}

func demoIncomingCall(t *testing.T) {
	mustCLI(t, "sim", "ring", "--from", demoCaller, "--to", demoIncoming)
	soonCLI(t, "sim", "answer", "300") // Alice looks after him
	soonCLI(t, "sim", "hangup", "300")
	got := endedRun(t, "incoming")
	if got.Outcome != "returned" || got.Fallback != "" || !strings.HasPrefix(steps(got), "crm.contacts.find call.tag notify") {
		t.Errorf("got %+v", got)
	}
	if out := mustCLI(t, "flow", "trace", got.Chain); !strings.Contains(out, `call.dial("to":["alice"]`) || !strings.Contains(out, "Anna Sidorova") {
		t.Errorf("got\n%s", out)
	}
}

func demoBalanceCall(t *testing.T) {
	mustCLI(t, "sim", "ring", "--from", demoCaller, "--to", demoBalance)
	soonCLI(t, "sim", "press", demoCaller, "2")
	soon(t, "he waits in the queue", func() bool {
		out, _, _ := cli(t, "", "flow", "trace", "--flow", "balance")
		return strings.Contains(out, "call.queue(")
	})
	mustCLI(t, "sim", "hangup", demoCaller)
	if got := endedRun(t, "balance"); got.Outcome != "hung up" || !strings.Contains(fmt.Sprint(got.Steps), "1250.50 roubles") {
		t.Errorf("got %+v", got)
	}
}

func demoSurveyCall(t *testing.T) {
	mustCLI(t, "sim", "ring", "--from", demoCaller, "--to", demoSurvey)
	soonCLI(t, "sim", "answer", "304")
	soonCLI(t, "sim", "hangup", "304")
	soonCLI(t, "sim", "press", demoCaller, "5")
	if got := endedRun(t, "survey"); got.Outcome != "returned" || !strings.Contains(fmt.Sprint(got.Steps), "rated") {
		t.Errorf("got %+v", got)
	}
	if got := endedRun(t, "review"); got.Returned != `"mark 5 for elena, Question: 79161234567 was called back by elena"` {
		t.Errorf("got %+v", got)
	}
}

func demoMissedCall(t *testing.T) {
	const other = "74951112233" // the first one has waited in the queue before, and is not due again
	mustCLI(t, "sim", "ring", "--from", other, "--to", demoQueue)
	soonCLI(t, "sim", "hangup", other)
	var got web.FlowTrace
	soon(t, "he is called back", func() bool {
		got = endedRun(t, "missed")
		return strings.Contains(fmt.Sprint(got.Steps), other)
	})
	switch got.Returned {
	case `"called back by boris"`, `"too late in the day"`: // it looks at the clock
	default:
		t.Errorf("got %+v", got)
	}
}

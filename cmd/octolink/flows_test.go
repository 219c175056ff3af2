package main

import (
	"encoding/base64"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octolink/octolink/protocol/wire"
	"github.com/octolink/octolink/store"
	"github.com/octolink/octolink/web"
)

// house is people and a configuration of flows; the flows stand beside it.
func flowHouse(flows string) string {
	return strings.Replace(people, "subordinates: [boris]", "subordinates: [boris], supervisor: true", 1) + "flows:\n" + flows
}

// writeFlows writes scripts beside a configuration.
func writeFlows(t *testing.T, dir string, scripts map[string]string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(dir, "flows"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range scripts {
		if err := os.WriteFile(filepath.Join(dir, "flows", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// startFlows runs a server with flows.
func startFlows(t *testing.T, flows string, scripts map[string]string) *running {
	t.Helper()
	dir := t.TempDir()
	writeFlows(t, dir, scripts)
	return start(t, dir, flowHouse(flows))
}

// admin is a client of the server's admin socket.
func (r *running) admin() *web.AdminClient {
	return web.NewAdminClient(filepath.Join(r.dir, "data", adminSocket))
}

// trace waits for the trace of a flow's run that has ended.
func (r *running) trace(q web.TraceQuery) web.FlowTrace {
	r.t.Helper()
	var found web.FlowTrace
	soon(r.t, "a run of "+q.Flow+" has ended", func() bool {
		list, err := r.admin().FlowTraces(r.t.Context(), q)
		if err != nil {
			r.t.Fatal(err)
		}
		for _, one := range list {
			if one.Outcome != "" {
				found = one
				return true
			}
		}
		return false
	})
	return found
}

// steps are the names of what a run did.
func steps(t web.FlowTrace) string {
	var names []string
	for _, s := range t.Steps {
		names = append(names, s.Name)
	}
	return strings.Join(names, " ")
}

func TestCallLedByAFlow(t *testing.T) {
	s := startFlows(t, `  numbers: [{match: "700", flow: incoming, fallback: "queue:700"}]
`, map[string]string{"incoming.ts": `
export default function incoming(call: Call) {
  call.answer();
  call.tag("who", call.from);
  const talk = call.dial("300", { timeout: 20 });
  log("the talk ended", talk.reason);
}`})
	alice := s.tab(wire.JSON)
	alice.logIn("alice", "demo")
	s.sim("ring", `{"from":"79161234567","to":"700"}`)
	ring := alice.event("phoneevent_ringstarted")
	if got := text(ring, "callerid"); got != "79161234567" {
		t.Errorf("got caller %q", got)
	}
	soon(t, "the status shows the run", func() bool {
		status, err := s.admin().Status(t.Context())
		return err == nil && status.Flows.Running == 1 && status.Flows.Flows == 1
	})
	if page := s.metrics(); !strings.Contains(page, "\noctolink_flows_running 1\n") {
		t.Error("no metric of the run")
	}
	alice.must("pbxanswercall", nil)
	alice.event("phoneevent_commstarted")
	s.sim("hangup", `{"number":"300"}`) // the caller is back in the flow, which lets him go
	trace := s.trace(web.TraceQuery{Flow: "incoming"})
	if trace.Outcome != "returned" || trace.Fallback != "" || steps(trace) != "call.answer call.tag call.dial log" || trace.Chain != text(ring, "chainid") {
		t.Errorf("got %+v", trace)
	}
	soon(t, "the journal has the call", func() bool {
		list, err := s.m.store.Journal(t.Context(), store.JournalFilter{Chain: trace.Chain})
		return err == nil && len(list) > 0
	})
	if page := s.metrics(); !strings.Contains(page, `octolink_flow_runs_total{flow="incoming",outcome="returned"} 1`) {
		t.Error("no metric of the run that ended")
	}
	out, _, _ := s.cli("", "status")
	if !strings.Contains(out, "flows ") || !strings.Contains(out, "1, runs: 0") {
		t.Errorf("got\n%s", out)
	}
}

// Ensure a caller is never left in the air: whatever is wrong with the flow, the number's rule counts.
func TestFallbackOfBrokenFlows(t *testing.T) {
	for _, tc := range []struct{ name, script, outcome, reason string }{
		{"throws", `export default function (call) { throw new Error("oops") }`, "threw", "oops"},
		{"does not compile", `export default function (call) {{{`, "refused", "does not compile"},
		{"loops", `export default function (call) { for (;;) {} }`, "limit", "worked for longer"},
		{"does nothing", `export default function (call) {}`, "returned", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := startFlows(t, `  numbers: [{match: "700", flow: incoming, fallback: "user:alice"}]
`, map[string]string{"incoming.js": tc.script})
			alice := s.tab(wire.JSON)
			alice.logIn("alice", "demo")
			s.sim("ring", `{"from":"79161234567","to":"700"}`)
			alice.event("phoneevent_ringstarted")
			trace := s.trace(web.TraceQuery{Flow: "incoming"})
			if trace.Outcome != tc.outcome || !strings.Contains(trace.Reason, tc.reason) || trace.Fallback != "user:alice" {
				t.Errorf("got %+v", trace)
			}
		})
	}
}

func TestFullEngine(t *testing.T) {
	s := startFlows(t, `  runs: 1
  numbers: [{match: "700", flow: patient, fallback: "user:alice"}]
  services: [{name: patient, flow: patient, allow: [alice]}]
`, map[string]string{"patient.ts": `export default function () { sleep(3600) }`})
	alice := s.tab(wire.JSON)
	alice.logIn("alice", "demo")
	alice.must("execsvcscript", wire.Object{{Key: "scriptname", Value: "patient"}})
	s.sim("ring", `{"from":"79161234567","to":"700"}`)
	alice.event("phoneevent_ringstarted")
	answer := alice.ask("execsvcscript", wire.Object{{Key: "scriptname", Value: "patient"}})
	if text(answer, "error") != "503" {
		t.Errorf("got %v", answer)
	}
	soon(t, "the log says why", func() bool {
		log := s.log.String()
		return strings.Contains(log, "a call's flow is not started") && strings.Contains(log, "too many flows run at once: 1")
	})
}

// Ensure services cannot take the room of calls.
func TestCallsHaveRoomOfTheirOwn(t *testing.T) {
	s := startFlows(t, `  runs: 10
  numbers: [{match: "700", flow: patient, fallback: "user:alice"}]
  services: [{name: patient, flow: patient, allow: [alice]}]
  events: [{event: e, flow: patient}]
`, map[string]string{"patient.ts": `export default function () { sleep(3600) }`})
	alice := s.tab(wire.JSON)
	alice.logIn("alice", "demo")
	for range 9 {
		alice.must("execsvcscript", wire.Object{{Key: "scriptname", Value: "patient"}})
	}
	if answer := alice.ask("execsvcscript", wire.Object{{Key: "scriptname", Value: "patient"}}); text(answer, "error") != "503" {
		t.Errorf("got %v", answer)
	}
	alice.must("triggercustomevent", wire.Object{{Key: "eventname", Value: "e"}})
	soon(t, "the log says that the event started nothing", func() bool {
		return strings.Contains(s.log.String(), `a flow is not started`) && strings.Contains(s.log.String(), "the rest of the room is for calls")
	})
	s.sim("ring", `{"from":"79161234567","to":"700"}`)
	soon(t, "the call has its flow", func() bool { return s.m.flows.engine.Stats().Running == 10 })
}

const balanceFlow = `
export default function balance(start: Start) {
  if (start.params[0] === "late") sleep(30);
  if (start.params[0] === "broken") throw new Error("oops");
  if (start.params[0] === "file") return ["price.txt", "file"];
  if (start.params[0] === "plain") return ["<b>" + start.params[1] + "</b>", 201, { "Content-Type": "text/html", "X-Total": 7, "X-Bad": "a\r\nSet-Cookie: b" }];
  return start.user + " has " + start.params.join("+");
}`

const balanceServices = `  files: ./files
  services:
    - {name: GetBalance, flow: balance, allow: [alice]}
    - {name: closed, flow: balance}
`

func TestServices(t *testing.T) {
	dir := t.TempDir()
	writeFlows(t, dir, map[string]string{"balance.ts": balanceFlow})
	if err := os.Mkdir(filepath.Join(dir, "files"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "files", "price.txt"), []byte("17"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := start(t, dir, flowHouse(balanceServices))
	for _, f := range []wire.Format{wire.JSON, wire.XML} {
		alice := s.tab(f)
		alice.logIn("alice", "demo")
		ask := func(name string, fields ...wire.Member) wire.Object {
			t.Helper()
			return alice.ask("execsvcscript", append(wire.Object{{Key: "scriptname", Value: name}, {Key: "waitresponse", Value: true}}, fields...))
		}
		first := func(v string) wire.Member { return wire.Member{Key: "startparam1", Value: v} }
		if got := ask("getbalance", first("a"), wire.Member{Key: "startparam3", Value: wire.Number("5")}); text(got, "returnvalue") != "alice has a++5" || text(got, "started") != "1" || text(got, "startresult") != "0" {
			t.Errorf("got %v", got)
		}
		if got := ask("getbalance", first("late"), wire.Member{Key: "waittimeoutsec", Value: wire.Number("1")}); text(got, "error") != "504" {
			t.Errorf("got %v", got)
		}
		if got := ask("getbalance", first("broken")); text(got, "error") != "500" {
			t.Errorf("got %v", got)
		}
		if got := ask("closed"); text(got, "error") != "403" {
			t.Errorf("got %v", got)
		}
		if got := ask("nosuch"); text(got, "error") != "422" {
			t.Errorf("got %v", got)
		}
	}
	for _, tc := range []struct {
		path, login, password string
		status                int
		text                  string
	}{
		{"/execsvcscript?name=GetBalance&startparam1=x", "alice", "demo", 200, "<![CDATA[alice has x]]>"},
		{"/execsvcscriptplain?name=getbalance&startparam1=x", "ALICE", "demo", 200, "alice has x"},
		{"/execsvcscriptplain?name=getbalance&startparam1=plain&startparam2=hi", "alice", "demo", 201, "<b>hi</b>"},
		{"/execsvcscriptplain?name=getbalance&startparam1=file", "alice", "demo", 200, "17"},
		{"/execsvcscript?name=getbalance&async=1", "alice", "demo", 200, "<![CDATA[]]>"},
		{"/execsvcscript?name=getbalance", "", "", 401, "show a user's login and password"},
		{"/execsvcscript?name=getbalance", "alice", "wrong", 401, "show a user's login and password"},
		{"/execsvcscript?name=getbalance", "boris", "Пароль1", 403, "not for this caller"},
		{"/execsvcscript?name=closed", "alice", "demo", 403, "not for this caller"},
		{"/execsvcscript?name=nosuch", "alice", "demo", 404, "no such service"},
		{"/execsvcscript?name=getbalance&startparam1=broken", "alice", "demo", 500, "ended with an error"},
		{"/execsvcscript?name=getbalance&startparam1=late&timeout=1", "alice", "demo", 504, "did not end in time"},
	} {
		status, header, body := s.basicGet(tc.path, tc.login, tc.password)
		if status != tc.status || !strings.Contains(body, tc.text) {
			t.Errorf("%s as %s: got %d %s", tc.path, tc.login, status, body)
		}
		if tc.status == 201 && (header.Get("Content-Type") != "text/html" || header.Get("X-Total") != "7" || header.Get("X-Bad") != "" || header.Get("Set-Cookie") != "") {
			t.Errorf("got %v", header)
		}
	}
}

func (r *running) basicGet(path, login, password string) (int, http.Header, string) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, "http://"+r.address("listen.http")+path, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	if login != "" {
		req.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(login+":"+password)))
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(body)
}

package main

import (
	"strings"
	"testing"

	"github.com/octolink/octolink/protocol/wire"
	"github.com/octolink/octolink/web"
)

// told is a flow that returns what it was told of what started it.
const toldFlow = `export default function (start: Start) { return start }`

func TestTriggersOfAServer(t *testing.T) {
	s := startFlows(t, `  queues:
    - {queue: "700", on: waiting, after: 1s, flow: waiting}
    - {queue: "700", on: abandoned, flow: abandoned}
    - {queue: "700", on: answered, flow: answered}
  states: [{user: "*", state: break, flow: state}]
  timers: [{every: 1s, flow: timer}]
  events: [{event: paid, flow: event}]
`, map[string]string{
		"waiting.ts": toldFlow, "abandoned.ts": toldFlow, "answered.ts": toldFlow, "state.ts": toldFlow, "timer.ts": toldFlow, "event.ts": toldFlow,
	})
	told := func(flow string, wants ...string) {
		t.Helper()
		trace := s.trace(web.TraceQuery{Flow: flow})
		for _, want := range wants {
			if !strings.Contains(trace.Returned, want) {
				t.Errorf("%s: no %s in %+v", flow, want, trace)
			}
		}
	}
	alice := s.tab(wire.JSON)
	alice.logIn("alice", "demo")
	alice.must("triggercustomevent", wire.Object{{Key: "eventname", Value: "paid"}, {Key: "eventparam", Value: wire.Object{{Key: "sum", Value: wire.Number("17.5")}}}})
	told("event", `"kind":"event"`, `"event":"paid"`, `"data":{"sum":17.5}`, `"user":"alice"`)
	told("timer", `"kind":"timer"`, `"time":"20`)
	s.sim("ring", `{"from":"79161234567","to":"700"}`)
	told("waiting", `"kind":"queue"`, `"on":"waiting"`, `"queue":"700"`, `"from":"79161234567"`, `"waited":1`, `"call":"`)
	s.sim("hangup", `{"number":"79161234567"}`)
	told("abandoned", `"on":"abandoned"`, `"from":"79161234567"`)
	alice.must("entercallcenter", nil)
	s.sim("ring", `{"from":"74951112233","to":"700"}`)
	alice.event("phoneevent_ringstarted")
	alice.must("pbxanswercall", nil)
	told("answered", `"on":"answered"`, `"from":"74951112233"`, `"user":"alice"`)
	s.sim("hangup", `{"number":"74951112233"}`)
	alice.event("phoneevent_commstopped")
	alice.must("setuserstate", wire.Object{{Key: "userstateid", Value: wire.Number("2")}, {Key: "lunchreasonid", Value: wire.Number("4")}})
	told("state", `"kind":"state"`, `"state":"break"`, `"user":"alice"`, `"breakId":4`)
}

// Ensure a caller who gives up in a queue where a flow has put him counts as one who gave up there.
func TestCallerOfAFlowGivesUpInAQueue(t *testing.T) {
	s := startFlows(t, `  numbers: [{match: "495*", flow: incoming, fallback: "queue:700"}]
  queues: [{queue: "700", on: abandoned, flow: missed}]
`, map[string]string{
		"incoming.ts": `export default function (call: Call) { call.queue("700") }`,
		"missed.ts":   toldFlow,
	})
	s.sim("ring", `{"from":"79161234567","to":"4951234567"}`)
	soon(t, "he waits", func() bool { return len(s.m.sw.Waiting("700")) == 1 })
	s.sim("hangup", `{"number":"79161234567"}`)
	if trace := s.trace(web.TraceQuery{Flow: "missed"}); !strings.Contains(trace.Returned, `"from":"79161234567"`) {
		t.Errorf("got %+v", trace)
	}
	if trace := s.trace(web.TraceQuery{Flow: "incoming"}); trace.Outcome != "hung up" {
		t.Errorf("got %+v", trace)
	}
}

// Ensure events and flows that cause each other come to an end.
func TestEventsInACircle(t *testing.T) {
	s := startFlows(t, `  events: [{event: ping, flow: pong}]
`, map[string]string{"pong.ts": `export default function (start: Start) { events.emit("ping", { n: (start.data?.n ?? 0) + 1 }) }`})
	alice := s.tab(wire.JSON)
	alice.logIn("alice", "demo")
	alice.must("subscribeevent", wire.Object{{Key: "eventmethod", Value: wire.List{"customevent"}}})
	alice.must("triggercustomevent", wire.Object{{Key: "eventname", Value: "ping"}, {Key: "recipients", Value: wire.List{"nobody"}}})
	for n := 1; n <= 8; n++ { // clients hear what flows tell
		if e := alice.event("customevent"); text(e, "eventparam", "n") != string(rune('0'+n)) || text(e, "senderlogin") != "" {
			t.Errorf("got %v, want %d", e, n)
		}
	}
	soon(t, "the log says why no more run", func() bool {
		log := s.log.String()
		return strings.Contains(log, "events and flows cause each other in a circle") && strings.Contains(log, "depth=8")
	})
	list, err := s.admin().FlowTraces(t.Context(), web.TraceQuery{Flow: "pong"})
	if err != nil || len(list) != 8 {
		t.Errorf("got %d runs, %v, want 8", len(list), err)
	}
}

// Ensure a reload changes what starts flows and disturbs no run.
func TestReloadOfFlows(t *testing.T) {
	dir := t.TempDir()
	writeFlows(t, dir, map[string]string{
		"incoming.ts": `export default function (call: Call) { call.answer(); return call.collect("number?", { max: 1, timeout: 60 }) }`,
		"other.ts":    toldFlow,
		"unused.ts":   "export default function () { crm.nobody.find({}) }",
	})
	config := flowHouse("  numbers: [{match: \"4951*\", flow: incoming, fallback: \"queue:700\"}]\n")
	s := start(t, dir, config)
	s.sim("ring", `{"from":"79161234567","to":"4951234567"}`)
	running := func() int { return s.m.flows.engine.Stats().Running }
	soon(t, "the flow runs", func() bool { return running() == 1 })

	writeFlows(t, dir, map[string]string{"incoming.ts": `export default function (call: Call) { return "the new one" }`, "broken.ts": `export default {{`})
	s.write(strings.Replace(config, "4951*", "4952*", 1) + "  events: [{event: paid, flow: other}]\n  services: [{name: a, flow: other, allow: [alice]}]\n")
	out, errs, code := s.cli("", "reload")
	for _, want := range []string{"flow number 4952* added", "flow number 4951* removed", "flow for event paid other added", "service a added", "a flow does not compile: broken.ts:1:"} {
		if code != exitOK || !strings.Contains(out, want) {
			t.Errorf("no %q in %d %s%s", want, code, out, errs)
		}
	}
	if running() != 1 {
		t.Error("a reload ends a run")
	}
	alice := s.tab(wire.JSON)
	alice.logIn("alice", "demo")
	alice.must("execsvcscript", wire.Object{{Key: "scriptname", Value: "a"}})
	alice.must("triggercustomevent", wire.Object{{Key: "eventname", Value: "paid"}})
	soon(t, "the event's flow has run", func() bool {
		list, err := s.admin().FlowTraces(t.Context(), web.TraceQuery{Flow: "other"})
		return err == nil && len(list) == 2 && list[0].Outcome == "returned" && list[1].Outcome == "returned"
	})
	s.sim("ring", `{"from":"79160000000","to":"4952234567"}`)
	if trace := s.trace(web.TraceQuery{Flow: "incoming"}); trace.Returned != `"the new one"` || trace.Version != 2 {
		t.Errorf("got %+v", trace)
	}
	s.sim("hangup", `{"number":"79161234567"}`)
	soon(t, "the old run has ended", func() bool { return running() == 0 })

	writeFlows(t, dir, map[string]string{"other.ts": `export default (((`}) // the last good version serves on
	if out, _, code = s.cli("", "reload"); code != exitOK || !strings.Contains(out, "a flow does not compile: other.ts:1:") {
		t.Errorf("got %d %s", code, out)
	}
	if got := alice.must("execsvcscript", wire.Object{{Key: "scriptname", Value: "a"}, {Key: "waitresponse", Value: true}}); !strings.Contains(text(got, "returnvalue"), `"service":"a"`) {
		t.Errorf("got %v", got)
	}
	if out, _, _ = s.cli("", "status"); !strings.Contains(out, "broken: other.ts:1:") {
		t.Errorf("got\n%s", out)
	}
	s.write(strings.Replace(config, "flow: incoming", "flow: nosuch", 1)) // a file with mistakes changes nothing
	if _, errs, code = s.cli("", "reload"); code != exitFailed || !strings.Contains(errs, "no flow nosuch") {
		t.Errorf("got %d %s", code, errs)
	}
	list, err := s.admin().Flows(t.Context())
	if err != nil || len(list) != 4 || list[0].Name != "broken" || list[0].Version != 0 || list[2].Name != "other" || list[2].Version != 1 ||
		len(list[2].Triggers) != 2 || len(list[3].Warnings) != 1 || !strings.HasPrefix(list[3].Warnings[0], "unused.ts:1:") {
		t.Errorf("got %+v, %v", list, err)
	}
}

// Ensure a server that stops gives runs a time of grace and leaves no caller in the air.
func TestShutdownWithRunningFlows(t *testing.T) {
	s := startFlows(t, `  numbers: [{match: "495*", flow: incoming, fallback: "queue:700"}]
  services: [{name: slow, flow: slow, allow: [alice]}]
`, map[string]string{
		"incoming.ts": `export default function (call: Call) { call.answer(); call.collect("number?", { timeout: 60 }) }`,
		"slow.ts":     `export default function () { sleep(1); return "done" }`,
	})
	alice := s.tab(wire.JSON)
	alice.logIn("alice", "demo")
	s.sim("ring", `{"from":"79161234567","to":"4951234567"}`)
	alice.send("execsvcscript", wire.Object{{Key: "scriptname", Value: "slow"}, {Key: "waitresponse", Value: true}})
	soon(t, "both run", func() bool { return s.m.flows.engine.Stats().Running == 2 })
	s.end()
	if answer := alice.tree(alice.receive()); text(answer, "returnvalue") != "done" {
		t.Errorf("got %v: a service that ends within the grace is answered", answer)
	}
	s.stop()
	again := start(t, s.dir, flowHouse("  dir: ./flows\n"))
	list, err := again.admin().FlowTraces(t.Context(), web.TraceQuery{Flow: "incoming"})
	if err != nil || len(list) != 1 || list[0].Outcome != "gone" || list[0].Fallback != "queue:700" {
		t.Errorf("got %+v, %v", list, err)
	}
}

// Ensure a flow that wants a user who is not there is told so, and can go on.
func TestFormsForNobody(t *testing.T) {
	dir := t.TempDir()
	addPlugin(t, dir, "contacts", "")
	writeFlows(t, dir, map[string]string{"ask.ts": `
export default function (start: Start) {
  const said: string[] = [];
  const attempt = (what: () => unknown) => { try { what(); said.push("fine") } catch (e) { said.push(e.name) } };
  attempt(() => crm.contacts.contact.show("boris", {}));
  attempt(() => crm.contacts.nosuch.show("boris", {}));
  attempt(() => notify("boris", "hello"));
  attempt(() => notify("nobody", "hello"));
  attempt(() => callback("nobody", "300"));
  attempt(() => kv.set("n", (kv.get("n") ?? 0) + 1));
  attempt(() => notify("alice", "number " + kv.get("n")));
  return said.join(" ");
}`})
	s := start(t, dir, flowHouse("  services: [{name: ask, flow: ask, allow: [alice]}]\n")+"plugins: {enabled: [contacts]}\n")
	s.hasMethod("contacts", "find")
	alice := s.tab(wire.JSON)
	alice.logIn("alice", "demo")
	alice.must("subscribeevent", wire.Object{{Key: "eventmethod", Value: wire.List{"shownotifymessage"}}})
	for _, n := range []string{"1", "2"} { // what a flow keeps is there for its next run
		answer := alice.must("execsvcscript", wire.Object{{Key: "scriptname", Value: "ask"}, {Key: "waitresponse", Value: true}})
		if got := text(answer, "returnvalue"); got != "NobodyError CrmError NobodyError Error Error fine fine" {
			t.Errorf("got %s", got)
		}
		if e := alice.event("shownotifymessage"); text(e, "text") != "number "+n {
			t.Errorf("got %v", e)
		}
	}
}

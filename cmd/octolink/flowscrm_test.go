package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/octolink/octolink/crmsim"
	"github.com/octolink/octolink/protocol/wire"
	"github.com/octolink/octolink/store"
	"github.com/octolink/octolink/web"
)

// simulatedCRM runs a CRM with a script until the test ends.
func simulatedCRM(t *testing.T, o crmsim.Options, script string) *crmsim.CRM {
	t.Helper()
	parsed, err := crmsim.ParseScript([]byte(script))
	if err != nil {
		t.Fatal(err)
	}
	o.Script = parsed
	crm := crmsim.New(o)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- crm.Run(ctx) }()
	if crm.Addr() == "" {
		cancel()
		t.Fatal(<-ended)
	}
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	return crm
}

// findScript answers find as the contacts plugin does, and fails in its own ways.
func findScript(name, more string) string {
	return fmt.Sprintf(`
methods:
  - key: find
    in: [{key: phone, type: string}]
    out: [{key: found, type: bool}, {key: name}, {key: responsible}]
    answers:
      - when: {phone: "79161234567"}
        out: {found: true, name: %s, responsible: alice}
      - when: {phone: "0"}
        error: {code: 400, text: no digits}
%s      - out: {found: false, name: "", responsible: ""}
`, name, more)
}

// threeCRMs is a configuration with a CRM behind a WebSocket, one behind an HTTP address and one in a
// plugin's process.
func threeCRMs(t *testing.T, dir string, ws, posted *crmsim.CRM, flows string) string {
	t.Helper()
	addPlugin(t, dir, "contacts", "")
	book := "phone,name,responsible\n79161234567,Anna in a plugin,alice\n"
	if err := os.WriteFile(filepath.Join(dir, "plugins", "contacts", "contacts.csv"), []byte(book), 0o600); err != nil {
		t.Fatal(err)
	}
	return flowHouse(flows) + fmt.Sprintf(`
links:
  - {name: ws, mode: ws-out, address: %q}
  - {name: posted, mode: http, url: "http://%s/"}
plugins: {enabled: [contacts]}
`, ws.Addr(), posted.Addr())
}

// offers waits until somebody offers a method.
func (r *running) hasMethod(provider, method string) {
	r.t.Helper()
	soon(r.t, provider+" offers "+method, func() bool {
		p, err := r.m.api.CRMs().Provider(provider)
		if err != nil {
			return false
		}
		_, ok := p.Catalog().Method(method)
		return ok
	})
}

const storyFlow = `
// One function, whatever stands behind the name.
function ask(provider: string, phone: string) {
  return crm[provider].find({ phone }, { timeout: 10 });
}

export default function incoming(call: Call) {
  const known = ["ws", "posted", "contacts"].map((provider) => ask(provider, call.from));
  call.tag("names", known.map((one) => one.name).join(", "));
  const responsible = known[2].responsible;
  const form = crm.contacts.contact.show(responsible, { phone: call.from, name: known[0].name }, { timeout: 20 });
  call.tag("form", form.button + " " + form.values.result);
  const talk = call.dial(responsible, { timeout: 20 });
  call.tag("talk", talk.reason);
  call.hangup();
}`

// A call from its arrival to the journal: three CRMs are asked by one function, a form appears in two
// tabs, one of them answers and the other one closes it, the responsible gets the call.
func TestStoryOfACall(t *testing.T) {
	dir := t.TempDir()
	writeFlows(t, dir, map[string]string{"incoming.ts": storyFlow})
	ws := simulatedCRM(t, crmsim.Options{Mode: crmsim.WSOut}, findScript("Anna behind a WebSocket", ""))
	posted := simulatedCRM(t, crmsim.Options{Mode: crmsim.HTTP}, findScript("Anna behind HTTP", ""))
	s := start(t, dir, threeCRMs(t, dir, ws, posted, `  numbers: [{match: "495*", flow: incoming, fallback: "queue:700"}]
`))
	for _, provider := range []string{"ws", "posted", "contacts"} {
		s.hasMethod(provider, "find")
	}
	first, second := s.tab(wire.JSON), s.tab(wire.XML)
	for _, tab := range []*tab{first, second} {
		tab.logIn("alice", "demo")
		tab.must("subscribeevent", wire.Object{{Key: "eventmethod", Value: wire.List{"forms"}}})
	}
	s.sim("ring", `{"from":"79161234567","to":"4951234567"}`)
	shown := first.event("showform")
	if text(shown, "formkey") != "contact" || text(shown, "inputparameters", "name") != "Anna behind a WebSocket" || text(shown, "callerid") != "79161234567" {
		t.Errorf("got form %v", shown)
	}
	same := second.event("showform")
	if text(same, "windowid") != text(shown, "windowid") || text(same, "chainid") == "" {
		t.Errorf("got form %v in the second tab", same)
	}
	answer := wire.Object{{Key: "windowid", Value: text(same, "windowid")}, {Key: "button", Value: "save"},
		{Key: "outputparameters", Value: wire.Object{{Key: "result", Value: "done"}}}}
	second.send("formresult", answer)
	closed := first.event("closeform")
	if text(closed, "windowid") != text(shown, "windowid") {
		t.Errorf("got %v", closed)
	}
	answer[1].Value = "cancel"
	first.send("formresult", answer) // too late
	ring := first.event("phoneevent_ringstarted")
	chain := text(ring, "chainid")
	if chain != text(shown, "chainid") || text(ring, "callerid") != "79161234567" {
		t.Errorf("got ring %v", ring)
	}
	first.must("pbxanswercall", nil)
	first.event("phoneevent_commstarted")
	s.sim("hangup", `{"number":"300"}`)
	trace := s.trace(web.TraceQuery{Call: chain})
	if trace.Outcome != "returned" || trace.Fallback != "" || trace.Flow != "incoming" ||
		steps(trace) != "crm.ws.find crm.posted.find crm.contacts.find call.tag crm.contacts.contact.show call.tag call.dial call.tag call.hangup" {
		t.Errorf("got %+v", trace)
	}
	if got := trace.Steps[1]; got.Error != "" || !strings.Contains(got.Args, "79161234567") || !strings.Contains(got.Result, "Anna behind HTTP") {
		t.Errorf("got step %+v", got)
	}
	want := "[{names Anna behind a WebSocket, Anna behind HTTP, Anna in a plugin} {form save done} {talk talked}]"
	soon(t, "the journal tells the story", func() bool {
		list, err := s.m.store.Journal(t.Context(), store.JournalFilter{Chain: chain})
		for _, r := range list {
			if r.Login == "" && !r.Ended.IsZero() {
				if got := fmt.Sprint(r.Tags); got != want || r.Flow != "incoming" || r.Outcome != "answered" {
					t.Fatalf("got journal %+v, want the tags %s", r, want)
				}
				return true
			}
		}
		return err != nil
	})
	status, _, body := s.basicGet("/flows/trace?call="+chain, "alice", "demo") // a supervisor
	if status != 200 || !strings.Contains(body, `"crm.contacts.contact.show"`) {
		t.Errorf("got %d %s", status, body)
	}
}

const askFlow = `
export default function ask(start: Start) {
  const [provider, phone] = start.params;
  try {
    return crm[provider].find({ phone }, { timeout: phone === "late" ? 0.5 : 30 }).name || "nobody";
  } catch (e) {
    return [e.name, e.code, e.timeout].join(" ");
  }
}`

// Ensure a script cannot tell by how a CRM fails what kind of CRM it is, and that it always hears of it.
func TestFailingCRMsAreAllAlike(t *testing.T) {
	dir := t.TempDir()
	writeFlows(t, dir, map[string]string{"ask.ts": askFlow})
	more := "      - {when: {phone: late}, delay: 5s, out: {name: late}}\n" +
		"      - {when: {phone: huge}, out: {name: \"" + strings.Repeat("x", 2<<20) + "\"}}\n"
	ws := simulatedCRM(t, crmsim.Options{Mode: crmsim.WSOut}, findScript("Anna", more))
	posted := simulatedCRM(t, crmsim.Options{Mode: crmsim.HTTP}, findScript("Anna", more))
	s := start(t, dir, threeCRMs(t, dir, ws, posted, "  services: [{name: ask, flow: ask, allow: [alice]}]\n"))
	ask := func(provider, phone string) string {
		t.Helper()
		status, _, body := s.basicGet("/execsvcscriptplain?timeout=60&name=ask&startparam1="+provider+"&startparam2="+phone, "alice", "demo")
		if status != 200 {
			t.Fatalf("got %d %s", status, body)
		}
		return body
	}
	want := func(what, provider, phone, want string) {
		t.Helper()
		if got := ask(provider, phone); !matches("^("+want+")$", []byte(got)) {
			t.Errorf("%s, %s: got %q, want %s", what, provider, got, want)
		}
	}
	inject := func(c *crmsim.CRM, f crmsim.Fault) {
		t.Helper()
		if err := c.Inject(f); err != nil {
			t.Fatal(err)
		}
	}
	for provider, name := range map[string]string{"ws": "Anna", "posted": "Anna", "contacts": "Anna in a plugin"} {
		s.hasMethod(provider, "find")
		want("right", provider, "79161234567", name)
		want("unknown", provider, "7", "nobody")
	}
	want("refused", "ws", "0", "CrmError 400 false")
	want("refused", "posted", "0", "CrmError 400 false")
	if got := ask("nosuch", "7"); got != "CrmError 404 false" {
		t.Errorf("no such CRM: got %q", got)
	}
	plugin := s.m.ListPlugins()[0].PID
	if err := syscall.Kill(plugin, syscall.SIGSTOP); err != nil { // a process that does not answer
		t.Fatal(err)
	}
	for _, provider := range []string{"ws", "posted", "contacts"} {
		want("late", provider, "late", "CrmError 504 true")
	}
	if err := syscall.Kill(plugin, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	// A message above the limit ends a channel, and is not read over HTTP.
	want("huge", "ws", "huge", "CrmError 410 false")
	soon(t, "the WebSocket is back", func() bool { return ask("ws", "79161234567") == "Anna" })
	inject(posted, crmsim.Fault{Kind: crmsim.Endless, On: "executemethod"})
	want("endless", "posted", "7", "CrmError 500 false")
	inject(posted, crmsim.Fault{Kind: crmsim.Page, On: "executemethod"})
	want("wrong", "posted", "7", "CrmError 500 false")
	inject(ws, crmsim.Fault{Kind: crmsim.Drop, On: "executemethod"})
	want("gone while it works", "ws", "7", "CrmError 410 false")
	inject(posted, crmsim.Fault{Kind: crmsim.Drop, On: "executemethod"})
	want("gone while it works", "posted", "7", "CrmError 410 false")
	if err := syscall.Kill(plugin, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	killed := make(chan error, 1)
	go func() {
		for s.m.ListPlugins()[0].InFlight == 0 {
			runtime.Gosched()
		}
		killed <- syscall.Kill(plugin, syscall.SIGKILL)
	}()
	want("gone while it works", "contacts", "7", "CrmError 410 false")
	if err := <-killed; err != nil {
		t.Fatal(err)
	}
	for provider, name := range map[string]string{"ws": "Anna", "posted": "Anna", "contacts": "Anna in a plugin"} {
		soon(t, provider+" is back", func() bool { return ask(provider, "79161234567") == name })
	}
}

package main

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/octolink/octolink/protocol/wire"
	"github.com/octolink/octolink/transports"
	"github.com/octolink/octolink/web"
)

const twoLinks = people + `
links:
  - {name: crm, mode: ws-in, listen: "127.0.0.1:0", trust: true, forms: {ringing: card}}
  - {name: other, mode: ws-in, listen: "127.0.0.1:0", users: [boris]}
`

func TestCRMFromLoginToHangup(t *testing.T) {
	s := start(t, t.TempDir(), twoLinks)
	crm := s.crm("crm")
	if got := text(crm.ask("login", "ALICE"), "userlogin"); got != "alice" {
		t.Fatalf("got login of %q", got)
	}
	if got := text(crm.ask("getuserstate", "alice"), "userlogin"); got != "alice" {
		t.Errorf("got state of %q", got)
	}
	if got := text(crm.ask("getuserstate", "boris"), "error"); got != "401" {
		t.Errorf("boris is not logged in: got error %q", got)
	}
	tab := s.tab(wire.JSON)
	tab.logIn("alice", "demo")
	s.sim("ring", `{"from":"79161234567","to":"300"}`)
	_, form := crm.wait("showform")
	if got := text(form, "inputparameters", "phone"); got != "79161234567" {
		t.Errorf("got form %v", form)
	}
	crm.wait("phoneevent_ringstarted")
	tab.event("phoneevent_ringstarted")
	if got := text(crm.ask("pbxanswercall", "alice"), "result"); got != "1" {
		t.Errorf("answering: got %q", got)
	}
	crm.wait("phoneevent_commstarted")
	tab.event("phoneevent_commstarted")
	s.sim("hangup", `{"number":"79161234567"}`)
	crm.wait("closeform")

	l := s.link("crm")
	if l.Users != 1 || l.Peer != "Handmade 1.0" || l.Remote == "" || len(l.Faults) != 1 {
		t.Errorf("got status %+v", l)
	}
	out, _, _ := s.cli("", "status")
	for _, want := range []string{"link crm", "introduced since", "Handmade 1.0 at 127.0.0.1:", "users: 1, methods: 1, forms: 1", "catalogue: availablemethods: entry 3", "link other", "listening"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	page := s.metrics()
	for _, want := range []string{`octolink_channels{kind="server",link="crm"} 1`, `octolink_link_up{link="crm"} 1`, `octolink_link_up{link="other"} 0`, `octolink_link_users{link="crm"} 1`} {
		if !strings.Contains(page, want) {
			t.Errorf("no metric %s", want)
		}
	}
}

func TestCRMCommands(t *testing.T) {
	s := start(t, t.TempDir(), twoLinks)
	if out, _, code := s.cli("", "crm", "list"); code != exitOK || !strings.Contains(out, "no CRM is connected") {
		t.Errorf("without a CRM: got %d %s", code, out)
	}
	crm := s.crm("crm")
	out, _, code := s.cli("", "crm", "list")
	for _, want := range []string{"crm\n", "method  find", "The find", "in limit", "int", "form", "card", "for a user", "fault", "entry 3"} {
		if code != exitOK || !strings.Contains(out, want) {
			t.Errorf("no %q in %d\n%s", want, code, out)
		}
	}
	if out, _, code = s.cli("", "crm", "list", "crm", "--raw"); code != exitOK || !strings.Contains(out, `"nonsense"`) {
		t.Errorf("raw: got %d %s", code, out)
	}

	answer := func(name string, reply string, fields wire.Object) <-chan wire.Object {
		asked := make(chan wire.Object, 1)
		go func() {
			m, tree := crm.wait(name)
			asked <- tree
			if fields != nil {
				crm.write(reply, m.QID, append(fields, wire.Member{Key: "windowid", Value: text(tree, "windowid")}))
			}
		}()
		return asked
	}
	values := wire.Object{{Key: "outputparameters", Value: wire.Object{{Key: "name", Value: "ООО Ромашка"}, {Key: "n", Value: wire.Number("7")}}}}
	asked := answer("executemethod", "methodresult", values)
	out, errs, code := s.cli("", "crm", "call", "crm.find", "phone=79161234567", "limit=5", "tags:=[1]")
	if code != exitOK || out != "name  ООО Ромашка\nn     7\n" {
		t.Errorf("call: got %d %s%s", code, out, errs)
	}
	in, _ := (<-asked).Get("inputparameters")
	want := wire.Object{{Key: "phone", Value: "79161234567"}, {Key: "limit", Value: wire.Number("5")}, {Key: "tags", Value: wire.List{wire.Number("1")}}}
	if !reflect.DeepEqual(in, want) {
		t.Errorf("the CRM got %#v", in)
	}
	answer("executemethod", "methodresult", values)
	out, _, code = s.cli("", "crm", "call", "find", "--json")
	var got web.CRMAnswer
	if err := json.Unmarshal([]byte(out), &got); code != exitOK || err != nil || !strings.Contains(string(got.Values), "Ромашка") {
		t.Errorf("call --json: got %d %s", code, out)
	}

	crm.ask("login", "alice")
	asked = answer("showform", "formresult", append(wire.Object{{Key: "button", Value: "save"}}, values...))
	out, errs, code = s.cli("", "crm", "form", "card", "--user", "Alice", "phone=1")
	if code != exitOK || !strings.Contains(out, "button  save\nname") {
		t.Errorf("form: got %d %s%s", code, out, errs)
	}
	if got := text(<-asked, "userlogin"); got != "alice" {
		t.Errorf("the form is shown to %q", got)
	}

	for _, tt := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"no such method", []string{"call", "crm.nothing"}, exitFailed, "no such dynamic method"},
		{"no such CRM", []string{"list", "nobody"}, exitFailed, `no CRM is connected through a link "nobody"`},
		{"no such user", []string{"form", "card", "--user", "nobody"}, exitFailed, "nobody"},
		{"not there", []string{"form", "card", "--user", "boris"}, exitFailed, "not reachable"},
		{"no user", []string{"form", "card"}, exitUsage, "--user"},
		{"no method", []string{"call"}, exitUsage, "usage:"},
		{"no parameter", []string{"call", "find", "phone"}, exitUsage, "KEY=TEXT"},
	} {
		if _, errs, code := s.cli("", append([]string{"crm"}, tt.args...)...); code != tt.code || !strings.Contains(errs, tt.want) {
			t.Errorf("%s: got %d %q, want %d with %q", tt.name, code, errs, tt.code, tt.want)
		}
	}
}

func TestReloadTouchesOnlyLinksThatChanged(t *testing.T) {
	third := freePort(t)
	s := start(t, t.TempDir(), twoLinks)
	crm, other := s.crm("crm"), s.crm("other")
	crm.ask("login", "alice")
	tab := s.tab(wire.JSON)
	tab.logIn("boris", "Пароль1")

	s.write(strings.Replace(twoLinks, `name: other, mode: ws-in, listen: "127.0.0.1:0"`, `name: third, mode: ws-in, listen: "`+third+`"`, 1))
	out, errs, code := s.cli("", "reload")
	if want := "link third added\nlink other removed\n"; code != exitOK || out != want {
		t.Fatalf("got %d %q %q, want %q", code, out, errs, want)
	}
	<-other.ended
	if got := s.link("other"); got.Name != "" {
		t.Errorf("the removed link is still there: %+v", got)
	}
	if got := text(crm.ask("getuserstate", "alice"), "result"); got != "1" {
		t.Errorf("the other link suffered: %q", got)
	}
	tab.must("getuserstate", nil)
	if got := s.crm("third").ask("login", "alice"); text(got, "error") != "403" && text(got, "result") != "0" {
		t.Errorf("a user of another list is let in: %v", got)
	}

	s.write(strings.Replace(twoLinks, "trust: true", "trust: false", 1))
	if out, errs, code = s.cli("", "reload"); code != exitOK || !strings.Contains(out, "link crm changed") {
		t.Fatalf("got %d %q %q", code, out, errs)
	}
	<-crm.ended
	if got := text(s.crm("crm").ask("login", "alice"), "result"); got != "0" {
		t.Error("a link without trust lets a user in without a password")
	}

	s.write(strings.Replace(twoLinks, "name: other", "name: crm", 1))
	if _, errs, code = s.cli("", "reload"); code != exitFailed || !strings.Contains(errs, "link crm is there twice") {
		t.Errorf("a mistake: got %d %q", code, errs)
	}
	if s.link("other").Name == "" {
		t.Error("a file with mistakes changes something")
	}
}

func TestRefusedConnectionsOfALink(t *testing.T) {
	s := start(t, t.TempDir(), people+`
links:
  - {name: crm, mode: ws-in, listen: "127.0.0.1:0", auth: {scheme: basic, login: crm, password: secret}}
`)
	l := s.until("crm", web.LinkListening)
	basic := map[string][]string{"Authorization": {"Basic Y3JtOnNlY3JldA=="}}
	for _, header := range []map[string][]string{
		{"Authorization": {"Basic Y3JtOndyb25n"}},
		{"Authorization": {"Digest nonsense"}},
		{"Authorization": basic["Authorization"], "Origin": {"https://evil.example"}},
	} {
		c, err := transports.Dial(t.Context(), "ws://"+l.Address+"/", transports.DialOptions{Subprotocol: "json", Header: header})
		if err == nil {
			_ = c.Cut() // the test has failed already
			t.Errorf("%v is let in", header)
		}
	}
	dialCRM(t, "ws://"+l.Address+"/", transports.DialOptions{Subprotocol: "json", Header: basic})
	s.until("crm", web.LinkIntroduced)
	second := dialCRM(t, "ws://"+l.Address+"/", transports.DialOptions{Subprotocol: "json", Header: basic})
	<-second.ended

	want := map[string]int{
		"a wrong login or password": 1, "the wrong scheme of authorization": 1,
		"pages of this origin may not connect here": 1, "the link is taken": 1,
	}
	got := s.link("crm").Refused
	for reason, n := range want {
		if got[reason] != n {
			t.Errorf("got refused %v, want %v", got, want)
			break
		}
	}
	page := s.metrics()
	if !strings.Contains(page, `octolink_refused_total{link="crm",reason="pages of this origin may not connect here"} 1`) {
		t.Errorf("no metric of refused connections")
	}
	if out, _, _ := s.cli("", "status"); strings.Contains(out, "secret") || !strings.Contains(out, "refused 1: a wrong login or password") {
		t.Errorf("got\n%s", out)
	}
}

package main

import (
	"strconv"
	"testing"

	"github.com/octolink/octolink/protocol/wire"
)

// What a CRM did not confirm comes again, also after the server was started anew.
func TestConfirmedDelivery(t *testing.T) {
	const config = people + `
links: [{name: crm, mode: ws-in, listen: "127.0.0.1:0", trust: true, deliver: [callrecord, notification]}]
`
	dir := t.TempDir()
	s := start(t, dir, config)
	crm := s.crm("crm")
	soon(t, "the link's place is known", func() bool {
		_, ok, err := s.m.store.Delivered(t.Context(), "crm")
		return ok && err == nil
	})
	notify := func(text string) {
		t.Helper()
		if _, errs, code := s.cli("", "user", "notify", "Alice", text, "--sender", "Operator"); code != exitOK {
			t.Fatalf("got %d %s", code, errs)
		}
	}
	number := func(o wire.Object) int {
		t.Helper()
		n, err := strconv.Atoi(text(o, "eventnumber"))
		if err != nil {
			t.Fatalf("got %v, want a number", o)
		}
		return n
	}
	notify("first")
	m, first := crm.wait("notification")
	if text(first, "login") != "alice" || text(first, "text") != "first" || text(first, "sender") != "Operator" {
		t.Errorf("got %v", first)
	}
	crm.write("notificationresult", m.QID, wire.Object{{Key: "result", Value: wire.Number("1")}})
	tab := s.tab(wire.JSON)
	tab.logIn("alice", "demo")
	s.sim("ring", `{"from":"79161234567","to":"300"}`)
	tab.event("phoneevent_ringstarted")
	s.sim("reject", `{"number":"300"}`)
	_, record := crm.wait("callrecord")
	if number(record) <= number(first) {
		t.Errorf("got number %d after %d", number(record), number(first))
	}
	s.stop() // the record was not confirmed

	s = start(t, dir, config)
	notify("second")
	crm = s.crm("crm")
	m, again := crm.wait("callrecord")
	if number(again) != number(record) {
		t.Errorf("got number %d, want %d once more", number(again), number(record))
	}
	crm.write("callrecordresult", m.QID, wire.Object{{Key: "result", Value: wire.Number("1")}})
	_, second := crm.wait("notification")
	if number(second) <= number(record) || text(second, "text") != "second" {
		t.Errorf("got %v", second)
	}
	for _, tt := range [][]string{{"nobody", "text"}, {"alice", ""}} {
		if _, errs, code := s.cli("", "user", "notify", tt[0], tt[1]); code != exitFailed || errs == "" {
			t.Errorf("%q: got %d %q", tt, code, errs)
		}
	}
}

package main

import (
	"strings"
	"testing"

	"github.com/octolink/octolink/protocol/wire"
)

// Half an answer would be taken for the whole one.
func TestAnAnswerWithTooManyRowsIsRefused(t *testing.T) {
	from := "users t0"
	for _, n := range strings.Split("123456789abcd", "") { // 2 users: 2^14 rows
		from += ", users t" + n
	}
	config := people + "  - {name: many, sql: \"select t0.login from " + from + "\", allow: [alice]}\n"
	s := start(t, t.TempDir(), config)
	alice := s.tab(wire.JSON)
	alice.logIn("alice", "demo")
	answer := alice.ask("execpredefineddbstoredproc", wire.Object{{Key: "procedure", Value: "many"}})
	if _, whole := answer.Get("dataset"); whole || text(answer, "errorcode") != "400" {
		t.Errorf("got errorcode %s, dataset %v, want 400 without one", text(answer, "errorcode"), whole)
	}
}

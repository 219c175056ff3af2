package plugins_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/octolink/octolink/plugins"
	hostv1 "github.com/octolink/octolink/plugins/proto/host/v1"
)

// A grant is one permission of a manifest, and all questions that it opens: the host's call, and how a
// test plugin asks it.
var grants = []struct {
	name, allow string
	asks        map[string]string // question → call of the contract
}{
	{"nothing", "", nil},
	{"events", `events: ["*"]`, map[string]string{"first event": "Events"}},
	{"dial", "commands: [dial], users: [alice]", map[string]string{"dial": "Command"}},
	{"answer", "commands: [answer], users: [alice]", map[string]string{"answer": "Command"}},
	{"decline", "commands: [decline], users: [alice]", map[string]string{"decline": "Command"}},
	{"hangup", "commands: [hangup], users: [alice]", map[string]string{"hangup": "Command"}},
	{"transfer", "commands: [transfer], users: [alice]", map[string]string{"transfer": "Command"}},
	{"state", "commands: [state], users: [alice]", map[string]string{"state": "Command"}},
	{"lookup", "lookup: true", map[string]string{"lookup": "Lookup", "users": "Lookup", "number": "Lookup", "numbers": "Lookup"}},
	{"journal", "journal: true", map[string]string{"journal": "Journal"}},
	{"storage", "storage: true", map[string]string{"get": "Get", "set": "Set", "delete": "Delete", "keys": "Keys"}},
	{"notify", "notify: true, users: [alice]", map[string]string{"notify": "Notify"}},
	{"deliver", `deliver: {k: "http://127.0.0.1:1/"}`, map[string]string{"deliver": "Deliver"}},
}

// Every call of the host's contract is refused to a plugin with every permission but its own, and not to
// one that has this alone.
func TestEveryCallNeedsItsPermission(t *testing.T) {
	h := newHouse(t)
	sw, _ := h.withHost()
	for _, g := range grants {
		h.add(g.name, "good", "allow: {"+g.allow+"}")
	}
	h.run()
	if _, err := sw.Notify(t.Context(), "alice", "test", "an event for who asks for one"); err != nil {
		t.Fatal(err)
	}
	var tried []string
	for _, has := range grants {
		h.state(has.name, plugins.Running)
		for _, asked := range grants {
			for what, call := range asked.asks {
				tried = append(tried, call)
				_, err := h.ask(has.name, what, "alice", "k/k", 1)
				denied := err != nil && strings.Contains(err.Error(), "PermissionDenied") && strings.Contains(err.Error(), "the manifest of "+has.name+" does not allow")
				if own := has.name == asked.name; own == denied {
					t.Errorf("with %s alone, %s: got %v", has.name, what, err)
				}
			}
		}
	}
	for _, call := range contractCalls() {
		if !slices.Contains(tried, call) {
			t.Errorf("nobody tried %s", call)
		}
	}
}

// contractCalls are all calls of the host.
func contractCalls() []string {
	var all []string
	for _, m := range hostv1.HostService_ServiceDesc.Methods {
		all = append(all, m.MethodName)
	}
	for _, s := range hostv1.HostService_ServiceDesc.Streams {
		all = append(all, s.StreamName)
	}
	return all
}

// The users of a manifest are all for whom commands and notices are.
func TestUsersOfAManifest(t *testing.T) {
	h := newHouse(t)
	h.withHost()
	h.add("a", "good", `allow: {commands: ["*"], notify: true, users: [ALICE]}`)
	h.run()
	h.state("a", plugins.Running)
	for _, what := range []string{"dial", "answer", "decline", "hangup", "transfer", "state", "notify"} {
		for _, user := range []string{"boris", "", "alice "} {
			if _, err := h.ask("a", what, user, "301", 1); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("for %s", user)) {
				t.Errorf("%s for %q: got %v", what, user, err)
			}
		}
		if _, err := h.ask("a", what, "alice", "301", 1); err != nil && strings.Contains(err.Error(), "PermissionDenied") && strings.Contains(err.Error(), "manifest") {
			t.Errorf("%s for alice: got %v", what, err)
		}
	}
}

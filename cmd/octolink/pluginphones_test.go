package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/octolink/octolink/plugins"
	"github.com/octolink/octolink/protocol/wire"
)

// addPhones writes the folder of a plugin that is a telephone system, and tells where its calls are.
func addPhones(t *testing.T, dir string) (calls string) {
	t.Helper()
	addTestPlugin(t, dir, "phones", "allow: {pbx: true}")
	return filepath.Join(dir, "plugins", "phones", "calls")
}

// phonesKilled kills the plugin and waits for the next process.
func (r *running) phonesKilled() {
	r.t.Helper()
	var before plugins.Status
	soon(r.t, "the telephones run", func() bool {
		before = r.m.plugins.List()[0]
		return before.State == plugins.Running
	})
	if err := syscall.Kill(before.PID, syscall.SIGKILL); err != nil {
		r.t.Fatal(err)
	}
	soon(r.t, "the telephones are there again", func() bool {
		return strings.Count(r.log.String(), "the telephone system is there") > before.Starts
	})
}

// A call over a telephone system in a plugin, from the wire to the wire. The plugin is killed in the middle.
func TestCallOverATelephoneSystemInAPlugin(t *testing.T) {
	dir := t.TempDir()
	calls := addPhones(t, dir)
	s := start(t, dir, strings.Replace(people, `number: "300"`, `number: "300", dial: ["*"]`, 1)+
		"plugins: {enabled: [phones]}\npbx: {driver: \"plugin:phones\"}\n")
	alice, boris := s.tab(wire.JSON), s.tab(wire.XML)
	alice.logIn("alice", "demo")
	boris.logIn("boris", "Пароль1")
	soon(t, "the telephones are there", func() bool { return strings.Contains(s.log.String(), "the telephone system is there") })

	alice.must("pbxautocallstart", wire.Object{{Key: "number", Value: "301"}})
	alice.event("phoneevent_ringstarted")
	alice.must("pbxanswercall", nil)
	ring := boris.event("phoneevent_ringstarted")
	if got := text(ring, "callerid"); got != "300" {
		t.Errorf("got caller %q in %v", got, ring)
	}
	boris.must("pbxanswercall", nil)
	talk := alice.event("phoneevent_commstarted")
	if got, want := text(talk, "chainid"), text(ring, "chainid"); got != want {
		t.Errorf("got chain %q, want %q", got, want)
	}
	boris.event("phoneevent_commstarted")

	s.phonesKilled()
	if got := text(alice.must("getextendedlineinfo", nil), "linestatestr"); got != "lsCommutated" {
		t.Errorf("after the death of the plugin: got line %q", got)
	}
	alice.must("pbxabortcall", nil)
	for _, c := range []*tab{alice, boris} {
		if got := text(c.event("phoneevent_commstopped"), "chainid"); got != text(talk, "chainid") {
			t.Errorf("got the end of %q", got)
		}
	}

	// A call that the next process does not know is over.
	alice.must("pbxautocallstart", wire.Object{{Key: "number", Value: "79161234567"}})
	alice.event("phoneevent_ringstarted")
	alice.must("pbxanswercall", nil)
	alice.event("phoneevent_commstarted")
	if err := os.Remove(calls); err != nil {
		t.Fatal(err)
	}
	s.phonesKilled()
	alice.event("phoneevent_commstopped")
	data, _ := alice.must("getpbxcalljournal", nil).Get("data")
	if rows, _ := data.(wire.List); len(rows) != 3 { // with that of boris, whom she supervises
		t.Errorf("got journal %v, want three rows", data)
	}
}

func TestTheDriverInTheConfiguration(t *testing.T) {
	dir := t.TempDir()
	addPhones(t, dir)
	for section, want := range map[string]string{
		"plugins: {enabled: [phones]}\npbx: {driver: \"plugin:phones\"}": "",
		"pbx: {driver: \"plugin:phones\"}":                               `plugins.enabled does not name the plugin "phones"`,
		"pbx: {driver: asterisk}":                                        `want sim or plugin:NAME, got "asterisk"`,
	} {
		path := filepath.Join(dir, "octolink.yaml")
		if err := os.WriteFile(path, []byte(people+section+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		_, errs, code := cli(t, "", "check", "--config", path)
		if want == "" && code != exitOK || want != "" && (code != exitUsage || !strings.Contains(errs, want)) {
			t.Errorf("%s: got %d %s, want %q", section, code, errs, want)
		}
	}
}

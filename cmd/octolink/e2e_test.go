package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/octolink/octolink/protocol/wire"
	"github.com/octolink/octolink/web"
)

func TestCallFromRingToHangup(t *testing.T) {
	for _, f := range []wire.Format{wire.JSON, wire.XML} {
		t.Run(f.String(), func(t *testing.T) {
			s := start(t, t.TempDir(), people)
			alice := s.tab(f)
			alice.logIn("ALICE", "demo")
			s.sim("ring", `{"from":"79161234567","to":"300"}`)
			ring := alice.event("phoneevent_ringstarted")
			if got := text(ring, "callerid"); got != "79161234567" {
				t.Errorf("got caller %q in %v", got, ring)
			}
			if got := text(ring, "userlogin"); got != "alice" {
				t.Errorf("got %q, want the configured spelling", got)
			}
			if got := text(alice.must("getextendedlineinfo", nil), "linestatestr"); got != "lsRinging" {
				t.Errorf("got line %q", got)
			}
			alice.must("pbxanswercall", nil)
			talk := alice.event("phoneevent_commstarted")
			if got, want := text(talk, "chainid"), text(ring, "chainid"); got != want {
				t.Errorf("got chain %q, want %q", got, want)
			}
			s.sim("hangup", `{"number":"79161234567"}`)
			alice.event("phoneevent_commstopped")
			journal := alice.must("getpbxcalljournal", nil)
			data, _ := journal.Get("data")
			rows, _ := data.(wire.List)
			if len(rows) != 1 {
				t.Fatalf("got journal %v, want one row", journal)
			}
			if got := text(rows[0].(wire.Object), "outcome"); got != "answered" {
				t.Errorf("got outcome %q", got)
			}
			answer := alice.must("execpredefineddbstoredproc", wire.Object{{Key: "procedure", Value: "mine"}})
			if got := text(answer, "dataset"); !strings.Contains(got, `["n"],[1]`) && !strings.Contains(got, "1") {
				t.Errorf("got dataset %s", got)
			}
		})
	}
}

func TestCyrillicPasswordOverTLS(t *testing.T) {
	s := start(t, t.TempDir(), people)
	trust := x509.NewCertPool()
	trust.AddCert(s.m.cert.Leaf())
	boris := dialTab(t, "wss://"+s.address("listen.https")+"/", wire.JSON, &tls.Config{RootCAs: trust, ServerName: "localhost"})
	if session := boris.logIn("boris", "Пароль1"); len(session) != 32 {
		t.Errorf("got session %q", session)
	}
}

func TestRestartKeepsSessionsStatesAndJournal(t *testing.T) {
	dir := t.TempDir()
	s := start(t, dir, people)
	alice := s.tab(wire.JSON)
	session := alice.logIn("alice", "demo")
	alice.must("entercallcenter", nil)
	s.sim("ring", `{"from":"79161234567","to":"300"}`)
	alice.event("phoneevent_ringstarted")
	s.sim("reject", `{"number":"300"}`)
	alice.event("phoneevent_ringstopped")
	s.end()
	if got := alice.closed(); got != 1001 {
		t.Errorf("got close code %d, want 1001", got)
	}
	s.stop()

	again := start(t, dir, people)
	alice = again.tab(wire.XML)
	if answer := alice.resume("alice", session); text(answer, "result") != "1" || text(answer, "sessionid") != session {
		t.Errorf("got %v, want the session", answer)
	}
	if got := text(alice.must("getuserstate", nil), "oncallcenter"); got != "true" && got != "1" {
		t.Errorf("got oncallcenter %q after the restart", got)
	}
	journal, _ := alice.must("getpbxcalljournal", nil).Get("data")
	if rows, _ := journal.(wire.List); len(rows) != 1 {
		t.Errorf("got journal %v, want one row", journal)
	}
}

func TestReload(t *testing.T) {
	s := start(t, t.TempDir(), people)
	alice, boris := s.tab(wire.JSON), s.tab(wire.JSON)
	session := alice.logIn("alice", "demo")
	boris.logIn("boris", "Пароль1")

	s.write(strings.ReplaceAll(people, "demo", "[oops"))
	out, errs, code := s.cli("", "reload")
	if code != exitFailed || !strings.Contains(errs, "octolink.yaml:6:") {
		t.Errorf("broken file: got %d %q %q, want the line of the mistake", code, out, errs)
	}

	next := strings.Replace(people, `  - {login: boris, password: Пароль1, number: "301"}`,
		`  - {login: vera, password: demo, number: "302"}`, 1)
	next = strings.Replace(next, "subordinates: [boris]", "subordinates: [vera]", 1)
	s.write(strings.Replace(next, "50ms", "70ms", 1))
	out, errs, code = s.cli("", "reload")
	want := "user alice changed\nuser vera added\nuser boris removed\nsessions needs a restart\n"
	if code != exitOK || out != want {
		t.Fatalf("got %d %q %q, want %q", code, out, errs, want)
	}
	if got := boris.closed(); got != 1008 {
		t.Errorf("boris: got close code %d, want 1008", got)
	}
	if log := s.log.String(); strings.Contains(log, "level=WARN") {
		t.Errorf("an ordinary reload warns: %s", log)
	}
	alice.must("getuserstate", nil)
	vera := s.tab(wire.JSON)
	vera.logIn("vera", "demo")
	if answer := s.tab(wire.JSON).ask("login", wire.Object{{Key: "userlogin", Value: "boris"},
		{Key: "Password", Value: md5Cased("Пароль1")}}); text(answer, "result") != "0" {
		t.Errorf("boris is let in again: %v", answer)
	}

	s.write(strings.Replace(next, "password: demo, number: \"300\"", "password: other, number: \"300\"", 1))
	out, errs, code = s.cli("", "reload")
	want = "user alice changed\n" // the sessions are again what the server runs with
	if code != exitOK || out != want {
		t.Fatalf("got %d %q %q, want %q", code, out, errs, want)
	}
	if got := alice.closed(); got != 1008 {
		t.Errorf("alice with the old password: got close code %d, want 1008", got)
	}
	if answer := s.tab(wire.JSON).resume("alice", session); text(answer, "result") != "0" {
		t.Errorf("the session outlives the password: %v", answer)
	}
	s.tab(wire.JSON).logIn("alice", "other")
}

func TestUsersOfOperator(t *testing.T) {
	dir := t.TempDir()
	s := start(t, dir, people)
	ok := func(stdin string, args ...string) string {
		t.Helper()
		out, errs, code := s.cli(stdin, args...)
		if code != exitOK {
			t.Fatalf("%v: got %d %s%s", args, code, out, errs)
		}
		return out
	}
	ok("secret\n", "user", "add", "olga", "--name", "Olga Belova", "--number", "305", "--department", "Sales")
	if _, errs, code := s.cli("secret\n", "user", "add", "Olga"); code != exitFailed || !strings.Contains(errs, "there twice") {
		t.Errorf("the same again: got %d %q", code, errs)
	}
	if _, errs, code := s.cli("secret\n", "user", "add", "peter", "--number", "300"); code != exitFailed || !strings.Contains(errs, "300") {
		t.Errorf("a number of another: got %d %q", code, errs)
	}
	olga := s.tab(wire.JSON)
	session := olga.logIn("olga", "secret")
	if list := ok("", "user", "list"); !strings.Contains(list, "olga") || !strings.Contains(list, "added") {
		t.Errorf("got list\n%s", list)
	}

	ok("other\n", "user", "passwd", "olga")
	if got := olga.closed(); got != 1008 {
		t.Errorf("a new password: got close code %d, want 1008", got)
	}
	if answer := s.tab(wire.JSON).resume("olga", session); text(answer, "result") != "0" {
		t.Errorf("the session outlives the password: %v", answer)
	}
	olga = s.tab(wire.JSON)
	olga.logIn("olga", "other")
	ok("", "user", "disable", "olga")
	olga.closed()
	if answer := s.tab(wire.JSON).ask("login", wire.Object{{Key: "userlogin", Value: "olga"},
		{Key: "Password", Value: md5Cased("other")}}); text(answer, "errormsg") != "Wrong login/pass combination" {
		t.Errorf("a disabled user: got %v", answer)
	}
	ok("", "user", "enable", "olga")
	olga = s.tab(wire.JSON)
	olga.logIn("olga", "other")
	if out := ok("", "user", "logout", "olga"); !strings.Contains(out, "1 connections") {
		t.Errorf("got %q", out)
	}
	if _, _, code := s.cli("", "user", "logout", "nobody"); code != exitFailed {
		t.Errorf("an unknown user: got %d", code)
	}

	// The file's password comes back after a reset; an added user has none there.
	ok("changed\n", "user", "passwd", "alice")
	ok("", "user", "passwd", "alice", "--reset")
	s.tab(wire.JSON).logIn("alice", "demo")
	if _, _, code := s.cli("", "user", "passwd", "olga", "--reset"); code != exitFailed {
		t.Error("a reset for a user without a password in the file succeeds")
	}

	s.stop()
	again := start(t, dir, people)
	again.tab(wire.JSON).logIn("olga", "other")
}

func TestStatusBackupAndEvents(t *testing.T) {
	dir := t.TempDir()
	s := start(t, dir, people)
	alice := s.tab(wire.JSON)
	alice.logIn("alice", "demo")
	if out, errs, code := s.cli("", "status"); code != exitOK || !strings.Contains(out, "1 of 2 are logged in, 1 channels") {
		t.Errorf("got %d %s%s", code, out, errs)
	}
	if out, errs, code := s.cli("", "sim", "ring", "--from", "79161234567", "--to", "300"); code != exitOK || !strings.HasPrefix(out, "call ") {
		t.Fatalf("got %d %s%s", code, out, errs)
	}
	alice.event("phoneevent_ringstarted")
	if out, errs, code := s.cli("", "sim", "answer", "300"); code != exitOK {
		t.Fatalf("got %d %s%s", code, out, errs)
	}
	alice.event("phoneevent_commstarted")
	if out, _, code := s.cli("", "sim", "state"); code != exitOK || !json.Valid([]byte(out)) || !strings.Contains(out, "79161234567") {
		t.Errorf("got %d %s", code, out)
	}
	if _, errs, code := s.cli("", "sim", "answer", "300"); code != exitFailed || errs == "" {
		t.Errorf("answering twice: got %d %q", code, errs)
	}
	if _, errs, code := s.cli("", "sim", "press", "79161234567", "1"); code != exitFailed || !strings.Contains(errs, "no flow leads") {
		t.Errorf("a key without a flow: got %d %q", code, errs)
	}
	if out, errs, code := s.cli("", "sim", "hangup", "79161234567"); code != exitOK {
		t.Fatalf("got %d %s%s", code, out, errs)
	}
	alice.event("phoneevent_commstopped")
	soon(t, "an event of the call is stored", func() bool {
		out, _, _ := s.cli("", "events")
		return strings.Contains(out, `"kind":"callrecord"`) && strings.Contains(out, "79161234567")
	})
	backup := filepath.Join(dir, "copy.db")
	if out, errs, code := s.cli("", "backup", backup); code != exitOK {
		t.Fatalf("got %d %s%s", code, out, errs)
	}
	if _, errs, code := s.cli("", "backup", backup); code != exitFailed || !strings.Contains(errs, "exists") {
		t.Errorf("the same file again: got %d %q", code, errs)
	}
}

func TestWebFaces(t *testing.T) {
	s := start(t, t.TempDir(), people)
	for _, tt := range []struct{ listener, path, want string }{
		{"listen.http", "/", "<html"},
		{"listen.http", "/healthz", "ok"},
		{"listen.http", "/readyz", "store: ok"},
		{"listen.metrics", "/metrics", "octolink_channels"},
	} {
		resp, err := http.Get("http://" + s.address(tt.listener) + tt.path)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK || !strings.Contains(string(body), tt.want) {
			t.Errorf("%s: got %s %.200s, want %q", tt.path, resp.Status, body, tt.want)
		}
	}
}

func TestSecondServerWithTheSameDataIsRefused(t *testing.T) {
	s := start(t, t.TempDir(), people)
	c, _, err := loadConfig(s.path)
	if err != nil {
		t.Fatal(err)
	}
	m, err := NewMain(t.Context(), MainOptions{Config: c, Path: s.path, Log: slog.New(slog.DiscardHandler)})
	if err == nil {
		m.Close()
		t.Fatal("it is accepted")
	}
	if !strings.Contains(err.Error(), "in use by another process") {
		t.Errorf("got %v", err)
	}
	// The first one did not suffer.
	s.tab(wire.JSON).logIn("alice", "demo")
}

func TestNothingStaysBehind(t *testing.T) {
	before := runtime.NumGoroutine()
	posted := newPostedCRM(t)
	s := start(t, t.TempDir(), fmt.Sprintf("%s\n  - {name: posted, mode: http, url: %q}\n", twoLinks, posted.URL))
	s.tab(wire.JSON).logIn("alice", "demo")
	s.tab(wire.XML).logIn("boris", "Пароль1")
	s.crm("crm").ask("login", "alice")
	s.until("posted", web.LinkIntroduced)
	s.stop()
	posted.Close()
	http.DefaultClient.CloseIdleConnections()
	soon(t, "all goroutines of the server have ended", func() bool { return runtime.NumGoroutine() <= before })
	if _, err := os.Stat(filepath.Join(s.dir, "data", adminSocket)); !os.IsNotExist(err) {
		t.Errorf("the admin socket is still there: %v", err)
	}
}

package main

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/octolink/octolink/crmsim"
)

// crmsimRun is the command with what it printed.
func crmsimRun(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs syncedBuffer
	code = run(t.Context(), append([]string{"crmsim"}, args...), strings.NewReader(""), &out, &errs)
	return code, out.String(), errs.String()
}

func TestCRMSimPrintsItsScript(t *testing.T) {
	code, out, _ := crmsimRun(t, "--print-script")
	if _, err := crmsim.ParseScript([]byte(out)); code != exitOK || err != nil {
		t.Errorf("exit code %d, %v", code, err)
	}
}

func TestCRMSimUsage(t *testing.T) {
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad.yaml")
	if err := os.WriteFile(bad, []byte("methods: [{kye: a}]"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args string
		want string
	}{
		{"--mode telnet", `no mode "telnet"`},
		{"--mode ws-in", "needs an address ws://"},
		{"--format csv", "want json or xml"},
		{"--auth digest", "needs --login and --password-file"},
		{"--auth digest --password-file " + dir + "/none", "no such file"},
		{"--user alice=" + dir + "/none", "--user alice"},
		{"--fault explode", `no fault "explode"`},
		{"--fault late:soon", "invalid duration"},
		{"--fault page", "is for the modes http and https"},
		{"--script " + bad, "kye"},
		{"--handshake none", `no handshake "none"`},
		{"--mode wss-in --url wss://127.0.0.1:1/ --ca " + bad, "no certificate"},
		{"alone", "usage:"},
		{"fault", "usage:"},
		{"fault late:soon", "invalid duration"},
	} {
		code, _, errs := crmsimRun(t, strings.Fields(test.args)...)
		if code != exitUsage || !strings.Contains(errs, test.want) {
			t.Errorf("%s: exit code %d, %s", test.args, code, errs)
		}
	}
}

var controlLine = regexp.MustCompile(`control +http://(\S+)/`)

// A CRM behind HTTPS that makes its certificate, is told to misbehave, prints frames without secrets,
// and ends when it is told to.
func TestCRMSimRuns(t *testing.T) {
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret")
	if err := os.WriteFile(secret, []byte("geheim\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	out, errs := newLines(), &syncedBuffer{}
	code := make(chan int)
	go func() {
		code <- run(ctx, []string{"crmsim", "--mode", "wss-out", "--listen", "127.0.0.1:0", "--cert-dir", dir,
			"--auth", "basic", "--login", "octo", "--password-file", secret, "--user", "alice=" + secret,
			"--control", "127.0.0.1:0", "--verbose"}, strings.NewReader(""), out, errs)
	}()
	control := out.wait(t, controlLine)[1]
	if code, _, errs := crmsimRun(t, "fault", "late@ping:1s", "--control", control); code != exitOK {
		t.Errorf("fault: %s", errs)
	}
	if code, _, errs := crmsimRun(t, "fault", "explode", "--control", control); code != exitFailed || !strings.Contains(errs, "no fault") {
		t.Errorf("unknown fault: %d %s", code, errs)
	}
	if state := fetch(t, "http://"+control+"/state"); !strings.Contains(state, `"faults_waiting":["late@ping:1s"]`) {
		t.Errorf("state %s", state)
	}
	for _, what := range []string{"clear", "resume"} {
		if code, _, errs := crmsimRun(t, "fault", what, "--control", control); code != exitOK {
			t.Errorf("%s: %s", what, errs)
		}
	}
	if state := fetch(t, "http://"+control+"/state"); !strings.Contains(state, `"faults_waiting":[]`) {
		t.Errorf("state %s", state)
	}
	cancel()
	if got := <-code; got != exitOK {
		t.Errorf("exit code %d: %s", got, errs.String())
	}
	for _, want := range []string{"wss://127.0.0.1:", "mode: wss-out", "server.pem"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s is missing in %s", want, out.String())
		}
	}
	if code, _, _ := crmsimRun(t, "fault", "clear", "--control", control); code != exitFailed {
		t.Errorf("nobody is there: exit code %d", code)
	}
}

func fetch(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// lines are what a command prints, for who waits for one of them.
type lines struct {
	syncedBuffer
	more chan struct{}
}

func newLines() *lines { return &lines{more: make(chan struct{}, 1)} }

func (l *lines) Write(p []byte) (int, error) {
	n, err := l.syncedBuffer.Write(p)
	select {
	case l.more <- struct{}{}:
	default:
	}
	return n, err
}

func (l *lines) wait(t *testing.T, want *regexp.Regexp) []string {
	t.Helper()
	patience := time.After(10 * time.Second)
	for {
		if found := want.FindStringSubmatch(l.String()); found != nil {
			return found
		}
		select {
		case <-l.more:
		case <-patience:
			t.Fatalf("%s does not come: %s", want, l.String())
		}
	}
}

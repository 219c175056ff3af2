package main

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/octolink/octolink/cmd/octolink/bench"
	"github.com/octolink/octolink/cmd/octolink/bench/peers"
)

// Ensure every line is measured on a real server, and peers that are not built are told of. What comes
// out is not judged: that is for a machine with nothing else to do.
func TestBenchPeers(t *testing.T) {
	if runtime.GOOS != "linux" || runtime.NumCPU() < 2 {
		t.Skip("it needs Linux and two processors")
	}
	dir := t.TempDir()
	page, result := filepath.Join(dir, "page.md"), filepath.Join(dir, "results", "peers.json")
	if err := os.WriteFile(page, []byte("# Page\n<!-- bench peers -->\nlast time\n<!-- end bench peers -->\nrest\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := command(t, "bench", "peers", "--quick", "--pairs", "1", "--quiet", "--dir", dir, "--json", result, "--markdown", page, "--only", "rpc,fanout,storm,start,xml")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var got peers.Report
	text, err := os.ReadFile(result)
	if err := errors.Join(err, json.Unmarshal(text, &got)); err != nil {
		t.Fatal(err)
	}
	if len(got.Lines) != 5 || len(got.Missing) < 3 { // node alone may be here
		t.Errorf("got %d lines, missing %q", len(got.Lines), got.Missing)
	}
	for _, l := range got.Lines {
		if l.Error != "" || l.Figures["octolink"].Median <= 0 {
			t.Errorf("%s: %s: %v", l.Measure, l.Error, l.Figures)
		}
		if _, beside := l.Ratios["JSON"]; beside != (l.Key == "xml") {
			t.Errorf("%s: ratios %v", l.Measure, l.Ratios)
		}
	}
	written, err := os.ReadFile(page)
	if s := string(written); err != nil || !strings.Contains(s, "| RPC") || strings.Contains(s, "last time") || !strings.HasSuffix(s, "\nrest\n") {
		t.Errorf("the page is\n%s", written)
	}
}

func TestBenchPeersSaysWhatIsWrong(t *testing.T) {
	if runtime.GOOS != "linux" || runtime.NumCPU() < 2 {
		t.Skip("it needs Linux and two processors")
	}
	out, err := command(t, "bench", "peers", "--dir", t.TempDir(), "--only", "walk").CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || !strings.Contains(string(out), "no line has such a name") {
		t.Errorf("got %v: %s", err, out)
	}
}

// Ensure a soak sees requests, events and tabs that come back, and gives a verdict.
func TestBenchSoak(t *testing.T) {
	dir := t.TempDir()
	r := start(t, dir, people)
	page := filepath.Join(dir, "page.md")
	if err := os.WriteFile(page, []byte("<!-- bench soak -->\n<!-- end bench soak -->"), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{
		"bench", "soak", "--url", "ws://" + r.address("listen.http") + "/", "--metrics", "http://" + r.address("listen.metrics") + "/metrics",
		"--quiet", "--json", "--markdown", page, "--tabs", "2", "--warmup", "50ms", "--for", "2s", "--every", "1s", "--rate", "100",
	}
	stdout, stderr, _ := cli(t, "", args...) // whether it grew is not judged: so short it says nothing
	var got bench.Soak
	if err := json.Unmarshal([]byte(stdout), &got); err != nil {
		t.Fatalf("%v: %s%s", err, stdout, stderr)
	}
	if got.Failed > 0 || len(got.Verdicts) != 3 || len(got.Lines) == 0 {
		t.Fatalf("got %s%s", stdout, stderr)
	}
	var requests, events, logins uint64
	for _, l := range got.Lines {
		requests, events, logins = requests+l.Requests, events+l.Events, logins+l.Logins
		if l.RSS == 0 || l.Goroutines == 0 {
			t.Errorf("got %+v", l)
		}
	}
	if requests == 0 || events == 0 || logins == 0 {
		t.Errorf("got %d requests, %d events, %d logins", requests, events, logins)
	}
	if text, err := os.ReadFile(page); err != nil || !strings.Contains(string(text), "* memory: ") {
		t.Errorf("the page is %s", text)
	}
}

func TestBenchSoakSaysWhatIsWrong(t *testing.T) {
	for _, tc := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"no time", []string{"--for", "0s"}, exitUsage, "--for"},
		{"no metrics", []string{"--metrics", ""}, exitFailed, "metrics are needed"},
		{"nobody listens", []string{"--url", "ws://127.0.0.1:1/", "--tabs", "1"}, exitFailed, "connection refused"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, stderr, code := cli(t, "", append([]string{"bench", "soak", "--quiet"}, tc.args...)...)
			if code != tc.code || !strings.Contains(stderr, tc.want) {
				t.Errorf("got %d: %s, want %d: %s", code, stderr, tc.code, tc.want)
			}
		})
	}
}

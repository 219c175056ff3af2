package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octolink/octolink/cmd/octolink/bench"
)

// Ensure every load runs against a real server and counts what it says.
func TestBench(t *testing.T) {
	dir := t.TempDir()
	r := start(t, dir, people)
	users := filepath.Join(dir, "users.txt")
	if err := os.WriteFile(users, []byte("alice demo\nboris:Пароль1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	server := []string{
		"--url", "ws://" + r.address("listen.http") + "/", "--metrics", "http://" + r.address("listen.metrics") + "/metrics",
		"--users", users, "--quiet", "--json",
	}
	for _, tc := range []struct {
		name string
		args []string
		want []string // figures above zero
	}{
		{"rpc", []string{"rpc", "--tabs", "4", "--depth", "2", "--duration", "200ms", "--warmup", "10ms"}, []string{"requests", "requests per second", "latency p99", "server memory"}},
		{"rpc in XML", []string{"rpc", "--tabs", "2", "--duration", "100ms", "--warmup", "0s", "--xml"}, []string{"requests"}},
		{"fanout", []string{"fanout", "--tabs", "6", "--duration", "300ms", "--depth", "2"}, []string{"events", "deliveries"}},
		{"storm", []string{"storm", "--tabs", "8", "--concurrency", "4"}, []string{"tabs", "logins per second", "login p50"}},
		{"idle", []string{"idle", "--tabs", "5", "--settle", "10ms"}, []string{"tabs", "server memory after"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			stdout, stderr, code := cli(t, "", append(append([]string{"bench"}, tc.args...), server...)...)
			var got bench.Result
			if err := json.Unmarshal([]byte(stdout), &got); code != exitOK || err != nil {
				t.Fatalf("got %d, %v: %s%s", code, err, stdout, stderr)
			}
			figures := make(map[string]float64)
			for _, l := range got.Lines {
				figures[l.Name] = l.Value
			}
			for _, name := range tc.want {
				if figures[name] <= 0 {
					t.Errorf("got no %q in %v", name, figures)
				}
			}
		})
	}
}

func TestBenchSaysWhatIsWrong(t *testing.T) {
	r := start(t, t.TempDir(), people)
	url := "ws://" + r.address("listen.http") + "/"
	for _, tc := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"wrong password", []string{"rpc", "--url", url, "--password", "no", "--tabs", "1", "--metrics", ""}, exitFailed, "Wrong login/pass combination"},
		{"nobody listens", []string{"rpc", "--url", "ws://127.0.0.1:1/", "--tabs", "1"}, exitFailed, "connection refused"},
		{"no file of users", []string{"rpc", "--url", url, "--users", "nosuch.txt"}, exitUsage, "nosuch.txt"},
		{"no tabs", []string{"rpc", "--tabs", "0"}, exitUsage, "at least 1"},
		{"idle without metrics", []string{"idle", "--url", url, "--metrics", ""}, exitFailed, "metrics"},
		{"no such load", []string{"walk"}, exitUsage, "walk"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, stderr, code := cli(t, "", append([]string{"bench"}, tc.args...)...)
			if code != tc.code || !strings.Contains(stderr, tc.want) {
				t.Errorf("got %d: %s, want %d: %s", code, stderr, tc.code, tc.want)
			}
		})
	}
}

// Ensure the configuration that prepare writes is one that a server takes.
func TestBenchPrepare(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "site")
	if _, stderr, code := cli(t, "", "bench", "prepare", "--users", "30", dir); code != exitOK {
		t.Fatal(stderr)
	}
	if out, stderr, code := cli(t, "", "check", "--config", filepath.Join(dir, "octolink.yaml")); code != exitOK {
		t.Error(out, stderr)
	}
	if _, stderr, code := cli(t, "", "bench", "prepare", dir); code != exitFailed || !strings.Contains(stderr, "exists") {
		t.Errorf("a site was overwritten: %d %s", code, stderr)
	}
}

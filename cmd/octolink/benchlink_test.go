package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octolink/octolink/cmd/octolink/bench"
)

// Ensure the loads of links run and measure something.
func TestBenchOfLinks(t *testing.T) {
	dir := t.TempDir()
	r := start(t, dir, people+`
links: [{name: bench, mode: ws-in, listen: "127.0.0.1:0", trust: true}]
`)
	users := filepath.Join(dir, "users.txt")
	if err := os.WriteFile(users, []byte("alice demo\nboris:Пароль1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tunnel := []string{
		"tunnel", "--url", "ws://" + r.address("listen.http") + "/", "--metrics", "http://" + r.address("listen.metrics") + "/metrics",
		"--link", "ws://" + r.link("bench").Address + "/", "--users", users, "--duration", "2s", "--warmup", "20ms",
	}
	for _, tc := range []struct {
		name string
		args []string
		want []string // figures above zero
	}{
		{"tunnel", tunnel, []string{"requests direct", "requests through the CRM", "latency through the CRM p99"}},
		{"tunnel in XML", append(tunnel, "--xml", "--depth", "2"), []string{"requests through the CRM"}},
		{"dynamic", []string{"dynamic", "--depth", "20", "--duration", "200ms", "--warmup", "20ms"}, []string{"echoes", "dynamic methods", "times as long at p99, median"}},
		{"dynamic in XML", []string{"dynamic", "--depth", "2", "--duration", "100ms", "--xml"}, []string{"dynamic methods"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			stdout, stderr, code := cli(t, "", append(append([]string{"bench"}, tc.args...), "--quiet", "--json")...)
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

func TestBenchOfLinksSaysWhatIsWrong(t *testing.T) {
	r := start(t, t.TempDir(), people+`
links: [{name: bench, mode: ws-in, listen: "127.0.0.1:0"}]
`)
	url, metrics := "ws://"+r.address("listen.http")+"/", "http://"+r.address("listen.metrics")+"/metrics"
	link := "ws://" + r.link("bench").Address + "/"
	for _, tc := range []struct {
		name string
		args []string
		want string
	}{
		{"no metrics", []string{"--metrics", "", "--url", url}, "metrics are needed"},
		{"no link", []string{"--url", url, "--metrics", metrics, "--link", "ws://127.0.0.1:1/"}, "connection refused"},
		{"a link that does not trust", []string{"--url", url, "--metrics", metrics, "--link", link}, "login through the CRM"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, stderr, code := cli(t, "", append([]string{"bench", "tunnel", "--quiet"}, tc.args...)...)
			if code != exitFailed || !strings.Contains(stderr, tc.want) {
				t.Errorf("got %d: %s, want %q", code, stderr, tc.want)
			}
		})
	}
}

package main

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The house in which a day of calls is played. Outside parties answer by themselves, users do not.
const interopHouse = `
listen: {http: "127.0.0.1:0", https: [], metrics: "127.0.0.1:0"}
sessions: {grace: 50ms}
pbx: {sim: {outside: 300ms}}
departments: [{name: Sales}]
users:
  - {login: alice, name: Alice Ivanova, password: demo, number: "300", department: Sales, subordinates: [boris], operator: true}
  - {login: boris, name: Boris Petrov, password: demo, number: "301", department: Sales}
  - {login: vera, name: Вера Орлова, password: demo, number: "302"}
  - {login: dmitry, name: Dmitry Smirnov, password: Пароль1, number: "303"}
queues: [{number: "700", name: sales, members: [alice], ring: 5s, retry: 1s}]
breaks: [{id: 1, name: Technical}, {id: 4, name: Lunch}]
procedures:
  - {name: colleagues, sql: "select login from users where department = :department order by login", allow: [alice]}
`

const interopScripts = "testdata/interop"

// TestInterop plays a day of calls with a client that others have written: OKTELL_JS names its
// script, or several scripts of one page in their order, separated by spaces. oktell.js 1.8.4 needs
// no other script; one that wants jQuery has jQuery named before it.
func TestInterop(t *testing.T) {
	scripts := strings.Fields(os.Getenv("OKTELL_JS"))
	if len(scripts) == 0 {
		t.Skip("OKTELL_JS is not set; a day of calls with a real client: make interop OKTELL_JS=path/to/oktell.js")
	}
	for _, s := range scripts {
		if _, err := os.Stat(s); err != nil {
			t.Fatalf("OKTELL_JS: %v", err)
		}
	}
	playDay(t, scripts)
}

// TestDayOfCalls plays the same day with a stand-in of our own, so that the day itself is tested.
func TestDayOfCalls(t *testing.T) {
	t.Parallel()
	playDay(t, []string{
		filepath.Join(interopScripts, "standin.js"),
		filepath.Join(interopScripts, "standin-api.js"),
	})
}

// playDay runs the day in Node against a server in a process of its own.
func playDay(t *testing.T, scripts []string) {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil && os.Getenv("OKTELL_JS") != "" {
		t.Fatal("the day of calls needs node, 20 or newer")
	}
	if err != nil {
		t.Skip("the day of calls is skipped: it needs node, 20 or newer")
	}
	server := launch(t, "--config", configFile(t, t.TempDir(), interopHouse))
	day := exec.CommandContext(t.Context(), node, append([]string{filepath.Join(interopScripts, "day.js"), server.url}, scripts...)...)
	day.Stderr = t.Output()
	out, err := day.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := day.Start(); err != nil {
		t.Fatal(err)
	}
	played := 0
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "ok ") {
			played++
		}
		t.Log(lines.Text())
	}
	if err := day.Wait(); err != nil {
		t.Errorf("the day of calls: %v\nthe server's log:\n%s", err, server.log)
	}
	if played == 0 {
		t.Error("nothing was played")
	}
}

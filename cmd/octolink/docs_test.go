package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

var shellBlock = regexp.MustCompile("(?ms)^```sh\n(.*?)^```")

// pageWorks runs every command of a page of docs in its order, in an empty folder, with this program as
// octolink, and looks for what they must print. replace are pairs of texts of the page, as for
// strings.NewReplacer. When ctx ends, the commands do.
func pageWorks(ctx context.Context, t *testing.T, page string, leastBlocks int, env, replace, wants []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../docs", page))
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin, work := t.TempDir(), t.TempDir()
	wrapper := fmt.Sprintf("#!/bin/sh\nexport %s=1\nexec %q \"$@\"\n", asProgram, self)
	if err := os.WriteFile(filepath.Join(bin, "octolink"), []byte(wrapper), 0o755); err != nil {
		t.Fatal(err)
	}
	script := "set -euo pipefail\ntrap 'kill $(jobs -p) 2> /dev/null && wait || true' EXIT\n"
	blocks := shellBlock.FindAllStringSubmatch(string(text), -1)
	for _, b := range blocks {
		script += b[1]
	}
	shell := exec.CommandContext(ctx, "bash", "-c", strings.NewReplacer(replace...).Replace(script))
	shell.Dir = work
	shell.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	shell.Cancel = func() error { return syscall.Kill(-shell.Process.Pid, syscall.SIGKILL) }
	shell.Env = append(append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH")), env...)
	out, err := shell.CombinedOutput()
	if err != nil {
		log, _ := os.ReadFile(filepath.Join(work, "server.log"))
		t.Fatalf("%v\n%s\nthe server:\n%s", err, out, log)
	}
	for _, want := range wants {
		if !strings.Contains(string(out), want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if len(blocks) < leastBlocks {
		t.Errorf("only %d blocks of commands on the page", len(blocks))
	}
}

// Every command of docs/flows.md works, in its order.
func TestCommandsOfTheFlowsPage(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	pageWorks(ctx, t, "flows.md", 10, nil, []string{"127.0.0.1:8087", freePort(t)}, []string{
		"all is well (flows: 1, files of tests: 0)", `call.dial("to":["alice"]`, "--- PASS: one rings Alice", "3 tests, ", "hung up after",
		`{"name":"Anna Sidorova","responsible":"alice"}`, "gave us 5", "octolink.yaml is right", "number 900, else queue:700",
		"all is well (flows: 4, files of tests: 3)", `→ {"answered":true,"reason":"talked"`, `"Anna Sidorova"`, `"a stranger"`,
	})
}

// Every command of docs/plugins.md works, in its order.
func TestCommandsOfThePluginsPage(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a plugin twice")
	}
	tree, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	if end, ok := t.Deadline(); ok { // a slow machine may take its time, but a command that hangs is to be seen
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, end.Add(-30*time.Second))
		defer cancel()
	}
	pageWorks(ctx, t, "plugins.md", 6, []string{"OCTOLINK=" + tree, "GOPROXY=off", "CGO_ENABLED=0"}, nil,
		[]string{"Good morning, Anna", "octolink.yaml is right", "Hello, Anna", "to you, Anna", "plugin hello is restarted"})
}

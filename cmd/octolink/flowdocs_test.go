package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Every command of docs/flows.md works, in its order.
func TestCommandsOfTheFlowsPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/flows.md")
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin, work := t.TempDir(), t.TempDir()
	wrapper := fmt.Sprintf("#!/bin/sh\nexport %s=1\nexec %q \"$@\"\n", asProgram, self)
	if err := os.WriteFile(filepath.Join(bin, "octolink"), []byte(wrapper), 0o755); err != nil { //nolint:gosec // it is run
		t.Fatal(err)
	}
	script := "set -euo pipefail\ntrap 'kill $(jobs -p) 2> /dev/null && wait || true' EXIT\n"
	blocks := shellBlock.FindAllStringSubmatch(string(page), -1)
	for _, b := range blocks {
		script += b[1]
	}
	script = strings.ReplaceAll(script, "127.0.0.1:8087", freePort(t))
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	shell := exec.CommandContext(ctx, "bash", "-c", script) //nolint:gosec // the page is ours
	shell.Dir = work
	shell.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	shell.Cancel = func() error { return syscall.Kill(-shell.Process.Pid, syscall.SIGKILL) }
	shell.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"))
	out, err := shell.CombinedOutput()
	if err != nil {
		log, _ := os.ReadFile(filepath.Join(work, "server.log"))
		t.Fatalf("%v\n%s\nthe server:\n%s", err, out, log)
	}
	for _, want := range []string{
		"all is well (flows: 1, files of tests: 0)", `call.dial("to":["alice"]`, "--- PASS: one rings Alice", "3 tests, ", "hung up after",
		`{"name":"Anna Sidorova","responsible":"alice"}`, "gave us 5", "octolink.yaml is right", "number 900, else queue:700",
		"all is well (flows: 4, files of tests: 3)", `→ {"answered":true,"reason":"talked"`, `"Anna Sidorova"`, `"a stranger"`,
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if len(blocks) < 10 {
		t.Errorf("only %d blocks of commands on the page", len(blocks))
	}
}

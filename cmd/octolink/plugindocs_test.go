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

// Every command of docs/plugins.md works, in its order.
func TestCommandsOfThePluginsPage(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a plugin twice")
	}
	tree, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(tree, "docs/plugins.md"))
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
	script := "set -euo pipefail\ntrap 'kill $! && wait $! || true' EXIT\n"
	blocks := shellBlock.FindAllStringSubmatch(string(page), -1)
	for _, b := range blocks {
		script += b[1]
	}
	ctx := t.Context()
	if end, ok := t.Deadline(); ok { // a slow machine may take its time, but a command that hangs is to be seen
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, end.Add(-30*time.Second))
		defer cancel()
	}
	shell := exec.CommandContext(ctx, "bash", "-c", script)
	shell.Dir = work
	shell.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	shell.Cancel = func() error { return syscall.Kill(-shell.Process.Pid, syscall.SIGKILL) }
	shell.Env = append(os.Environ(), "OCTOLINK="+tree, "PATH="+bin+":"+os.Getenv("PATH"), "GOPROXY=off", "CGO_ENABLED=0")
	out, err := shell.CombinedOutput()
	if err != nil {
		log, _ := os.ReadFile(filepath.Join(work, "server.log"))
		t.Fatalf("%v\n%s\nthe server:\n%s", err, out, log)
	}
	for _, want := range []string{"Good morning, Anna", "octolink.yaml is right", "Hello, Anna", "to you, Anna", "plugin hello is restarted"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if len(blocks) < 6 {
		t.Errorf("only %d blocks of commands on the page", len(blocks))
	}
}

package peers

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Ensure processor time is what the kernel says at the end of the process, and that a server which
// does nothing is quiet.
func TestProcessorTime(t *testing.T) {
	var allowed unix.CPUSet
	if err := unix.SchedGetaffinity(0, &allowed); err != nil {
		t.Fatal(err)
	}
	cpu := 0
	for !allowed.IsSet(cpu) {
		cpu++
	}
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip(err)
	}
	p, err := launch(t.Context(), cpu, []string{sh, "-c", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; exec sleep 1000"})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.quiet(t.Context()); err != nil {
		t.Error(err)
	}
	got, err := p.cpu()
	if err != nil {
		t.Fatal(err)
	}
	if rss, err := p.rss(); err != nil || rss <= 0 {
		t.Errorf("memory: got %d, %v", rss, err)
	}
	p.stop()
	state := p.cmd.ProcessState
	told := state.UserTime() + state.SystemTime()
	if got <= 0 || got > told+10*time.Millisecond {
		t.Errorf("got %v, at its end the kernel says %v", got, told)
	}
}

// Ensure what tunes Go's runtime does not reach a server.
func TestPlainEnv(t *testing.T) {
	t.Setenv("GOGC", "400")
	t.Setenv("OCTOLINK_TEST", "1")
	var kept bool
	for _, v := range plainEnv() {
		if v == "GOGC=400" {
			t.Error("GOGC is kept")
		}
		kept = kept || v == "OCTOLINK_TEST=1"
	}
	if !kept || os.Getenv("GOGC") == "" {
		t.Error("another variable is lost")
	}
}

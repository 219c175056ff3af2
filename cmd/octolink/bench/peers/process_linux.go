package peers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// processors gives the one of the load and the one of the servers.
func processors() (load, server int, err error) {
	var allowed unix.CPUSet
	if err := unix.SchedGetaffinity(0, &allowed); err != nil {
		return 0, 0, fmt.Errorf("processors: %w", err)
	}
	found := make([]int, 0, 2)
	for cpu := 0; cpu < len(allowed)*64 && len(found) < 2; cpu++ {
		if allowed.IsSet(cpu) {
			found = append(found, cpu)
		}
	}
	if len(found) < 2 {
		return 0, 0, errors.New("two processors are needed: one for the load and one for the servers")
	}
	return found[0], found[1], nil
}

func only(cpu int) *unix.CPUSet {
	var set unix.CPUSet
	set.Set(cpu)
	return &set
}

// pin binds all threads of this program, and those that they will start.
func pin(cpu int) error {
	threads, err := filepath.Glob("/proc/self/task/*")
	if err != nil {
		return err
	}
	for _, t := range threads {
		id, err := strconv.Atoi(filepath.Base(t))
		if err != nil {
			return err
		}
		if err := unix.SchedSetaffinity(id, only(cpu)); err != nil && !errors.Is(err, unix.ESRCH) {
			return fmt.Errorf("processor %d: %w", cpu, err)
		}
	}
	return nil
}

// allFiles raises the limit of open files for us and for what we start.
func allFiles() error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	limit.Cur = limit.Max
	return unix.Setrlimit(unix.RLIMIT_NOFILE, &limit)
}

// A process is a server that was started.
type process struct {
	cmd    *exec.Cmd
	stderr bytes.Buffer // valid after its end
	ended  chan struct{}
}

// launch starts a command on one processor: a runtime that counts processors sees no other.
func launch(ctx context.Context, cpu int, command []string) (*process, error) {
	p := &process{cmd: exec.CommandContext(ctx, command[0], command[1:]...), ended: make(chan struct{})} //nolint:gosec // servers to compare
	p.cmd.Stderr, p.cmd.Env = &p.stderr, plainEnv()
	p.cmd.SysProcAttr = &unix.SysProcAttr{Pdeathsig: unix.SIGKILL}
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // a child begins as the thread is that starts it, and dies with it
		if err := unix.SchedSetaffinity(0, only(cpu)); err != nil {
			started <- err
			return
		}
		err := p.cmd.Start()
		started <- err
		if err == nil {
			_ = p.cmd.Wait() // it is told to end
			close(p.ended)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("%s: %w", command[0], err)
	}
	return p, nil
}

// plainEnv leaves out what tunes Go's runtime: servers are measured as they come.
func plainEnv() []string {
	return slices.DeleteFunc(os.Environ(), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return slices.Contains([]string{"GOGC", "GOMEMLIMIT", "GOMAXPROCS", "GODEBUG"}, name)
	})
}

// stop ends it, with patience first.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(unix.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(20 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.ended
	}
}

// cpu is the processor time of all its threads, user and system, without children. It is what
// /proc/PID/stat has, but in nanoseconds and not in hundredths of a second.
func (p *process) cpu() (time.Duration, error) {
	const wholeProcess = 2 // CPUCLOCK_SCHED of a process, beside the number that clock_getcpuclockid makes of it
	var at unix.Timespec
	if err := unix.ClockGettime(int32(^p.cmd.Process.Pid)<<3|wholeProcess, &at); err != nil { //nolint:gosec // process ids are small
		return 0, fmt.Errorf("processor time: %w", err)
	}
	return time.Duration(at.Nano()), nil
}

// rss is its memory in bytes.
func (p *process) rss() (int64, error) {
	statm, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	fields := bytes.Fields(statm)
	if len(fields) < 2 {
		return 0, fmt.Errorf("/proc/PID/statm: %q", statm)
	}
	pages, err := strconv.ParseInt(string(fields[1]), 10, 64)
	return pages * int64(os.Getpagesize()), err
}

// quiet waits until it has nothing left to do, at most half a minute.
func (p *process) quiet(ctx context.Context) error {
	const look, idle = 200 * time.Millisecond, 10 * time.Millisecond
	last := time.Duration(-1)
	for range 150 {
		now, err := p.cpu()
		if err != nil {
			return err
		}
		if last >= 0 && now-last <= idle {
			return nil
		}
		last = now
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(look):
		}
	}
	return errors.New("the server does not come to rest")
}

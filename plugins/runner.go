package plugins

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"regexp"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/hashicorp/go-plugin/runner"
)

// A process is a plugin's process as go-plugin runs it. Beside what go-plugin's own does, it has no
// standard input, takes its children down with it, and lets garbage on standard output through to
// the log instead of failing over it.
type process struct {
	cmd      *exec.Cmd
	pid      atomic.Int64 // 0: not started yet
	out      *output
	toHost   *io.PipeReader // the greeting, for go-plugin
	greeting *io.PipeWriter
	nothing  *io.PipeReader // go-plugin's standard error: it ends with the process
	over     *io.PipeWriter
	stdin    io.Closer
	readers  sync.WaitGroup
	exited   chan struct{}
	fault    error // of the exit, once exited is closed
}

var _ runner.Runner = (*process)(nil)

// greetingLine is go-plugin's line on standard output: versions, network, address, protocol.
var greetingLine = regexp.MustCompile(`^\s*\d+\|\d+\|`)

// newProcess prepares what a manifest names. env is what go-plugin wants in the environment.
func newProcess(m Manifest, out *output, env []string) (*process, error) {
	cmd := exec.Command(m.Binary, m.Args...) //nolint:gosec // that is what a manifest is for
	cmd.Dir = m.Dir
	cmd.Env = append(cleanEnvironment(), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if m.RunAs != "" {
		id, err := account(m.RunAs)
		if err != nil {
			return nil, err
		}
		cmd.SysProcAttr.Credential = id
	}
	p := &process{cmd: cmd, out: out, exited: make(chan struct{})}
	p.toHost, p.greeting = io.Pipe()
	p.nothing, p.over = io.Pipe()
	return p, nil
}

// cleanEnvironment is what a plugin sees of the server's environment: no secrets of it.
func cleanEnvironment() []string {
	var env []string
	for _, key := range []string{"PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR"} {
		if v, ok := os.LookupEnv(key); ok {
			env = append(env, key+"="+v)
		}
	}
	return env
}

// account finds who is to run a plugin. Only root can become somebody else.
func account(name string) (*syscall.Credential, error) {
	u, err := user.Lookup(name)
	if err != nil {
		return nil, fmt.Errorf("run_as: %w", err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("run_as: %s has the strange number %s", name, u.Uid)
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("run_as: %s has the strange group %s", name, u.Gid)
	}
	if os.Geteuid() != 0 && int(uid) != os.Geteuid() {
		return nil, errors.New("run_as: only a server that root runs can start plugins under another account")
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid), NoSetGroups: os.Geteuid() != 0}, nil
}

// Start implements [runner.Runner].
func (p *process) Start(context.Context) error {
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		return err
	}
	// Nobody writes to it: it ends with the server, so that the plugin does not outlive a killed one.
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return err
	}
	if err := p.cmd.Start(); err != nil {
		return err
	}
	p.pid.Store(int64(p.cmd.Process.Pid))
	p.readers.Go(func() { p.readOut(stdout) })
	p.readers.Go(func() { eachLine(stderr, func(line string) { p.out.write("stderr", line) }) })
	go p.reap(stdout, stderr)
	return nil
}

// readOut passes the greeting on and logs the rest.
func (p *process) readOut(r io.Reader) {
	greeted := false
	eachLine(r, func(line string) {
		if !greeted && greetingLine.MatchString(line) {
			greeted = true
			io.WriteString(p.greeting, line) //nolint:errcheck // go-plugin reads to the end
			return
		}
		p.out.write("stdout", line)
	})
	p.greeting.Close() //nolint:errcheck // cannot fail
}

// reap waits for the process, not for children of it that hold its output open; those get killed, and
// whoever escapes that is not listened to for long.
func (p *process) reap(output ...io.Closer) {
	state, err := p.cmd.Process.Wait()
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	stop := time.AfterFunc(lastWords, func() { closeAll(output) })
	p.readers.Wait()
	stop.Stop()
	closeAll(append(output, p.stdin))
	switch {
	case err != nil:
		p.fault = err
	case !state.Success():
		p.fault = errors.New(state.String())
	}
	p.over.Close() //nolint:errcheck // cannot fail
	close(p.exited)
}

// lastWords is how long the output of a process is read after its end.
const lastWords = 200 * time.Millisecond

func closeAll(all []io.Closer) {
	for _, c := range all {
		c.Close()
	}
}

// Wait implements [runner.Runner].
func (p *process) Wait(context.Context) error {
	<-p.exited
	return p.fault
}

// Kill implements [runner.Runner]. It does not wait.
func (p *process) Kill(context.Context) error {
	pid := int(p.pid.Load())
	if pid == 0 {
		return nil
	}
	select {
	case <-p.exited: // its number may be somebody else's by now
		return nil
	default:
	}
	if err := syscall.Kill(-pid, syscall.SIGKILL); !errors.Is(err, syscall.ESRCH) {
		return err
	}
	return nil
}

// Stdout implements [runner.Runner].
func (p *process) Stdout() io.ReadCloser { return p.toHost }

// Stderr implements [runner.Runner].
func (p *process) Stderr() io.ReadCloser { return p.nothing }

// Name implements [runner.Runner].
func (p *process) Name() string { return p.cmd.Path }

// ID implements [runner.Runner].
func (p *process) ID() string {
	if pid := p.pid.Load(); pid != 0 {
		return strconv.FormatInt(pid, 10)
	}
	return ""
}

// Diagnose implements [runner.Runner].
func (p *process) Diagnose(context.Context) string { return "" }

// PluginToHost implements [runner.AddrTranslator].
func (p *process) PluginToHost(network, address string) (string, string, error) {
	return network, address, nil
}

// HostToPlugin implements [runner.AddrTranslator].
func (p *process) HostToPlugin(network, address string) (string, string, error) {
	return network, address, nil
}

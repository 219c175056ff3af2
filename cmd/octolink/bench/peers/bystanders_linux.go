package peers

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/octolink/octolink/protocol/wire"
)

const (
	bystanders     = 100  // tabs that work while others log in
	bystandersRate = 1000 // their requests in a second
)

// What bystanders noticed while they were asked to watch.
type noticed struct {
	Requests uint64
	P50, P99 time.Duration
}

// Bystanders runs in a process of its own, so that the load of the logins does not delay it: tabs that
// ask so many requests a second. Each line that it reads begins a time to watch or ends it; at the end
// of each it writes what was noticed. It ends with its input.
func Bystanders(ctx context.Context, addr string, in io.Reader, out io.Writer) error {
	_ = unix.Setpriority(unix.PRIO_PROCESS, 0, -18) // who may not is measured with more noise, all alike
	at, err := netip.ParseAddrPort(addr)
	if err != nil {
		return err
	}
	srv := &server{name: "the server", addr: at}
	s, err := srv.rpc(ctx, wire.JSON, bystanders, 0, bystandersRate)
	if err != nil {
		return err
	}
	defer s.close()
	var lines atomic.Int64
	ended := make(chan struct{})
	go func() { // ends with the input, which the parent closes
		for r := bufio.NewScanner(in); r.Scan(); {
			lines.Add(1)
		}
		close(ended)
	}()
	tick := s.load.begin()
	if _, err := fmt.Fprintln(out, "ready"); err != nil {
		return err
	}
	enc := json.NewEncoder(out)
	for watching := int64(1); ; watching++ {
		err := s.herd.Run(ctx, func() bool { return lines.Load() >= watching || isClosed(ended) }, tick)
		if err != nil || isClosed(ended) {
			return err
		}
		if watching%2 == 1 {
			s.load.reset()
			continue
		}
		n, l := s.load.counted()
		if err := enc.Encode(noticed{n, l.Percentile(50), l.Percentile(99)}); err != nil {
			return err
		}
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// A watch is that process, seen from here.
type watch struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func (s *suite) watch(ctx context.Context, srv *server) (*watch, error) {
	cmd := exec.CommandContext(ctx, s.Self, "bench", "bystanders", "--addr", srv.addr.String()) //nolint:gosec // ourselves
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	w := &watch{cmd, in, bufio.NewReader(out)}
	if line, err := w.out.ReadString('\n'); err != nil || line != "ready\n" {
		return nil, errors.Join(fmt.Errorf("bystanders: %q", line), err, w.close())
	}
	return w, nil
}

// turn begins a time to watch, or ends it.
func (w *watch) turn() error {
	_, err := io.WriteString(w.in, "\n")
	return err
}

// noticed is what it saw in the time that has ended.
func (w *watch) noticed() (n noticed, err error) {
	line, err := w.out.ReadBytes('\n')
	if err != nil {
		return n, fmt.Errorf("bystanders: %w", err)
	}
	return n, json.Unmarshal(line, &n)
}

func (w *watch) close() error {
	return errors.Join(w.in.Close(), w.cmd.Wait())
}

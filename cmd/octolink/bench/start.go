package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"time"
)

// Start measures a cold start: from the start of a process to its first answered login. The command
// must start a server at o.URL; it is run several times, after a first one that is not counted and
// makes the database.
func Start(ctx context.Context, o Options, command []string, runs int) (*Result, error) {
	r := &Result{Load: fmt.Sprintf("start, %d runs", runs)}
	bar := o.Progress("starting", runs+1)
	defer func() { _ = bar.Finish() }()
	var times []time.Duration
	for i := range runs + 1 {
		took, err := startOnce(ctx, o, command)
		if err != nil {
			return r, err
		}
		if i > 0 {
			times = append(times, took)
		}
		_ = bar.Add(1)
	}
	slices.Sort(times)
	r.add("start to first login, median", ms(times[len(times)/2]), "ms")
	r.add("fastest", ms(times[0]), "ms")
	r.add("slowest", ms(times[len(times)-1]), "ms")
	return r, nil
}

// startWithin is how long a server may take before a run is given up.
const startWithin = 20 * time.Second

func startOnce(ctx context.Context, o Options, command []string) (took time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	server := exec.CommandContext(ctx, command[0], command[1:]...) //nolint:gosec // the user's own command
	server.Stdout, server.Stderr = io.Discard, io.Discard
	start := time.Now()
	if err := server.Start(); err != nil {
		return 0, err
	}
	defer func() {
		_ = server.Process.Signal(os.Interrupt)
		_ = server.Wait() // it was told to end
	}()
	for {
		t, err := openOne(ctx, o, o.Users[0], (*tab).login)
		if err == nil {
			took := time.Since(start)
			t.close()
			return took, nil
		}
		if ctx.Err() != nil {
			return 0, errors.Join(errors.New("the server did not answer a login"), err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Millisecond / 2):
		}
	}
}

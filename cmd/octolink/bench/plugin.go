package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	directory "github.com/octolink/octolink/crm"
	"github.com/octolink/octolink/plugins"
)

// PluginOptions say how plugins are measured.
type PluginOptions struct {
	Command  []string      // starts the plugin of the measurement; "stream" or "unary" is added
	Callers  int           // in flight at once
	Duration time.Duration // of each window
	Rounds   int           // windows of each kind, one after the other in turn
	Progress func(string, int) Bar
}

// asker runs one call and waits for its answer.
type asker func(ctx context.Context) error

// Plugin compares dynamic methods through a plugin with plain unary calls over go-plugin's gRPC, with
// the same values, on the same machine, in turn.
func Plugin(ctx context.Context, o PluginOptions) (r *Result, err error) {
	r = &Result{Load: fmt.Sprintf("plugin, %d in flight, %d rounds of %s", o.Callers, o.Rounds, o.Duration)}
	dir, err := os.MkdirTemp("", "octolink-bench")
	if err != nil {
		return r, err
	}
	defer os.RemoveAll(dir)
	if err := writePlugin(dir, o.Command); err != nil {
		return r, err
	}
	began := time.Now()
	stream, end, err := startStream(ctx, dir)
	if err != nil {
		return r, err
	}
	defer end()
	if err := stream(ctx); err != nil {
		return r, err
	}
	cold := time.Since(began)
	unary, endUnary, err := startUnary(o.Command)
	if err != nil {
		return r, err
	}
	defer endUnary()
	r.add("start to first answered method", ms(cold), "ms")
	return r, r.beside(ctx, o, stream, unary)
}

// beside measures both in turn, so that what the machine does besides hits both.
func (r *Result) beside(ctx context.Context, o PluginOptions, stream, unary asker) error {
	bar := o.Progress("calling", 4*o.Rounds)
	defer func() { _ = bar.Finish() }()
	var many, manyUnary, alone, aloneUnary []float64
	for range o.Rounds {
		for _, m := range []struct {
			ask     asker
			callers int
			into    *[]float64
		}{{stream, o.Callers, &many}, {unary, o.Callers, &manyUnary}, {stream, 1, &alone}, {unary, 1, &aloneUnary}} {
			rate, p50, err := callsFor(ctx, o.Duration, m.callers, m.ask)
			if err != nil {
				return err
			}
			if m.callers == 1 {
				rate = float64(p50.Nanoseconds()) / 1000
			}
			*m.into = append(*m.into, rate)
			_ = bar.Add(1)
		}
	}
	r.add("methods", median(many), "/s")
	r.add("plain unary calls", median(manyUnary), "/s")
	r.add("methods to unary calls", median(many)/median(manyUnary), "×")
	r.add("method alone p50", median(alone), "µs")
	r.add("unary call alone p50", median(aloneUnary), "µs")
	r.add("method to unary call, alone", median(alone)/median(aloneUnary), "×")
	return nil
}

func median(all []float64) float64 {
	slices.Sort(all)
	return all[len(all)/2]
}

// callsFor calls for a time with so many callers.
func callsFor(ctx context.Context, d time.Duration, callers int, ask asker) (rate float64, p50 time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, d+time.Minute)
	defer cancel()
	var over atomic.Bool
	stop := time.AfterFunc(d, func() { over.Store(true) })
	defer stop.Stop()
	times := make([][]time.Duration, callers)
	errs := make([]error, callers)
	var all sync.WaitGroup
	began := time.Now()
	for i := range callers {
		all.Go(func() {
			for !over.Load() {
				sent := time.Now()
				if errs[i] = ask(ctx); errs[i] != nil {
					return
				}
				times[i] = append(times[i], time.Since(sent))
			}
		})
	}
	all.Wait()
	took := time.Since(began)
	merged := slices.Concat(times...)
	slices.Sort(merged)
	if len(merged) == 0 {
		return 0, 0, errors.Join(append(errs, errors.New("no call was answered"))...)
	}
	return float64(len(merged)) / took.Seconds(), merged[len(merged)/2], errors.Join(errs...)
}

// payload is what a CRM's method typically gets: about 150 bytes of JSON.
func payload() directory.Values {
	return directory.Values{
		{Key: "phone", Value: "+7 (916) 123-45-67"}, {Key: "name", Value: "Anna Petrovna Sidorova"}, {Key: "kind", Value: directory.Number("3")},
		{Key: "note", Value: "has asked for a call back tomorrow at ten"}, {Key: "vip", Value: true},
	}
}

// writePlugin writes the folder of the plugin, with its hash: what an operator does once.
func writePlugin(dir string, command []string) error {
	sum, err := plugins.Sum(command[0])
	if err != nil {
		return err
	}
	home := filepath.Join(dir, "bench")
	if err := os.Mkdir(home, 0o700); err != nil {
		return err
	}
	manifest := fmt.Sprintf("binary: %q\nargs: [", command[0])
	for _, arg := range append(slices.Clone(command[1:]), "stream") {
		manifest += fmt.Sprintf("%q, ", arg)
	}
	manifest += fmt.Sprintf("]\nsha256: %x\n", sum)
	return os.WriteFile(filepath.Join(home, plugins.ManifestName), []byte(manifest), 0o600)
}

// startStream starts the plugin as a server would.
func startStream(ctx context.Context, dir string) (asker, func(), error) {
	var known directory.Directory
	m := plugins.NewManager(plugins.Options{Dir: dir, Enabled: []string{"bench"}, Directory: &known})
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = m.Run(ctx)
	}()
	end := func() {
		cancel()
		<-ended
	}
	if err := ready(ctx, m, &known); err != nil {
		end()
		return nil, nil, err
	}
	call := directory.Call{In: payload()}
	return func(ctx context.Context) error {
		_, err := known.Invoke(ctx, "bench.echo", call)
		return err
	}, end, nil
}

// ready waits until the plugin can be called.
func ready(ctx context.Context, m *plugins.Manager, d *directory.Directory) error {
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for {
		if _, err := d.Provider("bench"); err == nil {
			return nil
		}
		if s := m.List()[0]; s.State == plugins.Refused || s.State == plugins.Off {
			return fmt.Errorf("the plugin does not start: %s", s.Reason)
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func unaryCommand(command []string) *exec.Cmd {
	return exec.Command(command[0], append(slices.Clone(command[1:]), "unary")...) //nolint:gosec // the program itself
}

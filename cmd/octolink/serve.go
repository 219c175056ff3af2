package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

func serveCommand() *cobra.Command {
	var o serveOptions
	c := &cobra.Command{
		Use:   "serve",
		Short: "Run the server",
		Long: `Serve runs the server until it is told to stop.

Without --config it is a demonstration: five users, a queue, a simulated
telephone system, two simulated CRMs, a plugin with contacts and call flows that
ask them, on this machine only. Its data stays in ./octolink-demo.
Where a port is taken the demonstration takes the next free one.

SIGTERM and Ctrl-C stop the server in order, within 20 seconds; a second one
stops it at once. SIGHUP reads the configuration again, as "octolink reload".`,
		Example: "  octolink serve\n  octolink serve --config /etc/octolink.yaml",
		Args:    exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			return serve(c.Context(), o, c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	f := c.Flags()
	f.StringVarP(&o.config, "config", "c", "", "configuration file (default: the demonstration)")
	f.StringVar(&o.data, "data", "", "data directory, instead of the configuration's")
	f.BoolVar(&o.debug, "debug", false, "log for developers, and profiles on the metrics listener")
	return c
}

type serveOptions struct {
	config, data string
	debug        bool
}

func serve(ctx context.Context, o serveOptions, stdout, stderr io.Writer) error {
	c, warnings, err := o.load()
	if err != nil {
		return err
	}
	zone, err := c.location()
	if err != nil {
		return err
	}
	time.Local = zone // what the log shows; set before anything else runs
	log := newLog(stderr, c.Log, o.debug)
	for _, w := range warnings {
		log.Warn("configuration", "warning", w)
	}
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP) // from now on: one that comes too early must not end the program
	ctx, stop := untilSignal(ctx)
	defer stop()
	if o.config == "" {
		endCRM, err := startDemoCRMs(c)
		if err != nil {
			return err
		}
		defer endCRM()
		if err := errors.Join(addDemoPlugin(c), addDemoFlows(c)); err != nil {
			return err
		}
	}
	m, err := NewMain(ctx, MainOptions{Config: c, Path: o.config, Data: o.data, Debug: o.debug, Log: log})
	if err != nil {
		return err
	}
	m.banner(stdout)
	defer reloadOn(ctx, hangups, m, log)()
	return m.Run(ctx)
}

// load reads the configuration file, or makes the demonstration's configuration.
func (o serveOptions) load() (*Config, []string, error) {
	if o.config == "" {
		c, err := demoConfig(o.data)
		return c, nil, err
	}
	c, warnings, err := loadConfig(o.config)
	if errors.Is(err, os.ErrNotExist) {
		return nil, warnings, usageError{err}
	}
	if err == nil && o.data != "" {
		c.Data = o.data
	}
	return c, warnings, err
}

// untilSignal ends a context at the first SIGTERM or Ctrl-C. A second one ends the program at once.
func untilSignal(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case <-signals:
		case <-ctx.Done():
		}
		// From here on a signal does what it does by itself; one that came meanwhile waits in the channel.
		signal.Stop(signals)
		select {
		case <-signals:
			os.Exit(exitFailed)
		default:
		}
		cancel()
	}()
	return ctx, cancel
}

// reloadOn reads the configuration again at each signal until the function that it returns is called.
func reloadOn(ctx context.Context, signals chan os.Signal, m *Main, log *slog.Logger) (stop func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range signals {
			if _, err := m.Reload(ctx); err != nil {
				log.Error("the configuration is not reloaded; the old one stays in use", "err", err)
			}
		}
	}()
	return func() {
		signal.Stop(signals)
		close(signals)
		<-done
	}
}

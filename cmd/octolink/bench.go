package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/octolink/octolink/cmd/octolink/bench"
	"github.com/octolink/octolink/protocol/wire"
)

func benchCommand() *cobra.Command {
	return group(&cobra.Command{
		Use:   "bench",
		Short: "Put a load on a server and measure it",
		Long: `Bench opens client channels to a server that you name, behaves on them as
browsers do, checks every answer, and prints what it measured. The server's own
CPU and memory come from its metrics.

Load your own server only: a bench takes all that it can get.`,
		Example: `  octolink bench prepare --users 500 site          # a configuration to load
  octolink serve --config site/octolink.yaml &
  octolink bench rpc    --users site/users.txt --tabs 64 --depth 16
  octolink bench fanout --users site/users.txt --tabs 1000
  octolink bench storm  --users site/users.txt --tabs 10000 --concurrency 512
  octolink bench idle   --users site/users.txt --tabs 10000
  octolink bench soak   --users site/users.txt --for 30m
  octolink bench tunnel --users site/users.txt
  octolink bench dynamic
  octolink bench flows`,
	},
		loadCommand("rpc", "Requests and answers, so many in flight on each tab", 64, bench.RPC),
		loadCommand("fanout", "One event told to all tabs", 1000, bench.Fanout),
		loadCommand("storm", "Many logins at once, the whole sequence of a browser", 1000, bench.Storm),
		loadCommand("idle", "Memory of tabs that do nothing", 1000, bench.Idle),
		tunnelCommand(),
		dynamicCommand(),
		startCommand(),
		pluginLoadCommand(),
		flowsLoadCommand(),
		pluginServeCommand(),
		soakCommand(),
		peersCommand(),
		bystandersCommand(),
		prepareCommand(),
	)
}

func tunnelCommand() *cobra.Command {
	var f loadFlags
	c := &cobra.Command{
		Use:   "tunnel",
		Short: "What a request through a CRM's channel costs, beside a direct one",
		Long: `Tunnel asks through one channel of a browser and, in turn, through one channel of
a CRM server with all users of the file behind it, so many requests in flight on
each. It prints what a request costs the server, and how many times more the one
through the CRM does: the median over adjacent windows.`,
		Example: "  octolink bench tunnel --users site/users.txt --depth 64",
		Args:    exactly(0),
		RunE:    func(c *cobra.Command, _ []string) error { return f.run(c, bench.Tunnel) },
	}
	f.add(c, 1)
	preset(c, "depth", "64")
	preset(c, "duration", "20s")
	c.Flags().StringVar(&f.Link, "link", "ws://127.0.0.1:4057/", "the server's listener for a CRM, that trusts it")
	return c
}

func dynamicCommand() *cobra.Command {
	var f loadFlags
	c := &cobra.Command{
		Use:   "dynamic",
		Short: "How long dynamic methods take, beside an echo method",
		Long: `Dynamic needs no server: it runs the part that links use, and a CRM that answers at
once, over a connection of this machine. It runs so many dynamic methods at once
and, in turn, has as many requests in flight that only come back.`,
		Example: "  octolink bench dynamic --depth 1000",
		Args:    exactly(0),
		RunE:    func(c *cobra.Command, _ []string) error { return f.run(c, bench.Dynamic) },
	}
	f.add(c, 1)
	preset(c, "depth", "1000")
	for _, of := range []string{"url", "metrics", "tabs", "concurrency", "login", "password", "users", "insecure"} {
		_ = c.Flags().MarkHidden(of) // they are there
	}
	return c
}

// preset gives a flag another default than the other loads have.
func preset(c *cobra.Command, name, value string) {
	flag := c.Flags().Lookup(name)
	if err := flag.Value.Set(value); err != nil {
		panic(err) // a value of ours
	}
	flag.DefValue = value
}

func startCommand() *cobra.Command {
	var f loadFlags
	var config string
	var runs int
	c := &cobra.Command{
		Use:     "start",
		Short:   "Time from the start of this program's server to its first login",
		Example: "  octolink bench start --config site/octolink.yaml --users site/users.txt",
		Args:    exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			self, err := os.Executable()
			if err != nil {
				return err
			}
			return f.run(c, func(ctx context.Context, o bench.Options) (*bench.Result, error) {
				return bench.Start(ctx, o, []string{self, "serve", "--config", config}, runs)
			})
		},
	}
	f.add(c, 1)
	c.Flags().StringVar(&config, "config", "site/octolink.yaml", "configuration of the server")
	c.Flags().IntVar(&runs, "runs", 9, "how often")
	return c
}

func pluginLoadCommand() *cobra.Command {
	var o bench.PluginOptions
	var asJSON, quiet bool
	c := &cobra.Command{
		Use:     "plugin",
		Short:   "Dynamic methods through a plugin, beside plain unary calls to one",
		Example: "  octolink bench plugin --callers 64",
		Args:    exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			if o.Callers < 1 || o.Rounds < 1 {
				return usageError{fmt.Errorf("--callers and --rounds must be at least 1")}
			}
			self, err := os.Executable()
			if err != nil {
				return err
			}
			o.Command, o.Progress = []string{self, "bench", "serve-plugin"}, progress(c.ErrOrStderr(), quiet)
			ctx, stop := interruptible(c)
			defer stop()
			result, err := bench.Plugin(ctx, o)
			if err != nil {
				return err
			}
			f := loadFlags{asJSON: asJSON}
			return f.print(c.OutOrStdout(), result)
		},
	}
	c.Flags().IntVar(&o.Callers, "callers", 64, "methods in flight")
	c.Flags().IntVar(&o.Rounds, "rounds", 5, "how often each kind is measured")
	c.Flags().DurationVar(&o.Duration, "duration", time.Second, "how long each time")
	c.Flags().BoolVar(&asJSON, "json", false, "print the result as JSON")
	c.Flags().BoolVar(&quiet, "quiet", false, "no progress bar")
	return c
}

// pluginServeCommand is the plugin of bench plugin; it is started by that.
func pluginServeCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "serve-plugin stream|unary",
		Hidden: true,
		Args:   exactly(1),
		Run:    func(_ *cobra.Command, args []string) { bench.ServePlugin(args[0]) },
	}
}

// A load measures something.
type load func(context.Context, bench.Options) (*bench.Result, error)

// loadFlags are the flags of all loads.
type loadFlags struct {
	bench.Options
	login, password, users string
	xml, asJSON, quiet     bool
}

func loadCommand(name, short string, tabs int, run load) *cobra.Command {
	var f loadFlags
	c := &cobra.Command{
		Use:     name,
		Short:   short,
		Example: fmt.Sprintf("  octolink bench %s --login alice --password demo --tabs 10\n  octolink bench %s --users site/users.txt --tabs %d --json", name, name, tabs),
		Args:    exactly(0),
		RunE:    func(c *cobra.Command, _ []string) error { return f.run(c, run) },
	}
	f.add(c, tabs)
	return c
}

func (f *loadFlags) add(c *cobra.Command, tabs int) {
	flags := c.Flags()
	flags.StringVar(&f.URL, "url", "ws://127.0.0.1:4055/", "the server's client channel")
	flags.StringVar(&f.Metrics, "metrics", "http://127.0.0.1:4056/metrics", "the server's metrics; empty leaves its CPU and memory out")
	flags.IntVar(&f.Tabs, "tabs", tabs, "channels")
	flags.IntVar(&f.Concurrency, "concurrency", 64, "how many are opened at once")
	flags.IntVar(&f.Depth, "depth", 1, "requests or events in flight, on each tab or in all")
	flags.DurationVar(&f.Duration, "duration", 10*time.Second, "how long to measure")
	flags.DurationVar(&f.Warmup, "warmup", time.Second, "how long to run before that")
	flags.DurationVar(&f.Settle, "settle", 30*time.Second, "idle: how long tabs are left alone before the memory is read")
	flags.StringVar(&f.login, "login", "alice", "who logs in")
	flags.StringVar(&f.password, "password", "demo", "with what password")
	flags.StringVar(&f.users, "users", "", "file of logins and passwords, a pair in each line; tabs are spread over them")
	flags.BoolVar(&f.xml, "xml", false, "speak XML instead of JSON")
	flags.BoolVar(&f.Insecure, "insecure", false, "take any certificate of the server")
	flags.BoolVar(&f.asJSON, "json", false, "print the result as JSON")
	flags.BoolVar(&f.quiet, "quiet", false, "no progress bar")
}

func (f *loadFlags) run(c *cobra.Command, run load) error {
	return f.with(c, func(ctx context.Context, o bench.Options) error {
		result, err := run(ctx, o)
		if err != nil {
			if result != nil && len(result.Errors) > 0 {
				return fmt.Errorf("%w; the first reason: %s", err, result.Errors[0])
			}
			return err
		}
		return f.print(c.OutOrStdout(), result)
	})
}

// with reads the flags and runs something until it ends or is interrupted.
func (f *loadFlags) with(c *cobra.Command, run func(context.Context, bench.Options) error) error {
	if f.Tabs < 1 || f.Concurrency < 1 || f.Depth < 1 {
		return usageError{fmt.Errorf("--tabs, --concurrency and --depth must be at least 1")}
	}
	f.Users = []bench.User{{Login: f.login, Password: f.password}}
	if f.users != "" {
		var err error
		if f.Users, err = usersFile(f.users); err != nil {
			return usageError{err}
		}
	}
	if f.xml {
		f.Format = wire.XML
	}
	f.Progress = progress(c.ErrOrStderr(), f.quiet)
	ctx, stop := interruptible(c)
	defer stop()
	return run(ctx, f.Options)
}

func (f *loadFlags) print(w io.Writer, r *bench.Result) error {
	write := r.WriteTable
	if f.asJSON {
		write = r.WriteJSON
	}
	if err := write(w); err != nil {
		return err
	}
	if r.Failed > 0 {
		return fmt.Errorf("%d failed", r.Failed)
	}
	return nil
}

func usersFile(path string) ([]bench.User, error) {
	file, err := os.Open(path) //nolint:gosec // the user names it
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	users, err := bench.ReadUsers(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return users, nil
}

func progress(w io.Writer, quiet bool) func(string, int) bench.Bar {
	if quiet {
		w = io.Discard
	}
	return func(stage string, total int) bench.Bar {
		return progressbar.NewOptions(total, progressbar.OptionSetWriter(w), progressbar.OptionSetDescription(stage),
			progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
	}
}

func prepareCommand() *cobra.Command {
	var site bench.Site
	c := &cobra.Command{
		Use:     "prepare DIR",
		Short:   "Write a configuration with many users, and the file of their passwords",
		Example: "  octolink bench prepare --users 500 site\n  octolink serve --config site/octolink.yaml",
		Args:    exactly(1),
		RunE: func(c *cobra.Command, args []string) error {
			dir := args[0]
			if err := os.MkdirAll(dir, 0o700); err != nil {
				return err
			}
			config, users := filepath.Join(dir, "octolink.yaml"), filepath.Join(dir, "users.txt")
			if err := writeNew(config, site.WriteConfig); err != nil {
				return err
			}
			if err := writeNew(users, site.WriteUsers); err != nil {
				return err
			}
			_, err := fmt.Fprintf(c.OutOrStdout(), "wrote %s and %s\n", config, users)
			return err
		},
	}
	c.Flags().IntVar(&site.Users, "users", 500, "how many users")
	c.Flags().StringVar(&site.HTTP, "http", "127.0.0.1:4055", "listener of the client channels")
	c.Flags().StringVar(&site.Stats, "metrics", "127.0.0.1:4056", "listener of the metrics")
	c.Flags().StringVar(&site.Link, "link", "127.0.0.1:4057", "listener for a CRM; empty for none")
	return c
}

// writeNew writes a file that must not be there yet.
func writeNew(path string, write func(io.Writer) error) (err error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the user names it
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := file.Close(); err == nil {
			err = closeErr
		}
	}()
	return write(file)
}

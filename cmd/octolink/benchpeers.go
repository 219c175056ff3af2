package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/octolink/octolink/cmd/octolink/bench/peers"
)

// peersFlags say where a comparison is written to.
type peersFlags struct {
	peers.Options
	json, markdown string
	quiet          bool
}

func peersCommand() *cobra.Command {
	var f peersFlags
	c := &cobra.Command{
		Use:   "peers",
		Short: "Measure this program beside other servers (make bench-peers builds them)",
		Long: `Peers starts this program's server and others that answer the same bytes, in turn
on one processor, with the load on another one, and prints a table of ratios:
medians over windows that follow one another. The other servers are in the folder
bench of the source tree; make bench-peers builds them and runs this.`,
		Example: "  octolink bench peers --quick\n  octolink bench peers --only rpc,rpc16 --markdown docs/performance.md",
		Args:    exactly(0),
		RunE:    func(c *cobra.Command, _ []string) error { return f.run(c) },
	}
	flags := c.Flags()
	flags.StringVar(&f.Dir, "dir", "bench", "folder with the other servers")
	flags.StringSliceVar(&f.Only, "only", nil, "measure these lines: "+peers.Keys)
	flags.IntVar(&f.Pairs, "pairs", 0, "pairs of windows for each ratio (default 5, quick 2)")
	flags.BoolVar(&f.Quick, "quick", false, "short windows and few tabs, to see that it runs")
	flags.StringVar(&f.json, "json", "", "write the result to this file too")
	flags.StringVar(&f.markdown, "markdown", "", "put the table between the marks in this file")
	flags.BoolVar(&f.quiet, "quiet", false, "no progress")
	return c
}

func (f *peersFlags) run(c *cobra.Command) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	f.Self, f.Version, f.Log = self, programVersion(), c.ErrOrStderr()
	if f.quiet {
		f.Log = io.Discard
	}
	ctx, stop := interruptible(c)
	defer stop()
	report, err := peers.Run(ctx, f.Options)
	if err != nil {
		return err
	}
	return errors.Join(report.WriteText(c.OutOrStdout()), f.write(f.json, report.WriteJSON), f.mark(report))
}

// write makes a file and its folder.
func (f *peersFlags) write(path string, content func(io.Writer) error) error {
	if path == "" {
		return nil
	}
	var text bytes.Buffer
	if err := errors.Join(content(&text), os.MkdirAll(filepath.Dir(path), 0o750)); err != nil {
		return err
	}
	return os.WriteFile(path, text.Bytes(), 0o600)
}

func (f *peersFlags) mark(r *peers.Report) error {
	if f.markdown == "" {
		return nil
	}
	return replaceMarked(f.markdown, "bench peers", r.WriteMarkdown)
}

// replaceMarked writes what stands between two marks in a file, <!-- NAME --> and <!-- end NAME -->.
func replaceMarked(path, name string, content func(io.Writer) error) error {
	begin, end := []byte("<!-- "+name+" -->\n"), []byte("<!-- end "+name+" -->")
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, ok := bytes.Cut(text, begin)
	_, after, ok2 := bytes.Cut(rest, end)
	if !ok || !ok2 {
		return fmt.Errorf("%s has no marks %q and %q", path, bytes.TrimSpace(begin), end)
	}
	var out bytes.Buffer
	out.Write(before)
	out.Write(begin)
	if err := content(&out); err != nil {
		return err
	}
	out.Write(end)
	out.Write(after)
	return os.WriteFile(path, out.Bytes(), 0o644) //nolint:gosec // a page of the documentation
}

// bystandersCommand is a part of bench peers, and started by that.
func bystandersCommand() *cobra.Command {
	var addr string
	c := &cobra.Command{
		Use:    "bystanders",
		Hidden: true,
		Args:   exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			return peers.Bystanders(context.WithoutCancel(c.Context()), addr, c.InOrStdin(), c.OutOrStdout())
		},
	}
	c.Flags().StringVar(&addr, "addr", "", "the server's address")
	return c
}

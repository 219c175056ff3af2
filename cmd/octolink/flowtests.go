package main

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"github.com/octolink/octolink/scripting/flowtest"
	"github.com/spf13/cobra"
)

// flowTestFlags are the command line of flow test.
type flowTestFlags struct {
	match   string
	verbose bool
	hangUps bool
	timeout time.Duration
}

func flowTestCommand() *cobra.Command {
	var f flowTestFlags
	c := &cobra.Command{
		Use:   "test [DIR]",
		Short: "Run the tests beside the flows",
		Long: `Test runs the files of a folder whose names end in _test.ts or _test.js. A test
says who calls, which keys he presses, who answers and what CRMs say, plays a
flow and looks at what it did. Nothing is asked of a server, and time is the
test's own: a caller who waits an hour takes no time.

With --hang-ups each call of each test is played again, once for each function
that the flow calls, with a caller who hangs up there.

The exit code is 1 when a test fails.`,
		Example: `  octolink flow test flows
  octolink flow test flows --run responsible -v     # with what each flow did
  octolink flow test flows --hang-ups`,
		Args: atMost(1),
		RunE: func(c *cobra.Command, args []string) error { return f.run(c, folder(args)) },
	}
	flags := c.Flags()
	flags.StringVar(&f.match, "run", "", "only tests whose names match this regular expression")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "all tests, with the traces of their flows")
	flags.BoolVar(&f.hangUps, "hang-ups", false, "play each call again with a caller who hangs up, at each point")
	flags.DurationVar(&f.timeout, "timeout", 10*time.Second, "how long one test may take")
	return c
}

func (f *flowTestFlags) run(c *cobra.Command, dir string) error {
	o := flowtest.Options{Dir: dir, HangUps: f.hangUps, Timeout: f.timeout}
	if f.match != "" {
		var err error
		if o.Match, err = regexp.Compile(f.match); err != nil {
			return usageError{fmt.Errorf("--run: %w", err)}
		}
	}
	files, err := flowtest.Files(dir)
	if err != nil {
		return usageError{err}
	}
	if len(files) == 0 {
		return fmt.Errorf("no tests in %s: there is no file whose name ends in _test.ts", dir)
	}
	ctx, stop := interruptible(c)
	defer stop()
	w, failed := c.OutOrStdout(), 0
	o.Done = func(t flowtest.Test) { f.print(w, &t) }
	for _, file := range files {
		o.Files = []string{file}
		began := time.Now()
		tests, err := flowtest.Run(ctx, o)
		if ctx.Err() != nil {
			return errors.New("interrupted")
		}
		if !f.printFile(w, file, tests, err, time.Since(began)) {
			failed++
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d files failed", failed, len(files))
	}
	return nil
}

// print tells how one test went: all of it when it failed or everything is wanted.
func (f *flowTestFlags) print(w io.Writer, t *flowtest.Test) {
	if len(t.Failures) == 0 && !f.verbose {
		return
	}
	word := "PASS"
	if len(t.Failures) > 0 {
		word = "FAIL"
	}
	fmt.Fprintf(w, "--- %s: %s (%.2fs)\n", word, t.Name, t.Took.Seconds())
	for _, line := range t.Logs {
		fmt.Fprintf(w, "    %s\n", line)
	}
	for _, one := range t.Failures {
		fmt.Fprintf(w, "    %s\n", one)
	}
	if !f.verbose {
		return
	}
	for _, trace := range t.Traces {
		var b strings.Builder
		printTrace(&b, traceShown(trace))
		fmt.Fprintf(w, "    %s\n", strings.ReplaceAll(strings.TrimRight(b.String(), "\n"), "\n", "\n    "))
	}
	if t.HangUps > 0 {
		fmt.Fprintf(w, "    %d times with a caller who hangs up\n", t.HangUps)
	}
}

// printFile sums one file up, and says whether all is well.
func (f *flowTestFlags) printFile(w io.Writer, file string, tests []flowtest.Test, err error, took time.Duration) bool {
	if err != nil {
		fmt.Fprintf(w, "%s\nFAIL\t%s\n", err, file)
		return false
	}
	failed, hangUps := 0, 0
	for _, t := range tests {
		hangUps += t.HangUps
		if len(t.Failures) > 0 {
			failed++
		}
	}
	about := fmt.Sprintf("%d tests", len(tests))
	if hangUps > 0 {
		about += fmt.Sprintf(", %d hang-ups", hangUps)
	}
	if failed > 0 {
		fmt.Fprintf(w, "FAIL\t%s\t%d of %s\t%.3fs\n", file, failed, about, took.Seconds())
		return false
	}
	if len(tests) == 0 {
		about = "no tests to run"
	}
	fmt.Fprintf(w, "ok\t%s\t%s\t%.3fs\n", file, about, took.Seconds())
	return true
}

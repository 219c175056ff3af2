package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/octolink/octolink/web"
	"github.com/spf13/cobra"
)

func flowTraceCommand() *cobra.Command {
	var server serverFlag
	var q web.TraceQuery
	var asJSON bool
	c := server.add(&cobra.Command{
		Use:   "trace [CALL|RUN]",
		Short: "Show what flows did: each function with its arguments, result and time",
		Long: `Trace shows the runs of a call, by the chain of its journal entry, or one run by
its own id; without either the latest runs. Secrets are masked.`,
		Example: `  octolink flow trace                                       # the latest run
  octolink flow trace 019a9f0e-6b1c-7a42-9d3f-2f1c5f0e8a11
  octolink flow trace --flow incoming --limit 5 --json`,
		Args: atMost(1),
		RunE: server.ask(func(c *cobra.Command, admin *web.AdminClient, args []string) error {
			list, err := traces(c, admin, q, args)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(c.OutOrStdout(), list)
			}
			for i, t := range list {
				if i > 0 {
					fmt.Fprintln(c.OutOrStdout())
				}
				printTrace(c.OutOrStdout(), t)
			}
			return nil
		}),
	})
	c.Flags().StringVar(&q.Flow, "flow", "", "only runs of this flow")
	c.Flags().IntVar(&q.Limit, "limit", 0, "how many runs, the latest (default: all of a call, else one)")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// traces asks for an id as that of a call, and then as that of a run.
func traces(c *cobra.Command, admin *web.AdminClient, q web.TraceQuery, args []string) ([]web.FlowTrace, error) {
	if len(args) == 0 {
		if q.Limit == 0 {
			q.Limit = 1
		}
		list, err := admin.FlowTraces(c.Context(), q)
		if err == nil && len(list) == 0 {
			err = errors.New("no flow has run yet")
		}
		return list, err
	}
	q.Call = args[0]
	list, err := admin.FlowTraces(c.Context(), q)
	if err != nil || len(list) > 0 {
		return list, err
	}
	q.Call, q.Run = "", args[0]
	list, err = admin.FlowTraces(c.Context(), q)
	if err == nil && len(list) == 0 {
		err = fmt.Errorf("no flow has run for a call %s, and no run has that id", cut(args[0]))
	}
	return list, err
}

// printTrace tells a run's steps between how it began and how it ended.
func printTrace(w io.Writer, t web.FlowTrace) {
	fmt.Fprintf(w, "%s, started by %s at %s", t.Flow, t.Kind, t.Started.Format(time.DateTime))
	for _, about := range []struct{ name, value string }{{"call", t.Chain}, {"user", t.User}, {"run", t.Run}} {
		if about.value != "" {
			fmt.Fprintf(w, ", %s %s", about.name, about.value)
		}
	}
	fmt.Fprintln(w)
	for i, s := range t.Steps {
		if t.Left > 0 && i == len(t.Steps)/2 {
			fmt.Fprintf(w, "  … %d steps are left out\n", t.Left)
		}
		printStep(w, s)
	}
	fmt.Fprintln(w, traceEnd(t))
}

// printStep tells when, how long and what, and in a line of its own what came of it.
func printStep(w io.Writer, s web.FlowStep) {
	fmt.Fprintf(w, "  %8.3fs %9s  %s(%s)\n", s.At, shortTime(s.Seconds), s.Name, arguments(s.Args))
	switch {
	case s.Open:
		fmt.Fprintf(w, "%23s…\n", "")
	case s.Error != "":
		fmt.Fprintf(w, "%23sfailed: %s\n", "", s.Error)
	case s.Result != "" && s.Result != `""`:
		fmt.Fprintf(w, "%23s→ %s\n", "", s.Result)
	}
}

// arguments are what stands between the brackets of a call, without those of an object.
func arguments(args string) string {
	return strings.TrimSuffix(strings.TrimPrefix(args, "{"), "}")
}

// shortTime writes seconds with as many digits as mean something.
func shortTime(seconds float64) string {
	return time.Duration(seconds * float64(time.Second)).Round(time.Millisecond / 10).String()
}

func traceEnd(t web.FlowTrace) string {
	if t.Outcome == "" {
		return fmt.Sprintf("it has been running for %s", shortTime(t.Seconds))
	}
	text := fmt.Sprintf("%s after %s", t.Outcome, shortTime(t.Seconds))
	if t.Returned != "" && t.Returned != "null" {
		text += ": " + t.Returned
	}
	if t.Reason != "" {
		text += ": " + t.Reason
	}
	if t.Fallback != "" {
		text += "; the call went by the fallback " + t.Fallback
	}
	return text
}

package main

import (
	"fmt"
	"time"

	"github.com/octolink/octolink/cmd/octolink/bench"
	"github.com/spf13/cobra"
)

func flowsLoadCommand() *cobra.Command {
	var o bench.FlowsOptions
	var asJSON, quiet bool
	c := &cobra.Command{
		Use:   "flows",
		Short: "Call flows: memory of suspended calls, starts, short flows, scripts that misbehave",
		Long: `Flows needs no server: it runs call flows within this process, on the simulated
telephone system, with a CRM that answers at once. It measures
  what a call that is suspended in a flow holds, beside one that waits in a queue;
  the time from the start of a run to its first call of the host;
  how many short flows with three methods of the CRM each end in a second;
  how soon scripts that misbehave are ended, and how late that makes others.`,
		Example: "  octolink bench flows\n  octolink bench flows --calls 1000 --duration 1s --json",
		Args:    exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			if o.Calls < 1 || o.Others < 1 || o.Duration <= 0 {
				return usageError{fmt.Errorf("--calls, --others and --duration must be above 0")}
			}
			o.Progress = progress(c.ErrOrStderr(), quiet)
			ctx, stop := interruptible(c)
			defer stop()
			result, err := bench.Flows(ctx, o)
			if err != nil {
				return err
			}
			f := loadFlags{asJSON: asJSON}
			return f.print(c.OutOrStdout(), result)
		},
	}
	c.Flags().IntVar(&o.Calls, "calls", 10_000, "calls suspended in a flow at once")
	c.Flags().IntVar(&o.Others, "others", 1000, "calls beside which scripts misbehave")
	c.Flags().DurationVar(&o.Duration, "duration", 5*time.Second, "how long each window is")
	c.Flags().BoolVar(&asJSON, "json", false, "print the result as JSON")
	c.Flags().BoolVar(&quiet, "quiet", false, "no progress bar")
	return c
}

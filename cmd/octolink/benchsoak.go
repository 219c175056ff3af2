package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/octolink/octolink/cmd/octolink/bench"
)

// soakFlags are those of other loads, and how long.
type soakFlags struct {
	loadFlags
	duration, every time.Duration
	rate            int
	markdown        string
}

func soakCommand() *cobra.Command {
	var f soakFlags
	c := &cobra.Command{
		Use:   "soak",
		Short: "Half of the load for a long time: does the server's memory stay flat?",
		Long: `Soak measures how many requests in a second the server manages, and then asks half
as many for a long time, on all tabs in turn. Each second one user tells everybody
an event, and one tab goes away and comes back. It prints a line a minute with the
server's memory, goroutines and open files and the times of its answers, and in the
end whether any of the first three grew over the second half.`,
		Example: "  octolink bench soak --users site/users.txt\n  octolink bench soak --users site/users.txt --for 2m --rate 5000",
		Args:    exactly(0),
		RunE:    func(c *cobra.Command, _ []string) error { return f.soak(c) },
	}
	f.add(c, 256)
	preset(c, "warmup", "5s")
	for _, of := range []string{"depth", "duration", "settle"} {
		_ = c.Flags().MarkHidden(of) // they are there
	}
	flags := c.Flags()
	flags.DurationVar(&f.duration, "for", 30*time.Minute, "how long")
	flags.DurationVar(&f.every, "every", 0, "a line each time (default a minute, less in a short soak)")
	flags.IntVar(&f.rate, "rate", 0, "requests in a second (default half of what is measured)")
	flags.StringVar(&f.markdown, "markdown", "", "put the table between the marks in this file")
	return c
}

func (f *soakFlags) soak(c *cobra.Command) error {
	if f.duration <= 0 || f.every < 0 || f.rate < 0 || f.Warmup <= 0 {
		return usageError{errors.New("--for and --warmup must be more than 0, --every and --rate not less")}
	}
	return f.with(c, func(ctx context.Context, o bench.Options) error {
		out := c.OutOrStdout()
		so := bench.SoakOptions{Options: o, For: f.duration, Every: f.every, Rate: f.rate}
		if !f.asJSON {
			fmt.Fprintln(out, bench.SoakHead)
			var last bench.SoakLine
			so.Line = func(l bench.SoakLine) {
				fmt.Fprintln(out, l.Row(last))
				last = l
			}
		}
		s, err := bench.RunSoak(ctx, so)
		if err != nil {
			return err
		}
		return f.result(c, s)
	})
}

func (f *soakFlags) result(c *cobra.Command, s *bench.Soak) error {
	if f.markdown != "" {
		if err := replaceMarked(f.markdown, "bench soak", s.WriteMarkdown); err != nil {
			return err
		}
	}
	out := c.OutOrStdout()
	if f.asJSON {
		if err := s.WriteJSON(out); err != nil {
			return err
		}
	} else {
		s.WriteVerdicts(out)
	}
	if s.Failed > 0 {
		return fmt.Errorf("%d failed; the first reasons: %v", s.Failed, s.Errors)
	}
	for _, v := range s.Verdicts {
		if v.Grows() {
			return errors.New(v.String())
		}
	}
	return nil
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/octolink/octolink/web"
	"github.com/spf13/cobra"
)

func tapCommand() *cobra.Command {
	var server serverFlag
	var filter web.TapFilter
	var asJSON bool
	c := server.add(&cobra.Command{
		Use:   "tap",
		Short: "Watch the frames that pass, secrets masked",
		Long: `Tap prints every frame that the running server receives and sends, until it is
interrupted. Passwords and session ids are masked. A watcher who is too slow
loses frames, never the server time; how many is said.`,
		Example: "  octolink tap\n  octolink tap --user alice",
		Args:    exactly(0),
		RunE: server.ask(func(c *cobra.Command, admin *web.AdminClient, _ []string) error {
			ctx, stop := interruptible(c)
			defer stop()
			show := printTap
			if asJSON {
				show = func(w io.Writer, l web.TapLine) error { return json.NewEncoder(w).Encode(l) }
			}
			err := admin.Tap(ctx, filter, func(l web.TapLine) error { return show(c.OutOrStdout(), l) })
			if errors.Is(err, context.Canceled) {
				return nil // the watcher has seen enough
			}
			return err
		}),
	})
	c.Flags().StringVarP(&filter.User, "user", "u", "", "only frames of this login")
	c.Flags().StringVar(&filter.Link, "link", "", "only frames of this link")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON, one line for each frame")
	return c
}

func printTap(w io.Writer, l web.TapLine) error {
	if l.Lost > 0 {
		fmt.Fprintf(w, "(%d frames lost)\n", l.Lost)
	}
	who := l.User
	if who == "" {
		who = l.Remote
	}
	arrow := ">" // as in the documents: towards octolink
	if l.Dir == "out" {
		arrow = "<"
	}
	_, err := fmt.Fprintf(w, "%s %s %s %s\n", l.At.Format("15:04:05.000"), who, arrow, l.Frame)
	return err
}

func eventsCommand() *cobra.Command {
	var server serverFlag
	var since int64
	var limit int
	c := server.add(&cobra.Command{
		Use:   "events",
		Short: "List the stored events, one JSON line each",
		Long: `Events lists the events that are kept for confirmed delivery, oldest first.
They are kept for retention.events of the configuration.`,
		Example: "  octolink events --since 1200",
		Args:    exactly(0),
		RunE: server.ask(func(c *cobra.Command, admin *web.AdminClient, _ []string) error {
			list, err := admin.Events(c.Context(), since, limit)
			if err != nil {
				return err
			}
			e := json.NewEncoder(c.OutOrStdout())
			for _, ev := range list {
				if err := e.Encode(ev); err != nil {
					return err
				}
			}
			return nil
		}),
	})
	c.Flags().Int64Var(&since, "since", 0, "only events with a number above this one")
	c.Flags().IntVar(&limit, "limit", 0, "how many at most (default 1000)")
	return c
}

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/octolink/octolink/web"
	"github.com/spf13/cobra"
)

func statusCommand() *cobra.Command {
	var server serverFlag
	var asJSON bool
	c := server.add(&cobra.Command{
		Use:     "status",
		Short:   "Show how the running server is",
		Example: "  octolink status\n  octolink status --data /var/lib/octolink --json",
		Args:    exactly(0),
		RunE: server.ask(func(c *cobra.Command, admin *web.AdminClient, _ []string) error {
			s, err := admin.Status(c.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(c.OutOrStdout(), s)
			}
			return printStatus(c.OutOrStdout(), s)
		}),
	})
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

func printStatus(w io.Writer, s web.Status) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name string, format string, args ...any) {
		fmt.Fprintf(t, "%s\t%s\n", name, fmt.Sprintf(format, args...))
	}
	row("version", "%s", s.Version)
	row("running", "since %s, process %d", s.Started.Format(time.DateTime), s.PID)
	if s.Config != "" {
		row("configuration", "%s", s.Config)
	} else {
		row("configuration", "the demonstration")
	}
	row("data", "%s", s.Data)
	for _, l := range s.Listeners {
		row(l.Kind, "%s", l.Address)
	}
	if s.Certificate != "" {
		row("certificate", "%s", s.Certificate)
	}
	row("telephony", "%s: %s", s.Driver, s.Telephony)
	row("database", "%s", s.Store)
	row("users", "%d of %d are logged in, %d channels", s.UsersOnline, s.Users, s.Channels)
	row("calls", "%d", s.Calls)
	row("flows", "%d, runs: %d", s.Flows.Flows, s.Flows.Running)
	for _, line := range s.Flows.Broken {
		row("", "broken: %s", line)
	}
	if s.Undelivered > 0 {
		row("undelivered", "%d events wait for a CRM's confirmation", s.Undelivered)
	}
	if s.Unknown > 0 {
		row("answers", "%d came that nobody waited for: late, twice, or to no question", s.Unknown)
	}
	for _, l := range s.Links {
		printLink(row, l)
	}
	for _, p := range s.Plugins {
		row("plugin "+p.Name, "%s since %s, methods: %d, forms: %d", p.State, p.Since.Local().Format(time.DateTime), p.Methods, p.Forms)
		if p.Reason != "" {
			row("", "%s", strings.ReplaceAll(p.Reason, "\n", "; "))
		}
	}
	return t.Flush()
}

// printLink is a line of what a link is doing, and lines of what is wrong with it.
func printLink(row func(name, format string, args ...any), l web.Link) {
	text := l.Mode + " " + l.Address + ": " + l.State
	if !l.Since.IsZero() {
		text += " since " + l.Since.Local().Format(time.DateTime)
	}
	if l.State == web.LinkIntroduced {
		text += ", " + l.Peer
		if l.Remote != "" { // one over HTTP has no connection
			text += " at " + l.Remote
		}
		text += fmt.Sprintf(", users: %d, methods: %d, forms: %d", l.Users, l.Methods, l.Forms)
	} else if l.Remote != "" {
		text += ", " + l.Remote
	}
	if !l.Retry.IsZero() {
		text += ", again at " + l.Retry.Local().Format(time.TimeOnly)
	}
	row("link "+l.Name, "%s", text)
	if l.Error != "" {
		row("", "last failure: %s", l.Error)
	}
	for _, reason := range slices.Sorted(maps.Keys(l.Refused)) {
		row("", "refused %d: %s", l.Refused[reason], reason)
	}
	for _, f := range l.Faults {
		row("", "catalogue: %s", f)
	}
}

package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/octolink/octolink/web"
	"github.com/spf13/cobra"
)

func flowCommand() *cobra.Command {
	return group(&cobra.Command{
		Use:   "flow",
		Short: "Write, test and follow call flows: scripts that lead calls",
		Long: `Flow has what the author of a call flow needs: types writes declarations for his
editor, check compiles, test runs the tests beside the flows, run plays one.
list and trace show what the flows of the running server are and did.`,
		Example: `  octolink flow types -o flows/octolink.d.ts
  octolink flow check flows
  octolink flow test flows
  octolink flow run flows/incoming.ts --from 79161234567 --press 2
  octolink flow trace 019a9f0e-6b1c-7a42-9d3f-2f1c5f0e8a11`,
	},
		flowListCommand(),
		flowCheckCommand(),
		flowTypesCommand(),
		flowTestCommand(),
		flowRunCommand(),
		flowTraceCommand(),
	)
}

func flowListCommand() *cobra.Command {
	var server serverFlag
	var asJSON bool
	c := server.add(&cobra.Command{
		Use:     "list",
		Short:   "Show the flows of the running server and what starts them",
		Example: "  octolink flow list\n  octolink flow list --json",
		Args:    exactly(0),
		RunE: server.ask(func(c *cobra.Command, admin *web.AdminClient, _ []string) error {
			list, err := admin.Flows(c.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(c.OutOrStdout(), list)
			}
			return printFlows(c.OutOrStdout(), list)
		}),
	})
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func printFlows(w io.Writer, list []web.Flow) error {
	if len(list) == 0 {
		_, err := fmt.Fprintln(w, "there are no flows; see flows.dir in the configuration")
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NAME\tFILE\tVERSION\tRUNNING\tSTARTED BY")
	for _, f := range list {
		version := fmt.Sprint(f.Version)
		if f.Version == 0 {
			version = "-"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%s\n", f.Name, f.File, version, f.Running, strings.Join(f.Triggers, "; "))
		for _, p := range f.Problems {
			fmt.Fprintf(t, "\tproblem\t%s\n", p)
		}
		for _, p := range f.Warnings {
			fmt.Fprintf(t, "\twarning\t%s\n", p)
		}
	}
	return t.Flush()
}

// folder is a command's folder of flows: its argument, or the present one.
func folder(args []string) string {
	if len(args) == 0 {
		return "."
	}
	return args[0]
}

// atMost is cobra's rule for optional arguments, with our exit code.
func atMost(n int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error { return exactly(min(len(args), n))(c, args) }
}

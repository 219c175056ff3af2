package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/octolink/octolink/plugins/status"
	"github.com/octolink/octolink/web"
	"github.com/spf13/cobra"
)

func pluginCommand() *cobra.Command {
	var server serverFlag
	list := server.add(pluginListCommand(&server))
	return group(&cobra.Command{
		Use:   "plugin",
		Short: "Write, try and look after plugins: CRM adapters in processes of their own",
		Long: `Plugin has what the author of a plugin needs: new writes one, try runs one by
hand, seal writes the hash of its binary into its manifest. The other commands
are about the plugins of the running server.`,
		Example: `  octolink plugin new hello
  octolink plugin try ./hello/hello greet name=Anna
  octolink plugin list`,
	},
		pluginNewCommand(),
		pluginTryCommand(),
		pluginSealCommand(),
		list,
		pluginOrderCommand("enable", "Start a plugin that was disabled or that died too often", "is enabled"),
		pluginOrderCommand("disable", "Stop a plugin until it is enabled, or the server starts again", "is disabled"),
		pluginOrderCommand("restart", "Exchange a plugin's process for a new one, without losing a call", "is restarted"),
		pluginLogsCommand(),
	)
}

func pluginListCommand(server *serverFlag) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:     "list",
		Short:   "Show how the plugins of the running server are",
		Example: "  octolink plugin list --json",
		Args:    exactly(0),
		RunE: server.ask(func(c *cobra.Command, admin *web.AdminClient, _ []string) error {
			list, err := admin.Plugins(c.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(c.OutOrStdout(), list)
			}
			return printPlugins(c.OutOrStdout(), list)
		}),
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func printPlugins(w io.Writer, list []status.Plugin) error {
	if len(list) == 0 {
		_, err := fmt.Fprintln(w, "no plugins are enabled; see plugins in the configuration")
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NAME\tSTATE\tSINCE\tPROCESS\tVERSION\tMETHODS\tFORMS\tDEATHS\tABOUT")
	for _, p := range list {
		process := "-"
		if p.PID != 0 {
			process = fmt.Sprint(p.PID)
		}
		about := p.Summary
		if p.Reason != "" {
			about = strings.ReplaceAll(p.Reason, "\n", "; ")
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%d\t%d\t%d\t%s\n",
			p.Name, p.State, p.Since.Format(time.DateTime), process, p.Version, p.Methods, p.Forms, p.Deaths, about)
		for _, f := range p.Faults {
			fmt.Fprintf(t, "\tfault\t%s\n", f)
		}
		if p.Undelivered+p.GivenUp > 0 {
			fmt.Fprintf(t, "\tdeliveries\t%d on their way, %d given up\n", p.Undelivered, p.GivenUp)
		}
	}
	return t.Flush()
}

func pluginOrderCommand(order, short, done string) *cobra.Command {
	var server serverFlag
	return server.add(&cobra.Command{
		Use:     order + " NAME",
		Short:   short,
		Example: "  octolink plugin " + order + " contacts",
		Args:    exactly(1),
		RunE: server.ask(func(c *cobra.Command, admin *web.AdminClient, args []string) error {
			if err := admin.PluginOrder(c.Context(), args[0], order); err != nil {
				return err
			}
			_, err := fmt.Fprintf(c.OutOrStdout(), "plugin %s %s\n", args[0], done)
			return err
		}),
	})
}

func pluginLogsCommand() *cobra.Command {
	var server serverFlag
	return server.add(&cobra.Command{
		Use:     "logs NAME",
		Short:   "Show the last lines that a plugin wrote and that were written about it",
		Example: "  octolink plugin logs contacts",
		Args:    exactly(1),
		RunE: server.ask(func(c *cobra.Command, admin *web.AdminClient, args []string) error {
			lines, err := admin.PluginLogs(c.Context(), args[0])
			for _, l := range lines {
				fmt.Fprintf(c.OutOrStdout(), "%s %-8s %s\n", l.At.Format("2006-01-02 15:04:05.000"), l.From, l.Text)
			}
			return err
		}),
	})
}

func pluginSealCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "seal DIR",
		Short: "Write the hash of a plugin's binary into its manifest",
		Long: `Seal writes the SHA-256 of the binary that DIR/plugin.yaml names into it. The
manifest is replaced at once, so a running server exchanges the process.`,
		Example: "  octolink plugin seal plugins/hello",
		Args:    exactly(1),
		RunE: func(c *cobra.Command, args []string) error {
			sum, err := sealPlugin(args[0])
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "sealed with %x\n", sum)
			return err
		},
	}
}

var errNoSum = errors.New(`the manifest has no line "sha256:" to write to`)

package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// rootCommand is the whole command line. Every command is a file of its own.
func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "octolink",
		Short: "A server between a telephone system and CRMs, speaking the Oktell Web-Socket protocol",
		Long: `octolink connects browsers and CRMs to a telephone system by the Oktell
Web-Socket integration protocol.

Start with "octolink serve": it runs a demonstration with a simulated
telephone system on this machine and prints where everything is.`,
		Example: `  octolink serve                                   # the demonstration
  octolink serve --config /etc/octolink.yaml       # a real server
  octolink check --config /etc/octolink.yaml       # is the configuration right?
  octolink status                                  # ask the running server`,
		SilenceUsage:  true, // an error is one line, not the whole help
		SilenceErrors: true, // run prints it
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w\nTry %q", err, c.CommandPath()+" --help")}
	})
	return group(root,
		serveCommand(),
		checkCommand(),
		reloadCommand(),
		statusCommand(),
		userCommand(),
		simCommand(),
		crmCommand(),
		pluginCommand(),
		flowCommand(),
		contactsCommand(),
		crmsimCommand(),
		tapCommand(),
		eventsCommand(),
		backupCommand(),
		benchCommand(),
		referenceCommand(),
		versionCommand(),
	)
}

// interruptible is a command's context until somebody presses Ctrl-C or ends the process politely.
func interruptible(c *cobra.Command) (ctx context.Context, stop context.CancelFunc) {
	return signal.NotifyContext(c.Context(), os.Interrupt, syscall.SIGTERM)
}

// exactly is cobra's rule for a number of arguments, with our exit code.
func exactly(n int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) != n {
			tooMany := ""
			if len(args) > n {
				tooMany = fmt.Sprintf("unexpected argument %q\n", args[n])
			}
			return usageError{fmt.Errorf("%susage: %s\nTry %q", tooMany, c.UseLine(), c.CommandPath()+" --help")}
		}
		return nil
	}
}

// group is a command that only holds others.
func group(c *cobra.Command, under ...*cobra.Command) *cobra.Command {
	c.Args = cobra.ArbitraryArgs
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usageError{fmt.Errorf("unknown command %q for %q%s\nTry %q", args[0], c.CommandPath(), meant(c, args[0]), c.CommandPath()+" --help")}
		}
		return c.Help()
	}
	c.AddCommand(under...)
	c.SuggestionsMinimumDistance = 2 // letters
	return c
}

// meant asks whether a command with a similar name was meant.
func meant(c *cobra.Command, name string) string {
	if near := c.SuggestionsFor(name); len(near) > 0 {
		return fmt.Sprintf(" (did you mean %q?)", near[0])
	}
	return ""
}

package main

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/octolink/octolink/scripting"
	"github.com/spf13/cobra"
)

func checkCommand() *cobra.Command {
	var path string
	c := &cobra.Command{
		Use:   "check --config FILE",
		Short: "Check a configuration file",
		Long: `Check reads a configuration file as the server would and tells everything that
is wrong with it, with line and column, and warns of call flows that do not
compile. It changes nothing.

The exit code is 0 for a file that the server would take, 2 for one that it
would refuse.`,
		Example: "  octolink check --config /etc/octolink.yaml",
		Args:    exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			if path == "" {
				return usageError{errors.New("check needs --config FILE")}
			}
			config, warnings, err := loadConfig(path)
			for _, w := range warnings {
				fmt.Fprintf(c.ErrOrStderr(), "%s: warning: %s\n", path, w)
			}
			if err != nil {
				return usageError{err}
			}
			for _, p := range flowProblems(config) {
				fmt.Fprintf(c.ErrOrStderr(), "%s: warning: %s\n", path, filepath.Join(config.Flows.Dir, p.String()))
			}
			fmt.Fprintf(c.OutOrStdout(), "%s is right (users: %d, queues: %d, procedures: %d, links: %d, flows: %d)\n",
				path, len(config.Users), len(config.Queues), len(config.Procedures), len(config.Links), config.Flows.count())
			return nil
		},
	}
	c.Flags().StringVarP(&path, "config", "c", "", "configuration file")
	return c
}

// flowProblems are why flows that the configuration names do not compile. The server starts without
// them: their calls go by their fallbacks.
func flowProblems(c *Config) (wrong scripting.Problems) {
	if c.Flows.count() == 0 {
		return nil
	}
	for _, p := range scripting.Check(c.Flows.Dir, nil) {
		if !p.Warning {
			wrong = append(wrong, p)
		}
	}
	return wrong
}

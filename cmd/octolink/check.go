package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/octolink/octolink/store"
	"github.com/spf13/cobra"
)

func checkCommand() *cobra.Command {
	var path string
	c := &cobra.Command{
		Use:   "check --config FILE",
		Short: "Check a configuration file",
		Long: `Check reads a configuration file as the server would and tells everything that
is wrong with it, with line and column. It changes nothing.

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
			if err := tryQueries(c.Context(), config); err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "%s is right (users: %d, queues: %d, procedures: %d)\n",
				path, len(config.Users), len(config.Queues), len(config.Procedures))
			return nil
		},
	}
	c.Flags().StringVarP(&path, "config", "c", "", "configuration file")
	return c
}

// tryQueries compiles the procedures against an empty database of its own.
func tryQueries(ctx context.Context, c *Config) error {
	if len(c.Procedures) == 0 {
		return nil
	}
	dir, err := os.MkdirTemp("", "octolink-check-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a leftover in the temporary directory
	s, err := store.Open(ctx, store.Options{Dir: dir})
	if err != nil {
		return err
	}
	return errors.Join(c.checkQueries(ctx, s), s.Close())
}

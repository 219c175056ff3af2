package main

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/octolink/octolink/web"
	"github.com/spf13/cobra"
)

const (
	demoData    = "octolink-demo"
	adminSocket = "admin.sock"
)

// A serverFlag says which running server a command is for.
type serverFlag struct {
	data, socket, config string
}

// add gives a command and all below it the flags.
func (f *serverFlag) add(c *cobra.Command) *cobra.Command {
	flags := c.PersistentFlags()
	flags.StringVar(&f.data, "data", "", "data directory of the server (default ./"+demoData+")")
	flags.StringVar(&f.socket, "socket", "", "admin socket of the server, instead of --data")
	flags.StringVarP(&f.config, "config", "c", "", "configuration file of the server, instead of --data")
	return c
}

// client finds the server's admin socket.
func (f *serverFlag) client() (*web.AdminClient, error) {
	given := 0
	for _, s := range []string{f.data, f.socket, f.config} {
		if s != "" {
			given++
		}
	}
	switch {
	case given > 1:
		return nil, usageError{errors.New("--data, --socket and --config exclude each other")}
	case f.socket != "":
		return web.NewAdminClient(f.socket), nil
	case f.config != "":
		data, err := dataOf(f.config)
		if err != nil {
			return nil, err
		}
		return web.NewAdminClient(filepath.Join(data, adminSocket)), nil
	case f.data != "":
		return web.NewAdminClient(filepath.Join(f.data, adminSocket)), nil
	}
	return web.NewAdminClient(filepath.Join(demoData, adminSocket)), nil
}

// ask runs a command against the server.
func (f *serverFlag) ask(do func(c *cobra.Command, admin *web.AdminClient, args []string) error) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, args []string) error {
		admin, err := f.client()
		if err != nil {
			return err
		}
		err = do(c, admin, args)
		if errors.Is(err, web.ErrNotRunning) {
			return fmt.Errorf("%w\nIs the server running? Choose it with --data, --socket or --config.", err) //nolint:staticcheck // a hint for a person, on a line of its own
		}
		return err
	}
}

func reloadCommand() *cobra.Command {
	var server serverFlag
	return server.add(&cobra.Command{
		Use:   "reload",
		Short: "Let the running server read its configuration again",
		Long: `Reload lets the running server read its configuration file again: users,
departments, queues, breaks, procedures, links and certificates. Links that did
not change stay connected. What needs a restart is named. A file with mistakes
changes nothing.`,
		Example: "  octolink reload --data /var/lib/octolink",
		Args:    exactly(0),
		RunE: server.ask(func(c *cobra.Command, admin *web.AdminClient, _ []string) error {
			changes, err := admin.Reload(c.Context())
			if err != nil {
				return err
			}
			if len(changes) == 0 {
				fmt.Fprintln(c.OutOrStdout(), "nothing changed")
			}
			for _, line := range changes {
				fmt.Fprintln(c.OutOrStdout(), line)
			}
			return nil
		}),
	})
}

func backupCommand() *cobra.Command {
	var server serverFlag
	return server.add(&cobra.Command{
		Use:   "backup FILE",
		Short: "Copy the running server's database to a file",
		Long: `Backup copies the database while the server works. The file must not exist yet.

Passwords in it are of no use without secret.key of the data directory: keep a
copy of that file too, in another place.`,
		Example: "  octolink backup --data /var/lib/octolink /backup/octolink-monday.db",
		Args:    exactly(1),
		RunE: server.ask(func(c *cobra.Command, admin *web.AdminClient, args []string) error {
			if err := admin.Backup(c.Context(), args[0]); err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "%s is written\n", args[0])
			return nil
		}),
	})
}

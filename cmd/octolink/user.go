package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/octolink/octolink/web"
	"github.com/spf13/cobra"
	"golang.org/x/term"
)

func userCommand() *cobra.Command {
	var server serverFlag
	return server.add(group(&cobra.Command{
		Use:   "user",
		Short: "Add users, change passwords, log users out",
		Long: `User looks after the users of a running server. Users of the configuration
file are changed there; "user add" is for others, who live in the database.`,
		Example: "  octolink user list\n  octolink user add olga --name \"Olga Belova\" --number 305\n  octolink user passwd alice --reset",
	},
		userAddCommand(&server),
		userPasswdCommand(&server),
		userSwitchCommand(&server, "disable", "Log a user out and let him in no more", "is disabled", (*web.AdminClient).DisableUser),
		userSwitchCommand(&server, "enable", "Let a disabled user in again", "may log in", (*web.AdminClient).EnableUser),
		userLogoutCommand(&server),
		userNotifyCommand(&server),
		userListCommand(&server),
	))
}

func userAddCommand(server *serverFlag) *cobra.Command {
	var u web.NewUser
	var passwordFile string
	c := &cobra.Command{
		Use:   "add LOGIN",
		Short: "Add a user to the database",
		Long: `Add makes a user beside those of the configuration file. His password is asked
for, or read from a file or from standard input.`,
		Example: "  octolink user add olga --name \"Olga Belova\" --number 305\n  octolink user add olga --number 305 --password-file olga.txt",
		Args:    exactly(1),
		RunE: server.ask(func(c *cobra.Command, admin *web.AdminClient, args []string) (err error) {
			u.Login = args[0]
			if u.Password, err = readPassword(c, passwordFile); err != nil {
				return err
			}
			if err := admin.AddUser(c.Context(), u); err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "user %s is added\n", u.Login)
			return nil
		}),
	}
	f := c.Flags()
	f.StringVar(&u.Name, "name", "", "name to show (default: the login)")
	f.StringVar(&u.Number, "number", "", "telephone number")
	f.StringVar(&u.Department, "department", "", "department, one of the configuration's")
	f.BoolVar(&u.Supervisor, "supervisor", false, "sees everybody's journal and all queues")
	f.StringVar(&passwordFile, "password-file", "", "file that holds the password")
	return c
}

func userPasswdCommand(server *serverFlag) *cobra.Command {
	var reset bool
	var passwordFile string
	c := &cobra.Command{
		Use:   "passwd LOGIN",
		Short: "Change a user's password and end his sessions",
		Long: `Passwd changes a user's password. It counts until he changes it himself, also
when the configuration file has another one; --reset goes back to the file's.`,
		Example: "  octolink user passwd alice\n  octolink user passwd alice --reset",
		Args:    exactly(1),
		RunE: server.ask(func(c *cobra.Command, admin *web.AdminClient, args []string) error {
			if reset {
				if err := admin.ResetPassword(c.Context(), args[0]); err != nil {
					return err
				}
				fmt.Fprintf(c.OutOrStdout(), "the password of the configuration file counts for %s again\n", args[0])
				return nil
			}
			password, err := readPassword(c, passwordFile)
			if err != nil {
				return err
			}
			if err := admin.SetPassword(c.Context(), args[0], password); err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "%s has a new password\n", args[0])
			return nil
		}),
	}
	c.Flags().BoolVar(&reset, "reset", false, "go back to the password of the configuration file")
	c.Flags().StringVar(&passwordFile, "password-file", "", "file that holds the password")
	return c
}

func userNotifyCommand(server *serverFlag) *cobra.Command {
	var sender string
	c := &cobra.Command{
		Use:   "notify LOGIN TEXT",
		Short: "Show a notice to a user, and tell the CRMs that ask for notifications",
		Long: `Notify lets a text pop up at a user's screen. CRMs that ask for notifications get
it with confirmation, also when they come back later.`,
		Example: `  octolink user notify alice "The server is restarted at noon." --sender Operator`,
		Args:    exactly(2),
		RunE: server.ask(func(c *cobra.Command, admin *web.AdminClient, args []string) error {
			return admin.NotifyUser(c.Context(), args[0], sender, args[1])
		}),
	}
	c.Flags().StringVar(&sender, "sender", "octolink", "who it is from")
	return c
}

func userSwitchCommand(server *serverFlag, name, short, done string, do func(*web.AdminClient, context.Context, string) error) *cobra.Command {
	return &cobra.Command{
		Use:     name + " LOGIN",
		Short:   short,
		Example: "  octolink user " + name + " boris",
		Args:    exactly(1),
		RunE: server.ask(func(c *cobra.Command, admin *web.AdminClient, args []string) error {
			if err := do(admin, c.Context(), args[0]); err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "user %s %s\n", args[0], done)
			return nil
		}),
	}
}

func userLogoutCommand(server *serverFlag) *cobra.Command {
	return &cobra.Command{
		Use:     "logout LOGIN",
		Short:   "End all sessions and connections of a user",
		Example: "  octolink user logout boris",
		Args:    exactly(1),
		RunE: server.ask(func(c *cobra.Command, admin *web.AdminClient, args []string) error {
			ended, err := admin.LogoutUser(c.Context(), args[0])
			if err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "user %s is logged out, %d connections ended\n", args[0], ended)
			return nil
		}),
	}
}

func userListCommand(server *serverFlag) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:     "list",
		Short:   "List all users with their states",
		Example: "  octolink user list",
		Args:    exactly(0),
		RunE: server.ask(func(c *cobra.Command, admin *web.AdminClient, _ []string) error {
			users, err := admin.Users(c.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(c.OutOrStdout(), users)
			}
			return printUsers(c.OutOrStdout(), users)
		}),
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func printUsers(w io.Writer, users []web.UserStatus) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "LOGIN\tNAME\tNUMBER\tSTATE\tCONNECTIONS\t")
	for _, u := range users {
		var notes []string
		if u.Disabled {
			notes = append(notes, "disabled")
		}
		if u.Added {
			notes = append(notes, "added")
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\t%s\n", u.Login, u.Name, u.Number, u.State, u.Channels, strings.Join(notes, ", "))
	}
	return t.Flush()
}

// readPassword takes a password from a file, from a terminal without showing it, or from the first
// line of standard input. It is never an argument: those are seen by everybody on the machine.
func readPassword(c *cobra.Command, file string) (string, error) {
	password, err := passwordFrom(c, file)
	if err != nil {
		return "", fmt.Errorf("password: %w", err)
	}
	if password == "" {
		return "", errors.New("password: an empty one lets nobody in")
	}
	return password, nil
}

func passwordFrom(c *cobra.Command, file string) (string, error) {
	if file != "" {
		text, err := readSmall(file, maxSecret)
		return strings.TrimRight(string(text), "\r\n"), err
	}
	in, isFile := c.InOrStdin().(*os.File)
	if isFile && term.IsTerminal(int(in.Fd())) { // #nosec G115 -- a file descriptor
		fmt.Fprint(c.ErrOrStderr(), "Password: ")
		text, err := term.ReadPassword(int(in.Fd())) // #nosec G115 -- a file descriptor
		fmt.Fprintln(c.ErrOrStderr())
		return string(text), err
	}
	line, err := bufio.NewReader(io.LimitReader(c.InOrStdin(), maxSecret)).ReadString('\n')
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return strings.TrimRight(line, "\r\n"), err
}

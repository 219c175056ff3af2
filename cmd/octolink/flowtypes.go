package main

import (
	"context"
	"io"
	"os"
	"strings"

	"github.com/octolink/octolink/scripting"
	"github.com/octolink/octolink/scripting/flowtest"
	"github.com/octolink/octolink/web"
	"github.com/spf13/cobra"
)

func flowTypesCommand() *cobra.Command {
	var server serverFlag
	var out string
	var offline bool
	c := server.add(&cobra.Command{
		Use:   "types",
		Short: "Write declarations for an editor and a TypeScript compiler",
		Long: `Types prints octolink.d.ts: what flows and their tests can use, and the methods
and forms that the CRMs of the running server offer now. With this file beside
the flows an editor completes and checks crm.contacts.find.

With --offline no server is asked: every method of every CRM is allowed then.`,
		Example: "  octolink flow types -o flows/octolink.d.ts\n  octolink flow types --offline",
		Args:    exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			text, err := declarations(c, &server, offline)
			if err != nil {
				return err
			}
			if out == "" {
				_, err := io.WriteString(c.OutOrStdout(), text)
				return err
			}
			return os.WriteFile(out, []byte(text), 0o644) //nolint:gosec // source text
		},
	})
	c.Flags().StringVarP(&out, "output", "o", "", "file to write instead of standard output")
	c.Flags().BoolVar(&offline, "offline", false, "ask no server")
	return c
}

// declarations are those of flows, and of their tests behind them.
func declarations(c *cobra.Command, server *serverFlag, offline bool) (string, error) {
	if offline {
		var b strings.Builder
		if err := scripting.WriteTypes(&b, nil); err != nil {
			return "", err
		}
		return b.String() + "\n" + flowtest.Declarations, nil
	}
	admin, err := server.client()
	if err != nil {
		return "", err
	}
	text, err := admin.FlowTypes(c.Context())
	return text + "\n" + flowtest.Declarations, err
}

var _ web.FlowTypes = (*Main)(nil)

// FlowTypes implements [web.FlowTypes].
func (m *Main) FlowTypes(context.Context) (string, error) {
	var b strings.Builder
	err := scripting.WriteTypes(&b, m.api.CRMs())
	return b.String(), err
}

package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"github.com/octolink/octolink/crm"
	"github.com/octolink/octolink/plugins"
	"github.com/octolink/octolink/web"
)

func pluginTryCommand() *cobra.Command {
	var o tryOptions
	c := &cobra.Command{
		Use:   "try BINARY|DIR [METHOD [KEY=VALUE …]]",
		Short: "Run a plugin by hand, without a server",
		Long: `Try starts a plugin, runs one of its methods and prints the result; without a
method it prints what the plugin offers. DIR is a plugin's folder: its manifest
gives the settings; the hash in it does not count. There is no server behind
the plugin, so it can ask for nothing.

Parameters and settings are KEY=TEXT, or KEY:=JSON for any other value.`,
		Example: `  octolink plugin try ./hello/hello
  octolink plugin try ./hello/hello greet name=Anna
  octolink plugin try ./contacts/octolink-contacts find phone=79161234567 --set file=contacts.csv`,
		Args: func(c *cobra.Command, args []string) error { return exactly(max(len(args), 1))(c, args) },
		RunE: func(c *cobra.Command, args []string) error {
			ctx, stop := interruptible(c)
			defer stop()
			return o.run(ctx, c.OutOrStdout(), c.ErrOrStderr(), args)
		},
	}
	c.Flags().StringArrayVar(&o.settings, "set", nil, "a setting, KEY=VALUE; may be given often")
	c.Flags().StringVarP(&o.user, "user", "u", "", "login of the user whom the method is for")
	c.Flags().BoolVar(&o.asJSON, "json", false, "print JSON")
	return c
}

type tryOptions struct {
	settings []string
	user     string
	asJSON   bool
}

func (o *tryOptions) run(ctx context.Context, out, log io.Writer, args []string) error {
	m, err := o.manifest(args[0])
	if err != nil {
		return err
	}
	began := time.Now()
	trial, err := plugins.Try(ctx, m, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	defer trial.Close()
	name, version, summary := trial.About()
	fmt.Fprintf(log, "%s %s: %s Ready after %s.\n", name, version, summary, time.Since(began).Round(time.Millisecond))
	if len(args) == 1 {
		return o.show(out, m.Name, trial.Catalog())
	}
	in, err := tryValues(args[2:])
	if err != nil {
		return usageError{err}
	}
	values, err := trial.Invoke(ctx, crm.Call{Method: args[1], In: in, User: o.user})
	if err != nil {
		return err
	}
	answer := web.CRMAnswer{Values: appendValue(nil, values)}
	if o.asJSON {
		return printJSON(out, answer)
	}
	return printAnswer(out, answer)
}

// manifest is that of a folder, or one made up for a binary.
func (o *tryOptions) manifest(path string) (m plugins.Manifest, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return m, usageError{err}
	}
	if info.IsDir() {
		if m, err = plugins.ReadUnsealed(path); err != nil {
			return m, err
		}
	} else if m.Binary, err = filepath.Abs(path); err != nil {
		return m, err
	}
	if m.Name == "" {
		m.Name, m.Dir, m.MTLS = strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)), filepath.Dir(m.Binary), true
		if m.Dir, err = os.Getwd(); err != nil {
			return m, err
		}
	}
	for _, s := range o.settings {
		key, value, ok := strings.Cut(s, "=")
		if !ok || key == "" {
			return m, usageError{fmt.Errorf("%q is no setting: want KEY=VALUE", s)}
		}
		var v any = value
		if plain, typed := strings.CutSuffix(key, ":"); typed {
			key = plain
			if err := yaml.UnmarshalWithOptions([]byte(value), &v, yaml.UseOrderedMap()); err != nil {
				return m, usageError{fmt.Errorf("%s: %q is no JSON", key, value)}
			}
		}
		m.Settings = slices.DeleteFunc(m.Settings, func(i yaml.MapItem) bool { return i.Key == key })
		m.Settings = append(m.Settings, yaml.MapItem{Key: key, Value: v})
	}
	return m, nil
}

func (o *tryOptions) show(out io.Writer, name string, c crm.Catalog) error {
	shown := shownCRM(name, c)
	if o.asJSON {
		return printJSON(out, shown)
	}
	return printCRM(out, shown)
}

func tryValues(args []string) (crm.Values, error) {
	params, err := parseParams(args)
	if err != nil {
		return nil, err
	}
	return paramValues(params)
}

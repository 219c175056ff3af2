package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/octolink/octolink/web"
	"github.com/spf13/cobra"
)

func crmCommand() *cobra.Command {
	var server serverFlag
	return server.add(group(&cobra.Command{
		Use:   "crm",
		Short: "Try the dynamic methods and forms of connected CRMs",
		Long: `Crm asks the CRMs that are connected to the running server for what they offer:
dynamic methods, which are run and give a result, and forms, which are shown at
a user's screen.

A name is LINK.KEY, or KEY alone when only one CRM offers it. Parameters are
KEY=TEXT; the CRM's catalogue says whether the text is a number or the like.
KEY:=JSON gives any other value.`,
		Example: `  octolink crm list
  octolink crm call findcontact phone=79161234567
  octolink crm form card --user elena phone=79161234567    # who works in the demonstration's CRM`,
	},
		crmListCommand(&server),
		crmCallCommand(&server),
		crmFormCommand(&server),
	))
}

func crmListCommand(server *serverFlag) *cobra.Command {
	var asJSON, raw bool
	c := &cobra.Command{
		Use:   "list [LINK]",
		Short: "List what the connected CRMs offer",
		Long: `List shows the methods and forms of the connected CRMs with their parameters, and
what of their catalogues could not be read.`,
		Example: "  octolink crm list\n  octolink crm list crm --raw    # the catalogue as the CRM sent it",
		Args: func(c *cobra.Command, args []string) error {
			return exactly(min(len(args), 1))(c, args)
		},
		RunE: server.ask(func(c *cobra.Command, admin *web.AdminClient, args []string) error {
			list, err := admin.CRMs(c.Context())
			if err != nil {
				return err
			}
			if len(args) > 0 {
				if list, err = only(list, args[0]); err != nil {
					return err
				}
			}
			w := c.OutOrStdout()
			switch {
			case asJSON:
				return printJSON(w, list)
			case len(list) == 0:
				_, err = fmt.Fprintln(w, "no CRM is connected; octolink status shows the links")
				return err
			}
			for _, crm := range list {
				if raw {
					fmt.Fprintln(w, crm.Raw)
				} else if err := printCRM(w, crm); err != nil {
					return err
				}
			}
			return nil
		}),
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().BoolVar(&raw, "raw", false, "print the catalogues as the CRMs sent them")
	return c
}

func only(list []web.CRM, name string) ([]web.CRM, error) {
	for _, crm := range list {
		if crm.Name == name {
			return []web.CRM{crm}, nil
		}
	}
	return nil, fmt.Errorf("no CRM is connected through a link %q", name)
}

func printCRM(w io.Writer, crm web.CRM) error {
	fmt.Fprintf(w, "%s\n", crm.Name)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, part := range []struct {
		kind   string
		offers []web.Offer
	}{{"method", crm.Methods}, {"form", crm.Forms}} {
		for _, o := range part.offers {
			fmt.Fprintf(t, "  %s\t%s\t%s\n", part.kind, o.Key, aboutOffer(o))
			for _, p := range o.In {
				fmt.Fprintf(t, "\t  in %s\t%s\n", p.Key, aboutParam(p))
			}
			for _, p := range o.Out {
				fmt.Fprintf(t, "\t  out %s\t%s\n", p.Key, aboutParam(p))
			}
		}
	}
	for _, f := range crm.Faults {
		fmt.Fprintf(t, "  fault\t%s\n", f)
	}
	return t.Flush()
}

func aboutOffer(o web.Offer) string {
	text := o.Name
	if o.Description != "" {
		text += ": " + o.Description
	}
	if o.ForUser {
		text += " [for a user]"
	}
	if o.Permanent {
		text += " [not over HTTP]"
	}
	return text
}

func aboutParam(p web.OfferParam) string {
	text := p.Type
	if p.Name != "" {
		text += ": " + p.Name
	}
	if len(p.Items) > 0 {
		text += " (" + strings.Join(p.Items, ", ") + ")"
	}
	return text
}

func crmCallCommand(server *serverFlag) *cobra.Command {
	return crmOrderCommand(server, &cobra.Command{
		Use:   "call METHOD [KEY=VALUE …]",
		Short: "Run a dynamic method and print its result",
		Long: `Call runs a dynamic method and waits for its result, as long as method_timeout of
the link says. Ctrl-C cancels it. With --user the method is run at that user's
screen, which methods that are meant for a user need.`,
		Example: `  octolink crm call findcontact phone=79161234567
  octolink crm call crm.createcontact phone=79161234567 'tags:=["new","vip"]' --json`,
	}, func(ctx context.Context, admin *web.AdminClient, o web.CRMOrder) (web.CRMAnswer, error) {
		return admin.CallCRM(ctx, o)
	})
}

func crmFormCommand(server *serverFlag) *cobra.Command {
	return crmOrderCommand(server, &cobra.Command{
		Use:   "form FORM --user LOGIN [KEY=VALUE …]",
		Short: "Show a form to a user and print what he enters",
		Long: `Form shows a form at a user's screen and waits until he has answered or closed it.
Ctrl-C closes it.`,
		Example: "  octolink crm form card --user elena phone=79161234567",
	}, func(ctx context.Context, admin *web.AdminClient, o web.CRMOrder) (web.CRMAnswer, error) {
		if o.User == "" {
			return web.CRMAnswer{}, usageError{errors.New("form needs --user LOGIN: who is to see it")}
		}
		return admin.ShowForm(ctx, o)
	})
}

// crmOrderCommand is a command that names something of a CRM with parameters and prints the answer.
func crmOrderCommand(server *serverFlag, c *cobra.Command, do func(context.Context, *web.AdminClient, web.CRMOrder) (web.CRMAnswer, error)) *cobra.Command {
	var order web.CRMOrder
	var asJSON bool
	c.Args = func(c *cobra.Command, args []string) error { return exactly(max(len(args), 1))(c, args) }
	c.RunE = server.ask(func(c *cobra.Command, admin *web.AdminClient, args []string) (err error) {
		order.Name = args[0]
		if order.Params, err = parseParams(args[1:]); err != nil {
			return usageError{err}
		}
		ctx, stop := interruptible(c)
		defer stop()
		a, err := do(ctx, admin, order)
		if err != nil {
			return err
		}
		if asJSON {
			return printJSON(c.OutOrStdout(), a)
		}
		return printAnswer(c.OutOrStdout(), a)
	})
	c.Flags().StringVarP(&order.User, "user", "u", "", "login of the user whom it is for")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// parseParams reads KEY=TEXT and KEY:=JSON.
func parseParams(args []string) ([]web.CRMParam, error) {
	seen := map[string]bool{}
	var all []web.CRMParam
	for _, arg := range args {
		key, value, ok := strings.Cut(arg, "=")
		p := web.CRMParam{Key: strings.TrimSuffix(key, ":"), Text: value}
		if !ok || p.Key == "" {
			return nil, fmt.Errorf("%q is no parameter: want KEY=TEXT or KEY:=JSON", arg)
		}
		if p.Key != key {
			if !json.Valid([]byte(value)) {
				return nil, fmt.Errorf("%s: %q is no JSON; a text is given with = alone", p.Key, value)
			}
			p.Text, p.JSON = "", json.RawMessage(value)
		}
		if seen[p.Key] {
			return nil, fmt.Errorf("%s is given twice", p.Key)
		}
		seen[p.Key] = true
		all = append(all, p)
	}
	return all, nil
}

// printAnswer is a line for each value: texts as they are, the rest as JSON.
func printAnswer(w io.Writer, a web.CRMAnswer) error {
	values, err := readValues(a.Values)
	if err != nil {
		return fmt.Errorf("the answer cannot be read: %w", err)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if a.Button != "" {
		fmt.Fprintf(t, "button\t%s\n", a.Button)
	}
	for _, v := range values {
		text, ok := v.Value.(string)
		if !ok {
			text = string(appendValue(nil, v.Value))
		}
		fmt.Fprintf(t, "%s\t%s\n", v.Key, text)
	}
	if len(values) == 0 && a.Button == "" {
		fmt.Fprintln(t, "done, without values")
	}
	return t.Flush()
}

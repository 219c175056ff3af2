package main

import (
	"context"
	"fmt"
	"os"

	"github.com/octolink/octolink/crm"
	"github.com/octolink/octolink/scripting"
	"github.com/octolink/octolink/scripting/flowtest"
	"github.com/octolink/octolink/web"
	"github.com/spf13/cobra"
)

func flowCheckCommand() *cobra.Command {
	var server serverFlag
	var live bool
	c := server.add(&cobra.Command{
		Use:   "check [DIR]",
		Short: "Compile the flows of a folder and their tests, and look for names that nobody declares",
		Long: `Check tells what is wrong with the flows of a folder, with file, line and column.
With --live it also warns of methods and forms that no CRM of the running server
offers now. Types are a TypeScript compiler's business: flow types writes what it
needs.

The exit code is 1 when a flow or a test has a mistake; warnings are none.`,
		Example: "  octolink flow check flows\n  octolink flow check flows --live",
		Args:    atMost(1),
		RunE: func(c *cobra.Command, args []string) error {
			dir := folder(args)
			if info, err := os.Stat(dir); err != nil || !info.IsDir() {
				return usageError{fmt.Errorf("no folder %s", dir)}
			}
			var offered *crm.Directory
			if live {
				admin, err := server.client()
				if err != nil {
					return err
				}
				if offered, err = catalogs(c.Context(), admin); err != nil {
					return err
				}
			}
			return checkFolder(c, dir, offered)
		},
	})
	c.Flags().BoolVar(&live, "live", false, "compare with what the CRMs of the running server offer")
	return c
}

func checkFolder(c *cobra.Command, dir string, offered *crm.Directory) error {
	w, wrong := c.OutOrStdout(), 0
	for _, p := range scripting.Check(dir, offered) {
		fmt.Fprintln(w, p)
		if !p.Warning {
			wrong++
		}
	}
	tests, err := flowtest.Files(dir)
	if err != nil {
		return err
	}
	for _, file := range tests {
		if _, err := scripting.CompileTest(dir, file); err != nil {
			fmt.Fprintln(w, err)
			wrong++
		}
	}
	if wrong > 0 {
		return fmt.Errorf("mistakes: %d", wrong)
	}
	engine := scripting.New(scripting.Options{Dir: dir, Poll: -1})
	defer engine.Shutdown(c.Context())
	_, err = fmt.Fprintf(w, "all is well (flows: %d, files of tests: %d)\n", len(engine.Flows()), len(tests))
	return err
}

// catalogs are what the CRMs of the running server offer now.
func catalogs(ctx context.Context, admin *web.AdminClient) (*crm.Directory, error) {
	list, err := admin.CRMs(ctx)
	if err != nil {
		return nil, err
	}
	d := &crm.Directory{}
	for _, one := range list {
		d.Put(offers{one.Name, crm.Catalog{Methods: offeredMethods(one.Methods), Forms: offeredForms(one.Forms)}})
	}
	return d, nil
}

// offers is a CRM of another process, as far as its catalogue goes.
type offers struct {
	name    string
	catalog crm.Catalog
}

var _ crm.Provider = offers{}

// Name implements [crm.Provider].
func (o offers) Name() string { return o.name }

// Catalog implements [crm.Provider].
func (o offers) Catalog() crm.Catalog { return o.catalog }

// Invoke implements [crm.Provider].
func (o offers) Invoke(context.Context, crm.Call) (crm.Values, error) { return nil, crm.ErrUnsupported }

func offeredMethods(list []web.Offer) (all []crm.Method) {
	for _, o := range list {
		all = append(all, crm.Method{Key: o.Key})
	}
	return all
}

func offeredForms(list []web.Offer) (all []crm.Form) {
	for _, o := range list {
		all = append(all, crm.Form{Key: o.Key})
	}
	return all
}

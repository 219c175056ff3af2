package crm_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/octolink/octolink/crm"
)

// A provider is a CRM of functions.
type provider struct {
	name    string
	catalog crm.Catalog
	invoke  func(crm.Call) (crm.Values, error)
}

func (p *provider) Name() string         { return p.name }
func (p *provider) Catalog() crm.Catalog { return p.catalog }

func (p *provider) Invoke(_ context.Context, call crm.Call) (crm.Values, error) {
	return p.invoke(call)
}

// named makes a provider that offers methods, and forms with the same keys, and says its name.
func named(name string, keys ...string) *provider {
	p := &provider{name: name}
	for _, k := range keys {
		p.catalog.Methods = append(p.catalog.Methods, crm.Method{Key: k})
		p.catalog.Forms = append(p.catalog.Forms, crm.Form{Key: k})
	}
	p.invoke = func(c crm.Call) (crm.Values, error) {
		return crm.Values{{Key: "said", Value: name + "." + c.Method}}, nil
	}
	return p
}

func TestDirectoryFindsWhoOffers(t *testing.T) {
	var d crm.Directory
	d.Put(named("sales", "find", "only.here"))
	d.Put(named("support", "find", "ticket"))
	for _, tc := range []struct {
		name string
		want string
		err  error
	}{
		{"sales.find", "sales.find", nil},
		{"support.find", "support.find", nil},
		{"ticket", "support.ticket", nil},
		{"only.here", "sales.only.here", nil}, // a dot in a key is no provider's name
		{"sales.only.here", "sales.only.here", nil},
		{"find", "", crm.ErrNoMethod}, // two offer it
		{"sales.ticket", "", crm.ErrNoMethod},
		{"nobody.find", "", crm.ErrNoMethod},
		{"", "", crm.ErrNoMethod},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := d.Invoke(t.Context(), tc.name, crm.Call{})
			if !errors.Is(err, tc.err) {
				t.Fatalf("got %v, want %v", err, tc.err)
			}
			if said, _ := got.Get("said"); err == nil && said != tc.want {
				t.Errorf("got %v, want %s", said, tc.want)
			}
		})
	}
}

func TestDirectoryForms(t *testing.T) {
	var d crm.Directory
	d.Put(named("sales", "card"))
	p, form, err := d.Form("card")
	if err != nil || p.Name() != "sales" || form.Key != "card" {
		t.Errorf("got %v, %v, %v", p, form, err)
	}
	if _, _, err := d.Form("sales.nosuch"); !errors.Is(err, crm.ErrNoForm) {
		t.Errorf("got %v, want %v", err, crm.ErrNoForm)
	}
}

// Ensure a provider that comes back is not dropped for the one that left.
func TestDirectoryDropsOnlyTheSame(t *testing.T) {
	var d crm.Directory
	old, fresh := named("sales", "find"), named("sales", "find", "create")
	d.Put(old)
	d.Put(fresh)
	d.Drop(old)
	if p, err := d.Provider("sales"); err != nil || p != crm.Provider(fresh) {
		t.Fatalf("got %v, %v, want the newer one", p, err)
	}
	d.Drop(fresh)
	if _, err := d.Provider("sales"); !errors.Is(err, crm.ErrNoProvider) {
		t.Errorf("got %v, want %v", err, crm.ErrNoProvider)
	}
	if all := d.Providers(); len(all) != 0 {
		t.Errorf("got %v, want none", all)
	}
}

func ExampleDirectory() {
	var crms crm.Directory
	crms.Put(&provider{
		name:    "contacts",
		catalog: crm.Catalog{Methods: []crm.Method{{Key: "find"}}},
		invoke: func(c crm.Call) (crm.Values, error) {
			phone, _ := c.In.Get("phone")
			return crm.Values{{Key: "name", Value: fmt.Sprint("who has ", phone)}}, nil
		},
	})
	out, err := crms.Invoke(context.Background(), "find", crm.Call{In: crm.Values{{Key: "phone", Value: "300"}}})
	fmt.Println(out, err)
	// Output: [{name who has 300}] <nil>
}

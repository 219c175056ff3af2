package scripting_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/octolink/octolink/crm"
	"github.com/octolink/octolink/scripting"
)

// Whatever a CRM calls its methods and parameters, the declarations stay one.
func TestTypesOfCatalogues(t *testing.T) {
	var d crm.Directory
	d.Put(&provider{name: "my-crm", methods: []crm.Method{
		{Key: "find", Name: "Find */ bad", In: []crm.Param{{Key: "phone number", Type: crm.String}}, Out: []crm.Param{{Key: "debt", Type: crm.Float}, {Key: "vip", Type: crm.Bool}}},
	}, forms: []crm.Form{{Key: "card", Out: []crm.Param{{Key: "topic"}}}}})
	var b bytes.Buffer
	if err := scripting.WriteTypes(&b, &d); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`readonly "my-crm": {`, `/** Find * / bad. */`,
		`readonly find: Method<{ "phone number"?: string | null }, { debt?: number | null; vip?: boolean | null }>;`,
		`readonly card: Form<Params, { topic?: string | null }>;`,
		"declare function log(...values: unknown[]): void;",
		"declare namespace kv {",
		"dial(to: string | string[], options?:",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %s in\n%s", want, b.String())
		}
	}
}

func TestReferenceHasAllFunctions(t *testing.T) {
	var b bytes.Buffer
	if err := scripting.WriteReference(&b); err != nil {
		t.Fatal(err)
	}
	for _, f := range scripting.Functions() {
		if !strings.Contains(b.String(), "\n## "+f.Name+"\n\n"+f.Doc+"\n") {
			t.Errorf("%s is not described", f.Name)
		}
	}
}

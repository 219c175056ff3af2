package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReferenceIsWhole(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "reference")
	if _, errs, code := cli(t, "", "reference", "--out", dir); code != exitOK {
		t.Fatal(errs)
	}
	text, err := os.ReadFile(filepath.Join(dir, "protocol.json"))
	if err != nil {
		t.Fatal(err)
	}
	var r reference
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	methods, err := os.ReadFile(filepath.Join(dir, "methods.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range r.Methods {
		if !strings.Contains(string(methods), "\n## "+m.Name+"\n") {
			t.Errorf("methods.md has no section %s", m.Name)
		}
		undocumented(t, m.Name, m.Params)
		undocumented(t, m.Name, m.Answer)
	}
	for _, e := range r.Events {
		undocumented(t, e.Name, e.Fields)
	}
	for _, want := range []string{"login", "pbxautocallstart", "getextendedlineinfo"} {
		if !strings.Contains(string(methods), "`"+want+"`") {
			t.Errorf("methods.md does not know %s", want)
		}
	}
	if len(r.Events) == 0 || len(r.Errors) == 0 {
		t.Errorf("got %d events, %d errors", len(r.Events), len(r.Errors))
	}
}

func undocumented(t *testing.T, of string, fields []fieldDoc) {
	t.Helper()
	for _, f := range fields {
		if f.Doc == "" {
			t.Errorf("%s: field %s has no description", of, f.Name)
		}
		undocumented(t, of, f.Fields)
	}
}

package main

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/octolink/octolink/protocol/methods"
	"github.com/octolink/octolink/protocol/wire"
	"github.com/octolink/octolink/scripting"
	"github.com/spf13/cobra"
)

func referenceCommand() *cobra.Command {
	var dir string
	c := &cobra.Command{
		Use:     "reference",
		Short:   "Write the reference of methods, events, errors and flows",
		Long:    "Reference writes methods.md, events.md, errors.md, flows.md and protocol.json from\nthe tables that the server works with.",
		Example: "  octolink reference --out docs/reference",
		Args:    exactly(0),
		RunE: func(*cobra.Command, []string) error {
			return writeReference(dir, newReference())
		},
	}
	c.Flags().StringVar(&dir, "out", filepath.Join("docs", "reference"), "directory to write to")
	return c
}

// A reference is the whole vocabulary, in the shape of protocol.json: a help for authors of clients.
type reference struct {
	Methods []methodDoc `json:"methods"`
	Events  []eventDoc  `json:"events"`
	Errors  []errorDoc  `json:"errors"`
}

type methodDoc struct {
	Name   string     `json:"name"`
	Reply  string     `json:"reply"`
	Access string     `json:"access"`
	Doc    string     `json:"doc"`
	Params []fieldDoc `json:"params"`
	Answer []fieldDoc `json:"answer"`
}

type eventDoc struct {
	Name   string     `json:"name"`
	Group  string     `json:"group,omitempty"`
	Doc    string     `json:"doc"`
	Fields []fieldDoc `json:"fields"`
}

type errorDoc struct {
	Code int    `json:"code"`
	Text string `json:"text"`
}

type fieldDoc struct {
	Name     string     `json:"name"`
	Type     string     `json:"type"`
	Doc      string     `json:"doc,omitempty"`
	Required bool       `json:"required,omitempty"`
	Optional bool       `json:"optional,omitempty"`
	Fields   []fieldDoc `json:"fields,omitempty"`
}

// newReference reads the tables.
func newReference() reference {
	var r reference
	for _, m := range methods.New(methods.Options{}).Table().Methods() {
		r.Methods = append(r.Methods, methodDoc{m.Name, m.Reply, m.Access.String(), m.Doc, fieldDocs(m.Params()), fieldDocs(m.Answer())})
	}
	for _, e := range methods.Events().Defs() {
		r.Events = append(r.Events, eventDoc{e.Name, e.Group, e.Doc, fieldDocs(e.Params())})
	}
	for _, e := range methods.ErrorDocs() {
		r.Errors = append(r.Errors, errorDoc{e.Code, e.Text})
	}
	slices.SortStableFunc(r.Methods, func(a, b methodDoc) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortStableFunc(r.Events, func(a, b eventDoc) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(r.Errors, func(a, b errorDoc) int { return cmp.Or(cmp.Compare(a.Code, b.Code), cmp.Compare(a.Text, b.Text)) })
	r.Errors = slices.Compact(r.Errors)
	return r
}

func fieldDocs(fields []wire.FieldDoc) []fieldDoc {
	docs := make([]fieldDoc, 0, len(fields))
	for _, f := range fields {
		d := fieldDoc{Name: f.Name, Type: f.Type, Doc: f.Doc, Required: f.Required, Optional: f.Optional}
		if len(f.Fields) > 0 {
			d.Fields = fieldDocs(f.Fields)
		}
		docs = append(docs, d)
	}
	return docs
}

func writeReference(dir string, r reference) error {
	if err := os.MkdirAll(dir, 0o755); err != nil { // #nosec G301 -- documents are for everybody
		return fmt.Errorf("reference: %w", err)
	}
	var flows bytes.Buffer
	if err := scripting.WriteReference(&flows); err != nil {
		return fmt.Errorf("reference: %w", err)
	}
	for name, text := range map[string][]byte{
		"methods.md":    r.methodsPage(),
		"events.md":     r.eventsPage(),
		"errors.md":     r.errorsPage(),
		"flows.md":      flows.Bytes(),
		"protocol.json": r.json(),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil { // #nosec G306 -- documents are for everybody
			return fmt.Errorf("reference: %w", err)
		}
	}
	return nil
}

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

const generated = "<!-- written by `octolink reference`; change the tables in protocol/methods instead -->\n\n"

func (r reference) methodsPage() []byte {
	b := bytes.NewBufferString(generated + "# Methods\n\n")
	fmt.Fprintln(b, "What a client may ask. Every request may carry a `qid`, which the answer repeats; without")
	fmt.Fprintln(b, "one there is no answer. A good answer has `result: 1`, a bad one the fields of [errors](errors.md).")
	fmt.Fprint(b, "`userlogin` and `userid` may be sent with every request and must name the connection's own user.\n\n")
	fmt.Fprint(b, "| method | |\n|---|---|\n")
	for _, m := range r.Methods {
		fmt.Fprintf(b, "| [`%s`](#%s) | %s |\n", m.Name, m.Name, cell(m.Doc))
	}
	for _, m := range r.Methods {
		fmt.Fprintf(b, "\n## %s\n\n%s For: %s. The answer is `%s`.\n", m.Name, m.Doc, m.Access, m.Reply)
		fieldTable(b, "Parameters", m.Params, true)
		fieldTable(b, "Answer", m.Answer, false)
	}
	return b.Bytes()
}

func (r reference) eventsPage() []byte {
	b := bytes.NewBufferString(generated + "# Events\n\n")
	fmt.Fprintln(b, "What a client is told after `subscribeevent` with the event's name or its group. Every event has")
	fmt.Fprint(b, "a `qid` of its own and is not answered. Events about a user carry his `userlogin` and `userid`.\n\n")
	fmt.Fprint(b, "| event | group | |\n|---|---|---|\n")
	for _, e := range r.Events {
		fmt.Fprintf(b, "| [`%s`](#%s) | %s | %s |\n", e.Name, e.Name, e.Group, cell(e.Doc))
	}
	for _, e := range r.Events {
		fmt.Fprintf(b, "\n## %s\n\n%s\n", e.Name, e.Doc)
		fieldTable(b, "Fields", e.Fields, false)
	}
	return b.Bytes()
}

func (r reference) errorsPage() []byte {
	b := bytes.NewBufferString(generated + "# Errors\n\n")
	fmt.Fprintln(b, "A request that fails is answered with `result: 0`, the code as `error` and as `errorcode`, and the")
	fmt.Fprint(b, "text as `errormsg`.\n\n| code | text |\n|---|---|\n")
	for _, e := range r.Errors {
		fmt.Fprintf(b, "| %d | %s |\n", e.Code, cell(e.Text))
	}
	return b.Bytes()
}

func (r reference) json() []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(r); err != nil {
		panic(err) // strings, numbers and booleans
	}
	return b.Bytes()
}

// fieldTable lists fields, those of objects indented below them.
func fieldTable(b *bytes.Buffer, title string, fields []fieldDoc, incoming bool) {
	if len(fields) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s:\n\n| name | type | |\n|---|---|---|\n", title)
	fieldRows(b, fields, "", incoming)
}

func fieldRows(b *bytes.Buffer, fields []fieldDoc, before string, incoming bool) {
	for _, f := range fields {
		doc := f.Doc
		switch {
		case f.Required && incoming:
			doc = join(doc, "required")
		case f.Optional && !incoming:
			doc = join(doc, "may be absent")
		}
		fmt.Fprintf(b, "| %s`%s` | %s | %s |\n", before, f.Name, f.Type, cell(doc))
		fieldRows(b, f.Fields, before+"· ", incoming)
	}
}

func join(doc, note string) string {
	if doc == "" {
		return note
	}
	return doc + "; " + note
}

// cell keeps a text inside its cell of a table.
func cell(s string) string {
	return strings.NewReplacer("|", "\\|", "\n", " ").Replace(s)
}

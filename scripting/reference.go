package scripting

import (
	"fmt"
	"io"
	"reflect"
	"strings"
)

// WriteReference writes the reference of what flows can use, docs/reference/flows.md.
func WriteReference(w io.Writer) error {
	var b strings.Builder
	b.WriteString(referenceHead)
	functions := Functions()
	for i := range functions {
		fmt.Fprintf(&b, "| [`%s`](#%s) | %s |\n", functions[i].Name, anchor(functions[i].Name), tableCell(functions[i].Doc))
	}
	b.WriteString("\n## The call\n\nA flow with a call gets it as its first argument. Beside its functions it has:\n\n| name | type | |\n|---|---|---|\n")
	for _, f := range callFactDocs {
		fmt.Fprintf(&b, "| `call.%s` | %s | %s |\n", f.name, tsCell(f.ts), tableCell(f.doc))
	}
	for i := range functions {
		writeFunction(&b, &functions[i], functions[i].Name)
	}
	b.WriteString("\n## Methods and forms of CRMs\n\nTheir names come from what CRMs offer: `crm.contacts.find({ phone })`, `crm.contacts.card.show(\"alice\", { id })`.\n")
	method, show, closing := methodFunc, showFunc, closeFunc
	writeFunction(&b, &method, "crm.PROVIDER.METHOD")
	writeFunction(&b, &show, "crm.PROVIDER.FORM.show")
	writeFunction(&b, &closing, "crm.PROVIDER.FORM.close")
	b.WriteString(referenceErrors)
	writeLimits(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

const referenceHead = "<!-- written by `octolink reference`; change the table in scripting instead -->\n\n" + `# Flows

What a call flow can use. All functions wait until they are done; times are in seconds. A wrong argument
throws a TypeError that names the function, the argument, what was expected and what came. When the caller
hangs up, the run ends: no ` + "`catch`" + ` and no ` + "`finally`" + ` sees that.

| function | |
|---|---|
`

const referenceErrors = `
## Errors

| class | fields | thrown when |
|---|---|---|
| ` + "`TypeError`" + ` | | an argument is wrong |
| ` + "`CrmError`" + ` | ` + "`code`, `text`, `provider`, `method`, `timeout`" + ` | a method or a form failed. Codes beside those of CRMs: 404 nobody offers it, 410 the CRM is gone, 413 the answer is too large, 500 another reason, 501 not possible over this link, 504 no answer in time |
| ` + "`NobodyError`" + ` | | the user has no screen at which he could be reached |
| ` + "`CallError`" + ` | ` + "`function`" + ` | the telephone system refused a command, or the call is over |
| ` + "`FlowError`" + ` | ` + "`flow`, `outcome`" + ` | a flow that was called by ` + "`execFlow`" + ` did not return |
`

func writeFunction(b *strings.Builder, f *HostFunc, name string) {
	fmt.Fprintf(b, "\n## %s\n\n%s\n", name, f.Doc)
	if len(f.in) > 0 {
		b.WriteString("\n| argument | type | |\n|---|---|---|\n")
	}
	for _, a := range f.in {
		if a.fields == nil {
			doc := a.doc
			if a.optional {
				doc += "; may be left out"
			}
			fmt.Fprintf(b, "| `%s` | %s | %s |\n", a.name, tsCell(a.ts), tableCell(doc))
			continue
		}
		for _, o := range a.fields {
			fmt.Fprintf(b, "| `%s.%s` | %s | %s; may be left out |\n", a.name, o.name, tsCell(o.ts), tableCell(o.doc))
		}
	}
	switch {
	case f.out == reflect.TypeFor[none]():
	case f.out.Kind() == reflect.Struct:
		b.WriteString("\n| result | type | |\n|---|---|---|\n")
		for _, r := range resultFields(f.out) {
			fmt.Fprintf(b, "| `%s` | %s | %s |\n", r.name, tsCell(r.ts), tableCell(r.doc))
		}
	default:
		fmt.Fprintf(b, "\nReturns %s.\n", tsCell(tsResult(f.out)))
	}
}

func writeLimits(b *strings.Builder) {
	l := Limits{}.withDefaults()
	b.WriteString("\n## Limits\n\nThey keep accidents small; they are no proof against malice. A run that comes to one is ended, nothing can catch that,\nand its call goes by the number's fallback.\n\n| limit | |\n|---|---|\n")
	for _, row := range []struct {
		name string
		is   any
	}{
		{"work of the script between two functions of this page", l.CPU},
		{"a whole run", l.Run},
		{"functions that call each other", fmt.Sprintf("%d deep", l.Depth)},
		{"flows that call each other by `execFlow`", fmt.Sprintf("%d deep", l.Nested)},
		{"flows that are called by `execFlow` in one run and in those that it calls", l.Called},
		{"runs at once", l.Runs},
		{"the heap of the whole server; above it the youngest runs are ended", "three quarters of `GOMEMLIMIT`, else 2 GiB"},
	} {
		fmt.Fprintf(b, "| %s | %v |\n", row.name, row.is)
	}
	fmt.Fprintf(b, "\nWhat follows throws a RangeError, or is cut:\n\n| limit | |\n|---|---|\n")
	for _, row := range []struct {
		name string
		is   any
	}{
		{"text that one built-in function makes", fmt.Sprintf("%d MiB", maxBytes>>20)},
		{"elements that one built-in function makes or walks over", maxElements},
		{"elements that `sort` sorts", maxSorted},
		{"characters that a regular expression, `split` and `match` look at", maxElements},
		{"characters of an expression that is made of a text", maxPattern},
		{"objects and lists within each other, for `JSON` and texts of lists", fmt.Sprintf("%d deep", maxNested)},
		{"a value of `kv`, as JSON", fmt.Sprintf("%d KiB", l.Value>>10)},
		{"data of a custom event, as JSON", fmt.Sprintf("%d KiB", maxEvent>>10)},
		{"lines of `log` in one run", l.Lines},
		{"a line of `log`", fmt.Sprintf("%d bytes", maxLine)},
		{"steps of a trace; of more, the middle is left out", l.Steps},
	} {
		fmt.Fprintf(b, "| %s | %v |\n", row.name, row.is)
	}
	b.WriteString("\n`eval`, `Function`, `BigInt`, timers, `fetch` and modules of others are not there.\n")
}

func anchor(name string) string { return strings.ToLower(strings.ReplaceAll(name, ".", "")) }

func tsCell(ts string) string { return "`" + strings.ReplaceAll(ts, "|", "\\|") + "`" }

// tableCell keeps a text inside its cell of a table.
func tableCell(s string) string { return strings.NewReplacer("|", "\\|", "\n", " ").Replace(s) }

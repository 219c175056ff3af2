package scripting

import (
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/octolink/octolink/crm"
)

// WriteTypes writes octolink.d.ts: what a flow can use, and the methods and forms that CRMs offer now, for
// the author's editor and for a compiler. Without any CRM every name behind "crm." is allowed.
func WriteTypes(w io.Writer, d *crm.Directory) error {
	var b strings.Builder
	b.WriteString(typesHead)
	t := newTable(Functions())
	writeResults(&b, t)
	writeCall(&b, t)
	writeGlobals(&b, t)
	writeCRM(&b, t, d)
	_, err := io.WriteString(w, b.String())
	return err
}

const typesHead = `// What call flows can use. Written by "octolink flow types"; it is made anew, so nothing is added here.

/** What a caller hears: a file of the telephone system (Latin letters, digits, ".", "-", "_", "/"), or a text that is spoken. */
type Prompt = string | { file?: string; text?: string };

/** Values by key, as CRMs get and give them. */
type Params = Record<string, unknown>;

/** Why a call to somebody ended. */
type Reason = "talked" | "noanswer" | "busy" | "rejected" | "nonumber" | "failed";

/** A dynamic method or a form failed. */
declare class CrmError extends Error {
  /** The CRM's own code, or 404: nobody offers it, 410: the CRM is gone, 413: the answer is too large, 501: not over this link, 504: no answer in time. */
  readonly code: number;
  /** The CRM's own words, or ours. */
  readonly text: string;
  readonly provider: string;
  readonly method: string;
  /** No answer came in time. */
  readonly timeout: boolean;
}

/** The user has no screen at which he could be reached. */
declare class NobodyError extends Error {}

/** The telephone system refused a command. */
declare class CallError extends Error {
  readonly function: string;
}

/** A flow that was called by execFlow did not return. */
declare class FlowError extends Error {
  readonly flow: string;
  readonly outcome: "threw" | "limit" | "refused";
}

/** Why a run was started. A flow with a call gets it as the second argument, one without as the first. */
interface Start {
  readonly kind: "call" | "queue" | "state" | "timer" | "event" | "service" | "flow" | "command";
  readonly flow: string;
  /** Parameters of a service, of execFlow or of "octolink flow run". */
  readonly params: string[];
  /** Login of the user whom it is about. */
  readonly user?: string;
  /** Id of the call that it is about. */
  readonly call?: string;
  /** Name of the custom event. */
  readonly event?: string;
  /** Data of the custom event. */
  readonly data?: unknown;
  /** Number of the caller, of a run for a queue. */
  readonly from?: string;
  /** Number of the queue. */
  readonly queue?: string;
  /** What happened in the queue, or the user's state. */
  readonly on?: string;
  readonly state?: string;
  [about: string]: unknown;
}

`

// writeResults writes what functions return that is an object.
func writeResults(b *strings.Builder, t *hostTable) {
	written := map[reflect.Type]bool{}
	for i := range t.all {
		out := t.all[i].out
		if out.Kind() != reflect.Struct || out == reflect.TypeFor[none]() || written[out] {
			continue
		}
		written[out] = true
		fmt.Fprintf(b, "/** What %s returns. */\ninterface %s {\n", t.all[i].Name, tsResult(out))
		for _, f := range resultFields(out) {
			fmt.Fprintf(b, "  /** %s */\n  readonly %s: %s;\n", tsComment(f.doc), f.name, f.ts)
		}
		b.WriteString("}\n\n")
	}
}

// resultFields are the fields of an object that a function returns.
func resultFields(t reflect.Type) (fields []field) {
	for i := range t.NumField() {
		f := t.Field(i)
		ts := f.Tag.Get("ts")
		if ts == "" {
			ts = tsResult(f.Type)
		}
		fields = append(fields, field{name: f.Tag.Get("js"), doc: f.Tag.Get("doc"), ts: ts})
	}
	return fields
}

func writeCall(b *strings.Builder, t *hostTable) {
	b.WriteString("/** A call that the flow leads. */\ninterface Call {\n")
	for _, fact := range callFactDocs {
		fmt.Fprintf(b, "  /** %s */\n  readonly %s: %s;\n", fact.doc, fact.name, fact.ts)
	}
	for i := range t.all {
		if name, ok := strings.CutPrefix(t.all[i].Name, "call."); ok {
			writeDoc(b, "  ", &t.all[i])
			fmt.Fprintf(b, "  %s%s;\n", name, signature(&t.all[i]))
		}
	}
	b.WriteString("}\n\n")
}

// callFactDocs describe callFacts.
var callFactDocs = []struct{ name, ts, doc string }{
	{"id", "string", "The call's id: the chain of the journal."},
	{"from", "string", "The caller's number."},
	{"to", "string", "The number that was dialled."},
	{"direction", `"incoming" | "internal" | "outgoing"`, "Incoming from outside, or internal from a colleague."},
	{"user", "string | null", "Login of the user whose call it is: of the colleague with whom the flow has connected the caller last, else of the one for whom the run was started, else of the colleague who calls; null: nobody's."},
}

// writeGlobals writes the functions without a dot, then those in groups.
func writeGlobals(b *strings.Builder, t *hostTable) {
	group := ""
	for i := range t.all {
		f := &t.all[i]
		in, name, dotted := strings.Cut(f.Name, ".")
		if dotted && (in == "call" || in == "crm") {
			continue
		}
		if !dotted {
			in, name = "", f.Name
		}
		if in != group {
			if group != "" {
				b.WriteString("}\n\n")
			}
			if group = in; group != "" {
				fmt.Fprintf(b, "declare namespace %s {\n", group)
			}
		}
		if group == "" {
			writeDoc(b, "", f)
			fmt.Fprintf(b, "declare function %s%s;\n\n", name, signature(f))
		} else {
			writeDoc(b, "  ", f)
			fmt.Fprintf(b, "  function %s%s;\n", name, signature(f))
		}
	}
	if group != "" {
		b.WriteString("}\n\n")
	}
}

// writeCRM writes what CRMs offer.
func writeCRM(b *strings.Builder, t *hostTable, d *crm.Directory) {
	options := tsOptions(methodFunc.in[1].fields)
	fmt.Fprintf(b, "/** How a dynamic method is called. */\ntype MethodOptions = %s;\n\n", options)
	fmt.Fprintf(b, "/** How a form is shown. */\ntype FormOptions = %s;\n\n", tsOptions(showFunc.in[2].fields))
	b.WriteString(crmHead)
	for i := range t.all {
		if name, ok := strings.CutPrefix(t.all[i].Name, "crm."); ok {
			writeDoc(b, "  ", &t.all[i])
			fmt.Fprintf(b, "  %s%s;\n", name, signature(&t.all[i]))
		}
	}
	b.WriteString("}\n\n/** The CRMs that are there, with their methods and forms. */\ninterface CrmProviders {\n")
	var providers []crm.Provider
	if d != nil {
		providers = d.Providers()
	}
	for _, p := range providers {
		writeProvider(b, p)
	}
	if len(providers) == 0 {
		b.WriteString("  readonly [provider: string]: any;\n")
	}
	b.WriteString("}\n\ndeclare const crm: CrmFunctions & CrmProviders;\n")
}

const crmHead = `/** What a user did with a form. */
interface Shown<Out> {
  /** The button that was pressed, "" when the form has none. */
  readonly button: string;
  readonly values: Out;
}

/** A dynamic method: null when the CRM gave nothing back. Throws CrmError, and NobodyError for a user without a screen. */
type Method<In, Out> = (params?: In, options?: MethodOptions) => Out | null;

/** A form of a CRM. */
interface Form<In, Out> {
  /** Shows it to a user and waits for what he enters. Throws NobodyError, and CrmError when he does not answer. */
  show(user: string, params?: In, options?: FormOptions): Shown<Out>;
  /** Closes what this run has shown of it. */
  close(): void;
}

interface CrmFunctions {
`

func writeProvider(b *strings.Builder, p crm.Provider) {
	fmt.Fprintf(b, "  readonly %s: {\n", tsKey(p.Name()))
	c := p.Catalog()
	for _, m := range c.Methods {
		kind := fmt.Sprintf("Method<%s, %s>", tsParams(m.In, true), tsParams(m.Out, false))
		if f, both := c.Form(m.Key); both {
			kind += fmt.Sprintf(" & Form<%s, %s>", tsParams(f.In, true), tsParams(f.Out, false))
		}
		writeEntry(b, m.Key, m.Name, m.Description, kind)
	}
	for _, f := range c.Forms {
		if _, both := c.Method(f.Key); !both {
			writeEntry(b, f.Key, f.Name, f.Description, fmt.Sprintf("Form<%s, %s>", tsParams(f.In, true), tsParams(f.Out, false)))
		}
	}
	b.WriteString("  };\n")
}

func writeEntry(b *strings.Builder, key, name, description, kind string) {
	if doc := strings.TrimSpace(name + ". " + description); doc != "." {
		fmt.Fprintf(b, "    /** %s */\n", tsComment(doc))
	}
	fmt.Fprintf(b, "    readonly %s: %s;\n", tsKey(key), kind)
}

var identifier = regexp.MustCompile(`^[A-Za-z_$][A-Za-z0-9_$]*$`)

func tsKey(key string) string {
	if identifier.MatchString(key) {
		return key
	}
	return strconv.Quote(key)
}

// tsComment keeps a text of a CRM inside its comment.
func tsComment(s string) string {
	return cut(strings.NewReplacer("*/", "* /", "\n", " ", "\r", " ").Replace(s), 300)
}

// tsParams is the type of parameters. A CRM may give back more than it says, and takes what it does not name.
func tsParams(params []crm.Param, in bool) string {
	if len(params) == 0 {
		if in {
			return "Params"
		}
		return "Record<string, any>"
	}
	parts := make([]string, 0, len(params))
	for _, p := range params {
		parts = append(parts, tsKey(p.Key)+"?: "+tsType(p)+" | null")
	}
	return "{ " + strings.Join(parts, "; ") + " }"
}

func tsType(p crm.Param) string {
	switch p.Type {
	case crm.Int, crm.Float:
		return "number"
	case crm.Bool:
		return "boolean"
	}
	return "string"
}

func writeDoc(b *strings.Builder, indent string, f *HostFunc) {
	fmt.Fprintf(b, "%s/**\n%s * %s\n", indent, indent, tsComment(f.Doc))
	for _, a := range f.in {
		if a.fields == nil {
			fmt.Fprintf(b, "%s * @param %s %s\n", indent, a.name, tsComment(a.doc))
		}
	}
	b.WriteString(indent + " */\n")
}

// signature is "(to: string, options?: {…}): Talk".
func signature(f *HostFunc) string {
	parts := make([]string, 0, len(f.in))
	for _, a := range f.in {
		switch {
		case a.fields != nil:
			parts = append(parts, a.name+"?: "+tsOptions(a.fields))
		case a.variadic:
			parts = append(parts, "..."+a.name+": "+a.ts)
		case a.optional:
			parts = append(parts, a.name+"?: "+a.ts)
		default:
			parts = append(parts, a.name+": "+a.ts)
		}
	}
	return "(" + strings.Join(parts, ", ") + "): " + tsResult(f.out)
}

func tsOptions(fields []field) string {
	parts := make([]string, 0, len(fields))
	for _, o := range fields {
		parts = append(parts, "/** "+tsComment(o.doc)+" */ "+o.name+"?: "+o.ts)
	}
	return "{ " + strings.Join(parts, "; ") + " }"
}

func tsResult(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[none]():
		return "void"
	case reflect.TypeFor[answerValues]():
		return "Record<string, any> | null"
	case reflect.TypeFor[whatever]():
		return "any"
	case reflect.TypeFor[time.Duration]():
		return "number"
	case reflect.TypeFor[crm.Values]():
		return "Record<string, any>"
	}
	switch t.Kind() {
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "boolean"
	case reflect.Int, reflect.Int64, reflect.Float64:
		return "number"
	case reflect.Struct:
		return strings.ToUpper(t.Name()[:1]) + t.Name()[1:]
	}
	return "unknown"
}

package scripting_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/octolink/octolink/crm"
	"github.com/octolink/octolink/scripting"
)

func TestCheck(t *testing.T) {
	for _, tc := range []struct {
		name   string
		source string
		want   []string
	}{
		{"right", `
			import { hours } from "./lib/hours";
			interface Who { name?: string }
			class Desk { constructor(readonly name: string) {} label() { return this.name; } }
			export default async function flow(call: Call, start: Start) {
				const { from: number, to = "x", ...rest } = call as any;
				const who: Who | null = crm.contacts.find({ phone: number });
				for (const [i, s] of start.params.entries()) log(i, s, rest, to, new Desk("a").label());
				try { crm.contacts.card.show("alice", { who }); } catch (e) { if (e instanceof CrmError) log(e.code); }
				outer: for (;;) { break outer; }
				const list = [1].map((call) => call.toFixed(2));
				call.tag("who", String(who?.name ?? list));
				if (schedule.open(hours)) call.queue("700"); else call.hangup();
				kv.set("x", Math.max(...[1, 2]) as number);
				return { number, call: call.id };
			}`, nil},
		{"a syntax error", "export default function flow(call: Call) {\n\tcall.play(;\n}", []string{`flow.ts:2:12: Unexpected ";"`}},
		{"no default export", "export function flow(call: Call) { call.answer(); }", []string{"flow.ts:1:1: no default export: the flow is the function that the file exports as default"}},
		{"no export at all", "function flow(call: Call) { call.answer(); }", []string{"flow.ts:1:1: no default export: the flow is the function that the file exports as default"}},
		{"exported as in Node.js", "module.exports = function flow(call) { call.answer(); };", nil},
		{"an unknown host function", "export default function flow(call: Call) {\n  notfy('alice', 'x');\n  kv.gett('x');\n  kv.put('x');\n}",
			[]string{"flow.ts:2:3: notfy is declared nowhere; is it notify?", "flow.ts:3:6: there is no kv.gett; is it get?", "flow.ts:4:6: there is no kv.put"}},
		{"an unknown function of the call", "export default (c: Call) => {\n  c.anwser();\n  c.play('x');\n  [1].map((c) => c.toFixed());\n}", []string{"flow.ts:2:5: a call has no anwser"}},
		{"what no CRM offers", "export default function flow() {\n  crm.contacts.fnd({});\n  crm.billing.balance();\n}",
			[]string{"flow.ts:2:16: warning: contacts offers no fnd now", "flow.ts:3:15: warning: no CRM with the name billing is there now"}},
		{"an import from outside", "import x from \"../secret\";\nexport default () => x;", []string{`flow.ts:1:15: "../secret" cannot be imported: it is outside of the folder of flows`}},
		{"a module of others", "import _ from \"lodash\";\nexport default () => _;", []string{`flow.ts:1:15: "lodash" cannot be imported: a flow imports files of its folder only, such as "./lib/hours"`}},
		{"big integers", "export default () => 1n << 3n;", []string{"flow.ts:1:22: BigInt is declared nowhere", "flow.ts:1:28: BigInt is declared nowhere"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, map[string]string{
				"flow.ts": tc.source, "lib/hours.ts": "export const hours = \"mon-fri 9-18\";", "flow_test.ts": "syntax error (", "octolink.d.ts": "declare",
			})
			write(t, dir+"/..", map[string]string{"secret.ts": "export default 1;"})
			var d crm.Directory
			d.Put(contacts())
			var got []string
			for _, p := range scripting.Check(dir, &d) {
				got = append(got, p.String())
			}
			if len(got) != len(tc.want) || !slices.EqualFunc(got, tc.want, func(g, w string) bool { return strings.HasPrefix(g, w) }) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tc.want, "\n"))
			}
		})
	}
}

// A source that is nested too deeply is a mistake in a file, not the end of the process.
func TestSourcesThatAreNestedTooDeeply(t *testing.T) {
	for _, unit := range []string{"(", "[", "{a:", "!", "-", "x=>", "()=>", "a=", "a?a:", "a(", "a[", "a.b+", "`${", "new ", "typeof ", "1+", "function(){", "a?.[0]+", "x=>\n", "!\n"} {
		t.Run(unit, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, map[string]string{"flow.ts": "export default function f(a: any) {\n  return " + strings.Repeat(unit, 1<<19/len(unit)) + "1 }"})
			problems := scripting.Check(dir, nil)
			if len(problems) != 1 || problems[0].File != "flow.ts" || problems[0].Line < 2 || !strings.Contains(problems[0].Text, "nested deeper than 2000") {
				t.Errorf("got %.300v", problems)
			}
		})
	}
}

// What is long is not what is deep.
func TestLongSources(t *testing.T) {
	for name, text := range map[string]string{
		"a table":             "const t: any = {\n" + strings.Repeat("  \"key (\": { a: [1, 2, -3], b: \"it's = == != <b> (\", c: 'x\\'(' },\n", 5000) + "};",
		"lines without ends":  "const m: any = {}\n" + strings.Repeat("m.key = \"value\" + 1 - 2\n", 5000),
		"comments":            "const m = 1\n" + strings.Repeat("// some words about what it does :-( and why it does\n", 5000),
		"one line":            "const t: any = [" + strings.Repeat(`{"a":-1,"b":[!0,!1],"c":"a=b?c:d"},`, 10000) + "];",
		"a chain of calls":    "const t: any = [1]" + strings.Repeat(".map((x: any) => x + 1)\n  .filter((x: any) => !!x)", 200) + ";",
		"a text of templates": "const t = `\n" + strings.Repeat("some text of a letter - with ${1 + 2} words\n", 5000) + "`;",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, map[string]string{"flow.ts": text + "\nexport default function f() { return typeof t1; }\ndeclare const t1: any;\n"})
			for _, p := range scripting.Check(dir, nil) {
				if strings.Contains(p.Text, "nested") {
					t.Errorf("got %v", p)
				}
			}
		})
	}
}

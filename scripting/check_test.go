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

package crmsim_test

import (
	"strings"
	"testing"
	"time"

	"github.com/octolink/octolink/crmsim"
	"github.com/octolink/octolink/protocol/wire"
)

func script(t *testing.T, text string) *crmsim.Script {
	t.Helper()
	s, err := crmsim.ParseScript([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const shop = `
methods:
  - key: order
    user: true
    in: [{key: id, type: int}, {key: who}]
    out: [{key: text}, {key: id, type: int}, {key: all}, {key: new, type: guid}, {key: at, type: datetime}, {key: me}]
    answers:
      - when: {id: 1, who: ann}
        out: {text: "order {{ id }} of {{who}}{{missing_is_declared}}"}
`

// Every mistake in a script is found when it is read.
func TestStrictScript(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"syntax", "methods: [", "script: "},
		{"a tag", "methods: !!seq [1]", "tags, anchors and aliases"},
		{"an anchor", "methods: [{key: &a b, name: *a}]", "tags, anchors and aliases"},
		{"two documents", "methods: []\n---\nforms: []", "a second document"},
		{"unknown key", "methods: [{key: a, naem: b}]", "naem"},
		{"doubled key", "methods: [{key: a, key: b}]", "key"},
		{"wrong type", "methods: [{key: a, delay: soon}]", `invalid duration "soon"`},
		{"no key", "methods: [{name: a}]", "without a key"},
		{"two methods", "methods: [{key: a}, {key: a}]", `two methods with the key "a"`},
		{"two forms", "forms: [{key: a}, {key: a}]", `two forms with the key "a"`},
		{"two parameters", "methods: [{key: a, in: [{key: b}, {key: b}]}]", `two parameters "b"`},
		{"parameter without key", "forms: [{key: a, out: [{name: b}]}]", "without a key"},
		{"parameter's type", "methods: [{key: a, in: [{key: b, type: phone}]}]", `type "phone"`},
		{"items", "methods: [{key: a, in: [{key: b, items: [{id: x}]}]}]", "items need type list"},
		{"connection", "methods: [{key: a, connection: pigeon}]", "pigeon"},
		{"when", "methods: [{key: a, answers: [{when: {b: 1}}]}]", `when: no parameter "b"`},
		{"out", "methods: [{key: a, answers: [{out: {b: 1}}]}]", `out: no parameter "b"`},
		{"template", shop, `no parameter "missing_is_declared"`},
		{"template without end", "forms: [{key: a, out: [{key: b}], answer: {out: {b: \"{{b\"}}}]", "want {{NAME}}"},
		{"two ways", "methods: [{key: a, out: [{key: b}], answers: [{out: {b: 1}, never: true}]}]", "exclude each other"},
		{"error's template", "methods: [{key: a, answers: [{error: {code: 1, text: \"{{x}}\"}}]}]", `no parameter "x"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := crmsim.ParseScript([]byte(test.text))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
		})
	}
}

func TestDemoScript(t *testing.T) {
	s, err := crmsim.ParseScript(crmsim.DemoYAML())
	if err != nil || len(s.Methods) != 3 || len(s.Forms) != 1 {
		t.Errorf("%v, %+v", err, s)
	}
}

func TestTemplates(t *testing.T) {
	s := script(t, strings.Replace(shop, "{{missing_is_declared}}", "", 1)+`
      - when: {who: "bo*"}
        out: {id: "{{id}}", all: [1, {deep: "{{who}}"}, true, null, 1.5], new: "{{$guid}}", at: "{{$now}}", me: "{{$login}} {{$userid}}"}
      - when: {id: "404"}
        error: {code: 404, text: "no order {{id}}"}
      - when: {id: ""}
        never: true
`)
	c, p := introduced(t, crmsim.Options{Script: s})
	ask := func(in wire.Object) wire.Object {
		t.Helper()
		p.tell("executemethod", "q", wire.Object{
			{Key: "methodkey", Value: "order"}, {Key: "userlogin", Value: "alice"}, {Key: "userid", Value: "A"}, {Key: "inputparameters", Value: in}})
		return p.want("methodresult")
	}
	in := func(id any, who string) wire.Object {
		return wire.Object{{Key: "id", Value: id}, {Key: "who", Value: who}}
	}
	o := ask(in(1, "ann"))
	if got := get(get(o, "outputparameters").(wire.Object), "text"); got != "order 1 of ann" {
		t.Errorf("text %v", got)
	}
	if get(o, "userlogin") != "alice" || get(o, "userid") != "A" {
		t.Errorf("not for the user: %v", o)
	}
	out := get(ask(in(7, "bob")), "outputparameters").(wire.Object)
	if get(out, "id") != wire.Number("7") {
		t.Errorf("a lone name lost its type: %v", out)
	}
	all := get(out, "all").(wire.List)
	if all[0] != wire.Number("1") || get(all[1].(wire.Object), "deep") != "bob" || all[2] != true || all[3] != nil || all[4] != wire.Number("1.5") {
		t.Errorf("all %v", all)
	}
	if _, err := time.Parse(time.RFC3339, get(out, "at").(string)); err != nil || len(get(out, "new").(string)) != 36 || get(out, "me") != "alice A" {
		t.Errorf("own names %v, %v", out, err)
	}
	if o := ask(in("404", "x")); get(o, "errormsg") != "no order 404" || get(o, "result") != wire.Number("0") {
		t.Errorf("error %v", o)
	}
	if o := ask(in("3", "x")); get(o, "errormsg") != "no answer for these inputs" {
		t.Errorf("no answer %v", o)
	}
	p.tell("executemethod", "never", wire.Object{{Key: "methodkey", Value: "order"}, {Key: "inputparameters", Value: wire.List{}}})
	p.tell("executemethod", "unknown", wire.Object{{Key: "methodkey", Value: "cook"}})
	if o := p.want("methodresult"); get(o, "qid") != "unknown" || get(o, "errorcode") != wire.Number("404") {
		t.Errorf("unknown method: %v", o)
	}
	if n := c.Stats().Runs; n != 6 {
		t.Errorf("%d runs", n)
	}
}

// What is cancelled while it waits is not answered.
func TestCancel(t *testing.T) {
	c, p := introduced(t, crmsim.Options{Script: script(t, `
methods:
  - {key: slow, delay: 1h, answers: [{}]}
  - {key: soon, delay: 1ms, answers: [{}]}
`)})
	p.tell("executemethod", "1", wire.Object{{Key: "methodkey", Value: "slow"}, {Key: "executionid", Value: "E"}})
	p.tell("cancelmethod", "2", wire.Object{{Key: "executionid", Value: "E"}})
	p.tell("cancelmethod", "3", wire.Object{{Key: "executionid", Value: "other"}})
	p.tell("executemethod", "4", wire.Object{{Key: "methodkey", Value: "soon"}, {Key: "executionid", Value: "F"}})
	if got := get(p.want("methodresult"), "qid"); got != "4" {
		t.Errorf("answered %v", got)
	}
	if n := c.Stats().Cancelled; n != 1 {
		t.Errorf("%d cancelled", n)
	}
}

const desk = `
forms:
  - {key: look, allowcancel: true, in: [{key: phone}]}
  - key: ask
    in: [{key: phone}]
    out: [{key: answer}]
    answer: {after: 1ms, button: ok, out: {answer: "{{phone}} for {{$login}}"}}
  - {key: slow, answer: {after: 1h}}
`

func TestForms(t *testing.T) {
	c, p := introduced(t, crmsim.Options{Script: script(t, desk)})
	show := func(form, window string) {
		p.tell("showform", "q", wire.Object{{Key: "userlogin", Value: "alice"}, {Key: "userid", Value: "A"}, {Key: "formkey", Value: form},
			{Key: "windowid", Value: window}, {Key: "inputparameters", Value: wire.Object{{Key: "phone", Value: "300"}}}})
	}
	show("ask", "W1")
	o := p.want("formresult")
	if out := get(o, "outputparameters").(wire.Object); get(out, "answer") != "300 for alice" || get(o, "windowid") != "W1" || get(o, "button") != "ok" || get(o, "userlogin") != "alice" {
		t.Errorf("formresult %v", o)
	}
	show("look", "W2")
	show("slow", "W3")
	show("unknown", "W4")
	until(t, c, "the forms", func() bool { return len(c.Forms()) == 3 })
	if open := c.Forms(); open[0].Window != "W2" || open[0].Key != "look" || open[0].User != "alice" || get(open[0].In, "phone") != "300" {
		t.Errorf("open %+v", open)
	}
	p.tell("closeform", "q", wire.Object{{Key: "windowid", Value: "W3"}})
	until(t, c, "closeform", func() bool { return len(c.Forms()) == 2 })
	if err := c.Submit("W2", "", wire.Object{{Key: "x", Value: 1}}); err != nil {
		t.Fatal(err)
	}
	o = p.want("formresult")
	if _, button := o.Get("button"); button || get(get(o, "outputparameters").(wire.Object), "x") != wire.Number("1") {
		t.Errorf("formresult %v", o)
	}
	if err := c.Submit("W2", "", nil); err == nil {
		t.Error("a closed form was answered")
	}
}

func TestLongCatalogueInParts(t *testing.T) {
	var text strings.Builder
	text.WriteString("methods:\n")
	for _, c := range "abcdefghijklmnopqrstuvwxyz" {
		text.WriteString("  - {key: m_" + string(c) + ", name: Метод, description: " + strings.Repeat("очень длинно ", 20) + "}\n")
	}
	for _, format := range []wire.Format{wire.JSON, wire.XML} {
		_, p := introduced(t, crmsim.Options{Format: format, Script: script(t, text.String())})
		p.tell("getavailablemethods", "q", nil)
		f := <-p.frames
		if m := p.decode(f); m.Name != "multipart" {
			t.Fatalf("%s in one piece of %d bytes", m.Name, len(f))
		}
		if _, _, err := p.joiner.Add(p.decode(f)); err != nil {
			t.Fatal(err)
		}
		if all := get(p.want("availablemethods"), "methods").(wire.List); len(all) != 26 {
			t.Errorf("%d methods", len(all))
		}
	}
}

func FuzzScript(f *testing.F) {
	f.Add(crmsim.DemoYAML())
	f.Add([]byte(desk))
	f.Fuzz(func(t *testing.T, text []byte) {
		if s, err := crmsim.ParseScript(text); (s == nil) == (err == nil) {
			t.Errorf("%v, %v", s, err)
		}
	})
}

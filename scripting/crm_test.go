package scripting_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/octolink/octolink/crm"
	"github.com/octolink/octolink/scripting"
)

// What a method can come to, as a flow sees it.
func TestCRMOutcomes(t *testing.T) {
	d := &crm.Directory{}
	d.Put(&provider{
		name: "contacts", methods: []crm.Method{
			{Key: "find", Out: []crm.Param{{Key: "debt", Type: crm.Float}, {Key: "vip", Type: crm.Bool}, {Key: "phone", Type: crm.String}}}, {Key: "away"}, {Key: "said"}, {Key: "slow"}, {Key: "never"},
			{Key: "huge"}, {Key: "nothing"}, {Key: "user"}, {Key: "panics"}, {Key: "http"},
		},
		invoke: func(ctx context.Context, c crm.Call) (crm.Values, error) {
			switch c.Method {
			case "find":
				return crm.Values{{Key: "debt", Value: "12.50"}, {Key: "vip", Value: "1"}, {Key: "phone", Value: crm.Number("79161234567")}, {Key: "big", Value: crm.Number("12345678901234567890")},
					{Key: "list", Value: crm.List{crm.Number("1"), nil, crm.Values{{Key: "__proto__", Value: "x"}}}}, {Key: "asked", Value: fmt.Sprint(c.In)}, {Key: "user", Value: c.User}}, nil
			case "away":
				return nil, crm.ErrGone
			case "said":
				return nil, &crm.Error{Code: 42, Text: "no such customer"}
			case "never":
				<-ctx.Done()
				return nil, crm.ErrTimeout
			case "huge":
				return crm.Values{{Key: "list", Value: make(crm.List, 1_000_001)}}, nil
			case "user":
				return nil, crm.ErrNobody
			case "panics":
				panic("a mistake of ours")
			case "http":
				return nil, crm.ErrUnsupported
			}
			return nil, nil
		},
	})
	for expression, want := range map[string]string{
		`JSON.stringify(crm.contacts.find({ a: 1, b: "x", c: [true, null], d: new Date(0), e: undefined }, { user: "alice" }))`: `{"debt":12.5,"vip":true,"phone":"79161234567","big":"12345678901234567890","list":[1,null,{"__proto__":"x"}],"asked":"[{a 1} {b x} {c [true <nil>]} {d 1970-01-01T00:00:00.000Z}]","user":"alice"}`,
		`crm.contacts.nothing()`:                                "<nil>",
		`crm.call("contacts.find").debt`:                        "12.5",
		`crm.call("find").debt`:                                 "12.5",
		`crm.find("find").debt`:                                 "12.5",
		`crm.find("find", {}, { all: true })[0].provider`:       "contacts",
		`crm.find("away", {}, { all: true })[0].error`:          "contacts.away: the CRM is gone (410)",
		`crm.contacts.away()`:                                   `CrmError {"code":410,"text":"the CRM is gone","provider":"contacts","method":"away","timeout":false}`,
		`crm.contacts.said()`:                                   `CrmError {"code":42,"text":"no such customer","provider":"contacts","method":"said","timeout":false}`,
		`crm.contacts.never({}, { timeout: 0.01 })`:             `CrmError {"code":504,"text":"the CRM did not answer in time","provider":"contacts","method":"never","timeout":true}`,
		`crm.contacts.never({}, { timeout: 0.01, late: 0.01 })`: `CrmError {"code":504,"text":"the CRM did not answer in time","provider":"contacts","method":"never","timeout":true}`,
		`crm.contacts.huge()`:                                   `CrmError {"code":413,"text":"the answer is too large: more than 1000000 values","provider":"contacts","method":"huge","timeout":false}`,
		`crm.contacts.http()`:                                   `CrmError {"code":501,"text":"not possible over this kind of connection","provider":"contacts","method":"http","timeout":false}`,
		`crm.contacts.nosuch()`:                                 `CrmError {"code":404,"text":"no such dynamic method: contacts.nosuch","provider":"contacts","method":"nosuch","timeout":false}`,
		`crm.nobody.find()`:                                     `CrmError {"code":404,"text":"no such dynamic method: nobody.find","provider":"nobody","method":"find","timeout":false}`,
		`crm.find("nosuch")`:                                    `CrmError {"code":404,"text":"no such dynamic method","provider":"","method":"nosuch","timeout":false}`,
		`crm.contacts.card.show("alice")`:                       `NobodyError {"function":"crm.contacts.card.show"}`,
		`crm.contacts.user()`:                                   `NobodyError {"function":"crm.contacts.user"}`,
		`crm.contacts.panics()`:                                 `Error {"function":"crm.contacts.panics"}`,
		`notify("alice", "x")`:                                  `Error {"function":"notify"}`,
		`Object.keys(crm).join() + typeof (crm as any).toJSON`:  "contactsundefined",
		`(crm as any).contacts = 1`:                             `TypeError {}`,
	} {
		t.Run(expression, func(t *testing.T) {
			r, trace := result(t, engine(t, `export default function f() { try { return `+expression+`; } catch (e: any) {
				if (!(e instanceof Error)) return "no Error";
				return e.name + " " + JSON.stringify({ ...e }); } }`, scripting.Options{Directory: d}))
			if got := fmt.Sprint(r.Value); got != want {
				t.Errorf("got  %v (%s)\nwant %s", got, trace.Reason, want)
			}
		})
	}
	if r, trace := result(t, engine(t, "export default function f() {\n  crm.contacts.said();\n}", scripting.Options{Directory: d})); trace.Reason != "CrmError: contacts.said: no such customer (42)\nat f (flow.ts:2:21)" {
		t.Errorf("got %s: %s", r.Outcome, trace.Reason)
	}
}

// A run that ends does not wait for a provider that waits for a late answer.
func TestEndDuringALateAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &crm.Directory{}
		d.Put(&provider{name: "slow", methods: []crm.Method{{Key: "m"}}, invoke: func(ctx context.Context, c crm.Call) (crm.Values, error) {
			<-ctx.Done()
			time.Sleep(time.Duration(c.Late) * time.Millisecond)
			return crm.Values{{Key: "late", Value: true}}, nil
		}})
		e := engine(t, `export default function f() { return crm.slow.m({}, { timeout: 1, late: 60 }).late; }`, scripting.Options{Directory: d})
		if r, trace := result(t, e); r.Value != true {
			t.Errorf("got %s %v: %s; a late answer counts", r.Outcome, r.Value, trace.Reason)
		}
		g, err := e.Start(scripting.Trigger{Flow: "flow"})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		time.Sleep(10 * time.Second)
		g.Stop(errors.New("enough"))
		<-g.Done()
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("the run ended after %s, want at once after 10s", took)
		}
		time.Sleep(time.Minute) // the provider's time
	})
}

// A desk answers forms, or does not.
type desk struct{ windows chan *window }

type window struct {
	user   string
	form   string
	in     crm.Values
	answer chan string // the button; closed: nobody answers
	closed chan struct{}
}

func (d *desk) Show(_ context.Context, user, form string, in crm.Values) (scripting.Window, error) {
	if user == "away" {
		return nil, fmt.Errorf("%w: %s", crm.ErrNobody, user)
	}
	w := &window{user, form, in, make(chan string, 1), make(chan struct{})}
	d.windows <- w
	return w, nil
}

func (w *window) ID() string { return "w" }
func (w *window) Close() {
	select {
	case <-w.closed:
	default:
		close(w.closed)
	}
}

func (w *window) Wait(ctx context.Context) (string, crm.Values, error) {
	select {
	case button, ok := <-w.answer:
		if !ok {
			return "", nil, crm.ErrCancelled
		}
		return button, crm.Values{{Key: "topic", Value: "price"}}, nil
	case <-ctx.Done():
		return "", nil, ctx.Err()
	}
}

func TestForms(t *testing.T) {
	d := &crm.Directory{}
	d.Put(contacts())
	dk := &desk{windows: make(chan *window, 10)}
	o := scripting.Options{Directory: d, Desk: dk}

	g, err := engine(t, `export default () => { const s = crm.contacts.card.show("alice", { id: 7 }); return s.button + ":" + s.values.topic; }`, o).Start(scripting.Trigger{Flow: "flow"})
	if err != nil {
		t.Fatal(err)
	}
	w := <-dk.windows
	w.answer <- "save"
	if r, _ := g.Wait(t.Context()); r.Value != "save:price" || w.form != "contacts.card" || w.user != "alice" {
		t.Errorf("got %v: %v for %s at %s", r.Value, r.Err, w.form, w.user)
	}

	for source, want := range map[string]string{
		`crm.contacts.card.show("away")`:                         "NobodyError",
		`crm.contacts.card.show("alice", {}, { timeout: 0.01 })`: "CrmError 504 true",
	} {
		r, trace := result(t, engine(t, `export default () => { try { `+source+`; } catch (e: any) { return [e.name, e.code, e.timeout].join(" ").trim(); } }`, o))
		if r.Value != want {
			t.Errorf("%s: got %v (%s), want %s", source, r.Value, trace.Reason, want)
		}
		if len(dk.windows) > 0 {
			<-(<-dk.windows).closed
		}
	}

	// What is shown without waiting is closed by the flow, or with the run.
	r, trace := result(t, engine(t, `export default () => { const card = crm.contacts.card; card.show("alice", {}, { noWait: true }); card.close(); card.show("boris", {}, { noWait: true }); return "went on"; }`, o))
	if r.Value != "went on" {
		t.Fatalf("got %s: %s", r.Outcome, trace.Reason)
	}
	<-(<-dk.windows).closed
	<-(<-dk.windows).closed
}

func TestSecretsAreMasked(t *testing.T) {
	d := &crm.Directory{}
	var asked crm.Values
	d.Put(&provider{name: "bank", methods: []crm.Method{{Key: "check"}}, invoke: func(_ context.Context, c crm.Call) (crm.Values, error) {
		asked = c.In
		return crm.Values{{Key: "token", Value: "tok-1"}, {Key: "echo", Value: "code 1234!"}}, nil
	}})
	e := engine(t, `export default function f(call: Call) {
		const digits = call.collect("PIN, please", { secret: true });
		log("typed", digits);
		const got = crm.bank.check({ code: digits, password: "letmein", nested: [{ CardNumber: 4111 }], to: call.to });
		throw new Error("wrong " + digits);
	}`, scripting.Options{Directory: d})
	g, err := e.Start(scripting.Trigger{Flow: "flow", Call: newCaller(0)})
	if err != nil {
		t.Fatal(err)
	}
	<-g.Done()
	trace := g.Trace()
	text := fmt.Sprintf("%+v", trace)
	for _, secret := range []string{"1234!", "wrong 1234", `"1234"`, "letmein", "4111", "tok-1"} {
		if strings.Contains(text, secret) {
			t.Errorf("the trace tells %s: %s", secret, text)
		}
	}
	if code, _ := asked.Get("code"); code != "1234" {
		t.Errorf("the CRM got %v, want the digits themselves", asked)
	}
	if !strings.Contains(text, `"to":"500"`) {
		t.Errorf("the trace hides too much: %s", text)
	}
}

package web_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/web"
)

// flows are a server's call flows, written down.
type flows struct {
	list   []web.Flow
	traces []web.FlowTrace
	order  web.FlowOrder
	asked  web.TraceQuery
}

func (f *flows) ListFlows(context.Context) ([]web.Flow, error) { return f.list, nil }

func (f *flows) RunFlow(_ context.Context, name string, o web.FlowOrder) (web.FlowAnswer, error) {
	f.order = o
	if name != "incoming" {
		return web.FlowAnswer{}, errors.New("no such flow: " + name)
	}
	return web.FlowAnswer{Run: "r", Outcome: "returned", Value: json.RawMessage(`{"z":1,"a":2}`)}, nil
}

func (f *flows) FlowTraces(_ context.Context, q web.TraceQuery) ([]web.FlowTrace, error) {
	f.asked = q
	if q.Call == "nosuch" {
		return nil, nil
	}
	return f.traces, nil
}

func (f *flows) FlowTypes(context.Context) (string, error) { return "declare const call: Call;\n", nil }

func someFlows() *flows {
	return &flows{
		list: []web.Flow{{Name: "incoming", File: "incoming.ts", Version: 2, Running: 1, Problems: []string{"incoming.ts:3:1: unexpected"}}},
		traces: []web.FlowTrace{{
			Run: "r", Flow: "incoming", Kind: "call", Chain: "c", Started: time.Unix(1, 0).UTC(), Seconds: 1.5, Outcome: "returned",
			Steps: []web.FlowStep{{At: 0.5, Seconds: 1, Name: "call.answer"}},
		}},
	}
}

func TestAdminOfFlows(t *testing.T) {
	f := someFlows()
	c := listenAdmin(t, web.Options{Flows: f})
	if list, err := c.Flows(t.Context()); err != nil || !reflect.DeepEqual(list, f.list) {
		t.Errorf("got %+v, %v", list, err)
	}
	order := web.FlowOrder{User: "alice", Params: []string{"a", "b"}, Wait: true}
	a, err := c.RunFlow(t.Context(), "incoming", order)
	if err != nil || a.Outcome != "returned" || string(a.Value) != `{"z":1,"a":2}` || !reflect.DeepEqual(f.order, order) {
		t.Errorf("got %+v, %v, asked for %+v", a, err, f.order)
	}
	if _, err := c.RunFlow(t.Context(), "a/b", order); err == nil || err.Error() != "no such flow: a/b" {
		t.Errorf("got %v", err)
	}
	q := web.TraceQuery{Call: "c", Flow: "incoming", Limit: 5}
	if list, err := c.FlowTraces(t.Context(), q); err != nil || !reflect.DeepEqual(list, f.traces) || f.asked != q {
		t.Errorf("got %+v, %v, asked for %+v", list, err, f.asked)
	}
	if text, err := c.FlowTypes(t.Context()); err != nil || text != "declare const call: Call;\n" {
		t.Errorf("got %q, %v", text, err)
	}
}

// Ensure traces are shown to supervisors and to nobody else.
func TestTracesOverHTTP(t *testing.T) {
	directory := func(supervisor bool) func() *pbx.Directory {
		d, err := pbx.NewDirectory(pbx.Config{Users: []pbx.User{{Login: "Alice", Supervisor: supervisor}}})
		if err != nil {
			t.Fatal(err)
		}
		return func() *pbx.Directory { return d }
	}
	right := basic("alice", "dёmo:1")
	for _, tc := range []struct {
		name       string
		supervisor bool
		target     string
		header     []string
		want       int
	}{
		{"supervisor", true, "?call=c", right, 200},
		{"by run", true, "?run=r", right, 200},
		{"anybody", false, "?call=c", right, 403},
		{"no password", true, "?call=c", nil, 401},
		{"wrong password", true, "?call=c", basic("alice", "x"), 401},
		{"page of another site", true, "?call=c", append([]string{"Origin", "https://evil.example"}, right...), 403},
		{"all of them", true, "", right, 400},
		{"limit", true, "?call=c&limit=x", right, 400},
		{"none", true, "?call=nosuch", right, 404},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := web.New(web.Options{Flows: someFlows(), Services: &services{}, Directory: directory(tc.supervisor)}).Public()
			r := ask(t, h, http.MethodGet, "/flows/trace"+tc.target, "", tc.header...)
			text := textOf(t, r)
			if r.StatusCode != tc.want || strings.Contains(text, "call.answer") != (tc.want == 200) {
				t.Errorf("got %d %s", r.StatusCode, text)
			}
			var list []web.FlowTrace
			if err := json.Unmarshal([]byte(text), &list); tc.want == 200 && (err != nil || !reflect.DeepEqual(list, someFlows().traces)) {
				t.Errorf("got %+v, %v", list, err)
			}
		})
	}
	for _, path := range []string{"/flows", "/flows/types", "/flows/incoming/run"} {
		h := web.New(web.Options{Flows: someFlows(), Services: &services{}, Directory: directory(true)}).Public()
		if r := ask(t, h, http.MethodGet, path, "", right...); r.StatusCode != 404 {
			t.Errorf("%s: got %d: it is for the admin socket", path, r.StatusCode)
		}
	}
}

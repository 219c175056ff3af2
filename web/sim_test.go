package web_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/web"
)

// switchboard writes down what it is told and answers with err.
type switchboard struct {
	told []string
	err  error
}

func (s *switchboard) tell(format string, args ...any) error {
	s.told = append(s.told, fmt.Sprintf(format, args...))
	return s.err
}

func (s *switchboard) Ring(_ context.Context, from, to string) (string, error) {
	return "call-1", s.tell("ring %s %s", from, to)
}
func (s *switchboard) AnswerPhone(_ context.Context, n string) error { return s.tell("answer %s", n) }
func (s *switchboard) RejectPhone(_ context.Context, n string) error { return s.tell("reject %s", n) }
func (s *switchboard) HangupPhone(_ context.Context, n string) error { return s.tell("hangup %s", n) }
func (s *switchboard) SetBusy(_ context.Context, n string, on bool) error {
	return s.tell("busy %s %v", n, on)
}
func (s *switchboard) Press(_ context.Context, n, digits string) error {
	return s.tell("press %s %s", n, digits)
}
func (s *switchboard) SimState(context.Context) any {
	return map[string]any{"calls": []string{"call-1"}}
}

var asJSON = []string{"Content-Type", "application/json; charset=utf-8"}

func TestSimulatorOrders(t *testing.T) {
	tests := []struct {
		path, body, told, answer string
		status                   int
	}{
		{"ring", `{"from":"79161234567","to":"300"}`, "ring 79161234567 300", `{"call":"call-1"}`, 200},
		{"answer", `{"number":"300"}`, "answer 300", `{}`, 200},
		{"reject", `{"number":"300"}`, "reject 300", `{}`, 200},
		{"hangup", `{"number":"300"}`, "hangup 300", `{}`, 200},
		{"busy", `{"number":"300","on":true}`, "busy 300 true", `{}`, 200},
		{"busy", `{"number":"300"}`, "busy 300 false", `{}`, 200},
		{"press", `{"number":"79161234567","digits":"12#"}`, "press 79161234567 12#", `{}`, 200},
		{"press", `{"number":"79161234567"}`, "", `{"error":"press needs digits"}`, 400},
		{"ring", `{"from":"1"}`, "", `{"error":"ring needs from and to"}`, 400},
		{"answer", `{}`, "", `{"error":"answer needs number"}`, 400},
		{"explode", `{"number":"300"}`, "", `{"error":"the orders are ring, answer, reject, hangup, busy, press"}`, 404},
		{"ring", `{"from":"1","to":"2","surprise":1}`, "", `{"error":"the body is not the JSON that this needs"}`, 400},
		{"ring", `{"from":"1","to":"2"}{}`, "", `{"error":"more than one JSON value"}`, 400},
		{"ring", `from=1`, "", `{"error":"the body is not the JSON that this needs"}`, 400},
		{"ring", `{"from":"` + strings.Repeat("1", 5000) + `"}`, "", `{"error":"the body is not the JSON that this needs"}`, 400},
	}
	for _, tt := range tests {
		t.Run(tt.path+tt.body[:min(20, len(tt.body))], func(t *testing.T) {
			s := &switchboard{}
			r := ask(t, web.New(web.Options{Sim: s}).Public(), "POST", "/sim/"+tt.path, tt.body, asJSON...)
			if got := strings.TrimSpace(textOf(t, r)); r.StatusCode != tt.status || got != tt.answer {
				t.Errorf("got %d %s, want %d %s", r.StatusCode, got, tt.status, tt.answer)
			}
			if got := strings.Join(s.told, ";"); got != tt.told {
				t.Errorf("the simulator was told %q, want %q", got, tt.told)
			}
		})
	}
	r := ask(t, web.New(web.Options{Sim: &switchboard{}}).Public(), "GET", "/sim/state", "")
	if got := textOf(t, r); r.StatusCode != 200 || !strings.Contains(got, "call-1") {
		t.Errorf("state: %d %s", r.StatusCode, got)
	}
}

func TestSimulatorRefuses(t *testing.T) {
	behind := []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	tests := []struct {
		name    string
		options web.Options
		header  []string
		want    int
	}{
		{"this machine", web.Options{}, asJSON, 200},
		{"this machine over IPv6", web.Options{}, []string{"Remote", "[::1]:1", asJSON[0], asJSON[1]}, 200},
		{"our own page", web.Options{}, []string{"Origin", "http://127.0.0.1:4055", asJSON[0], asJSON[1]}, 200},
		{"a page of another origin", web.Options{}, []string{"Origin", "http://evil.example", asJSON[0], asJSON[1]}, 403},
		{"a page of another port", web.Options{}, []string{"Origin", "http://127.0.0.1:4056", asJSON[0], asJSON[1]}, 403},
		{"a sandboxed page", web.Options{}, []string{"Origin", "null", asJSON[0], asJSON[1]}, 403},
		{"a form", web.Options{}, []string{"Content-Type", "text/plain"}, 415},
		{"no type", web.Options{}, nil, 415},
		{"another machine", web.Options{}, []string{"Remote", "192.0.2.1:1", asJSON[0], asJSON[1]}, 403},
		{"another machine, allowed", web.Options{SimRemote: true}, []string{"Remote", "192.0.2.1:1", asJSON[0], asJSON[1]}, 200},
		{"another machine's page, allowed", web.Options{SimRemote: true}, []string{"Remote", "192.0.2.1:1", "Origin", "http://evil.example", asJSON[0], asJSON[1]}, 403},
		{"behind a proxy that we trust", web.Options{TrustedProxies: behind}, []string{"X-Forwarded-For", "192.0.2.1", asJSON[0], asJSON[1]}, 403},
		{"behind a proxy that we trust, who lies to it", web.Options{TrustedProxies: behind}, []string{"X-Forwarded-For", "127.0.0.1, 192.0.2.1", asJSON[0], asJSON[1]}, 403},
		{"behind a proxy that nobody trusts", web.Options{}, []string{"X-Forwarded-For", "127.0.0.1", asJSON[0], asJSON[1]}, 403},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &switchboard{}
			tt.options.Sim = s
			r := ask(t, web.New(tt.options).Public(), "POST", "/sim/hangup", `{"number":"300"}`, tt.header...)
			if r.StatusCode != tt.want {
				t.Errorf("status %d, want %d: %s", r.StatusCode, tt.want, textOf(t, r))
			}
			if obeyed := len(s.told) == 1; obeyed != (tt.want == 200) {
				t.Errorf("the simulator was told %v", s.told)
			}
			if tt.want != 200 && !strings.Contains(textOf(t, r), `"error":`) && r.Header.Get("Content-Type") != "application/json" {
				t.Error("the refusal is not JSON")
			}
		})
	}
}

func TestSimulatorFailures(t *testing.T) {
	tests := []struct {
		err  error
		want int
	}{
		{pbx.ErrNoSuchNumber, 422}, {pbx.ErrBusy, 409}, {pbx.ErrState, 409}, {pbx.ErrNoSuchLeg, 409},
		{pbx.ErrInvalid, 400}, {pbx.ErrOffline, 503}, {context.DeadlineExceeded, 504}, {errors.New("strange"), 500},
	}
	for _, tt := range tests {
		h := web.New(web.Options{Sim: &switchboard{err: fmt.Errorf("sim: 300: %w", tt.err)}}).Public()
		r := ask(t, h, "POST", "/sim/answer", `{"number":"300"}`, asJSON...)
		if text := textOf(t, r); r.StatusCode != tt.want || !strings.Contains(text, tt.err.Error()) {
			t.Errorf("%v: got %d %s, want %d and the reason", tt.err, r.StatusCode, text, tt.want)
		}
	}
}

func TestPageSettings(t *testing.T) {
	d := people(t)
	o := web.Options{Sim: &switchboard{}, Demo: &web.Demo{Users: []string{"alice"}, Password: "demo"}, Directory: func() *pbx.Directory { return d }}
	r := ask(t, web.New(o).Public(), "GET", "/page/settings", "")
	want := `{"simulator":true,"queues":[{"number":"700","name":"sales"}],"demo":{"users":["alice"],"password":"demo"}}`
	if got := strings.TrimSpace(textOf(t, r)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	r = ask(t, web.New(o).Public(), "GET", "/page/settings", "", "Remote", "192.0.2.1:1")
	if got := strings.TrimSpace(textOf(t, r)); r.StatusCode != http.StatusOK || got != `{"simulator":false}` {
		t.Errorf("to a stranger: %d %s, want nothing", r.StatusCode, got)
	}
}

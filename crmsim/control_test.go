package crmsim_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/octolink/octolink/crmsim"
	"github.com/octolink/octolink/protocol/wire"
)

// order sends an order to a CRM's control and gives status and body.
func order(t *testing.T, c *crmsim.CRM, method, path, body string, change ...func(*http.Request)) (int, string) {
	t.Helper()
	r := httptest.NewRequest(method, "http://127.0.0.1:9"+path, strings.NewReader(body))
	r.RemoteAddr = "127.0.0.1:5000"
	r.Header.Set("Content-Type", "application/json")
	for _, ch := range change {
		ch(r)
	}
	w := httptest.NewRecorder()
	c.Control().ServeHTTP(w, r)
	got, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.Code, string(got)
}

func TestControl(t *testing.T) {
	c, p := introduced(t, crmsim.Options{Users: people[2:]})
	reply := make(chan string, 1)
	go func() {
		_, body := order(t, c, "POST", "/login", `{"user":"vera"}`)
		reply <- body
	}()
	p.answer("login", good)
	if body := <-reply; !strings.HasPrefix(body, `["loginresult",{"qid":`) {
		t.Errorf("login: %s", body)
	}
	if status, body := order(t, c, "POST", "/send", `{"user":"vera","name":"setuserstate","fields":{"userstateid":1,"a":[1,{"b":null}]}}`); status != 204 {
		t.Errorf("send: %d %s", status, body)
	}
	if o := p.want("setuserstate"); get(o, "userlogin") != "vera" || get(o, "userstateid") != wire.Number("1") {
		t.Errorf("sent %v", o)
	}
	if status, body := order(t, c, "POST", "/fault", `{"fault":"silent@ping*2"}`); status != 204 {
		t.Errorf("fault: %d %s", status, body)
	}
	var state struct {
		Ready  bool     `json:"ready"`
		Active []string `json:"active"`
		Faults []string `json:"faults_waiting"`
	}
	if _, body := order(t, c, "GET", "/state", ""); json.Unmarshal([]byte(body), &state) != nil || !state.Ready || len(state.Active) != 1 || state.Faults[0] != "silent@ping*2" {
		t.Errorf("state %s", body)
	}
	if status, _ := order(t, c, "DELETE", "/fault", ""); status != 204 {
		t.Errorf("clear: %d", status)
	}
	p.tell("ping", "1", nil)
	p.want("pong")
	p.tell("showform", "1", wire.Object{{Key: "windowid", Value: "W"}, {Key: "formkey", Value: "card"}, {Key: "userlogin", Value: "vera"}})
	until(t, c, "the form", func() bool { return len(c.Forms()) == 1 })
	if status, body := order(t, c, "POST", "/submit", `{"window":"W","button":"save","values":{"comment":"x"}}`); status != 204 {
		t.Errorf("submit: %d %s", status, body)
	}
	p.want("formresult")
	if _, body := order(t, c, "GET", "/received?name=showform&user=vera", ""); !strings.HasPrefix(body, `[["showform",{`) {
		t.Errorf("received %s", body)
	}
}

func TestControlRefuses(t *testing.T) {
	c := start(t, crmsim.Options{})
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	for _, test := range []struct {
		name, path, body string
		change           func(*http.Request)
		want             int
	}{
		{"a page", "/resume", "{}", header("Origin", "http://evil.example"), 403},
		{"a form", "/resume", "{}", header("Content-Type", "text/plain"), 415},
		{"another machine", "/resume", "{}", func(r *http.Request) { r.RemoteAddr = "192.0.2.1:5" }, 403},
		{"another name", "/resume", "{}", func(r *http.Request) { r.Host = "evil.example:80" }, 403},
		{"an unknown key", "/resume", `{"usr":"x"}`, header("X", ""), 400},
		{"no fault", "/fault", "{}", header("X", ""), 400},
		{"an unknown fault", "/fault", `{"fault":"explode"}`, header("X", ""), 400},
		{"fields that are none", "/send", `{"name":"x","fields":[1]}`, header("X", ""), 400},
		{"no link", "/login", `{"user":"x"}`, header("X", ""), 503},
		{"no form", "/submit", `{"window":"x"}`, header("X", ""), 400},
		{"no path", "/explode", "{}", header("X", ""), 404},
	} {
		if status, body := order(t, c, "POST", test.path, test.body, test.change); status != test.want {
			t.Errorf("%s: %d, want %d: %s", test.name, status, test.want, body)
		}
	}
	if status, _ := order(t, c, "POST", "/resume", "{}", func(r *http.Request) { r.Host = "localhost:8080" }); status != 204 {
		t.Errorf("resume: %d", status)
	}
}

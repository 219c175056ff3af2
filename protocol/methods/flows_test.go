package methods_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/octolink/octolink/crm"
	"github.com/octolink/octolink/protocol/methods"
	"github.com/octolink/octolink/protocol/wire"
)

const logIn = `["login",{"qid":"l","userlogin":"%s","Password":"fe01ce2a7fbac8fafaed7c982a04e229","showid":1}]`

// Ensure a password over HTTP is judged and slowed like one over a channel.
func TestPlainPasswords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, wire.JSON, "")
		defer s.end()
		for _, tc := range []struct {
			login, password, user string
			ok                    bool
		}{
			{"alice", "demo", "alice", true}, {"ALICE", "demo", "alice", true},
			{"alice", "Demo", "", false}, {"alice", "", "", false}, {"nobody", "demo", "", false}, {"", "", "", false},
		} {
			user, ok, err := s.api.CheckLogin(t.Context(), "192.0.2.1:5", tc.login, tc.password)
			if user != tc.user || ok != tc.ok || err != nil {
				t.Errorf("%s/%s: got %q %v %v", tc.login, tc.password, user, ok, err)
			}
		}
		start := time.Now()
		for range 9 {
			if _, ok, err := s.api.CheckLogin(t.Context(), "192.0.2.2:5", "alice", "wrong"); ok || err != nil {
				t.Errorf("got %v, %v", ok, err)
			}
		}
		if took := time.Since(start); took != 15*time.Second { // 1, 2, 4 and 8 s after the fifth
			t.Errorf("nine failures took %s", took)
		}
		start = time.Now()
		if _, ok, _ := s.api.CheckLogin(t.Context(), "192.0.2.2:5", "alice", "demo"); !ok || time.Since(start) != 0 {
			t.Errorf("a right password: %v after %s", ok, time.Since(start))
		}
	})
}

// Ensure the server hears what clients tell, and only what they may tell.
func TestCustomEventsAreHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, wire.JSON, "")
		defer s.end()
		s.do(`alice > ["triggercustomevent",{"qid":"0","eventname":"early"}]`)
		s.do("alice > " + fmt.Sprintf(logIn, "alice"))
		s.do(`alice > ["triggercustomevent",{"qid":"1","eventname":"paid","eventparam":{"sum":17.50,"by":["card"]}}]`)
		s.do(`alice > ["triggercustomevent",{"qid":"2","eventname":"paid","recipients":["` + borisID + `"]}]`)
		s.do(`alice > ["triggercustomevent",{"qid":"3","eventname":"large","eventparam":"` + strings.Repeat("x", 16<<10) + `"}]`)
		for range 20 {
			s.tab("alice").send(`["triggercustomevent",{"qid":"4","eventname":"often"}]`)
		}
		s.pass(time.Second)
		want := methods.CustomEvent{Name: "paid", Sender: "alice", Param: crm.Values{{Key: "sum", Value: crm.Number("17.50")}, {Key: "by", Value: crm.List{"card"}}}}
		heard := s.custom()
		if len(heard) != 12 || fmt.Sprint(heard[0]) != fmt.Sprint(want) || heard[1].Param != nil {
			t.Errorf("got %d: %v", len(heard), heard)
		}
	})
}

func TestEventsOfTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, wire.JSON, "")
		defer s.end()
		s.do("alice > " + fmt.Sprintf(logIn, "alice"))
		s.do(`alice > ["subscribeevent",{"qid":"s","eventmethod":["customevent"]}]`)
		s.heard()
		if err := s.api.EmitCustom("flow a", "paid", crm.Values{{Key: "sum", Value: crm.Number("1")}}); err != nil {
			t.Fatal(err)
		}
		s.pass(time.Second)
		if got := s.heard(); !strings.Contains(got, `"eventname":"paid","eventparam":{"sum":1},"senderlogin":""`) {
			t.Errorf("got %s", got)
		}
		if err := s.api.EmitCustom("flow a", "x", strings.Repeat("x", 16<<10)); !errors.Is(err, methods.ErrEventTooLarge) {
			t.Errorf("got %v", err)
		}
		var errs []error
		for range 11 {
			errs = append(errs, s.api.EmitCustom("flow b", "x", nil))
		}
		if errs[9] != nil || !errors.Is(errs[10], methods.ErrEventTooOften) {
			t.Errorf("got %v", errs)
		}
		if err := s.api.EmitCustom("flow c", "x", nil); err != nil { // another flow's are another's
			t.Error(err)
		}
		if got := s.custom(); len(got) != 0 {
			t.Errorf("the server hears itself: %v", got)
		}
	})
}

// Ensure a form that a flow shows names the call, and outlives it: the flow closes it.
func TestFormsForACall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, wire.JSON, "")
		defer s.end()
		s.do("alice > " + fmt.Sprintf(logIn, "alice"))
		s.do(`alice > ["subscribeevent",{"qid":"s","eventmethod":["forms"]}]`)
		s.do(`crm > ["iam",{"qid":"","type":"ws-server","name":"CRM","version":"1"}]`)
		s.heard()
		s.do(`crm > ["availablemethods",{"qid":"$3","methods":[]}]`)
		s.do(`crm > ["availableforms",{"qid":"$4","forms":[{"key":"card","inputparams":[{"key":"phone","type":"string"}]}]}]`)
		s.heard()
		if s.api.Reachable("boris") || !s.api.Reachable("Alice") {
			t.Error("who is reachable is not known")
		}
		if _, err := s.api.OpenFormFor("boris", "crm.card", nil, methods.FormCall{}); !errors.Is(err, crm.ErrNobody) {
			t.Errorf("got %v, want %v", err, crm.ErrNobody)
		}
		w, err := s.api.OpenFormFor("alice", "card", nil, methods.FormCall{Chain: "the call", Caller: "7916"})
		if err != nil {
			t.Fatal(err)
		}
		s.pass(time.Second)
		if got := s.heard(); !strings.Contains(got, `"chainid":"the call","callerid":"7916"`) {
			t.Errorf("got %s", got)
		}
		s.do("pbx ! ring 79161112233 300")
		s.do("pbx ! hangup 79161112233")
		closed := func() bool { // the link shows a form of its own for a phone that rings
			return slices.ContainsFunc(strings.Split(s.heard(), "\n"), func(line string) bool {
				return strings.Contains(line, `"closeform"`) && strings.Contains(line, s.ids[w.ID()])
			})
		}
		if closed() {
			t.Error("another call's end closes the form")
		}
		w.Close()
		s.pass(time.Second)
		if !closed() {
			t.Error("the form is not closed")
		}
	})
}

func (s *scene) custom() []methods.CustomEvent {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.customs)
}

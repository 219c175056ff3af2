package methods_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/octolink/octolink/crm"
	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/methods"
	"github.com/octolink/octolink/protocol/wire"
)

// formTab is a tab of a user that shows forms.
func (s *scene) formTab(name, login string) *tab {
	t := s.tab(name)
	t.send(fmt.Sprintf(`["login",{"qid":"l","userlogin":%q,"Password":"fe01ce2a7fbac8fafaed7c982a04e229"}]`, login))
	synctest.Wait()
	t.send(`["subscribeevent",{"qid":"s","eventmethod":["forms"]}]`)
	synctest.Wait()
	t.take()
	return t
}

// count is how many messages of a name a tab got since the last look.
func (t *tab) count(name string) (n int) {
	synctest.Wait()
	for _, line := range t.take() {
		if strings.HasPrefix(line, `< ["`+name+`"`) {
			n++
		}
	}
	return n
}

func (s *scene) waitFor(w *methods.Window) <-chan error {
	got := make(chan error, 1)
	go func() {
		r, err := w.Wait(s.t.Context())
		if err == nil {
			err = fmt.Errorf("button %s", r.Button)
		}
		got <- err
	}()
	synctest.Wait()
	return got
}

func TestFirstAnswerToAFormWins(t *testing.T) {
	inBothFormats(t, func(t *testing.T, s *scene) {
		s.engine.AddLink(protocol.LinkOptions{Name: "rival", Trust: true})
		c, rival := s.crmTo("crm"), s.crmTo("rival")
		c.enter("alice", "boris")
		rival.enter("alice")
		one, two, other := s.formTab("one", "alice"), s.formTab("two", "alice"), s.formTab("other", "boris")
		w, err := s.api.OpenForm("alice", "crm.card", nil)
		if err != nil {
			t.Fatal(err)
		}
		got := s.waitFor(w)
		if one.count("showform") != 1 || two.count("showform") != 1 || len(c.named("showform")) != 1 {
			t.Error("not every screen of the user shows the form")
		}
		if other.count("showform") != 0 || rival.named("showform") != nil {
			t.Error("somebody else shows the form")
		}
		answer := func(from string, who interface{ formResult(string, string) }) {
			who.formResult(w.ID(), from)
			synctest.Wait()
		}
		answer("other", other)
		answer("rival", rival)
		if len(got) != 0 {
			t.Fatalf("a wrong answer counts: %v", <-got)
		}
		answer("two", two)
		answer("one", one)
		answer("crm", c)
		if err := <-got; err.Error() != "button two" {
			t.Errorf("got %v", err)
		}
		if one.count("closeform") != 1 || len(c.named("closeform")) != 1 {
			t.Error("the form stays open elsewhere")
		}
		if two.count("closeform") != 0 || other.count("closeform") != 0 || rival.named("closeform") != nil {
			t.Error("the form is closed where it is not")
		}
		w.Close() // nothing more happens
		if one.count("closeform") != 0 {
			t.Error("closed twice")
		}
	})
}

func (t *tab) formResult(window, button string) {
	t.send(fmt.Sprintf(`["formresult",{"windowid":%q,"button":%q}]`, window, button))
}

func (c *crmConn) formResult(window, button string) {
	c.send("formresult", "", wire.Object{with("windowid", window), with("button", button), with("userlogin", "alice")})
}

func TestFormsAreClosed(t *testing.T) {
	inBothFormats(t, func(t *testing.T, s *scene) {
		tab := s.formTab("one", "alice")
		s.crmTo("crm")
		w, err := s.api.OpenForm("alice", "card", nil)
		if err != nil {
			t.Fatal(err)
		}
		got := s.waitFor(w)
		w.Close()
		w.Close()
		if err := <-got; !errors.Is(err, methods.ErrFormClosed) {
			t.Errorf("got %v", err)
		}
		tab.formResult(w.ID(), "late")
		if n := tab.count("closeform"); n != 1 {
			t.Errorf("told %d times", n)
		}

		w, err = s.api.OpenForm("alice", "card", nil)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := w.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if n := tab.count("closeform"); n != 1 {
			t.Errorf("told %d times", n)
		}
		if _, err := s.api.OpenForm("boris", "card", nil); !errors.Is(err, crm.ErrNobody) {
			t.Errorf("for somebody who is not there: %v", err)
		}
		if _, err := s.api.OpenForm("alice", "crm.nosuch", nil); !errors.Is(err, crm.ErrNoForm) {
			t.Errorf("a form that there is not: %v", err)
		}
	})
}

// A form outlives a break of its CRM: the user may still enter what he wants, and it is closed where
// the CRM shows it now.
func TestAFormOutlivesABreak(t *testing.T) {
	inBothFormats(t, func(t *testing.T, s *scene) {
		c := s.crmTo("crm")
		c.enter("alice")
		w, err := s.api.OpenForm("alice", "card", nil)
		if err != nil {
			t.Fatal(err)
		}
		closed, err := s.api.OpenForm("alice", "card", nil)
		if err != nil {
			t.Fatal(err)
		}
		got := s.waitFor(w)
		c.cut()
		synctest.Wait()
		again := s.crmTo("crm", "alice")
		closed.Close()
		if len(again.named("closeform")) != 1 {
			t.Error("the CRM does not know that a form is closed")
		}
		again.formResult(w.ID(), "ok")
		if err := <-got; err.Error() != "button ok" {
			t.Errorf("got %v", err)
		}
	})
}

func TestOpenFormsAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, wire.JSON, "")
		c := s.crmTo("crm")
		c.enter("alice")
		var last *methods.Window
		opened := 0
		for ; opened < 20_000; opened++ {
			w, err := s.api.OpenForm("alice", "card", nil)
			if err != nil {
				break
			}
			last = w
		}
		if opened != 10_000 {
			t.Errorf("%d are open", opened)
		}
		last.Close()
		if _, err := s.api.OpenForm("alice", "card", nil); err != nil {
			t.Errorf("after one was closed: %v", err)
		}
		c.cut()
		s.end()
	})
}

package methods_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/octolink/octolink/crm"
	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/wire"
)

// An outcome is what a dynamic method came to.
type outcome struct {
	out crm.Values
	err error
	at  time.Time
}

// invoke runs a dynamic method.
func (s *scene) invoke(ctx context.Context, name string, call crm.Call) <-chan outcome {
	got := make(chan outcome, 1)
	go func() {
		out, err := s.api.CRMs().Invoke(ctx, name, call)
		got <- outcome{out, err, time.Now()}
	}()
	synctest.Wait()
	return got
}

func (o outcome) who() string {
	v, _ := o.out.Get("who")
	return fmt.Sprint(v)
}

// result sends a methodresult; ids go by their field's name.
func (c *crmConn) result(user, who string, ids ...wire.Member) {
	fields := append(wire.Object{}, ids...)
	if user != "" {
		fields = append(fields, with("userlogin", user))
	}
	c.send("methodresult", "", append(fields, with("outputparameters", wire.Object{{Key: "who", Value: who}})))
	synctest.Wait()
}

func str(m crmMessage, key string) string {
	v, _ := m.fields.Get(key)
	text, _ := v.(string)
	return text
}

func undecided(got <-chan outcome) bool {
	synctest.Wait()
	return len(got) == 0
}

func TestResultsThatDoNotCount(t *testing.T) {
	inBothFormats(t, func(t *testing.T, s *scene) {
		c, other := s.crmTo("crm"), s.crmTo("stranger")
		tab := s.tab("alice")
		tab.send(`["login",{"qid":"l","userlogin":"alice","Password":"fe01ce2a7fbac8fafaed7c982a04e229"}]`)
		synctest.Wait()
		first := s.invoke(t.Context(), "crm.find", crm.Call{Session: "run"})
		second := s.invoke(t.Context(), "crm.find", crm.Call{Session: "run"})
		asked := c.named("executemethod")
		if len(asked) != 2 || str(asked[0], "sessionid") != "run" {
			t.Fatalf("asked %v", asked)
		}
		ids := []string{str(asked[0], "executionid"), str(asked[1], "executionid")}

		other.result("", "another CRM", with("executionid", ids[0]))
		c.result("", "unknown", with("executionid", "nosuch"))
		c.result("", "none at all")
		c.result("boris", "somebody who is not logged in", with("executionid", ids[0]))
		tab.send(fmt.Sprintf(`["methodresult",{"executionid":%q,"outputparameters":{"who":"a tab that was not asked"}}]`, ids[0]))
		if !undecided(first) || !undecided(second) {
			t.Fatal("a wrong result was taken")
		}
		c.result("", "second", with("executionid", ids[1]))
		c.result("", "twice", with("executionid", ids[1]))
		c.result("", "first", with("executionid", nil), with("sessionid", "run")) // one is left under this session
		if got := <-second; got.who() != "second" {
			t.Errorf("second: %+v", got)
		}
		if got := <-first; got.who() != "first" {
			t.Errorf("first: %+v", got)
		}
		c.result("", "late", with("executionid", ids[0]))
		if n := s.api.UnknownResults(); n < 5 {
			t.Errorf("%d results are counted that nobody waited for", n)
		}
	})
}

// A result of a user counts from his tabs and from the CRM that asks, not from another CRM.
func TestResultsOfAUser(t *testing.T) {
	inBothFormats(t, func(t *testing.T, s *scene) {
		s.engine.AddLink(protocol.LinkOptions{Name: "rival", Trust: true})
		c, rival := s.crmTo("crm"), s.crmTo("rival")
		c.enter("alice")
		rival.enter("alice", "boris")
		got := s.invoke(t.Context(), "crm.hint", crm.Call{User: "alice"})
		asked := c.named("executemethod")
		if len(asked) != 1 || str(asked[0], "userlogin") != "alice" || rival.named("executemethod") != nil {
			t.Fatalf("asked %v", asked)
		}
		id := with("executionid", str(asked[0], "executionid"))
		rival.result("alice", "the same user through another CRM", id)
		rival.result("boris", "another user", id)
		rival.result("", "another CRM", id)
		if !undecided(got) {
			t.Fatal("a wrong result was taken")
		}
		c.result("alice", "alice", id)
		if o := <-got; o.who() != "alice" {
			t.Errorf("got %+v", o)
		}
	})
}

func TestCancelledMethods(t *testing.T) {
	inBothFormats(t, func(t *testing.T, s *scene) {
		c := s.crmTo("crm")
		ctx, cancel := context.WithCancel(t.Context())
		got := s.invoke(ctx, "crm.find", crm.Call{Late: 60_000})
		id := str(c.named("executemethod")[0], "executionid")
		cancel()
		if o := <-got; !errors.Is(o.err, crm.ErrCancelled) {
			t.Errorf("got %+v", o)
		}
		synctest.Wait()
		if told := c.named("cancelmethod"); len(told) != 1 || str(told[0], "executionid") != id {
			t.Errorf("told %v", told)
		}
		c.result("", "after the cancel", with("executionid", id))

		ctx, cancel = context.WithCancel(t.Context())
		defer cancel()
		start := time.Now()
		got = s.invoke(ctx, "crm.find", crm.Call{Late: 60_000})
		s.pass(20 * time.Second) // 15 are over: a late answer would count
		if c.named("executemethodwaitaborted") == nil {
			t.Error("the CRM does not know that it is late")
		}
		cancel()
		if o := <-got; !errors.Is(o.err, crm.ErrCancelled) || o.at.Sub(start) != 20*time.Second {
			t.Errorf("cancelled while late: %+v after %v", o, o.at.Sub(start))
		}
		if c.named("cancelmethod") == nil {
			t.Error("the CRM goes on")
		}
	})
}

// Without a CRM calls fail at once, with one that breaks they do too, wherever they stand.
func TestMethodsOfACRMThatBreaks(t *testing.T) {
	inBothFormats(t, func(t *testing.T, s *scene) {
		c := s.crmTo("crm")
		c.enter("alice")
		start := time.Now()
		calls := []<-chan outcome{
			s.invoke(t.Context(), "crm.find", crm.Call{}),
			s.invoke(t.Context(), "crm.hint", crm.Call{User: "alice"}),
			s.invoke(t.Context(), "crm.find", crm.Call{Session: "run"}),
		}
		c.cut()
		for i, got := range calls {
			if o := <-got; !errors.Is(o.err, crm.ErrGone) || o.at != start {
				t.Errorf("%d: %+v", i, o)
			}
		}
		synctest.Wait()
		if o := <-s.invoke(t.Context(), "crm.find", crm.Call{}); !errors.Is(o.err, crm.ErrNoMethod) {
			t.Errorf("without a CRM: %+v", o)
		}
		if n := len(s.api.CRMs().Providers()); n != 0 {
			t.Errorf("%d CRMs are left", n)
		}
	})
}

// A CRM that breaks again and again, at every moment of its introduction, leaves nothing behind.
func TestABreakLeavesNoProviders(t *testing.T) {
	inBothFormats(t, func(t *testing.T, s *scene) {
		for i := range 50 {
			c := s.connect("crm")
			go func() {
				for range i % 7 {
					<-time.After(0)
				}
				c.cut()
			}()
			synctest.Wait()
			<-time.After(time.Millisecond)
			synctest.Wait()
			if n := len(s.api.CRMs().Providers()); n != 0 {
				t.Fatalf("%d CRMs are left after break %d", n, i)
			}
		}
	})
}

// A CRM that never says what it offers is worked with all the same.
func TestACRMThatIgnoresQuestions(t *testing.T) {
	for _, ignored := range []string{"getactiveusers", "getavailablemethods", "getavailableforms"} {
		t.Run(ignored, func(t *testing.T) {
			inBothFormats(t, func(t *testing.T, s *scene) {
				c := s.connectIgnoring(ignored, "crm", "alice")
				s.pass(time.Second)
				if ignored != "getactiveusers" {
					s.wantPresent("alice")
				} else if _, err := s.api.CRMs().Provider("crm"); err != nil {
					t.Errorf("its methods are not known: %v", err)
				}
				s.pass(31 * time.Second)
				p, err := s.api.CRMs().Provider("crm")
				if err != nil {
					t.Fatal(err)
				}
				if ignored == "getactiveusers" {
					if o := <-s.answered(c, s.invoke(t.Context(), "crm.find", crm.Call{})); o.err != nil {
						t.Errorf("got %v", o.err)
					}
				} else if len(p.Catalog().Faults) != 1 {
					t.Errorf("faults: %q", p.Catalog().Faults)
				}
			})
		})
	}
}

// answered lets a CRM answer all that it was asked.
func (s *scene) answered(c *crmConn, got <-chan outcome) <-chan outcome {
	for _, q := range c.named("executemethod") {
		c.result("", str(q, "executionid"), with("qid", str(q, "qid")))
	}
	return got
}

// A thousand are under way at once, and answered in another order by several at once. Each gets its
// own.
func TestAThousandMethodsInFlight(t *testing.T) {
	inBothFormats(t, func(t *testing.T, s *scene) {
		const n = 1000
		c := s.crmTo("crm")
		var busy sync.WaitGroup
		for i := range n {
			busy.Go(func() {
				text := fmt.Sprint(i)
				out, err := s.api.CRMs().Invoke(t.Context(), "crm.find", crm.Call{In: crm.Values{{Key: "n", Value: text}}})
				if v, _ := out.Get("n"); err != nil || v != text {
					t.Errorf("%d: got %v, %v", i, v, err)
				}
			})
		}
		synctest.Wait()
		asked := c.named("executemethod")
		if len(asked) != n {
			t.Fatalf("%d were asked", len(asked))
		}
		var answering sync.WaitGroup
		for part := range 4 {
			answering.Go(func() {
				for i := n - 1 - part; i >= 0; i -= 4 {
					in, _ := asked[i].fields.Get("inputparameters")
					id := asked[i].qid
					if i%3 == 0 {
						id = ""
					}
					c.send("methodresult", id, wire.Object{
						with("executionid", str(asked[i], "executionid")), with("outputparameters", in)})
				}
			})
		}
		answering.Wait()
		busy.Wait()
	})
}

// An answer in parts counts like a whole one, and a long question goes out in parts.
func TestLongMethods(t *testing.T) {
	inBothFormats(t, func(t *testing.T, s *scene) {
		c := s.crmTo("crm")
		long := strings.Repeat("длинный ", 2000)
		got := s.invoke(t.Context(), "crm.find", crm.Call{In: crm.Values{{Key: "text", Value: long}}})
		asked := c.named("executemethod")
		if len(asked) != 1 {
			t.Fatalf("asked %d times", len(asked))
		}
		in, _ := asked[0].fields.Get("inputparameters")
		if v, _ := in.(wire.Object).Get("text"); v != long {
			t.Error("the question is not whole")
		}
		answer, err := wire.Append(nil, s.format, "methodresult", asked[0].qid, wire.Object{with("outputparameters", in)})
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range wire.Split(s.format, answer, 2048, "m") {
			c.push.Lock()
			c.sink.Frame(part)
			c.push.Unlock()
		}
		o := <-got
		if v, _ := o.out.Get("text"); v != long {
			t.Errorf("the answer is not whole: %v", o.err)
		}
	})
}

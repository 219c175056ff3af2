package crmsim_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/octolink/octolink/crmsim"
	"github.com/octolink/octolink/protocol/wire"
)

var people = []crmsim.User{
	{Login: "alice", ID: "A1", PasswordMD5: "fe01ce2a7fbac8fafaed7c982a04e229", Enters: true},
	{Login: "boris", Enters: true},
	{Login: "vera"},
}

// Users come in by themselves; after a break only those who need a password, the others are known
// by the CRM's list.
func TestUsersEnter(t *testing.T) {
	b := listening(t, nil, open)
	c := start(t, crmsim.Options{Mode: crmsim.WSIn, URL: b.url, Retry: time.Millisecond, Users: people})
	p := <-b.peers
	p.introduce()
	if o := p.answer("login", good); get(o, "userlogin") != "alice" || get(o, "userid") != "A1" || get(o, "Password") != people[0].PasswordMD5 {
		t.Errorf("login %v", o)
	}
	o := p.answer("login", good)
	if _, password := o.Get("Password"); get(o, "userlogin") != "boris" || password {
		t.Errorf("login %v", o)
	}
	until(t, c, "both", func() bool { return strings.Join(c.Active(), " ") == "alice boris" })
	p.cut()
	p = <-b.peers
	p.introduce()
	if o := p.answer("login", good); get(o, "userlogin") != "alice" {
		t.Errorf("after the break %v", o)
	}
}

func TestRequest(t *testing.T) {
	c, p := introduced(t, crmsim.Options{Users: people[2:], Timeout: 50 * time.Millisecond})
	type result struct {
		m   wire.Message
		err error
	}
	ask := func(ctx context.Context, user, name string, fields any) <-chan result {
		done := make(chan result, 1)
		go func() {
			m, err := c.Request(ctx, user, name, fields)
			done <- result{m, err}
		}()
		return done
	}
	done := ask(within(t), "stranger", "login", nil)
	p.answer("login", wire.Member{Key: "result", Value: 0}, wire.Member{Key: "error", Value: 401}, wire.Member{Key: "errormsg", Value: "no"})
	var refused *wire.Error
	if r := <-done; !errors.As(r.err, &refused) || refused.Code != 401 || r.m.Name != "loginresult" {
		t.Errorf("refusal: %v %v", r.m.Name, r.err)
	}
	done = ask(within(t), "", "getpbxnumbers", struct {
		Mode string `wire:"mode" doc:"how much"`
	}{"full"})
	if o := p.answer("getpbxnumbers", good); get(o, "mode") != "full" {
		t.Errorf("fields %v", o)
	}
	if r := <-done; r.err != nil {
		t.Error(r.err)
	}
	if r := <-ask(within(t), "vera", "ping", nil); !errors.Is(r.err, crmsim.ErrNoReply) {
		t.Errorf("no reply: %v", r.err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if r := <-ask(ctx, "vera", "ping", nil); !errors.Is(r.err, context.Canceled) {
		t.Errorf("cancelled: %v", r.err)
	}
	if r := <-ask(within(t), "vera", "x", struct{ C chan int }{}); r.err == nil {
		t.Error("a channel was sent")
	}
	if _, err := crmsim.New(crmsim.Options{Mode: crmsim.HTTP}).Login(t.Context(), "vera"); !errors.Is(err, crmsim.ErrHTTP) {
		t.Errorf("over HTTP: %v", err)
	}
}

// Replies are no events, and nobody gets those of others.
func TestEvents(t *testing.T) {
	c, p := introduced(t, crmsim.Options{Users: people})
	done := make(chan error, 1)
	go func() { _, err := c.Logout(within(t), "alice"); done <- err }()
	p.answer("logout", good)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	p.tell("userstatechanged", "", wire.Object{{Key: "userlogin", Value: ""}, {Key: "userid", Value: "A1"}})
	p.tell("userstatechanged", "", wire.Object{{Key: "userlogin", Value: "Alice"}})
	p.tell("userstatechanged", "", wire.Object{{Key: "userlogin", Value: "boris"}})
	p.tell("pbxnumberstatechanged", "", nil)
	until(t, c, "all of them", func() bool { return len(c.Named("pbxnumberstatechanged")) == 1 })
	if n := len(c.Events("alice")); n != 1 {
		t.Errorf("%d events of alice", n)
	}
	if n := len(c.Named("logoutresult")); n != 1 {
		t.Errorf("%d replies", n)
	}
}

// The newest link that was introduced is talked to; who is no telephone system is not.
func TestIntroductions(t *testing.T) {
	c, p := introduced(t, crmsim.Options{Type: "ws-server", Name: "Iris CRM"})
	p.tell("whoareyou", "1", wire.Object{{Key: "type", Value: "iriscrm-client"}})
	if iam := p.want("iam"); get(iam, "name") != "Iris CRM" {
		t.Errorf("iam %v", iam)
	}
	if n := c.Stats().Introductions; n != 1 {
		t.Errorf("%d introductions", n)
	}
	p.tell("ping", "2", nil)
	if m, _ := p.next(); m.Name != "pong" {
		t.Errorf("%s: the numbers were asked of a stranger", m.Name)
	}
}

func TestRawFrames(t *testing.T) {
	c, p := introduced(t, crmsim.Options{})
	if err := c.SendRaw([]byte("not a message")); err != nil {
		t.Fatal(err)
	}
	if f := <-p.frames; string(f) != "not a message" {
		t.Errorf("got %s", f)
	}
	if err := p.send([]byte("nor this")); err != nil {
		t.Fatal(err)
	}
	until(t, c, "the bad frame", func() bool { return c.Stats().Bad == 1 })
}

func TestTrace(t *testing.T) {
	var seen []string
	c, p := introduced(t, crmsim.Options{Trace: func(f crmsim.Frame) { seen = append(seen, string(f.Dir)+" "+string(f.Bytes)) }})
	p.tell("ping", "1", nil)
	p.want("pong")
	until(t, c, "the answer", func() bool { return c.Stats().Sent == 3 })
	want := []string{"out [\"whoareyou\"", "in [\"iam\"", "out [\"getpbxnumbers\"", "in [\"ping\"", "out [\"pong\""}
	for i, w := range want {
		if i >= len(seen) || !strings.HasPrefix(seen[i], w) {
			t.Fatalf("%d: want %s in %q", i, w, seen)
		}
	}
}

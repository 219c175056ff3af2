package sdk_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	hostv1 "github.com/octolink/octolink/plugins/proto/host/v1"
	"github.com/octolink/octolink/plugins/sdk"
	"github.com/octolink/octolink/plugins/sdk/sdktest"
)

type empty struct{}

// A plugin hears of events from its start on, in order, of the kinds that it wants.
func TestOnEvent(t *testing.T) {
	h := &sdktest.Host{}
	heard := make(chan string, 10)
	hear := func(name string) func(context.Context, sdk.Event) {
		return func(ctx context.Context, e sdk.Event) {
			heard <- fmt.Sprintf("%s %d %s %s %v %t", name, e.Number, e.Kind, e.User, e.Body["chain"], sdk.HostOf(ctx) != nil)
		}
	}
	began := make(chan struct{}, 2)
	watched := watchedHost{Host: h, began: began}
	sdktest.Start(t, sdktest.Options{Host: watched}, about(), sdk.OnEvent(hear("all")), sdk.OnEvent(hear("rings"), "ringstarted"))
	<-began
	<-began
	for _, kind := range []string{"statechanged", "ringstarted"} {
		if err := h.Tell(kind, "alice", map[string]any{"chain": "c"}); err != nil {
			t.Fatal(err)
		}
	}
	got := map[string]bool{}
	for range 3 {
		got[<-heard] = true
	}
	for _, want := range []string{"all 1 statechanged alice c true", "all 2 ringstarted alice c true", "rings 2 ringstarted alice c true"} {
		if !got[want] {
			t.Errorf("no %q in %v", want, got)
		}
	}
}

// watchedHost tells when somebody listens to events.
type watchedHost struct {
	*sdktest.Host
	began chan<- struct{}
}

func (w watchedHost) Events(in *hostv1.EventsRequest, s hostv1.HostService_EventsServer) error {
	return w.Host.Events(in, &watchedStream{HostService_EventsServer: s, began: w.began})
}

// watchedStream tells it when the host has looked where the events are: it asks for the context then.
type watchedStream struct {
	hostv1.HostService_EventsServer
	began chan<- struct{}
	told  bool
}

func (s *watchedStream) Context() context.Context {
	if !s.told {
		s.told = true
		s.began <- struct{}{}
	}
	return s.HostService_EventsServer.Context()
}

// The functions of the end run when the server stops the plugin, with the server still there.
func TestOnShutdown(t *testing.T) {
	h := &sdktest.Host{}
	p := sdktest.Start(t, sdktest.Options{Host: h}, about(),
		sdk.OnShutdown(func(ctx context.Context) {
			if err := sdk.HostOf(ctx).Set(ctx, "last", []byte("word")); err != nil {
				t.Error(err)
			}
		}),
		sdk.OnShutdown(func(ctx context.Context) {
			if v, err := sdk.HostOf(ctx).Get(ctx, "last"); string(v) != "word" || err != nil {
				t.Errorf("the second one: got %q %v", v, err)
			}
		}),
		sdk.OnEvent(func(context.Context, sdk.Event) {}),
		sdk.HTTP(http.NotFoundHandler()))
	if h.Value("last") != nil {
		t.Fatal("it ran before the end")
	}
	p.Shutdown()
	if got := string(h.Value("last")); got != "word" {
		t.Errorf("got %q", got)
	}
}

// A plugin in its test asks a server that the test has made up.
func TestHostOfATest(t *testing.T) {
	h := &sdktest.Host{
		Users:   []*hostv1.User{{Login: "alice", Numbers: []string{"300", "301"}}, {Login: "boris", Numbers: []string{"302"}}},
		Numbers: []*hostv1.Number{{Number: "700", Caption: "sales"}, {Number: "300", User: "alice"}},
		Records: []*hostv1.CallRecord{{Id: "2", User: "alice", Chain: "b"}, {Id: "1", User: "boris", Chain: "a"}},
	}
	work := func(ctx context.Context, _ empty) (empty, error) {
		host := sdk.HostOf(ctx)
		byNumber, err1 := host.UserByNumber(ctx, "301")
		byLogin, err2 := host.UserByLogin(ctx, "BORIS")
		nobody, err3 := host.UserByNumber(ctx, "999")
		all, err4 := host.Users(ctx)
		sales, err7 := host.Number(ctx, "700")
		none1, err8 := host.Number(ctx, "701")
		numbers, err9 := host.Numbers(ctx)
		if err := errors.Join(err7, err8, err9); err != nil || sales.GetCaption() != "sales" || none1 != nil || len(numbers) != 2 {
			return empty{}, fmt.Errorf("got %v %v %v %w", sales, none1, numbers, err)
		}
		calls, err5 := host.Journal(ctx, sdk.JournalQuery{Users: []string{"boris"}})
		chain, err6 := host.Dial(ctx, "alice", "302")
		if err := errors.Join(err1, err2, err3, err4, err5, err6); err != nil {
			return empty{}, err
		}
		if byNumber.GetLogin() != "alice" || byLogin.GetLogin() != "boris" || nobody != nil || len(all) != 2 || len(calls) != 1 || calls[0].GetId() != "1" || len(chain) != 36 {
			return empty{}, fmt.Errorf("got %v %v %v %v %v %q", byNumber, byLogin, nobody, all, calls, chain)
		}
		if err := errors.Join(host.Set(ctx, "a1", []byte("x")), host.Set(ctx, "a2", nil), host.Set(ctx, "b", nil), host.Delete(ctx, "a1")); err != nil {
			return empty{}, err
		}
		keys, err1 := host.Keys(ctx, "a")
		none, err2 := host.Get(ctx, "a1")
		blank, err3 := host.Get(ctx, "a2")
		if err := errors.Join(err1, err2, err3); err != nil || len(keys) != 1 || none != nil || blank == nil {
			return empty{}, fmt.Errorf("got %v %v %v %w", keys, none, blank, err)
		}
		first, err1 := host.Deliver(ctx, "crm", "k", sdk.Request{Body: []byte("b"), Header: map[string]string{"A": "1"}})
		second, err2 := host.Deliver(ctx, "crm", "k", sdk.Request{})
		if first || !second {
			return empty{}, fmt.Errorf("known: got %t, then %t", first, second)
		}
		return empty{}, errors.Join(err1, err2, host.Notify(ctx, "alice", "hello"))
	}
	p := sdktest.Start(t, sdktest.Options{Host: h}, about(), sdk.Method("work", "Works.", work))
	if err := p.Call(t.Context(), "work", empty{}, nil); err != nil {
		t.Fatal(err)
	}
	if c := h.Commands(); len(c) != 1 || c[0].GetDial().GetTo() != "302" || c[0].GetUser() != "alice" {
		t.Errorf("got %v", c)
	}
	if n := h.Notices(); len(n) != 1 || n[0].GetText() != "hello" {
		t.Errorf("got %v", n)
	}
	if d := h.Deliveries(); len(d) != 1 || string(d[0].GetRequest().GetBody()) != "b" || d[0].GetRequest().GetHeaders()[0].GetName() != "A" {
		t.Errorf("got %v", d)
	}
	forbidden := &sdktest.Host{Forbidden: []string{"Lookup"}}
	p = sdktest.Start(t, sdktest.Options{Host: forbidden}, about(), sdk.Method("work", "Works.", work))
	if err := p.Call(t.Context(), "work", empty{}, nil); err == nil || !strings.Contains(err.Error(), "does not allow lookup") {
		t.Errorf("got %v", err)
	}
	p = sdktest.Start(t, sdktest.Options{}, about(), sdk.Method("work", "Works.", work))
	if err := p.Call(t.Context(), "work", empty{}, nil); err == nil || !strings.Contains(err.Error(), "the manifest allows nothing") {
		t.Errorf("got %v", err)
	}
}

// A plugin serves HTTP on the socket that it is given, and knows the server there.
func TestHTTPSocket(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "http.sock")
	h := &sdktest.Host{}
	sdktest.Start(t, sdktest.Options{Host: h, HTTPSocket: socket}, about(), sdk.HTTP(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %t", r.URL.Path, sdk.HostOf(r.Context()) != nil)
	})))
	if got := overSocket(t, socket, "/x"); got != "/x true" {
		t.Errorf("got %q", got)
	}
}

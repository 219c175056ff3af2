package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/octolink/octolink/plugins"
	"github.com/octolink/octolink/plugins/proto"
	"github.com/octolink/octolink/plugins/sdk"
	"github.com/octolink/octolink/plugins/sdk/sdktest/telephones"
	"github.com/octolink/octolink/protocol/wire"
)

type (
	keyed struct {
		Key string `crm:"key"`
	}
	nothing struct{}
	counted struct {
		N int `crm:"n"`
	}
)

// servesTestPlugin makes this program the plugin of addTestPlugin, when it was started as that.
func servesTestPlugin() bool {
	if os.Getenv(proto.Handshake().MagicCookieKey) == "" || len(os.Args) < 2 || os.Args[1] != "serve-test" {
		return false
	}
	var waiting atomic.Int64
	sdk.Serve(sdk.Plugin{Name: "test", Version: "1.0.0", Summary: "Serves tests."}, append(new(telephones.System).Parts(),
		sdk.Method("deliver", "Has a key delivered.", func(ctx context.Context, in keyed) (nothing, error) {
			_, err := sdk.HostOf(ctx).Deliver(ctx, "crm", in.Key, sdk.Request{Body: []byte("body of " + in.Key)})
			return nothing{}, err
		}),
		sdk.Method("echo", "Gives back.", func(_ context.Context, in keyed) (keyed, error) { return in, nil }),
		sdk.Method("wait", "Answers when nobody wants it any more.", func(ctx context.Context, _ nothing) (nothing, error) {
			waiting.Add(1)
			defer waiting.Add(-1)
			<-ctx.Done()
			return nothing{}, ctx.Err()
		}),
		sdk.Method("waiting", "Says how many calls of wait there are.", func(context.Context, nothing) (counted, error) {
			return counted{int(waiting.Load())}, nil
		}),
		sdk.HTTP(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			conn, _, _, err := ws.UpgradeHTTP(r, w)
			if err != nil {
				return
			}
			defer conn.Close()
			for {
				msg, op, err := wsutil.ReadClientData(conn)
				if err != nil || wsutil.WriteServerMessage(conn, op, append([]byte(r.URL.Path+" "), msg...)) != nil {
					return
				}
			}
		})),
	)...)
	return true
}

// addTestPlugin writes the folder of a plugin beside a configuration: this program as the one above.
func addTestPlugin(t *testing.T, dir, name, more string) {
	t.Helper()
	addSelf(t, dir, name, "args: [serve-test]\nsettings: {file: calls}\nrestarts_per_hour: 0\n"+more)
}

// What a plugin was told to be kept for delivery arrives, although the server is killed.
func TestDeliveriesOutliveAKill(t *testing.T) {
	var mu sync.Mutex
	var keys []string
	code := http.StatusServiceUnavailable
	crm := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		key := r.Header.Get("Idempotency-Key")
		if string(body) != "body of "+key {
			t.Errorf("%s: got %q", key, body)
		}
		if code == http.StatusOK {
			keys = append(keys, key)
		}
		w.WriteHeader(code)
	}))
	t.Cleanup(crm.Close)
	dir := t.TempDir()
	addTestPlugin(t, dir, "test", fmt.Sprintf("allow: {deliver: {crm: %q}}", crm.URL))
	path := configFile(t, dir, people+"plugins: {enabled: [test]}\n")
	p := launch(t, "--config", path)
	ask := func(args ...string) (string, int) {
		out, errs, code := cli(t, "", append(args, "-c", path)...)
		return out + errs, code
	}
	runs := func() bool {
		out, _ := ask("plugin", "list")
		return strings.Contains(out, "running")
	}
	soon(t, "the plugin runs", runs)
	var want []string
	for i := range 20 {
		key := fmt.Sprintf("key-%d", i)
		want = append(want, key)
		if out, code := ask("crm", "call", "test.deliver", "key="+key); code != exitOK {
			t.Fatalf("%s: got %d %s", key, code, out)
		}
	}
	p.signal(os.Kill)
	p.wait()

	mu.Lock()
	code = http.StatusOK
	mu.Unlock()
	p = launch(t, "--config", path)
	soon(t, "everything has arrived", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(keys) >= len(want)
	})
	soon(t, "nothing is on its way", func() bool {
		out, _ := ask("plugin", "list")
		return strings.Contains(out, "running") && !strings.Contains(out, "on their way")
	})
	mu.Lock()
	defer mu.Unlock()
	if !slices.Equal(keys, want) {
		t.Errorf("got %v, want %v", keys, want)
	}
	p.signal(os.Interrupt)
	p.wait()
}

// A plugin serves WebSockets at the server's public listener, under its name and at the paths of its
// manifest, and nowhere else.
func TestWebSocketsOfAPlugin(t *testing.T) {
	dir := t.TempDir()
	addTestPlugin(t, dir, "test", "allow: {http: true, paths: [/vendor/socket]}")
	s := start(t, dir, people+"plugins: {enabled: [test]}\n")
	soon(t, "the plugin runs", func() bool { return s.m.plugins.List()[0].State == plugins.Running })
	for path, want := range map[string]string{"/test/a/b": "/a/b", "/vendor/socket": "/vendor/socket"} {
		conn, _, _, err := ws.Dial(t.Context(), "ws://"+s.address("listen.http")+path)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		for _, msg := range []string{"one", strings.Repeat("long ", 50_000)} {
			if err := wsutil.WriteClientText(conn, []byte(msg)); err != nil {
				t.Fatal(err)
			}
			if got, err := wsutil.ReadServerText(conn); err != nil || string(got) != want+" "+msg {
				t.Errorf("%s: got %.40q %v, want %.40q", path, got, err, want+" "+msg)
			}
		}
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	}
	// Elsewhere a WebSocket is a client channel of the server's own.
	alice := s.tab(wire.JSON)
	alice.logIn("alice", "demo")
	alice.must("getversion", nil)
}

// The card of the contacts opens at a user's screen, and what he enters comes back.
func TestCardOfAContact(t *testing.T) {
	dir := t.TempDir()
	addPlugin(t, dir, "contacts", "")
	s := start(t, dir, people+"plugins: {enabled: [contacts]}\n")
	alice := s.tab(wire.JSON)
	alice.logIn("alice", "demo")
	alice.must("subscribeevent", wire.Object{{Key: "eventmethod", Value: wire.List{"forms"}}})
	soon(t, "the plugin runs", func() bool { return s.m.plugins.List()[0].State == plugins.Running })
	type outcome struct {
		out, errs string
		code      int
	}
	done := make(chan outcome, 1)
	go func() {
		var out, errs bytes.Buffer
		args := []string{"crm", "form", "contacts.contact", "--user", "alice", "phone=79161234567", "--data", s.m.config.Data}
		code := run(t.Context(), args, strings.NewReader(""), &out, &errs)
		done <- outcome{out.String(), errs.String(), code}
	}()
	form := alice.event("showform")
	if got := text(form, "formkey"); got != "contacts.contact" && got != "contact" {
		t.Errorf("got form %q in %v", got, form)
	}
	if in := text(form, "inputparameters"); !strings.Contains(in, "79161234567") {
		t.Errorf("got %v", form)
	}
	alice.send("formresult", wire.Object{
		{Key: "windowid", Value: text(form, "windowid")}, {Key: "button", Value: "ok"},
		{Key: "outputparameters", Value: wire.Object{{Key: "name", Value: "Anna"}, {Key: "result", Value: "done"}}},
	})
	if got := <-done; got.code != exitOK || !strings.Contains(got.out, "Anna") || !strings.Contains(got.out, "done") {
		t.Errorf("got %+v", got)
	}
}

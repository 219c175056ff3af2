package web_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/octolink/octolink/web"
)

// ask gives one request to a handler. The peer is this machine.
func ask(t *testing.T, h http.Handler, method, target, body string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	r.Host, r.RemoteAddr = "127.0.0.1:4055", "127.0.0.1:50000"
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
			continue
		}
		if header[i] == "Remote" {
			r.RemoteAddr = header[i+1]
			continue
		}
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func textOf(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestHostMustBeOurs(t *testing.T) {
	h := web.New(web.Options{Names: []string{"Phones.example"}}).Public()
	tests := []struct {
		host string
		want int
	}{
		{"127.0.0.1:4055", 200}, {"127.0.0.1", 200}, {"[::1]:4055", 200}, {"[fe80::1]", 200},
		{"localhost:4055", 200}, {"LOCALHOST", 200}, {"localhost.", 200},
		{"phones.example:4055", 200}, {"phones.EXAMPLE", 200},
		{"evil.example", 421}, {"phones.example.evil.example", 421}, {"127.0.0.1.evil.example", 421}, {"", 421}, {":4055", 421},
	}
	for _, tt := range tests {
		t.Run(tt.host, func(t *testing.T) {
			if got := ask(t, h, "GET", "/healthz", "", "Host", tt.host).StatusCode; got != tt.want {
				t.Errorf("status %d, want %d", got, tt.want)
			}
		})
	}
}

func TestEveryUpgradeGoesToTheChannels(t *testing.T) {
	channels := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	h := web.New(web.Options{Channels: channels}).Public()
	upgrade := []string{"Connection", "keep-alive, Upgrade", "Upgrade", "WebSocket"}
	for _, path := range []string{"/", "/oktell", "/upload", "/sim/state", "/any/where?x=1", "/healthz"} {
		if got := ask(t, h, "GET", path, "", upgrade...).StatusCode; got != http.StatusTeapot {
			t.Errorf("upgrade on %s: status %d, want it to reach the channels", path, got)
		}
	}
	if got := ask(t, h, "GET", "/", "", append(upgrade, "Host", "evil.example")...).StatusCode; got != 421 {
		t.Errorf("upgrade for a foreign host: status %d, want 421", got)
	}
	if got := ask(t, h, "GET", "/nowhere", "").StatusCode; got != http.StatusNotFound {
		t.Errorf("plain request on an unknown path: status %d, want 404", got)
	}
	without := web.New(web.Options{}).Public()
	if got := ask(t, without, "GET", "/oktell", "", upgrade...).StatusCode; got != http.StatusNotFound {
		t.Errorf("upgrade without channels: status %d, want 404", got)
	}
}

func TestPartsThatAreNotThereAreNotServed(t *testing.T) {
	h := web.New(web.Options{}).Public()
	for _, path := range []string{"/upload", "/photo/x.jpg", "/record/1", "/sim/state", "/metrics", "/status", "/tap", "/page/index.html", "/page/..%2fpage.go", "/debug/pprof/"} {
		if got := ask(t, h, "GET", path, "").StatusCode; got != http.StatusNotFound {
			t.Errorf("%s: status %d, want 404", path, got)
		}
	}
}

func TestSecurityHeaders(t *testing.T) {
	h := web.New(web.Options{}).Public()
	for _, path := range []string{"/", "/page/app.js", "/healthz", "/nowhere"} {
		got := ask(t, h, "GET", path, "").Header
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY"} {
			if got.Get(name) != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got.Get(name), want)
			}
		}
		if csp := got.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: Content-Security-Policy is %q", path, csp)
		}
	}
}

func TestReadiness(t *testing.T) {
	broken := errors.New("disk full at /secret/path")
	failing := func(context.Context) error { return broken }
	fine := func(context.Context) error { return nil }
	h := web.New(web.Options{Ready: []web.Check{{Name: "store", Run: failing}, {Name: "telephony", Run: fine}}}).Public()
	r := ask(t, h, "GET", "/readyz", "")
	if text := textOf(t, r); r.StatusCode != 503 || text != "store: not ready\ntelephony: ok\n" {
		t.Errorf("got %d %q, want 503 and which part is not ready, without why", r.StatusCode, text)
	}
	if got := ask(t, h, "GET", "/healthz", "").StatusCode; got != 200 {
		t.Errorf("healthz while a part is away: status %d, want 200", got)
	}
	broken = nil
	if got := ask(t, h, "GET", "/readyz", "").StatusCode; got != 200 {
		t.Errorf("readyz when all is well: status %d, want 200", got)
	}
}

// A peer that sends its header byte by byte must not hold a connection for long; what it sends
// never reaches the log.
func TestSlowHeaderEnds(t *testing.T) {
	var logged bytes.Buffer
	l := slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	srv := web.NewHTTPServer(web.New(web.Options{Log: l}).Public(), l)
	srv.ReadHeaderTimeout = 50 * time.Millisecond // the rule, not its length
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(listener) }()
	c, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.Write([]byte("GET /?temppass=0123456789 HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "))
	c.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.Copy(io.Discard, c); err != nil {
		t.Errorf("the server kept the connection: %v", err)
	}
	srv.Close()
	if err := <-done; !errors.Is(err, http.ErrServerClosed) {
		t.Error(err)
	}
	if strings.Contains(logged.String(), "0123456789") {
		t.Errorf("a query string reached the log: %s", logged.String())
	}
}

package transports_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/octolink/octolink/certs"
	"github.com/octolink/octolink/protocol/wire"
	"github.com/octolink/octolink/transports"
)

// newPost asks a CRM that answers by HTTP.
func newPost(t testing.TB, addr string, o transports.LinkOptions) (*transports.Post, states, *logBuffer) {
	t.Helper()
	if o.Mode == "" {
		o.Mode = transports.ModeHTTP
	}
	o.URL = o.Mode + "://" + addr + "/oktell?key=secret"
	told, log := prepare(t, &o)
	p, err := transports.NewPost(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p, told, log
}

// exchange asks and bounds the waiting.
func exchange(t testing.TB, p *transports.Post) (string, error) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	b, err := p.Exchange(ctx, []byte(question))
	return string(b), err
}

// in16 writes a text as Windows does.
func in16(text string, big bool) []byte {
	b := []byte{0xff, 0xfe}
	if big {
		b = []byte{0xfe, 0xff}
	}
	for _, u := range utf16.Encode([]rune(text)) {
		if big {
			b = append(b, byte(u>>8), byte(u))
		} else {
			b = append(b, byte(u), byte(u>>8))
		}
	}
	return b
}

func TestPostAnswers(t *testing.T) {
	xml := `<?xml version="1.0" encoding="utf-16"?><oktellxmlmapper version="80710"><data name="iam"/>Ждём 𝄞</oktellxmlmapper>`
	say := func(b []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(b) }
	}
	status := func(code int, body string, header ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i+1 < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(code)
			_, _ = io.WriteString(w, body)
		}
	}
	tests := []struct {
		name    string
		format  wire.Format
		answer  http.HandlerFunc
		want    string
		problem transports.AnswerProblem
		detail  string
		phase   transports.LinkPhase
	}{
		{name: "a message", answer: say([]byte(reply)), want: reply},
		{name: "with spaces around", answer: say([]byte("\n\t" + reply + "\r\n ")), want: reply},
		{name: "with a byte order mark", answer: say([]byte("\ufeff" + reply)), want: reply},
		{name: "created", answer: status(201, reply), want: reply},
		{name: "XML", format: wire.XML, answer: say([]byte(xml)), want: xml},
		{name: "XML in UTF-16, little end first", format: wire.XML, answer: say(in16(xml, false)), want: xml},
		{name: "XML in UTF-16, big end first", format: wire.XML, answer: say(in16(xml, true)), want: xml},
		{name: "half a character", format: wire.XML, answer: say(in16(xml, true)[:9]), problem: transports.AnswerText},
		{name: "Windows-1251", answer: say([]byte("[\"iam\",{\"name\":\"\xc6\xe4\"}]")), problem: transports.AnswerText},
		{name: "500", answer: status(500, "<h1>Fatal\n  error</h1>\x00"), problem: transports.AnswerStatus, detail: "<h1>Fatal error</h1>"},
		{name: "404", answer: status(404, "no such page"), problem: transports.AnswerStatus, detail: "no such page", phase: transports.LinkMisconfigured},
		{name: "403", answer: status(403, ""), problem: transports.AnswerStatus, phase: transports.LinkMisconfigured},
		{name: "a page for JSON", answer: say([]byte("<br />\n<b>Warning</b>: mysql")), problem: transports.AnswerHTML, detail: "<br /> <b>Warning</b>: mysql"},
		{name: "a page for XML", format: wire.XML, answer: say([]byte(" <!DOCTYPE HTML><html>")), problem: transports.AnswerHTML, detail: "<!DOCTYPE HTML><html>"},
		{name: "nothing", answer: say(nil), problem: transports.AnswerEmpty},
		{name: "spaces", answer: say([]byte(" \r\n\t")), problem: transports.AnswerEmpty},
		{name: "204", answer: status(204, ""), problem: transports.AnswerEmpty},
		{name: "moved", answer: status(301, "", "Location", "https://evil.example/x?key=secret"), problem: transports.AnswerRedirect, detail: "to https://evil.example/x", phase: transports.LinkMisconfigured},
		{name: "moved with the method", answer: status(307, "", "Location", "/login?next=secret"), problem: transports.AnswerRedirect, detail: "/login", phase: transports.LinkMisconfigured},
		{name: "moved nowhere", answer: status(302, ""), problem: transports.AnswerRedirect, detail: "no Location", phase: transports.LinkMisconfigured},
		{name: "announced as too big", answer: status(200, "", "Content-Length", "104857600"), problem: transports.AnswerTooBig},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, told, _ := newPost(t, serveHTTP(t, nil, tt.answer), transports.LinkOptions{Format: tt.format})
			got, err := exchange(t, p)
			if tt.problem == "" {
				if err != nil || got != tt.want {
					t.Errorf("got %q, %v, want %q", got, err, tt.want)
				}
				return
			}
			var e *transports.AnswerError
			if !errors.As(err, &e) || e.Problem != tt.problem || !strings.Contains(e.Detail, tt.detail) {
				t.Fatalf("got %q, %v, want %s, %q", got, err, tt.problem, tt.detail)
			}
			if tells(err.Error()) {
				t.Errorf("the error tells a secret: %v", err)
			}
			if tt.phase == "" {
				tt.phase = transports.LinkWaiting
			}
			if s := told.phase(t, tt.phase); s.Err != err.Error() || s.Attempts != 1 {
				t.Errorf("got %+v", s)
			}
		})
	}
}

// An answer of 100 MiB is cut off long before its end.
func TestPostHugeAnswer(t *testing.T) {
	written := make(chan int, 1)
	chunk := []byte(strings.Repeat("x", 1<<20))
	addr := serveHTTP(t, nil, func(w http.ResponseWriter, _ *http.Request) {
		n := 0
		for n < 100 {
			if _, err := w.Write(chunk); err != nil {
				break
			}
			n++
		}
		written <- n
	})
	p, _, _ := newPost(t, addr, transports.LinkOptions{})
	_, err := exchange(t, p)
	var e *transports.AnswerError
	if !errors.As(err, &e) || e.Problem != transports.AnswerTooBig {
		t.Errorf("got %v, want too big", err)
	}
	if n := within(t, written, "the peer's end"); n > 40 {
		t.Errorf("%d MiB were taken", n)
	}
}

func TestPostTimes(t *testing.T) {
	stop := make(chan struct{})
	addr := serveHTTP(t, nil, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "[")
		_ = http.NewResponseController(w).Flush() // the rest never comes
		<-stop
	})
	defer close(stop)
	p, told, _ := newPost(t, addr, transports.LinkOptions{})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := p.Exchange(ctx, []byte(question)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want a deadline", err)
	}
	told.phase(t, transports.LinkWaiting)
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, err := p.Exchange(gone, []byte(question)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the asker's end", err)
	}
	p.Close()
	if s := told.phase(t, transports.LinkEnded); s.Attempts != 1 {
		t.Errorf("got %+v: an asker who goes is no failure of the peer", s)
	}
}

func TestPostNobodyThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	p, told, _ := newPost(t, l.Addr().String(), transports.LinkOptions{})
	if _, err := exchange(t, p); err == nil || tells(err.Error()) || !strings.Contains(err.Error(), "/oktell") {
		t.Errorf("got %v", err)
	}
	told.phase(t, transports.LinkWaiting)
}

// One connection carries many questions; the environment's proxy carries none.
func TestPostReusesConnections(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	var mu sync.Mutex
	seen := map[string]bool{}
	addr := serveHTTP(t, nil, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		seen[r.RemoteAddr] = true
		mu.Unlock()
		if r.Header.Get("Authorization") == "" {
			w.Header().Set("WWW-Authenticate", `Basic realm="r"`)
			http.Error(w, strings.Repeat("x", 10_000), http.StatusUnauthorized)
			return
		}
		_, _ = io.WriteString(w, reply)
	})
	p, _, _ := newPost(t, addr, transports.LinkOptions{Auth: basicAuth})
	for range 10 {
		if _, err := exchange(t, p); err != nil {
			t.Fatal(err)
		}
	}
	if len(seen) != 1 {
		t.Errorf("got %d connections, want 1", len(seen))
	}
}

// A server that wants each count of a nonce to grow, and many who ask at once.
func TestPostDigestOfMany(t *testing.T) {
	door := transports.NewDoor(digestAuth)
	addr := serveHTTP(t, nil, func(w http.ResponseWriter, r *http.Request) {
		if ok, _, challenge := door.Check(r); !ok {
			w.Header().Set("WWW-Authenticate", challenge)
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		_, _ = io.WriteString(w, reply)
	})
	p, _, _ := newPost(t, addr, transports.LinkOptions{Auth: digestAuth})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 25 {
				if got, err := exchange(t, p); err != nil || got != reply {
					t.Errorf("got %q, %v", got, err)
				}
			}
		})
	}
	all.Wait()
}

func TestPostAuthorizationIsRefused(t *testing.T) {
	for _, tt := range []struct {
		name, demand, want string
		auth               transports.Auth
	}{
		{"basic for digest", `Basic realm="r"`, "configured is digest", digestAuth},
		{"digest for basic", `Digest realm="r", nonce="n", qop="auth"`, "configured is basic", basicAuth},
		{"a wrong password", `Basic realm="r"`, "refuses the login or the password", basicAuth},
		{"a wrong password, digest", `Digest realm="r", nonce="n", qop="auth"`, "refuses the login or the password", digestAuth},
		{"nothing configured", `Digest realm="r", nonce="n", qop="auth"`, "none is configured", transports.Auth{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			addr := serveHTTP(t, nil, func(w http.ResponseWriter, r *http.Request) {
				if tt.auth == digestAuth && strings.HasPrefix(r.Header.Get("Authorization"), "Basic") {
					t.Error("the password was sent as it is")
				}
				w.Header().Set("WWW-Authenticate", tt.demand)
				w.WriteHeader(http.StatusUnauthorized)
			})
			p, told, _ := newPost(t, addr, transports.LinkOptions{Auth: tt.auth})
			_, err := exchange(t, p)
			var e *transports.AuthError
			if !errors.As(err, &e) || !strings.Contains(e.Reason, tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			told.phase(t, transports.LinkMisconfigured)
		})
	}
}

// New authorities and a new certificate of ours count from the next connection on.
func TestPostCertificatesAreExchanged(t *testing.T) {
	ca, other := newPKI(t), newPKI(t)
	config := other.peer(other.pair(certs.Subject{Names: []string{"127.0.0.1"}}))
	addr := serveHTTP(t, config, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, reply) })
	p, told, _ := newPost(t, addr, transports.LinkOptions{Mode: transports.ModeHTTPS, TLS: transports.LinkTLS{Authorities: ca.authorities()}})
	if _, err := exchange(t, p); err == nil {
		t.Error("a stranger is believed")
	}
	told.phase(t, transports.LinkMisconfigured)
	if err := os.WriteFile(ca.file, append(other.authority.PEM(), '\n'), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := exchange(t, p); err != nil || got != reply {
		t.Errorf("got %q, %v", got, err)
	}
	told.phase(t, transports.LinkConnected)
}

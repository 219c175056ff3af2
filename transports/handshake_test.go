package transports_test

import (
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/wire"
	"github.com/octolink/octolink/transports"
)

func TestRefusedHandshakes(t *testing.T) {
	tests := []struct {
		name    string
		request string
		status  int
		header  string // that the answer must have, "Name: value"
	}{
		{"post", goodHandshake("POST / HTTP/1.1", "Content-Length: 0"), 405, "Allow: GET"},
		{"http 1.0", goodHandshake("GET / HTTP/1.0"), 505, ""},
		{"no upgrade", goodHandshake("Upgrade:"), 426, "Upgrade: websocket"},
		{"other upgrade", goodHandshake("Upgrade: h2c"), 426, "Upgrade: websocket"},
		{"upgrade not in connection", goodHandshake("Connection: keep-alive"), 400, ""},
		{"no connection header", goodHandshake("Connection:"), 400, ""},
		{"no key", goodHandshake("Sec-WebSocket-Key:"), 400, ""},
		{"short key", goodHandshake("Sec-WebSocket-Key: dGhlIHNhbXBsZQ=="), 400, ""},
		{"long key", goodHandshake("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZSBvZiB0d28="), 400, ""},
		{"key that is not base64", goodHandshake("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZ!=="), 400, ""},
		{"two keys", goodHandshake("X: y\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="), 400, ""},
		{"no version", goodHandshake("Sec-WebSocket-Version:"), 400, "Sec-WebSocket-Version: 13"},
		{"old version", goodHandshake("Sec-WebSocket-Version: 8"), 426, "Sec-WebSocket-Version: 13"},
		{"version zero", goodHandshake("Sec-WebSocket-Version: 0"), 426, "Sec-WebSocket-Version: 13"},
		{"version in words", goodHandshake("Sec-WebSocket-Version: thirteen"), 426, "Sec-WebSocket-Version: 13"},
		{"body", goodHandshake("Content-Length: 3") + "abc", 400, ""},
		{"chunked body", goodHandshake("Transfer-Encoding: chunked") + "0\r\n\r\n", 400, ""},
		{"subprotocol that is no token", goodHandshake(`Sec-WebSocket-Protocol: js"on`), 400, ""},
		{"subprotocols without comma", goodHandshake("Sec-WebSocket-Protocol: json xml"), 400, ""},
		{"foreign origin", goodHandshake("Origin: https://evil.example"), 403, ""},
		{"listed origin, other scheme", goodHandshake("Origin: http://crm.example"), 403, ""},
		{"listed origin as a prefix", goodHandshake("Origin: https://crm.example.evil"), 403, ""},
		{"null origin", goodHandshake("Origin: null"), 403, ""},
		{"two origins", goodHandshake("Origin: https://crm.example\r\nOrigin: https://crm.example"), 403, ""},
		{"foreign host", goodHandshake("Host: evil.example"), 421, ""},
		{"foreign host in the target", goodHandshake("GET http://evil.example/ HTTP/1.1"), 421, ""},
		{"no host", goodHandshake("Host:"), 400, ""},
		{"two hosts", goodHandshake("X: y\r\nHost: localhost"), 400, ""},
		{"huge header", goodHandshake("Cookie: " + strings.Repeat("x", 40<<10)), 431, ""},
		{"many headers", goodHandshake(strings.Repeat("X: y\r\n", 8000) + "X: z"), 431, ""},
		{"not http", "hello\r\n\r\n", 400, ""},
		{"space before a colon", goodHandshake("Sec-WebSocket-Key : x"), 400, ""},
		{"nul in a header", goodHandshake("X: a\x00b"), 400, ""},
	}
	opened := make(chan protocol.Conn, 1)
	e := &engine{open: func(c protocol.Conn) { opened <- c }}
	addr := serve(t, e, transports.Options{Origins: []string{"https://crm.example"}}, transports.ServerOptions{})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := connect(t, addr)
			r := p.handshake(tt.request)
			if r.StatusCode != tt.status {
				t.Errorf("got %d, want %d", r.StatusCode, tt.status)
			}
			if name, want, ok := strings.Cut(tt.header, ": "); ok && r.Header.Get(name) != want {
				t.Errorf("%s: got %q, want %q", name, r.Header.Get(name), want)
			}
			if _, err := io.Copy(io.Discard, r.Body); err != nil {
				t.Error(err)
			}
			// Whoever sends such things is hung up on.
			if _, err := p.r.ReadByte(); err == nil {
				t.Error("the connection stays open")
			}
		})
	}
	select {
	case c := <-opened:
		t.Errorf("a channel was opened for %s", c.Info().Remote)
	default:
	}
}

func TestAcceptedHandshakes(t *testing.T) {
	tests := []struct {
		name    string
		request string
		chosen  string
		format  wire.Format
	}{
		{"json", goodHandshake(), "json", wire.JSON},
		{"xml", goodHandshake("Sec-WebSocket-Protocol: xml"), "xml", wire.XML},
		{"word within a name, any case", goodHandshake("Sec-WebSocket-Protocol: Oktell-JSON.v1"), "Oktell-JSON.v1", wire.JSON},
		{"first that is known", goodHandshake("Sec-WebSocket-Protocol: chat, myXML ,json"), "myXML", wire.XML},
		{"in several lines", goodHandshake("Sec-WebSocket-Protocol: chat", "X: y\r\nSec-WebSocket-Protocol: json"), "json", wire.JSON},
		{"empty elements", goodHandshake("Sec-WebSocket-Protocol: ,, json"), "json", wire.JSON},
		{"any path", goodHandshake("GET /a/b?session=1 HTTP/1.1"), "json", wire.JSON},
		{"names in any case", goodHandshake("Upgrade: WebSocket", "Connection: keep-alive, UPGRADE"), "json", wire.JSON},
		{"connection in two lines", goodHandshake("Connection: keep-alive\r\nConnection: Upgrade"), "json", wire.JSON},
		{"compression is not negotiated", goodHandshake("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"), "json", wire.JSON},
		{"listed origin", goodHandshake("Origin: https://CRM.example"), "json", wire.JSON},
		{"own page", goodHandshake("Host: pbx.example:4055", "Origin: http://pbx.example:4055"), "json", wire.JSON},
		{"host by name", goodHandshake("Host: PBX.example."), "json", wire.JSON},
		{"host by address", goodHandshake("Host: [::1]:4055"), "json", wire.JSON},
	}
	opened := make(chan protocol.Info, 1)
	e := &engine{open: func(c protocol.Conn) { opened <- c.Info() }}
	addr := serve(t, e, transports.Options{Origins: []string{"https://crm.example/"}}, transports.ServerOptions{Names: []string{"pbx.example"}})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := connect(t, addr)
			r := p.handshake(tt.request)
			if r.StatusCode != http.StatusSwitchingProtocols {
				t.Fatalf("got %d, want 101", r.StatusCode)
			}
			for name, want := range map[string]string{
				"Sec-WebSocket-Protocol":   tt.chosen,
				"Sec-WebSocket-Accept":     "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", // RFC 6455 section 1.3
				"Sec-WebSocket-Extensions": "",
			} {
				if got := r.Header.Get(name); got != want {
					t.Errorf("%s: got %q, want %q", name, got, want)
				}
			}
			info := within(t, opened, "Open")
			if info.Format != tt.format || info.Remote != p.LocalAddr().String() || info.TLS || info.Kind != protocol.ClientKind {
				t.Errorf("got %+v", info)
			}
			if want := p.RemoteAddr().String(); !strings.HasSuffix(want, ":"+itoa(info.Local)) {
				t.Errorf("local port: got %d, want that of %s", info.Local, want)
			}
		})
	}
}

func TestSlowHandshakeIsCutOff(t *testing.T) {
	addr := serve(t, echo(), transports.Options{}, transports.ServerOptions{HeaderTimeout: 100 * time.Millisecond})
	for _, start := range []string{"", "GET / HT", goodHandshake()[:80]} {
		p := connect(t, addr)
		p.send([]byte(start)...)
		// The server may say why; then it hangs up.
		if _, err := io.Copy(io.Discard, p.r); err != nil {
			t.Errorf("after %q: %v", start, err)
		}
	}
}

func TestTooManyConnections(t *testing.T) {
	addr := serve(t, echo(), transports.Options{}, transports.ServerOptions{MaxConns: 2})
	first, _ := upgrade(t, addr), upgrade(t, addr)
	third := connect(t, addr)
	if _, err := third.r.ReadByte(); err == nil {
		t.Error("the third connection is served")
	}
	first.send(closing(1000, "")...)
	if got := first.frame(); got != "close 1000" {
		t.Fatalf("got %s, want close 1000", got)
	}
	if got := first.frame(); got != "end" {
		t.Fatalf("got %s, want end", got)
	}
	fourth := upgrade(t, addr)
	fourth.send(masked(textFrame, "hello")...)
	if got := fourth.frame(); got != "text hello" {
		t.Errorf("got %s, want text hello", got)
	}
}

func TestUnknownSubprotocolIsNotServed(t *testing.T) {
	var log logBuffer
	opened := make(chan protocol.Conn, 2)
	e := &engine{open: func(c protocol.Conn) { opened <- c }}
	addr := serve(t, e, transports.Options{Log: slog.New(slog.NewTextHandler(&log, nil))}, transports.ServerOptions{})
	for _, line := range []string{"Sec-WebSocket-Protocol: soap", "Sec-WebSocket-Protocol:"} {
		before := log.String()
		p := connect(t, addr)
		r := p.handshake(goodHandshake("GET /?password=secret HTTP/1.1", line))
		if r.StatusCode != http.StatusSwitchingProtocols || r.Header.Get("Sec-WebSocket-Protocol") != "" {
			t.Fatalf("got %d, %v, want 101 without a subprotocol", r.StatusCode, r.Header)
		}
		start := time.Now()
		p.send(masked(textFrame, `["ping",{"qid":"1"}]`)...)
		if got, want := p.frame(), "close 1008 the subprotocol must contain json or xml"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if d := time.Since(start); d < 900*time.Millisecond {
			t.Errorf("closed after %v, want 1s", d)
		}
		p.send(closing(1008, "")...)
		if got := p.frame(); got != "end" {
			t.Errorf("got %s, want end", got)
		}
		if got := strings.Count(strings.TrimPrefix(log.String(), before), "\n"); got != 1 {
			t.Errorf("got %d log lines, want 1: %s", got, log.String())
		}
	}
	if len(opened) > 0 {
		t.Error("a channel was opened")
	}
}

func TestQueryIsNeverLogged(t *testing.T) {
	var log logBuffer
	l := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	addr := serve(t, echo(), transports.Options{Log: l}, transports.ServerOptions{Log: l})
	p := connect(t, addr)
	if r := p.handshake(goodHandshake("GET /page?temppass=secret;x=y HTTP/1.1", "Sec-WebSocket-Version: 7")); r.StatusCode != 426 {
		t.Fatalf("got %d, want 426", r.StatusCode)
	}
	if got := log.String(); !strings.Contains(got, "path=/page ") || strings.Contains(got, "secret") {
		t.Errorf("logged %s", got)
	}
}

func TestBytesAfterTheHandshakeBelongToTheChannel(t *testing.T) {
	addr := serve(t, echo(), transports.Options{}, transports.ServerOptions{})
	p := connect(t, addr)
	r := p.handshake(goodHandshake() + string(join(masked(textFrame, "one"), masked(textFrame, "two"), masked(textFrame, "three")[:4])))
	if r.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("got %d, want 101", r.StatusCode)
	}
	p.send(masked(textFrame, "three")[4:]...)
	for _, want := range []string{"text one", "text two", "text three"} {
		if got := p.frame(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestIsUpgrade(t *testing.T) {
	tests := []struct {
		name   string
		header http.Header
		want   bool
	}{
		{"page", http.Header{}, false},
		{"handshake", http.Header{"Upgrade": {"WebSocket"}}, true},
		{"handshake that lost a line", http.Header{"Sec-Websocket-Key": {"x"}}, true},
		{"other upgrade", http.Header{"Upgrade": {"h2c"}}, false},
	}
	for _, tt := range tests {
		if got := transports.IsUpgrade(&http.Request{Header: tt.header}); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

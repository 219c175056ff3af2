package transports_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/octolink/octolink/certs"
	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/wire"
	"github.com/octolink/octolink/transports"
)

func TestLinkRefusesHandshakes(t *testing.T) {
	tests := []struct {
		name  string
		lines []string
		auth  transports.Auth
		want  int
	}{
		{name: "good", want: 101},
		{name: "a listed page", lines: []string{"Origin: https://CRM.example"}, want: 101},
		{name: "a foreign page", lines: []string{"Origin: https://evil.example"}, want: 403},
		{name: "a page of our own host", lines: []string{"Origin: http://127.0.0.1"}, want: 403},
		{name: "a page from a file", lines: []string{"Origin: null"}, want: 403},
		{name: "two origins", lines: []string{"Origin: https://crm.example", "origin: https://evil.example"}, want: 403},
		{name: "a foreign page with the right password", lines: []string{"Origin: https://evil.example", "Authorization: " + basic(login, password)}, auth: basicAuth, want: 403},
		{name: "a foreign page without a password", lines: []string{"Origin: https://evil.example"}, auth: basicAuth, want: 403},
		{name: "no password", auth: basicAuth, want: 401},
		{name: "a wrong password", lines: []string{"Authorization: " + basic(login, "x")}, auth: basicAuth, want: 401},
		{name: "basic for digest", lines: []string{"Authorization: " + basic(login, password)}, auth: digestAuth, want: 401},
		{name: "digest for basic", lines: []string{"Authorization: Digest username=x"}, auth: basicAuth, want: 401},
		{name: "a POST", lines: []string{"POST / HTTP/1.1"}, want: 405},
		{name: "no upgrade", lines: []string{"Upgrade:"}, want: 426},
		{name: "an old version", lines: []string{"Sec-WebSocket-Version: 8"}, want: 426},
		{name: "rubbish for a subprotocol", lines: []string{"Sec-WebSocket-Protocol: js(on"}, want: 400},
		{name: "another host", lines: []string{"Host: evil.example"}, want: 421},
		{name: "a host of ours", lines: []string{"Host: pbx.example:4067"}, want: 101},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := serveLink(t, echo(), transports.LinkOptions{
				Mode: transports.ModeWSIn, Auth: tt.auth, Origins: []string{"https://crm.example/"}, Names: []string{"pbx.example"},
			})
			r := connect(t, s.addr).handshake(goodHandshake(tt.lines...))
			if r.StatusCode != tt.want {
				t.Errorf("got %s, want %d", r.Status, tt.want)
			}
			switch tt.want {
			case 403, 405:
				s.states.until(t, "counted", func(s transports.LinkState) bool { return s.Refused == 1 && s.Err != "" })
			case 401:
				if r.Header.Get("WWW-Authenticate") == "" {
					t.Error("no challenge")
				}
			}
		})
	}
}

func TestLinkChoosesTheFormat(t *testing.T) {
	tests := []struct {
		name     string
		offer    string
		fallback bool
		chosen   string
		format   wire.Format
		served   bool
	}{
		{"json", "json", false, "json", wire.JSON, true},
		{"a longer name", "chat, Oktell-XML-1, json", false, "Oktell-XML-1", wire.XML, true},
		{"nothing offered", "", false, "", 0, false},
		{"nothing offered, with a fallback", "", true, "", wire.XML, true},
		{"another one offered, with a fallback", "chat", true, "", 0, false},
		{"json offered, with a fallback", "json", true, "json", wire.JSON, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := echo()
			opened, _ := reporting(e)
			s := serveLink(t, e, transports.LinkOptions{Mode: transports.ModeWSIn, HasFormat: tt.fallback, Format: wire.XML})
			p := connect(t, s.addr)
			r := p.handshake(goodHandshake("Sec-WebSocket-Protocol: " + tt.offer))
			if r.StatusCode != http.StatusSwitchingProtocols || r.Header.Get("Sec-WebSocket-Protocol") != tt.chosen {
				t.Fatalf("got %s, %q, want 101, %q", r.Status, r.Header.Get("Sec-WebSocket-Protocol"), tt.chosen)
			}
			p.send(masked(textFrame, "x")...)
			if !tt.served {
				if got := p.frame(); got != "close 1008 the subprotocol must contain json or xml" {
					t.Errorf("got %s", got)
				}
				s.states.until(t, "counted", func(s transports.LinkState) bool { return s.Refused == 1 })
				return
			}
			if i := within(t, opened, "Open").Info(); i.Format != tt.format {
				t.Errorf("got %v, want %v", i.Format, tt.format)
			}
			if got := p.frame(); got != "text x" {
				t.Errorf("got %s", got)
			}
		})
	}
}

// Behind a proxy the address that counts is the one that it names.
func TestLinkGuessesBecomeSlowPerAddress(t *testing.T) {
	s := serveLink(t, echo(), transports.LinkOptions{
		Mode: transports.ModeWSIn, Auth: digestAuth, TrustedProxies: loopbackNet(),
		Failures: transports.FailureLimits{PerAddress: 2},
	})
	guess := func(from string) *rawPeer {
		p := connect(t, s.addr)
		p.send([]byte(goodHandshake("X-Forwarded-For: "+from, "Authorization: "+basic(login, "guess")))...)
		return p
	}
	for _, from := range []string{"192.0.2.1", "192.0.2.1", "192.0.2.2"} {
		if r, err := http.ReadResponse(guess(from).r, nil); err != nil || r.StatusCode != 401 {
			t.Fatalf("got %v, %v, want 401", r, err)
		}
	}
	late := guess("192.0.2.1") // its answer waits
	s.states.until(t, "counted", func(s transports.LinkState) bool { return s.Refused == 4 })
	// The right password does not, from the same address.
	p := connect(t, s.addr)
	challenge := p.handshake(goodHandshake("X-Forwarded-For: 192.0.2.1"))
	readAll(t, challenge.Body)
	r := p.handshake(goodHandshake("X-Forwarded-For: 192.0.2.1",
		"Authorization: "+answerDigest(challenge.Header.Get("WWW-Authenticate"), "GET", "/", password, nil)))
	if r.StatusCode != http.StatusSwitchingProtocols {
		t.Errorf("got %s, want 101", r.Status)
	}
	p.Close()
	s.stop() // does not wait for late answers
	if !late.gone() {
		t.Error("the late answer came early")
	}
}

func TestLinkClientCertificates(t *testing.T) {
	ca, stranger := newPKI(t), newPKI(t)
	crm := certs.Subject{CommonName: "crm", Organization: "Example"}
	tests := []struct {
		name     string
		demand   transports.ClientAuth
		subjects []string
		own      []tls.Certificate
		want     string // name that was proved; "refused"
	}{
		{"required and shown", transports.RequireClientCert, nil, []tls.Certificate{ca.pair(crm)}, "crm"},
		{"required and listed", transports.RequireClientCert, []string{"crm"}, []tls.Certificate{ca.pair(crm)}, "crm"},
		{"listed by its whole name", transports.RequireClientCert, []string{"CN=crm,O=Example"}, []tls.Certificate{ca.pair(crm)}, "crm"},
		{"required and not listed", transports.RequireClientCert, []string{"other"}, []tls.Certificate{ca.pair(crm)}, "refused"},
		{"required and missing", transports.RequireClientCert, nil, nil, "refused"},
		{"required and of somebody else's authority", transports.RequireClientCert, nil, []tls.Certificate{stranger.pair(crm)}, "refused"},
		{"required and expired", transports.RequireClientCert, nil, []tls.Certificate{ca.pair(certs.Subject{CommonName: "crm", Until: time.Now().Add(-time.Hour)})}, "refused"},
		{"requested and missing", transports.RequestClientCert, []string{"crm"}, nil, ""},
		{"requested and shown", transports.RequestClientCert, []string{"crm"}, []tls.Certificate{ca.pair(crm)}, "crm"},
		{"requested and not listed", transports.RequestClientCert, []string{"other"}, []tls.Certificate{ca.pair(crm)}, "refused"},
		{"requested and of somebody else's authority", transports.RequestClientCert, nil, []tls.Certificate{stranger.pair(crm)}, "refused"},
		{"not asked for", transports.NoClientCert, nil, []tls.Certificate{ca.pair(crm)}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := echo()
			opened, _ := reporting(e)
			s := serveLink(t, e, transports.LinkOptions{
				Mode: transports.ModeWSSIn,
				TLS: transports.LinkTLS{
					Certificate: ca.server(), Authorities: ca.authorities(), ClientAuth: tt.demand, Subjects: tt.subjects,
				},
			})
			config := ca.peer()
			config.ServerName = "127.0.0.1"
			config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
				if len(tt.own) == 0 {
					return &tls.Certificate{}, nil
				}
				return &tt.own[0], nil
			}
			p := connectTLS(t, s.addr, config)
			p.send([]byte(goodHandshake())...)
			r, err := http.ReadResponse(p.r, nil)
			if tt.want == "refused" {
				if err == nil {
					t.Fatalf("got %s, want no answer", r.Status)
				}
				s.states.until(t, "counted", func(s transports.LinkState) bool {
					return s.Refused == 1 && strings.HasPrefix(s.Err, "TLS: 127.0.0.1:")
				})
				return
			}
			if err != nil || r.StatusCode != http.StatusSwitchingProtocols {
				t.Fatalf("got %v, %v, want 101", r, err)
			}
			if got := within(t, opened, "Open").Info().Auth; got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// A plain request on the TLS port gets a plain answer, rubbish gets none; neither hangs.
func TestLinkPlainOnTheTLSPort(t *testing.T) {
	ca := newPKI(t)
	s := serveLink(t, echo(), transports.LinkOptions{Mode: transports.ModeWSSIn, TLS: transports.LinkTLS{Certificate: ca.server()}})
	p := connect(t, s.addr)
	if r := p.handshake(goodHandshake()); r.StatusCode != http.StatusBadRequest {
		t.Errorf("got %s, want 400", r.Status)
	}
	p = connect(t, s.addr)
	p.send([]byte("\x00\x01\x02\x03\x04\x05")...)
	if !p.gone() {
		t.Error("rubbish is answered")
	}
	s.states.until(t, "counted", func(s transports.LinkState) bool { return s.Refused == 2 })
	// Who only looks whether the port is open is not worth a word.
	connect(t, s.addr).Close()
}

func TestLinkCertificatesAreExchanged(t *testing.T) {
	ca := newPKI(t)
	dir := t.TempDir()
	cert, key, err := ca.authority.WriteFor(dir, certs.Subject{CommonName: "first", Names: []string{"127.0.0.1"}})
	if err != nil {
		t.Fatal(err)
	}
	reloader, err := certs.Load(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	authorities := ca.authorities()
	s := serveLink(t, echo(), transports.LinkOptions{Mode: transports.ModeWSSIn, TLS: transports.LinkTLS{
		Certificate: reloader, Authorities: authorities, ClientAuth: transports.RequireClientCert,
	}})
	other := newPKI(t)
	connects := func(p *pki) (string, error) {
		config := ca.peer(p.pair(certs.Subject{CommonName: "crm"}))
		config.ServerName = "127.0.0.1"
		c := connectTLS(t, s.addr, config)
		c.send([]byte(goodHandshake())...)
		_, err := http.ReadResponse(c.r, nil)
		return c.Conn.(*tls.Conn).ConnectionState().PeerCertificates[0].Subject.CommonName, err
	}
	if name, err := connects(ca); err != nil || name != "first" {
		t.Errorf("got %q, %v", name, err)
	}
	if _, err := connects(other); err == nil {
		t.Error("a stranger is let in")
	}
	if _, _, err := ca.authority.WriteFor(dir, certs.Subject{CommonName: "second", Names: []string{"127.0.0.1"}}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(ca.file, append(other.authority.PEM(), '\n'), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, reload := range []func() (bool, error){reloader.Reload, authorities.Reload} {
		if changed, err := reload(); err != nil || !changed {
			t.Fatalf("got %v, %v, want a change", changed, err)
		}
	}
	if name, err := connects(other); err != nil || name != "second" {
		t.Errorf("got %q, %v", name, err)
	}
	if _, err := connects(ca); err == nil {
		t.Error("the former authority still counts")
	}
}

// Peers that do not get on with their request are given up, and nobody waits for them.
func TestLinkSlowPeers(t *testing.T) {
	ca := newPKI(t)
	for _, mode := range []string{transports.ModeWSIn, transports.ModeWSSIn} {
		for _, timeout := range []time.Duration{20 * time.Millisecond, time.Hour} {
			t.Run(mode+" "+timeout.String(), func(t *testing.T) {
				s := serveLink(t, echo(), transports.LinkOptions{
					Mode: mode, TLS: transports.LinkTLS{Certificate: ca.server()}, Timeout: timeout,
				})
				first, second := connect(t, s.addr), connect(t, s.addr)
				first.send([]byte("GET / HT")...)
				second.send(0x16)
				if timeout == time.Hour {
					s.stop()
				}
				if !first.gone() || !second.gone() {
					t.Error("a slow peer is still connected")
				}
			})
		}
	}
}

func TestLinkEnds(t *testing.T) {
	closed := make(chan error, 1)
	e := &engine{closed: func(_ protocol.Conn, err error) { closed <- err }}
	s := serveLink(t, e, transports.LinkOptions{Mode: transports.ModeWSIn})
	p := upgrade(t, s.addr)
	s.states.phase(t, transports.LinkConnected)
	go s.stop()
	if got := p.frame(); got != "close 1001 the link was removed" {
		t.Errorf("got %s", got)
	}
	p.send(closing(1001, "")...)
	if err := within(t, closed, "Closed"); err != nil {
		t.Errorf("closed with %v", err)
	}
	s.states.phase(t, transports.LinkEnded)
	if c, err := net.Dial("tcp", s.addr); err == nil {
		c.Close()
		t.Error("somebody still listens")
	}
}

// While the link drains, its connections are the engine's.
func TestLinkDrains(t *testing.T) {
	e := echo()
	opened, _ := reporting(e)
	s := serveLink(t, e, transports.LinkOptions{Mode: transports.ModeWSIn, Drain: time.Hour})
	p := upgrade(t, s.addr)
	c := within(t, opened, "Open")
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.stop()
	}()
	waitRefused(t, s.addr)
	p.send(masked(textFrame, "still here")...)
	if got := p.frame(); got != "text still here" {
		t.Errorf("got %s", got)
	}
	c.Close(protocol.CloseGoingAway, "bye")
	if got := p.frame(); got != "close 1001 bye" {
		t.Errorf("got %s", got)
	}
	p.Close()
	within(t, ended, "the end")
}

// waitRefused waits until nobody listens any more.
func waitRefused(t testing.TB, addr string) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, c)
		c.Close()
		if time.Now().After(deadline) {
			t.Fatal("somebody still listens")
		}
	}
}

func TestLinkCannotListen(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	o := transports.LinkOptions{Name: "crm", Mode: transports.ModeWSIn, Listen: l.Addr().String()}
	err = transports.ServeLink(t.Context(), o, opener{t, echo()})
	if err == nil || !strings.Contains(err.Error(), "crm") || errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

package transports_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/octolink/octolink/certs"
	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/transports"
)

// dialLink connects to a hand-written CRM again and again.
func dialLink(t testing.TB, peer *crm, e *engine, o transports.LinkOptions) (states, *logBuffer) {
	t.Helper()
	if o.Mode == "" {
		o.Mode = transports.ModeWSOut
	}
	o.Address = peer.addr()
	if o.Backoff == nil {
		o.Backoff = []time.Duration{time.Millisecond}
	}
	told, log := prepare(t, &o)
	run(t, func(ctx context.Context) error { return transports.DialLink(ctx, o, opener{t, e}) })
	return told, log
}

// The first generation of a real CRM server: no subprotocol in the answer, the first frame in the
// same packet, and our close frame echoed with its mask.
func TestDialLinkPeerOfTheFirstGeneration(t *testing.T) {
	e := echo()
	_, closed := reporting(e)
	frame := e.frame
	e.frame = func(c protocol.Conn, b []byte) {
		frame(c, b)
		if string(b) == "bye" {
			c.Close(protocol.CloseNormal, "")
		}
	}
	peer := newCRM(t, nil)
	dialLink(t, peer, e, transports.LinkOptions{})
	c := peer.next()
	c.accept("", append(unmasked(textFrame, "hello"), unmasked(textFrame, "and")[:3]...)...)
	c.send(unmasked(textFrame, "and")[3:]...)
	c.send(unmasked(textFrame, "bye")...)
	for _, want := range []string{"text hello", "text and", "text bye", "close 1000"} {
		if got := c.clientFrame(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	c.send(closing(1000, "")...) // masked, which a server must not do
	if err := within(t, closed, "Closed"); err != nil {
		t.Errorf("closed with %v", err)
	}
}

// The second generation refuses the subprotocol. That is remembered as long as it is true.
func TestDialLinkSubprotocolIsRefused(t *testing.T) {
	for _, status := range []string{"426 No Sec-WebSocket-Protocols requested supported", "400 Bad Request"} {
		t.Run(status, func(t *testing.T) {
			peer := newCRM(t, nil)
			told, _ := dialLink(t, peer, echo(), transports.LinkOptions{})
			offered := func() (*crmConn, string) {
				c := peer.next()
				return c, c.req.Header.Get("Sec-WebSocket-Protocol")
			}
			c, with := offered()
			c.refuse(status)
			c, without := offered()
			c.accept("")
			told.phase(t, transports.LinkConnected)
			c.Close()
			c, remembered := offered()
			c.refuse("500 Internal Server Error") // a restart with another library, perhaps
			c, again := offered()
			c.accept("json")
			if got := []string{with, without, remembered, again}; fmt.Sprint(got) != "[json   json]" {
				t.Errorf("offered %q", got)
			}
		})
	}
}

func TestDialLinkPeerChoosesWhatWasNotOffered(t *testing.T) {
	peer := newCRM(t, nil)
	told, _ := dialLink(t, peer, echo(), transports.LinkOptions{})
	peer.next().accept("soap")
	c := peer.next()
	if got := c.req.Header.Get("Sec-WebSocket-Protocol"); got != "" {
		t.Errorf("offered %q", got)
	}
	c.accept("")
	told.phase(t, transports.LinkConnected)
}

// A refused subprotocol and a demanded digest, both of one peer.
func TestDialLinkManyHandshakes(t *testing.T) {
	peer := newCRM(t, nil)
	told, _ := dialLink(t, peer, echo(), transports.LinkOptions{Auth: digestAuth})
	demand := `WWW-Authenticate: Digest realm="crm", nonce="n", qop="auth"`
	peer.next().refuse("401 Unauthorized", demand)
	c := peer.next()
	checkDigest(t, c.req, "n")
	c.refuse("426 Upgrade Required")
	c = peer.next()
	checkDigest(t, c.req, "n")
	if nc := fields(c.req.Header.Get("Authorization"))["nc"]; nc != "00000002" {
		t.Errorf("got count %s, want 00000002", nc)
	}
	c.accept("")
	told.phase(t, transports.LinkConnected)
	c.Close()
	c = peer.next() // the nonce is good for more
	checkDigest(t, c.req, "n")
	if nc := fields(c.req.Header.Get("Authorization"))["nc"]; nc != "00000003" {
		t.Errorf("got count %s, want 00000003", nc)
	}
	c.refuse("401 Unauthorized", demand+", stale=true")
	c = peer.next()
	checkDigest(t, c.req, "n")
	c.accept("")
	told.phase(t, transports.LinkConnected)
}

func TestDialLinkDigests(t *testing.T) {
	tests := []struct{ name, challenge, algorithm, qop string }{
		{"MD5", `Digest realm="r", nonce="n", qop="auth", algorithm=MD5, opaque="o\"p"`, "MD5", "auth"},
		{"MD5-sess", `Digest realm="r", nonce="n", qop="auth-int, auth", algorithm=MD5-sess`, "MD5-sess", "auth"},
		{"SHA-256", `Digest realm="r", nonce="n", qop="auth", algorithm=SHA-256`, "SHA-256", "auth"},
		{"SHA-256-sess", `Digest realm="r", nonce="n", qop="auth", algorithm="SHA-256-sess"`, "SHA-256-sess", "auth"},
		{"as of RFC 2069", `Digest realm="r", nonce="n"`, "", ""},
		{"the better of two", `Digest realm="r", nonce="m", qop="auth", algorithm=MD5, Digest realm="r", nonce="n", qop="auth", algorithm=SHA-256`, "SHA-256", "auth"},
		{"the one that is known", `Digest realm="r", nonce="x", algorithm=SHA-512-256, qop="auth", Basic realm="r", Digest realm="r", nonce="n", qop="auth"`, "", "auth"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			peer := newCRM(t, nil)
			told, _ := dialLink(t, peer, echo(), transports.LinkOptions{Auth: digestAuth})
			peer.next().refuse("401 Unauthorized", "WWW-Authenticate: "+tt.challenge)
			c := peer.next()
			checkDigest(t, c.req, "n")
			f := fields(c.req.Header.Get("Authorization"))
			if f["algorithm"] != tt.algorithm || f["qop"] != tt.qop || f["opaque"] != fields(tt.challenge)["opaque"] {
				t.Errorf("got %v", f)
			}
			c.accept("json")
			told.phase(t, transports.LinkConnected)
		})
	}
}

// What does not pass by itself is tried again after the longest pause only, and shown.
func TestDialLinkMisconfigured(t *testing.T) {
	digestDemand, basicDemand := `WWW-Authenticate: Digest realm="r", nonce="n", qop="auth"`, `WWW-Authenticate: Basic realm="r"`
	tests := []struct {
		name    string
		auth    transports.Auth
		answers [][]string
		phase   transports.LinkPhase
		err     string
	}{
		{"401 for nobody", transports.Auth{}, [][]string{{"401 Unauthorized", basicDemand}}, transports.LinkMisconfigured, "demands basic, and none is configured"},
		{"basic demanded of digest", digestAuth, [][]string{{"401 Unauthorized", basicDemand}}, transports.LinkMisconfigured, "demands basic, configured is digest"},
		{"digest demanded of basic", basicAuth, [][]string{{"401 Unauthorized", digestDemand}}, transports.LinkMisconfigured, "demands digest, configured is basic"},
		{"401 without a demand", digestAuth, [][]string{{"401 Unauthorized"}}, transports.LinkMisconfigured, "does not name"},
		{"the digest is refused", digestAuth, [][]string{{"401 Unauthorized", digestDemand}, {"401 Unauthorized", digestDemand}}, transports.LinkMisconfigured, "refuses the login or the password"},
		{"each nonce is stale", digestAuth, [][]string{{"401 Unauthorized", digestDemand}, {"401 Unauthorized", digestDemand + ", stale=true"}, {"401 Unauthorized", digestDemand + ", stale=true"}}, transports.LinkMisconfigured, "refuses the login or the password"},
		{"basic is refused", basicAuth, [][]string{{"401 Unauthorized", basicDemand}, {"401 Unauthorized", basicDemand}}, transports.LinkMisconfigured, "refuses the login or the password"},
		{"auth-int", digestAuth, [][]string{{"401 Unauthorized", `WWW-Authenticate: Digest realm="r", nonce="n", qop="auth-int"`}}, transports.LinkMisconfigured, "auth-int"},
		{"an unknown algorithm", digestAuth, [][]string{{"401 Unauthorized", `WWW-Authenticate: Digest realm="r", nonce="n", algorithm=SHA-512-256`}}, transports.LinkMisconfigured, "sha-512-256"},
		{"403", transports.Auth{}, [][]string{{"403 Forbidden"}}, transports.LinkMisconfigured, "403"},
		{"404", transports.Auth{}, [][]string{{"404 Not Found"}}, transports.LinkMisconfigured, "404"},
		{"a redirect", transports.Auth{}, [][]string{{"302 Found", "Location: https://evil.example/"}}, transports.LinkMisconfigured, "302"},
		{"a page", transports.Auth{}, [][]string{{"200 OK"}}, transports.LinkMisconfigured, "200"},
		{"426 for another reason", transports.Auth{}, [][]string{{"426 Upgrade Required"}, {"426 Upgrade Required"}}, transports.LinkMisconfigured, "426"},
		{"500", transports.Auth{}, [][]string{{"500 Internal Server Error"}}, transports.LinkWaiting, "500"},
		{"503", transports.Auth{}, [][]string{{"503 Service Unavailable"}}, transports.LinkWaiting, "503"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			peer := newCRM(t, nil)
			told, _ := dialLink(t, peer, echo(), transports.LinkOptions{Auth: tt.auth, Backoff: []time.Duration{time.Minute, time.Hour}})
			var last *crmConn
			for _, a := range tt.answers {
				last = peer.next()
				last.refuse(a[0], a[1:]...)
			}
			if tt.auth.Scheme == transports.AuthDigest && strings.HasPrefix(last.req.Header.Get("Authorization"), "Basic") {
				t.Error("the password was sent as it is")
			}
			s := told.until(t, "a failure", func(s transports.LinkState) bool { return s.Err != "" })
			if s.Phase != tt.phase || !strings.Contains(s.Err, tt.err) || s.Attempts != 1 {
				t.Errorf("got %+v, want %s because of %q", s, tt.phase, tt.err)
			}
			wait, longest := time.Until(s.Next), 48*time.Minute
			if (wait > longest) != (tt.phase == transports.LinkMisconfigured) {
				t.Errorf("again in %v", wait)
			}
		})
	}
}

func TestDialLinkCertificates(t *testing.T) {
	ca, stranger := newPKI(t), newPKI(t)
	good := certs.Subject{Names: []string{"127.0.0.1"}}
	must := ca.peer(ca.pair(good))
	must.ClientAuth = tls.RequireAndVerifyClientCert
	tests := []struct {
		name   string
		peer   *tls.Config
		own    *certs.Reloader
		noCA   bool
		reason string // "" when it connects
	}{
		{name: "good", peer: ca.peer(ca.pair(good))},
		{name: "of an unknown authority", peer: ca.peer(stranger.pair(good)), reason: "unknown authority"},
		{name: "of an authority that the system does not know", peer: ca.peer(ca.pair(good)), noCA: true, reason: "unknown authority"},
		{name: "expired", peer: ca.peer(ca.pair(certs.Subject{Names: good.Names, Until: time.Now().Add(-time.Hour)})), reason: "expired"},
		{name: "of another host", peer: ca.peer(ca.pair(certs.Subject{Names: []string{"crm.example"}})), reason: "127.0.0.1"},
		{name: "the peer wants ours and gets it", peer: must, own: ca.reloader(certs.Subject{})},
		{name: "the peer wants ours and there is none", peer: must, reason: "certificate required"},
		{name: "the peer does not know ours", peer: must, own: stranger.reloader(certs.Subject{}), reason: "unknown certificate authority"},
		{name: "the peer speaks no TLS", reason: "TLS"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			peer := newCRM(t, tt.peer)
			o := transports.LinkOptions{Mode: transports.ModeWSSOut, TLS: transports.LinkTLS{Certificate: tt.own, Authorities: ca.authorities()}}
			if tt.noCA {
				o.TLS.Authorities = nil
			}
			told, _ := dialLink(t, peer, echo(), o)
			switch {
			case tt.reason == "":
				peer.next().accept("json")
				told.phase(t, transports.LinkConnected)
				return
			case tt.peer == nil:
				peer.accept().send([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")...)
			default:
				_, _ = peer.accept().Read(make([]byte, 1)) // the handshake fails
			}
			s := told.phase(t, transports.LinkMisconfigured)
			if !strings.Contains(s.Err, tt.reason) {
				t.Errorf("got %q, want %q", s.Err, tt.reason)
			}
		})
	}
}

// A peer that answers without an end is given up.
func TestDialLinkEndlessAnswers(t *testing.T) {
	for _, start := range []string{"HTTP/1.1 101 Switching Protocols\r\nX: ", "HTTP/1.1 ", "HTTP/1.1 500 Oh\r\n\r\n", "HTTP/1.1 401 Oh\r\nX: "} {
		t.Run(start, func(t *testing.T) {
			peer := newCRM(t, nil)
			told, _ := dialLink(t, peer, echo(), transports.LinkOptions{Backoff: []time.Duration{time.Hour}})
			c := peer.next()
			chunk := []byte(strings.Repeat("x", 4096))
			c.send([]byte(start)...)
			for err := error(nil); err == nil; {
				_, err = c.Write(chunk)
			}
			told.phase(t, transports.LinkWaiting)
		})
	}
}

func TestDialLinkSilentPeer(t *testing.T) {
	peer := newCRM(t, nil)
	told, _ := dialLink(t, peer, echo(), transports.LinkOptions{Timeout: 20 * time.Millisecond})
	peer.next()
	s := told.phase(t, transports.LinkWaiting)
	if !strings.Contains(s.Err, context.DeadlineExceeded.Error()) {
		t.Errorf("got %q", s.Err)
	}
	peer.next() // tried again
}

// Pauses grow while a peer only hangs up, and begin anew when it says something.
func TestDialLinkPauses(t *testing.T) {
	peer := newCRM(t, nil)
	told, _ := dialLink(t, peer, echo(), transports.LinkOptions{Backoff: []time.Duration{time.Millisecond, 2 * time.Millisecond, time.Hour}})
	for range 2 {
		c := peer.next()
		c.accept("json", unmasked(closeFrame, "\x03\xf0link taken")...)
		s := told.phase(t, transports.LinkWaiting)
		if !strings.Contains(s.Err, "1008: link taken") || s.Attempts != 0 {
			t.Errorf("got %+v", s)
		}
		c.Close()
	}
	c := peer.next()
	c.accept("json", unmasked(textFrame, "x")...)
	if got := c.clientFrame(); got != "text x" {
		t.Errorf("got %s", got)
	}
	c.Close()
	s := told.until(t, "waiting", func(s transports.LinkState) bool { return s.Phase == transports.LinkWaiting && !s.Next.IsZero() })
	if wait := time.Until(s.Next); wait > time.Minute {
		t.Errorf("again in %v", wait)
	}
	peer.next().accept("json", unmasked(closeFrame, "")...)
	peer.next().accept("json", unmasked(closeFrame, "")...)
	told.until(t, "a long pause", func(s transports.LinkState) bool { return time.Until(s.Next) > 40*time.Minute })
}

func TestPauses(t *testing.T) {
	different := false
	first := transports.Pauses(7)
	for range 100 {
		for i, got := range transports.Pauses(7) {
			want := []time.Duration{1, 2, 5, 10, 30, 30, 30}[i] * time.Second
			if got > want || got < want*8/10 {
				t.Fatalf("pause %d: got %v, want up to %v", i, got, want)
			}
			different = different || got != first[i]
		}
	}
	if !different {
		t.Error("no jitter")
	}
}

func TestDialLinkEnds(t *testing.T) {
	t.Run("while it waits", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
		leakCheck(t)
		o := transports.LinkOptions{Mode: transports.ModeWSOut, Address: l.Addr().String(), Backoff: []time.Duration{time.Hour}}
		told, _ := prepare(t, &o)
		stop := run(t, func(ctx context.Context) error { return transports.DialLink(ctx, o, opener{t, echo()}) })
		told.phase(t, transports.LinkWaiting)
		stop()
		told.phase(t, transports.LinkEnded)
	})
	t.Run("during a handshake", func(t *testing.T) {
		peer := newCRM(t, nil)
		dialLink(t, peer, echo(), transports.LinkOptions{})
		peer.next()
	})
	t.Run("while it is connected", func(t *testing.T) {
		peer := newCRM(t, nil)
		closed := make(chan error, 1)
		e := &engine{closed: func(_ protocol.Conn, err error) { closed <- err }}
		o := transports.LinkOptions{Mode: transports.ModeWSOut, Address: peer.addr()}
		told, _ := prepare(t, &o)
		stop := run(t, func(ctx context.Context) error { return transports.DialLink(ctx, o, opener{t, e}) })
		c := peer.next()
		c.accept("json")
		told.phase(t, transports.LinkConnected)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			stop()
		}()
		if got := c.clientFrame(); got != "close 1001 the link was removed" {
			t.Errorf("got %s", got)
		}
		c.Close()
		if err := within(t, closed, "Closed"); err != nil {
			t.Errorf("closed with %v", err)
		}
		within(t, ended, "the end")
	})
}

// The environment does not choose the way to a CRM.
func TestDialLinkNoProxy(t *testing.T) {
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "ALL_PROXY"} {
		t.Setenv(name, "http://127.0.0.1:1")
	}
	peer := newCRM(t, nil)
	told, _ := dialLink(t, peer, echo(), transports.LinkOptions{})
	peer.next().accept("json")
	told.phase(t, transports.LinkConnected)
}

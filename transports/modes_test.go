package transports_test

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/octolink/octolink/certs"
	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/wire"
	"github.com/octolink/octolink/transports"
)

// How the two sides of a link prove who they are.
const (
	byNothing     = "none"
	byBasic       = "basic"
	byPreemptive  = "basic unasked"
	byDigest      = "digest"
	byCertificate = "certificate"
)

// A mode is one cell of the matrix.
type mode struct {
	name   string
	format wire.Format
	proof  string
}

func (m mode) secure() bool {
	return m.name == transports.ModeWSSIn || m.name == transports.ModeWSSOut || m.name == transports.ModeHTTPS
}

// incoming says that the peer connects.
func (m mode) incoming() bool { return strings.HasSuffix(m.name, "-in") }

// options are octolink's side.
func (m mode) options(ca *pki) transports.LinkOptions {
	o := transports.LinkOptions{Mode: m.name, Format: m.format}
	if m.incoming() {
		o.Format = wire.JSON // the subprotocol decides
	}
	switch m.proof {
	case byBasic, byPreemptive:
		o.Auth = transports.Auth{Scheme: transports.AuthBasic, Login: login, Password: password, Preemptive: m.proof == byPreemptive}
	case byDigest:
		o.Auth = transports.Auth{Scheme: transports.AuthDigest, Login: login, Password: password}
	}
	if !m.secure() {
		return o
	}
	o.TLS.Authorities = ca.authorities()
	switch {
	case m.incoming():
		o.TLS.Certificate = ca.server()
		if m.proof == byCertificate {
			o.TLS.ClientAuth, o.TLS.Subjects = transports.RequireClientCert, []string{"our crm"}
		}
	case m.proof == byCertificate:
		o.TLS.Certificate = ca.reloader(certs.Subject{CommonName: "octolink"})
	}
	return o
}

// The whole matrix: six modes, two formats, and each proof where it applies.
func TestModes(t *testing.T) {
	ca := newPKI(t)
	for _, name := range []string{
		transports.ModeHTTP, transports.ModeHTTPS, transports.ModeWSOut, transports.ModeWSSOut, transports.ModeWSIn, transports.ModeWSSIn,
	} {
		for _, format := range []wire.Format{wire.JSON, wire.XML} {
			for _, proof := range []string{byNothing, byBasic, byPreemptive, byDigest, byCertificate} {
				m := mode{name, format, proof}
				if proof == byCertificate && !m.secure() || proof == byPreemptive && m.incoming() {
					continue
				}
				t.Run(name+" "+format.String()+" "+proof, func(t *testing.T) {
					switch {
					case m.incoming():
						comeIn(t, m, ca)
					case strings.HasPrefix(name, "http"):
						post(t, m, ca)
					default:
						goOut(t, m, ca)
					}
				})
			}
		}
	}
}

const (
	question = `["whoareyou",{"qid":"1","name":"Ждём"}]`
	reply    = `["iam",{"qid":"1"}]`
)

// answering is an engine that checks the connection and answers the question.
func answering(t testing.TB, m mode, auth string) *engine {
	return &engine{
		open: func(c protocol.Conn) {
			i := c.Info()
			got := protocol.Info{Link: i.Link, Kind: i.Kind, Format: i.Format, TLS: i.TLS, Auth: i.Auth}
			want := protocol.Info{Link: "crm", Kind: protocol.ServerKind, Format: m.format, TLS: m.secure(), Auth: auth}
			if got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
			if !strings.HasPrefix(i.Remote, "127.0.0.1:") || m.incoming() != (i.Local != 0) {
				t.Errorf("got remote %q, local %d", i.Remote, i.Local)
			}
		},
		frame: func(c protocol.Conn, b []byte) {
			if string(b) != question {
				t.Errorf("got %s", b)
			}
			write(c, reply)
		},
	}
}

// comeIn plays a CRM that connects.
func comeIn(t *testing.T, m mode, ca *pki) {
	auth := map[string]string{byBasic: login, byDigest: login, byCertificate: "our crm"}[m.proof]
	s := serveLink(t, answering(t, m, auth), m.options(ca))
	s.states.phase(t, transports.LinkListening)
	var own []tls.Certificate
	if m.proof == byCertificate {
		own = append(own, ca.pair(certs.Subject{CommonName: "our crm"}))
	}
	dial := func() *rawPeer {
		if m.secure() {
			config := ca.peer(own...)
			config.ServerName = "127.0.0.1"
			return connectTLS(t, s.addr, config)
		}
		return connect(t, s.addr)
	}
	p := dial()
	subprotocol := "Sec-WebSocket-Protocol: CRM." + strings.ToUpper(m.format.String())
	lines := []string{subprotocol}
	if m.proof == byBasic || m.proof == byDigest {
		r := p.handshake(goodHandshake(subprotocol))
		challenge := r.Header.Get("WWW-Authenticate")
		if r.StatusCode != http.StatusUnauthorized || !strings.HasPrefix(strings.ToLower(challenge), m.proof+" ") {
			t.Fatalf("got %s, %q", r.Status, challenge)
		}
		readAll(t, r.Body)
		authorization := basic(login, password)
		if m.proof == byDigest {
			authorization = answerDigest(challenge, "GET", "/", password, nil)
		}
		lines = append(lines, "Authorization: "+authorization)
	}
	r := p.handshake(goodHandshake(lines...))
	if r.StatusCode != http.StatusSwitchingProtocols || "Sec-WebSocket-Protocol: "+r.Header.Get("Sec-WebSocket-Protocol") != subprotocol {
		t.Fatalf("got %s, %v", r.Status, r.Header)
	}
	s.states.phase(t, transports.LinkConnected)
	p.send(masked(textFrame, question)...)
	if got := p.frame(); got != "text "+reply {
		t.Errorf("got %s", got)
	}
	p.send(closing(1000, "")...)
	if got := p.frame(); got != "close 1000" {
		t.Errorf("got %s", got)
	}
	s.states.until(t, "listening again", func(s transports.LinkState) bool {
		return s.Phase == transports.LinkListening && s.Conns == 0
	})
}

// goOut plays a CRM that listens.
func goOut(t *testing.T, m mode, ca *pki) {
	var config *tls.Config
	if m.secure() {
		config = ca.peer(ca.pair(certs.Subject{Names: []string{"127.0.0.1"}}))
		if m.proof == byCertificate {
			config.ClientAuth = tls.RequireAndVerifyClientCert
		}
	}
	peer := newCRM(t, config)
	o := m.options(ca)
	o.Address = peer.addr() + "/oktell?key=secret"
	o.Backoff = []time.Duration{time.Millisecond}
	told, _ := prepare(t, &o)
	run(t, func(ctx context.Context) error { return transports.DialLink(ctx, o, opener{t, answering(t, m, "")}) })
	for range 2 { // again after the connection ended
		c := peer.next()
		if r := c.req; r.RequestURI != "/oktell?key=secret" || r.Header.Get("Sec-WebSocket-Protocol") != m.format.String() || r.Header.Get("Origin") != "" {
			t.Errorf("got %s, %v", r.RequestURI, r.Header)
		}
		c = demand(t, peer, c, m.proof)
		c.accept(m.format.String())
		told.phase(t, transports.LinkConnected)
		c.send(unmasked(textFrame, question)...)
		if got := c.clientFrame(); got != "text "+reply {
			t.Errorf("got %s", got)
		}
		c.send(unmasked(closeFrame, "\x03\xe8")...)
		if got := c.clientFrame(); got != "close 1000" {
			t.Errorf("got %s", got)
		}
		c.Close()
		told.phase(t, transports.LinkWaiting)
	}
}

// demand asks for a proof, and returns the connection that has it.
func demand(t *testing.T, peer *crm, c *crmConn, proof string) *crmConn {
	t.Helper()
	sent := c.req.Header.Get("Authorization")
	switch {
	case proof == byPreemptive || proof == byBasic && sent != "":
		if sent != basic(login, password) {
			t.Errorf("got authorization %q", sent)
		}
	case proof == byBasic:
		c.refuse("401 Unauthorized", `WWW-Authenticate: Basic realm="crm"`)
		return demand(t, peer, peer.next(), byPreemptive)
	case proof == byDigest:
		// The second time the nonce of the first is offered, which is refused as too old.
		c.refuse("401 Unauthorized", `WWW-Authenticate: Digest realm="crm", nonce="n`+base64.StdEncoding.EncodeToString([]byte(sent))+`", qop="auth", stale=true`)
		nonce := "n" + base64.StdEncoding.EncodeToString([]byte(sent))
		c = peer.next()
		checkDigest(t, c.req, nonce)
	case sent != "":
		t.Errorf("got authorization %q, want none", sent)
	case proof == byCertificate:
		if subject := c.Conn.(*tls.Conn).ConnectionState().PeerCertificates[0].Subject.CommonName; subject != "octolink" {
			t.Errorf("got the certificate of %q", subject)
		}
	}
	return c
}

// post plays a CRM that answers by HTTP.
func post(t *testing.T, m mode, ca *pki) {
	var config *tls.Config
	if m.secure() {
		config = ca.peer(ca.pair(certs.Subject{Names: []string{"127.0.0.1"}}))
		if m.proof == byCertificate {
			config.ClientAuth = tls.RequireAndVerifyClientCert
		}
	}
	asked := 0
	addr := serveHTTP(t, config, func(w http.ResponseWriter, r *http.Request) {
		asked++
		sent := r.Header.Get("Authorization")
		switch {
		case m.proof == byBasic && sent == "":
			w.Header().Set("WWW-Authenticate", `Basic realm="crm"`)
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		case m.proof == byDigest && sent == "":
			w.Header().Add("WWW-Authenticate", `Negotiate`)
			w.Header().Add("WWW-Authenticate", `Basic realm="crm", Digest realm="crm", nonce="n1", qop="auth", algorithm=MD5`)
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		case m.proof == byDigest:
			checkDigest(t, r, "n1")
		case (m.proof == byBasic || m.proof == byPreemptive) && sent != basic(login, password):
			t.Errorf("got authorization %q", sent)
		}
		message, err := base64.StdEncoding.DecodeString(r.FormValue("data"))
		if err != nil || string(message) != question || r.PostForm.Get("format") != m.format.String() {
			t.Errorf("got %v, %v", r.PostForm, err)
		}
		_, _ = w.Write([]byte("\r\n" + reply + "\n"))
	})
	o := m.options(ca)
	o.URL = m.name + "://" + addr + "/oktell?key=secret"
	told, _ := prepare(t, &o)
	p, err := transports.NewPost(o)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	told.phase(t, transports.LinkReady)
	info := protocol.Info{Link: "crm", Kind: protocol.ServerKind, Format: m.format, Remote: addr, TLS: m.secure()}
	if got := p.Info(); got != info {
		t.Errorf("got %+v, want %+v", got, info)
	}
	for range 3 {
		if got, err := p.Exchange(t.Context(), []byte(question)); err != nil || string(got) != reply {
			t.Errorf("got %q, %v", got, err)
		}
	}
	told.phase(t, transports.LinkConnected)
	want := 3
	if m.proof == byBasic || m.proof == byDigest {
		want = 4 // asked once only
	}
	if asked != want {
		t.Errorf("asked %d times, want %d", asked, want)
	}
}

// serveHTTP runs a CRM that answers by HTTP.
func serveHTTP(t testing.TB, config *tls.Config, fn http.HandlerFunc) string {
	t.Helper()
	leakCheck(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	if config != nil {
		l = tls.NewListener(l, config)
	}
	s := &http.Server{Handler: fn, ReadHeaderTimeout: patience, ErrorLog: log.New(io.Discard, "", 0)}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = s.Serve(l)
	}()
	t.Cleanup(func() {
		s.Close()
		<-ended
	})
	return addr
}

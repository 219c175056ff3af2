package transports_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/binary"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/octolink/octolink/certs"
	"github.com/octolink/octolink/transports"
)

// The password of all tests. It must never be in a log or a state.
const (
	login    = `c"rm`
	password = `pa\ss:"wörd"`
)

// tells says whether a text has the password in it, or what stands for it, or a query.
func tells(text string) bool {
	for _, secret := range []string{"wörd", basic(login, password)[len("Basic "):], "secret"} {
		if strings.Contains(text, secret) {
			return true
		}
	}
	return false
}

// States are what a link tells of itself.
type states chan transports.LinkState

// until waits for a state.
func (s states) until(t testing.TB, what string, ok func(transports.LinkState) bool) transports.LinkState {
	t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	var last transports.LinkState
	for {
		select {
		case last = <-s:
			if tells(last.Err + last.Address) {
				t.Errorf("a state tells the password: %+v", last)
			}
			if ok(last) {
				return last
			}
		case <-timer.C:
			t.Fatalf("%s: not so; last %+v", what, last)
		}
	}
}

func (s states) phase(t testing.TB, p transports.LinkPhase) transports.LinkState {
	t.Helper()
	return s.until(t, string(p), func(s transports.LinkState) bool { return s.Phase == p })
}

// prepare gives a link a name, a log and a place to tell its states.
func prepare(t testing.TB, o *transports.LinkOptions) (states, *logBuffer) {
	t.Helper()
	told, log := make(states, 10_000), new(logBuffer)
	o.Name = "crm"
	o.Log = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	o.OnState = func(s transports.LinkState) { told <- s }
	if o.Drain == 0 {
		o.Drain = time.Nanosecond
	}
	t.Cleanup(func() {
		if tells(log.String()) {
			t.Errorf("a secret is in the log:\n%s", log)
		}
	})
	return told, log
}

// run runs a link until the test ends, or until it is told to.
func run(t testing.TB, link func(ctx context.Context) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- link(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := within(t, ended, "the link's end"); err != nil {
			t.Errorf("the link ended with %v", err)
		}
	}
	t.Cleanup(stop)
	return stop
}

// A served is a link that listens.
type served struct {
	addr   string
	states states
	log    *logBuffer
	stop   func()
}

// serveLink runs a listening link on a free port.
func serveLink(t testing.TB, e *engine, o transports.LinkOptions) served {
	t.Helper()
	leakCheck(t)
	o.Goroutines = overGoroutines(t)
	s := served{}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr = l.Addr().String()
	o.Listener = l
	s.states, s.log = prepare(t, &o)
	s.stop = run(t, func(ctx context.Context) error { return transports.ServeLink(ctx, o, opener{t, e}) })
	return s
}

// A crm is a hand-written peer that a link connects to. It does one thing at a time, when the test
// says so.
type crm struct {
	t   testing.TB
	l   *net.TCPListener
	tls *tls.Config
}

func newCRM(t testing.TB, config *tls.Config) *crm {
	t.Helper()
	leakCheck(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	c := &crm{t, l.(*net.TCPListener), config}
	if err := c.l.SetDeadline(time.Now().Add(2 * patience)); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *crm) addr() string { return c.l.Addr().String() }

// A crmConn is a connection with the request that came on it.
type crmConn struct {
	*rawPeer
	req *http.Request
}

// accept takes a connection and does not say a word.
func (c *crm) accept() *rawPeer {
	c.t.Helper()
	conn, err := c.l.Accept()
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		c.t.Fatal(err)
	}
	if c.tls != nil {
		conn = tls.Server(conn, c.tls)
	}
	return &rawPeer{conn, c.t, bufio.NewReader(conn)}
}

// next takes a connection and its request.
func (c *crm) next() *crmConn {
	c.t.Helper()
	p := c.accept()
	r, err := http.ReadRequest(p.r)
	if err != nil {
		c.t.Fatalf("no request: %v", err)
	}
	return &crmConn{p, r}
}

// refuse answers with something that is not a 101, and hangs up.
func (c *crmConn) refuse(status string, lines ...string) {
	c.t.Helper()
	lines = append(lines, "Content-Length: 0", "Connection: close")
	c.send([]byte("HTTP/1.1 " + status + "\r\n" + strings.Join(lines, "\r\n") + "\r\n\r\n")...)
	c.Close()
}

// accept answers with a 101, with frames behind it in the same packet.
func (c *crmConn) accept(subprotocol string, behind ...byte) {
	c.t.Helper()
	head := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
		acceptKey(c.req.Header.Get("Sec-WebSocket-Key")) + "\r\n"
	if subprotocol != "" {
		head += "Sec-WebSocket-Protocol: " + subprotocol + "\r\n"
	}
	c.send(append([]byte(head+"\r\n"), behind...)...)
}

// clientFrame reads one frame of a client, which must be masked, and tells it.
func (p *rawPeer) clientFrame() string {
	p.t.Helper()
	head := p.read(2)
	if head[0]&0xf0 != 0x80 || head[1]&0x80 == 0 {
		p.t.Fatalf("the client sent a frame that begins with %x", head)
	}
	n := int(head[1] & 0x7f)
	if n == 126 {
		n = int(binary.BigEndian.Uint16(p.read(2)))
	}
	mask, payload := p.read(4), p.read(n)
	for i := range payload {
		payload[i] ^= mask[i%4]
	}
	return tell(head[0]&0x0f, payload)
}

// unmasked makes a server's frame.
func unmasked(first byte, payload string) []byte {
	if len(payload) > 125 {
		panic("too long for a test")
	}
	return append([]byte{first, byte(len(payload))}, payload...)
}

// gone says whether the peer hung up, whatever it said before.
func (p *rawPeer) gone() bool {
	_, err := io.Copy(io.Discard, p.r)
	return !os.IsTimeout(err)
}

// connectTLS opens a bare TLS connection; a client may learn of a refusal with its first read only.
func connectTLS(t testing.TB, addr string, config *tls.Config) *rawPeer {
	t.Helper()
	p := connect(t, addr)
	p.Conn = tls.Client(p.Conn, config)
	p.r = bufio.NewReader(p.Conn)
	return p
}

// basic is the value of Authorization for Basic.
func basic(login, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(login+":"+password))
}

// A pki is an authority with files for links to read.
type pki struct {
	t         testing.TB
	authority *certs.Authority
	file      string // the authority's certificate
}

func newPKI(t testing.TB) *pki {
	t.Helper()
	a, err := certs.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	p := &pki{t, a, filepath.Join(t.TempDir(), "ca.pem")}
	if err := os.WriteFile(p.file, a.PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

// authorities reads the file.
func (p *pki) authorities() *certs.Authorities {
	p.t.Helper()
	a, err := certs.LoadAuthorities(p.file)
	if err != nil {
		p.t.Fatal(err)
	}
	return a
}

// issue makes a certificate in files.
func (p *pki) issue(s certs.Subject) (cert, key string) {
	p.t.Helper()
	cert, key, err := p.authority.WriteFor(p.t.TempDir(), s)
	if err != nil {
		p.t.Fatal(err)
	}
	return cert, key
}

// reloader issues a certificate for a link.
func (p *pki) reloader(s certs.Subject) *certs.Reloader {
	p.t.Helper()
	r, err := certs.Load(p.issue(s))
	if err != nil {
		p.t.Fatal(err)
	}
	return r
}

// server is a listening link's certificate.
func (p *pki) server() *certs.Reloader {
	return p.reloader(certs.Subject{Names: []string{"127.0.0.1"}})
}

// pair issues a certificate for a hand-written peer.
func (p *pki) pair(s certs.Subject) tls.Certificate {
	p.t.Helper()
	c, err := tls.LoadX509KeyPair(p.issue(s))
	if err != nil {
		p.t.Fatal(err)
	}
	return c
}

// peer is the configuration of a hand-written peer, with certificates of its own or none.
func (p *pki) peer(own ...tls.Certificate) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: p.authority.Pool(), ClientCAs: p.authority.Pool(), Certificates: own}
}

// readAll reads a body.
func readAll(t testing.TB, r io.Reader) string {
	t.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

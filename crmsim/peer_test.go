package crmsim_test

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/octolink/octolink/certs"
	"github.com/octolink/octolink/crmsim"
	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/wire"
	"github.com/octolink/octolink/transports"
)

// patience is how long a test waits for what must come.
const patience = 10 * time.Second

// start runs a CRM until the test ends.
func start(t *testing.T, o crmsim.Options) *crmsim.CRM {
	t.Helper()
	c := crmsim.New(o)
	run(t, c)
	return c
}

// run starts a CRM and gives what stops it.
func run(t *testing.T, c *crmsim.CRM) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func until(t *testing.T, c *crmsim.CRM, what string, cond func() bool) {
	t.Helper()
	if err := c.Wait(within(t), cond); err != nil {
		t.Fatalf("%s: %v; %+v", what, err, c.Stats())
	}
}

// A pbx is octolink's side of a link as the tests play it.
type pbx struct {
	t      *testing.T
	format wire.Format
	send   func(frame []byte) error
	frames chan []byte // closed with the link
	joiner wire.Joiner
	cut    func()
}

// dialled connects to a CRM that listens.
func dialled(t *testing.T, c *crmsim.CRM, format wire.Format, o transports.DialOptions) *pbx {
	t.Helper()
	s, err := dial(t, c, o)
	if err != nil {
		t.Fatal(err)
	}
	p := &pbx{t: t, format: format, send: func(f []byte) error { return s.Send(f) }, frames: make(chan []byte, 1000), cut: func() { _ = s.Cut() }}
	go func() {
		defer close(p.frames)
		for {
			f, err := s.Receive()
			if err != nil {
				return
			}
			p.frames <- append([]byte(nil), f...)
		}
	}()
	t.Cleanup(p.cut)
	return p
}

func dial(t *testing.T, c *crmsim.CRM, o transports.DialOptions) (*transports.Stream, error) {
	scheme := "ws://"
	if o.TLS != nil {
		scheme = "wss://"
	}
	return transports.Dial(within(t), scheme+c.Addr()+"/", o)
}

// A switchboard is octolink's listener for CRMs that dial.
type switchboard struct {
	t     *testing.T
	url   string
	peers chan *pbx
}

func listening(t *testing.T, conf *tls.Config, guard func(http.Handler) http.Handler) *switchboard {
	t.Helper()
	b := &switchboard{t: t, peers: make(chan *pbx, 10)}
	h := transports.NewClientHandler(b, transports.Options{})
	srv := httptest.NewUnstartedServer(guard(h))
	b.url = "ws://"
	if srv.TLS = conf; conf != nil {
		srv.StartTLS()
		b.url = "wss://"
	} else {
		srv.Start()
	}
	b.url += srv.Listener.Addr().String() + "/"
	t.Cleanup(srv.Close)
	return b
}

func open(h http.Handler) http.Handler { return h }

// Open implements [transports.Opener].
func (b *switchboard) Open(conn protocol.Conn) protocol.Sink {
	p := &pbx{t: b.t, format: conn.Info().Format, frames: make(chan []byte, 1000)}
	s := &sink{p: p, conn: conn}
	p.send = s.send
	p.cut = func() { conn.Close(protocol.CloseGoingAway, "") }
	b.peers <- p
	return s
}

// A sink keeps what the connection does not take until it can take more.
type sink struct {
	p    *pbx
	conn protocol.Conn

	mu      sync.Mutex
	waiting []protocol.Frame
}

func (s *sink) send(frame []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = append(s.waiting, protocol.Frame{Body: frame})
	n, err := s.conn.Write(s.waiting)
	s.waiting = s.waiting[n:]
	return err
}

func (s *sink) Writable() {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, _ := s.conn.Write(s.waiting) // who sends next hears of an error
	s.waiting = s.waiting[n:]
}

func (s *sink) Frame(f []byte) { s.p.frames <- append([]byte(nil), f...) }
func (s *sink) Closed(error)   { close(s.p.frames) }

// next is the next message of the CRM, multipart joined; false when the link has ended.
func (p *pbx) next() (wire.Message, bool) {
	p.t.Helper()
	for {
		select {
		case f, ok := <-p.frames:
			if !ok {
				return wire.Message{}, false
			}
			m := p.decode(f)
			if m.Name != "multipart" {
				return m, true
			}
			whole, done, err := p.joiner.Add(m)
			if err != nil {
				p.t.Fatal(err)
			}
			if done {
				return p.decode(whole), true
			}
		case <-time.After(patience):
			p.t.Fatal("nothing comes")
		}
	}
}

func (p *pbx) decode(f []byte) wire.Message {
	p.t.Helper()
	m, err := wire.Decode(p.format, f, wire.Limits{})
	if err != nil {
		p.t.Fatalf("%v: %s", err, f)
	}
	return m
}

// want reads up to the message of a name and gives its parameters.
func (p *pbx) want(name string) wire.Object {
	p.t.Helper()
	for {
		m, ok := p.next()
		if !ok {
			p.t.Fatalf("the link ended before %s", name)
		}
		if m.Name == name {
			return tree(p.t, m)
		}
	}
}

func tree(t *testing.T, m wire.Message) wire.Object {
	t.Helper()
	o, err := m.Tree()
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func get(o wire.Object, key string) any {
	v, _ := o.Get(key)
	return v
}

// tell sends a message of octolink's.
func (p *pbx) tell(name, qid string, fields any) {
	p.t.Helper()
	var token wire.Token
	if qid != "" {
		token = wire.Text(qid)
	}
	f, err := wire.Append(nil, p.format, name, token, fields)
	if err == nil {
		err = p.send(f)
	}
	if err != nil {
		p.t.Fatalf("%s: %v", name, err)
	}
}

// introduce answers the CRM's question and takes its question for the numbers.
func (p *pbx) introduce() {
	p.t.Helper()
	who := p.want("whoareyou")
	if got := get(who, "type"); got != "ws-server" {
		p.t.Fatalf("whoareyou of type %v", got)
	}
	p.tell("iam", get(who, "qid").(string), wire.Object{{Key: "type", Value: "commserver"}, {Key: "name", Value: "Oktell"}})
	numbers := p.want("getpbxnumbers")
	if login, id := get(numbers, "userlogin"), get(numbers, "userid"); login != "" || id != "" {
		p.t.Errorf("getpbxnumbers of %v, %v", login, id)
	}
}

// answer replies to the next request of a name and gives its parameters.
func (p *pbx) answer(name string, fields ...wire.Member) wire.Object {
	p.t.Helper()
	o := p.want(name)
	p.tell(name+"result", get(o, "qid").(string), append(wire.Object{
		{Key: "userlogin", Value: get(o, "userlogin")}, {Key: "userid", Value: get(o, "userid")},
	}, fields...))
	return o
}

var good = wire.Member{Key: "result", Value: 1}

// authority makes certificates for both sides.
func authority(t *testing.T) (server, client *tls.Config) {
	t.Helper()
	a, err := certs.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	cert, err := a.Issue("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	server = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	client = &tls.Config{RootCAs: a.Pool(), MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{cert}}
	return server, client
}

// post sends a message over HTTP and gives the status and the body.
func post(t *testing.T, client *http.Client, address string, f wire.Format, name, qid string, fields any) (int, string, error) {
	t.Helper()
	m, err := wire.Append(nil, f, name, wire.Text(qid), fields)
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{"format": {f.String()}, "data": {base64.StdEncoding.EncodeToString(m)}}
	req, err := http.NewRequestWithContext(within(t), http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body), err
}

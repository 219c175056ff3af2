package crmsim_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/octolink/octolink/crmsim"
	"github.com/octolink/octolink/protocol/wire"
	"github.com/octolink/octolink/transports"
)

// connect makes a link in a mode: a CRM and octolink's side of it, not introduced.
func connect(t *testing.T, o crmsim.Options) (*crmsim.CRM, *pbx) {
	t.Helper()
	server, client := authority(t)
	sub := transports.DialOptions{Subprotocol: o.Format.String()}
	switch o.Mode {
	case crmsim.WSIn:
		b := listening(t, nil, open)
		o.URL = b.url
		return start(t, o), <-b.peers
	case crmsim.WSSIn:
		b := listening(t, server, open)
		o.URL, o.TLS = b.url, client
		return start(t, o), <-b.peers
	case crmsim.WSSOut:
		o.TLS, sub.TLS = server, client
	}
	c := start(t, o)
	return c, dialled(t, c, o.Format, sub)
}

var sockets = []crmsim.Mode{crmsim.WSOut, crmsim.WSSOut, crmsim.WSIn, crmsim.WSSIn}

// The session of protocol 10.9 in every mode with a permanent channel.
func TestSession(t *testing.T) {
	for _, mode := range sockets {
		for _, format := range []wire.Format{wire.JSON, wire.XML} {
			t.Run(string(mode)+" "+format.String(), func(t *testing.T) {
				c, p := connect(t, crmsim.Options{Mode: mode, Format: format, Users: []crmsim.User{{Login: "alice", ID: "A1"}}})
				session(t, c, p)
			})
		}
	}
}

func session(t *testing.T, c *crmsim.CRM, p *pbx) {
	t.Helper()
	p.introduce()
	if err := c.Ready(within(t)); err != nil {
		t.Fatal(err)
	}
	// Octolink asks, too: answered, and taken for an introduction [P 0.4].
	p.tell("whoareyou", "G3", wire.Object{{Key: "type", Value: "commserver"}})
	if iam := p.want("iam"); get(iam, "type") != "ws-server" || get(iam, "qid") != "G3" {
		t.Errorf("iam %v", iam)
	}
	p.want("getpbxnumbers")

	p.tell("getavailablemethods", "G4", nil)
	if all := get(p.want("availablemethods"), "methods").(wire.List); len(all) != 3 {
		t.Errorf("%d methods, want 3", len(all))
	}
	p.tell("getavailableforms", "G5", nil)
	if all := get(p.want("availableforms"), "forms").(wire.List); len(all) != 1 {
		t.Errorf("%d forms, want 1", len(all))
	}

	login := make(chan error, 1)
	go func() {
		_, err := c.Login(within(t), "alice")
		login <- err
	}()
	if o := p.answer("login", good); get(o, "userlogin") != "alice" || get(o, "userid") != "A1" {
		t.Errorf("login %v", o)
	}
	if err := <-login; err != nil {
		t.Error(err)
	}
	p.tell("getactiveusers", "G6", nil)
	if users := get(p.want("activeusers"), "users").(wire.List); len(users) != 1 || get(users[0].(wire.Object), "userid") != "A1" {
		t.Errorf("active users %v", users)
	}

	p.tell("executemethod", "G9", wire.Object{
		{Key: "methodkey", Value: "responsible"}, {Key: "inputparameters", Value: wire.Object{{Key: "phone", Value: "79161234567"}}},
		{Key: "sessionid", Value: "E1"},
	})
	result := p.want("methodresult")
	if out := get(result, "outputparameters").(wire.Object); get(out, "userlogin") != "alice" {
		t.Errorf("outputparameters %v", out)
	}
	if run, is := result.Get("executionid"); get(result, "qid") != "G9" || get(result, "sessionid") != "E1" || run != nil || !is {
		t.Errorf("methodresult %v", result)
	}

	p.tell("phoneevent_ringstarted", "G8", wire.Object{{Key: "userlogin", Value: "alice"}, {Key: "userid", Value: "A1"}})
	until(t, c, "the event", func() bool { return len(c.Events("alice")) == 1 })
	p.tell("ping", "G11", wire.Object{{Key: "count", Value: 5}})
	if pong := p.want("pong"); get(pong, "count") != wire.Number("5") {
		t.Errorf("pong %v", pong)
	}
}

func TestPosts(t *testing.T) {
	server, client := authority(t)
	for _, mode := range []crmsim.Mode{crmsim.HTTP, crmsim.HTTPS} {
		for _, format := range []wire.Format{wire.JSON, wire.XML} {
			t.Run(string(mode)+" "+format.String(), func(t *testing.T) {
				c := start(t, crmsim.Options{Mode: mode, TLS: server})
				hc := &http.Client{Transport: &http.Transport{TLSClientConfig: client}}
				t.Cleanup(hc.CloseIdleConnections)
				ask := func(name string, fields any) wire.Object {
					t.Helper()
					status, body, err := post(t, hc, string(mode)+"://"+c.Addr()+"/oktell", format, name, "G4", fields)
					if err != nil || status != http.StatusOK {
						t.Fatalf("%d %v", status, err)
					}
					m, err := wire.Decode(format, []byte(body), wire.Limits{})
					if err != nil || m.QID != wire.Text("G4") {
						t.Fatalf("%v %s", err, body)
					}
					return tree(t, m)
				}
				if iam := ask("whoareyou", wire.Object{{Key: "type", Value: "commserver"}}); get(iam, "type") != "ws-server" {
					t.Errorf("iam %v", iam)
				}
				if all := get(ask("getavailablemethods", nil), "methods").(wire.List); len(all) != 3 {
					t.Errorf("%d methods", len(all))
				}
				out := get(ask("executemethod", wire.Object{{Key: "methodkey", Value: "findcontact"},
					{Key: "inputparameters", Value: wire.Object{{Key: "phone", Value: "74951112233"}}}}), "outputparameters").(wire.Object)
				if get(out, "name") != "Olga Belova" || get(out, "phone") != "74951112233" {
					t.Errorf("output %v", out)
				}
				if s := c.Stats(); s.Runs != 1 || s.Introductions != 1 || !s.Ready {
					t.Errorf("%+v", s)
				}
			})
		}
	}
}

// What waits to be sent over HTTP goes with the next answer [P 2.3].
func TestPushOverHTTP(t *testing.T) {
	c := start(t, crmsim.Options{Mode: crmsim.HTTP})
	if err := c.Send("", "subscribeevent", wire.Object{{Key: "since", Value: 7}}); err != nil {
		t.Fatal(err)
	}
	_, body, err := post(t, http.DefaultClient, "http://"+c.Addr(), wire.JSON, "ping", "1", nil)
	if err != nil {
		t.Fatal(err)
	}
	all, err := wire.DecodeAll(wire.JSON, []byte(body), wire.Limits{})
	if err != nil || len(all) != 2 || all[0].Name != "pong" || all[1].Name != "subscribeevent" {
		t.Errorf("%v %s", err, body)
	}
}

func TestBadPosts(t *testing.T) {
	c := start(t, crmsim.Options{Mode: crmsim.HTTP})
	for _, body := range []string{"", "data=%%%", "data=!!&format=json", "data=W10%3D&format=json", "data=WyJwaW5nIix7fV0%3D&format=csv"} {
		resp, err := http.Post("http://"+c.Addr(), "application/x-www-form-urlencoded", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusBadRequest {
			t.Errorf("%q: %s", body, resp.Status)
		}
	}
}

// Old CRM servers say nothing about the subprotocol, or refuse it, and send with the handshake's
// answer [P 0.4].
func TestGenerations(t *testing.T) {
	t.Run("first", func(t *testing.T) {
		c := start(t, crmsim.Options{Handshake: crmsim.FirstGeneration})
		s, err := dial(t, c, transports.DialOptions{Subprotocol: "json"})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = s.Cut() }()
		if s.Subprotocol() != "" {
			t.Errorf("subprotocol %q", s.Subprotocol())
		}
		dialled(t, c, wire.JSON, transports.DialOptions{Subprotocol: "json"}).introduce()
	})
	t.Run("second", func(t *testing.T) {
		c := start(t, crmsim.Options{Handshake: crmsim.SecondGeneration, Format: wire.XML})
		_, err := dial(t, c, transports.DialOptions{Subprotocol: "json"})
		if status := statusOf(err); status != http.StatusUpgradeRequired {
			t.Errorf("status %d, %v", status, err)
		}
		dialled(t, c, wire.XML, transports.DialOptions{}).introduce()
	})
}

func TestOptions(t *testing.T) {
	for _, o := range []crmsim.Options{
		{Mode: "telnet"},
		{Mode: crmsim.WSIn},
		{Mode: crmsim.WSSIn, URL: "ws://127.0.0.1:1/"},
		{Mode: crmsim.WSOut, URL: "ws://127.0.0.1:1/"},
		{Mode: crmsim.WSSOut},
		{Handshake: "third-generation"},
		{Auth: crmsim.Auth{Scheme: "ntlm"}},
		{Faults: []crmsim.Fault{{Kind: "explode"}}},
		{Faults: []crmsim.Fault{{Kind: crmsim.Redirect}}},
		{Mode: crmsim.HTTP, Faults: []crmsim.Fault{{Kind: crmsim.Close}}},
		{Listen: "127.0.0.1:99999"},
	} {
		c := crmsim.New(o)
		if err := c.Run(t.Context()); err == nil {
			t.Errorf("%+v: no error", o)
		}
		if c.Addr() != "" {
			t.Errorf("%+v listens at %s", o, c.Addr())
		}
	}
}

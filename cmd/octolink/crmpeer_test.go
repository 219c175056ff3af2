package main

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/octolink/octolink/protocol/wire"
	"github.com/octolink/octolink/transports"
	"github.com/octolink/octolink/web"
)

// A crmPeer is a CRM server made by hand: it answers what it is asked and keeps what else it is told.
type crmPeer struct {
	t      testing.TB
	stream *transports.Stream
	format wire.Format
	told   chan wire.Message // what is no question that it answers by itself
	ended  chan struct{}
	code   int // of the close frame, once ended is closed

	mu  sync.Mutex // sending
	qid int
}

// answers are what a crmPeer says to questions, by name: the reply's name and its fields.
var answers = map[string]struct {
	name   string
	fields wire.Object
}{
	"whoareyou":           {"iam", wire.Object{{Key: "type", Value: "ws-server"}, {Key: "name", Value: "Handmade"}, {Key: "version", Value: "1.0"}}},
	"getavailablemethods": {"availablemethods", wire.Object{{Key: "methods", Value: wire.List{offer("find", false), nil, "nonsense"}}}},
	"getavailableforms":   {"availableforms", wire.Object{{Key: "forms", Value: wire.List{offer("card", true)}}}},
	"getactiveusers":      {"activeusers", wire.Object{{Key: "users", Value: wire.List{}}}},
	"ping":                {"pong", nil},
}

func offer(key string, forUser bool) wire.Object {
	params := wire.List{
		wire.Object{{Key: "key", Value: "phone"}, {Key: "type", Value: "string"}},
		wire.Object{{Key: "key", Value: "limit"}, {Key: "type", Value: "int"}},
	}
	return wire.Object{{Key: "key", Value: key}, {Key: "name", Value: "The " + key}, {Key: "defineuser", Value: forUser}, {Key: "inputparams", Value: params}}
}

func dialCRM(t testing.TB, url string, o transports.DialOptions) *crmPeer {
	t.Helper()
	s, err := transports.Dial(t.Context(), url, o)
	if err != nil {
		t.Fatal(err)
	}
	c := &crmPeer{t: t, stream: s, told: make(chan wire.Message, 1000), ended: make(chan struct{})}
	go c.read()
	t.Cleanup(func() {
		_ = s.Cut() // it may have ended by itself
		<-c.ended
	})
	return c
}

func (c *crmPeer) read() {
	defer close(c.ended)
	for {
		frame, err := c.stream.Receive()
		if err != nil {
			var e *transports.CloseError
			if errors.As(err, &e) {
				c.code = int(e.Code)
			}
			return
		}
		m, err := wire.Decode(c.format, frame, wire.Limits{})
		if err != nil {
			c.t.Errorf("octolink sent %s: %v", frame, err)
			return
		}
		if a, ok := answers[m.Name]; ok {
			c.write(a.name, m.QID, a.fields)
			continue
		}
		c.told <- m.Clone()
	}
}

func (c *crmPeer) write(name string, qid wire.Token, fields wire.Object) {
	frame, err := wire.Append(nil, c.format, name, qid, fields)
	if err != nil {
		c.t.Error(err)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.stream.Send(frame) // who reads the answer notices
}

// wait gives the next message of a name; others before it are dropped.
func (c *crmPeer) wait(name string) (wire.Message, wire.Object) {
	c.t.Helper()
	timeout := time.After(patience)
	for {
		select {
		case m := <-c.told:
			if m.Name != name {
				continue
			}
			tree, err := m.Tree()
			if err != nil {
				c.t.Fatal(err)
			}
			return m, tree
		case <-c.ended:
			c.t.Fatalf("the connection ended before %s", name)
		case <-timeout:
			c.t.Fatalf("no %s within %s", name, patience)
		}
	}
}

// ask asks in the name of a user and gives the reply.
func (c *crmPeer) ask(name, login string, fields ...wire.Member) wire.Object {
	c.t.Helper()
	c.qid++
	qid := wire.Text("crm-" + strconv.Itoa(c.qid))
	c.write(name, qid, append(wire.Object{{Key: "userlogin", Value: login}}, fields...))
	for {
		m, tree := c.wait(name + "result")
		if m.QID == qid {
			return tree
		}
	}
}

// link is what `octolink status` says of a link.
func (r *running) link(name string) web.Link {
	r.t.Helper()
	out, errs, code := r.cli("", "status", "--json")
	if code != exitOK {
		r.t.Fatalf("status: got %d %s", code, errs)
	}
	var s web.Status
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		r.t.Fatal(err)
	}
	for _, l := range s.Links {
		if l.Name == name {
			return l
		}
	}
	return web.Link{}
}

// until waits until a link is in a state.
func (r *running) until(name, state string) web.Link {
	r.t.Helper()
	var l web.Link
	soon(r.t, "link "+name+" is "+state, func() bool {
		l = r.link(name)
		return l.State == state
	})
	return l
}

// crm connects a CRM to a link that listens, and waits until it works.
func (r *running) crm(name string) *crmPeer {
	r.t.Helper()
	l := r.until(name, web.LinkListening)
	c := dialCRM(r.t, "ws://"+l.Address+"/", transports.DialOptions{Subprotocol: "json"})
	r.until(name, web.LinkIntroduced)
	soon(r.t, "its catalogue is known", func() bool { return r.link(name).Methods == 1 && r.link(name).Forms == 1 })
	return c
}

// freePort is an address where nobody listens.
func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// metrics are the lines of the metrics page.
func (r *running) metrics() string {
	r.t.Helper()
	resp, err := http.Get("http://" + r.address("listen.metrics") + "/metrics")
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return string(page)
}

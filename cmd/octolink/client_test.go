package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/octolink/octolink/protocol/methods"
	"github.com/octolink/octolink/protocol/wire"
	"github.com/octolink/octolink/transports"
)

// patience is how long a test waits for what must come.
const patience = 10 * time.Second

// A tab is a client of the protocol over a real socket.
type tab struct {
	t      testing.TB
	stream *transports.Stream
	format wire.Format
	qid    int
	events []wire.Message // that came while something else was waited for
	login  string
}

func dialTab(t testing.TB, url string, f wire.Format, trust *tls.Config) *tab {
	t.Helper()
	s, err := transports.Dial(t.Context(), url, transports.DialOptions{Subprotocol: f.String(), TLS: trust})
	if err != nil {
		t.Fatal(err)
	}
	c := &tab{t: t, stream: s, format: f}
	t.Cleanup(c.cut)
	if err := s.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return c
}

// cut ends the connection without a word.
func (c *tab) cut() {
	_ = c.stream.Cut() // it may have ended by itself
}

// ask sends a request and gives its answer.
func (c *tab) ask(name string, fields wire.Object) wire.Object {
	c.t.Helper()
	qid := c.send(name, fields)
	for {
		m := c.receive()
		if m.QID == qid {
			return c.tree(m)
		}
		c.events = append(c.events, m)
	}
}

// must is ask for a request that succeeds.
func (c *tab) must(name string, fields wire.Object) wire.Object {
	c.t.Helper()
	answer := c.ask(name, fields)
	if got := text(answer, "result"); got != "1" {
		c.t.Fatalf("%s %v: got %v", name, fields, answer)
	}
	return answer
}

func (c *tab) send(name string, fields wire.Object) wire.Token {
	c.t.Helper()
	c.qid++
	qid := wire.Text("t" + strconv.Itoa(c.qid))
	frame, err := wire.Append(nil, c.format, name, qid, fields)
	if err != nil {
		c.t.Fatal(err)
	}
	if err := c.stream.Send(frame); err != nil {
		c.t.Fatal(err)
	}
	return qid
}

func (c *tab) receive() wire.Message {
	c.t.Helper()
	frame, err := c.stream.Receive()
	if err != nil {
		c.t.Fatal(err)
	}
	m, err := wire.Decode(c.format, frame, wire.Limits{})
	if err != nil {
		c.t.Fatal(err)
	}
	return m.Clone()
}

// event waits for an event of a name, also one that came before.
func (c *tab) event(name string) wire.Object {
	c.t.Helper()
	for i, m := range c.events {
		if m.Name == name {
			c.events = append(c.events[:i], c.events[i+1:]...)
			return c.tree(m)
		}
	}
	for {
		m := c.receive()
		if m.Name == name {
			return c.tree(m)
		}
		c.events = append(c.events, m)
	}
}

func (c *tab) tree(m wire.Message) wire.Object {
	c.t.Helper()
	tree, err := m.Tree()
	if err != nil {
		c.t.Fatal(err)
	}
	return tree
}

// closed waits for the end of the connection and gives the server's close code.
func (c *tab) closed() int {
	c.t.Helper()
	for {
		_, err := c.stream.Receive()
		if err == nil {
			continue
		}
		var e *transports.CloseError
		if !errors.As(err, &e) {
			c.t.Fatalf("got %v, want a close frame", err)
		}
		return int(e.Code)
	}
}

// logIn logs in with a password and subscribes to what the tests want to see.
func (c *tab) logIn(login, password string) (session string) {
	c.t.Helper()
	c.login = login
	answer := c.must("login", wire.Object{{Key: "userlogin", Value: login}, {Key: "Password", Value: md5Cased(password)}})
	c.must("subscribeevent", wire.Object{{Key: "eventmethod", Value: wire.List{"phoneevent", "userstatechanged"}}})
	return text(answer, "sessionid")
}

func (c *tab) resume(login, session string) wire.Object {
	c.t.Helper()
	return c.ask("login", wire.Object{{Key: "userlogin", Value: login}, {Key: "sessionid", Value: session}})
}

func md5Cased(password string) string {
	cased, _ := methods.PasswordMD5(password)
	return cased
}

// text is a field as text, whatever its type on the wire; "" when it is not there.
func text(o wire.Object, path ...string) string {
	var v any = o
	for _, key := range path {
		obj, ok := v.(wire.Object)
		if !ok {
			return ""
		}
		v, _ = obj.Get(key)
	}
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case wire.Number:
		return string(v)
	}
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// soon waits until something is true.
func soon(t testing.TB, what string, is func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-ctx.Done():
			t.Fatalf("not so within %s: %s", patience, what)
		case <-tick.C:
		}
	}
}

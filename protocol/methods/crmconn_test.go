package methods_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/wire"
)

// A crmConn is a CRM server's connection that answers by itself what real ones answer at once.
type crmConn struct {
	scene *scene
	link  string

	push sync.Mutex // one frame at a time
	sink protocol.Sink

	ignored string   // name of questions that are not answered
	active  []string // logins told as active users

	mu     sync.Mutex
	got    []crmMessage
	parts  wire.Joiner
	closed bool
	reason string
}

type crmMessage struct {
	name   string
	qid    wire.Token
	fields wire.Object
	at     time.Time
}

// crmTo opens a connection to a link and introduces the CRM on it.
func (s *scene) crmTo(link string, active ...string) *crmConn {
	s.t.Helper()
	c := s.connect(link, active...)
	synctest.Wait()
	return c
}

// connect opens a connection and does not wait for what comes of it.
func (s *scene) connect(link string, active ...string) *crmConn {
	return s.connectIgnoring("", link, active...)
}

// connectIgnoring opens one that leaves questions of a name unanswered.
func (s *scene) connectIgnoring(name, link string, active ...string) *crmConn {
	c := &crmConn{scene: s, link: link, active: active, ignored: name}
	s.mu.Lock()
	s.conns = append(s.conns, c)
	s.mu.Unlock()
	c.push.Lock()
	c.sink = s.engine.Open(c)
	c.push.Unlock()
	return c
}

func (c *crmConn) Info() protocol.Info {
	return protocol.Info{Kind: protocol.ServerKind, Link: c.link, Format: c.scene.format, Remote: fmt.Sprintf("192.0.2.9:%p", c)}
}

// Ping is answered by the transport, unless the CRM ignores it.
func (c *crmConn) Ping() {
	go func() {
		c.push.Lock()
		defer c.push.Unlock()
		c.mu.Lock()
		answers := !c.closed && c.ignored != "ping"
		c.mu.Unlock()
		if life, ok := c.sink.(protocol.LifeSink); ok && answers {
			life.Alive()
		}
	}()
}

func (c *crmConn) Write(frames []protocol.Frame) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range frames {
		c.take(slices.Concat(f.Head, f.Body, f.Tail))
	}
	return len(frames), nil
}

func (c *crmConn) take(frame []byte) {
	msg, err := wire.Decode(c.scene.format, frame, wire.Limits{})
	if err != nil {
		c.scene.t.Errorf("not a message: %v: %s", err, frame)
		return
	}
	if msg.Name == "multipart" {
		if whole, done, err := c.parts.Add(msg); err != nil {
			c.scene.t.Errorf("not a part: %v", err)
		} else if done {
			c.take(whole)
		}
		return
	}
	fields, err := msg.Tree()
	if err != nil {
		c.scene.t.Errorf("not a tree: %v: %s", err, frame)
	}
	seen := map[string]bool{}
	for _, f := range fields {
		if seen[f.Key] {
			c.scene.t.Errorf("%s stands twice: %s", f.Key, frame)
		}
		seen[f.Key] = true
	}
	c.got = append(c.got, crmMessage{msg.Name, wire.Token(strings.Clone(string(msg.QID))), fields, time.Now()})
	if msg.Name != c.ignored {
		c.answerByItself(msg)
	}
}

// answerByItself is called within Write; what it sends goes out later.
func (c *crmConn) answerByItself(msg wire.Message) {
	qid := wire.Token(strings.Clone(string(msg.QID)))
	switch msg.Name {
	case "whoareyou":
		go c.send("iam", qid, wire.Object{{Key: "type", Value: "ws-server"}, {Key: "name", Value: "CRM"}})
	case "ping":
		go c.send("pong", qid, nil)
	case "getavailablemethods":
		go c.send("availablemethods", qid, wire.Object{{Key: "methods", Value: wire.List{
			wire.Object{{Key: "key", Value: "find"}}, wire.Object{{Key: "key", Value: "hint"}, {Key: "defineuser", Value: true}}}}})
	case "getavailableforms":
		go c.send("availableforms", qid, wire.Object{{Key: "forms", Value: wire.List{
			wire.Object{{Key: "key", Value: "card"}, {Key: "inputparams", Value: wire.List{wire.Object{{Key: "key", Value: "phone"}}}}}}}})
	case "getactiveusers":
		users := wire.List{}
		for _, login := range c.active {
			users = append(users, wire.Object{{Key: "userlogin", Value: login}})
		}
		go c.send("activeusers", qid, wire.Object{{Key: "users", Value: users}})
	}
}

// Close ends the connection a moment later, as transports do.
func (c *crmConn) Close(_ protocol.CloseCode, reason string) {
	c.mu.Lock()
	c.reason = reason
	c.mu.Unlock()
	go c.cut()
}

// cut is the connection's end.
func (c *crmConn) cut() {
	c.mu.Lock()
	was := c.closed
	c.closed = true
	c.mu.Unlock()
	c.push.Lock()
	defer c.push.Unlock()
	if !was {
		c.sink.Closed(fmt.Errorf("cut"))
	}
}

func (c *crmConn) send(name string, qid wire.Token, fields wire.Object) {
	frame, err := wire.Append(nil, c.scene.format, name, qid, fields)
	if err != nil {
		c.scene.t.Error(err)
	}
	c.push.Lock()
	defer c.push.Unlock()
	c.mu.Lock()
	closed := c.closed
	c.mu.Unlock()
	if !closed {
		c.sink.Frame(frame)
	}
}

// ask sends a request for a user, or for the CRM itself, and gives the answer's fields.
func (c *crmConn) ask(user, name string, fields ...wire.Member) wire.Object {
	c.scene.t.Helper()
	c.scene.asked++
	qid := wire.Text(fmt.Sprintf("ask-%d", c.scene.asked))
	if user != "" {
		fields = append(wire.Object{{Key: "userlogin", Value: user}}, fields...)
	}
	c.send(name, qid, fields)
	synctest.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, m := range c.got {
		if m.qid == qid {
			c.got = slices.Delete(c.got, i, i+1)
			return m.fields
		}
	}
	return nil
}

// named takes the messages of a name that came.
func (c *crmConn) named(name string) (found []crmMessage) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.got = slices.DeleteFunc(c.got, func(m crmMessage) bool {
		if m.name == name {
			found = append(found, m)
		}
		return m.name == name
	})
	return found
}

func (c *crmConn) isClosed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

func with(key string, value any) wire.Member { return wire.Member{Key: key, Value: value} }

// ok reports whether an answer is a good one.
func ok(fields wire.Object) bool {
	result, _ := fields.Get("result")
	return result == wire.Number("1")
}

// code is an answer's error.
func code(fields wire.Object) string {
	v, _ := fields.Get("error")
	return fmt.Sprint(v)
}

// inBothFormats runs a test in a bubble of its own, over JSON and over XML, with a scene.
func inBothFormats(t *testing.T, test func(t *testing.T, s *scene)) {
	for _, f := range []wire.Format{wire.JSON, wire.XML} {
		t.Run(f.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(t, f, "")
				test(t, s)
				for _, c := range s.conns {
					c.cut()
				}
				s.end()
			})
		})
	}
}

package methods_test

import (
	"fmt"
	"strings"
	"sync"
	"testing/synctest"
	"time"

	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/wire"
)

// A tab is a client: what a browser, or a CRM server, makes of its channel.
type tab struct {
	scene   *scene
	name    string
	carrier carrier

	mu     sync.Mutex
	lines  []string // got since the last look
	told   string   // phone's state as shown last
	phone  *phone
	login  bool
	lives  bool // answers the server's pings
	closed bool
	parts  wire.Joiner
	reads  int
}

const rereadQID = "reread-"

func newTab(s *scene, name string) *tab {
	t := &tab{scene: s, name: name}
	t.phone = newPhone(t.reread, func(d time.Duration, fn func()) {
		time.AfterFunc(d, func() {
			t.mu.Lock()
			defer t.mu.Unlock()
			fn()
		})
	})
	t.told = t.phone.shown()
	t.carrier = s.net.connect(t)
	synctest.Wait() // what the server says at once
	return t
}

// info describes the tab's connection.
func (t *tab) info() protocol.Info {
	for _, link := range []string{"crm", "stranger"} {
		if strings.HasPrefix(t.name, link) {
			return protocol.Info{Kind: protocol.ServerKind, Link: link, Format: t.scene.format, Remote: "192.0.2.2:" + t.name}
		}
	}
	return protocol.Info{Format: t.scene.format, Remote: "192.0.2.1:" + t.name, Local: 4055, TLS: t.name == "secure"}
}

// heard reads a frame of the server.
func (t *tab) heard(frame []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.got(frame)
}

func (t *tab) got(frame []byte) {
	msg, err := wire.Decode(t.scene.format, frame, wire.Limits{})
	if err != nil {
		t.lines = append(t.lines, fmt.Sprintf("< not a message: %v: %s", err, frame))
		return
	}
	if msg.Name == "multipart" { // to CRM servers; how long a message is depends on the format
		whole, done, err := t.parts.Add(msg)
		if err != nil {
			t.lines = append(t.lines, fmt.Sprintf("< not a part: %v", err))
		} else if done {
			t.got(whole)
		}
		return
	}
	fields, err := msg.Tree()
	if err != nil {
		t.lines = append(t.lines, fmt.Sprintf("< not a tree: %v: %s", err, frame))
		return
	}
	if strings.HasPrefix(strings.Trim(string(msg.QID), `"`), rereadQID) {
		t.phone.line(fields)
		return
	}
	if !strings.HasSuffix(msg.Name, "result") && msg.Name != "pong" {
		t.phone.event(msg.Name, fields)
		if t.info().Kind == protocol.ClientKind {
			fields = hideQID(fields) // a CRM answers questions of ours
		}
	}
	t.lines = append(t.lines, "< "+compact(msg.Name, fields))
	if t.info().Kind == protocol.ClientKind && msg.Name == "loginresult" && number(fields, "result") == "1" {
		t.login = true
		t.reread()
	}
}

// hideQID keeps the random qid of an event out of the transcript; it must have one.
func hideQID(fields wire.Object) wire.Object {
	out := make(wire.Object, 0, len(fields))
	for _, f := range fields {
		if f.Key == "qid" {
			if s, _ := f.Value.(string); len(s) == 36 {
				f.Value = "*"
			}
		}
		out = append(out, f)
	}
	return out
}

// pinged answers the server's ping, if the tab does that. The server is not called from within its
// own Ping.
func (t *tab) pinged() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.lives && !t.closed {
		time.AfterFunc(0, t.carrier.pong)
	}
}

// live makes the tab answer pings from now on.
func (t *tab) live() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lives = true
}

// ended notes that the server ended the channel. It is false for one that has ended already.
func (t *tab) ended(code protocol.CloseCode) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false
	}
	t.closed = true
	t.lines = append(t.lines, fmt.Sprintf("closed %d", code))
	return true
}

// hangUp ends the channel from the client's side.
func (t *tab) hangUp() {
	t.mu.Lock()
	was := t.closed
	t.closed = true
	t.mu.Unlock()
	if !was {
		t.carrier.hangUp()
	}
}

// send gives a message of JSON text to the server, in the scene's format.
func (t *tab) send(text string) {
	frame := []byte(text)
	if msg, err := wire.Decode(wire.JSON, frame, wire.Limits{}); err == nil && t.scene.format == wire.XML {
		if frame, err = msg.AppendTo(nil, wire.XML); err != nil {
			t.scene.t.Fatal(err)
		}
	}
	t.carrier.send(frame)
}

// reread asks for the line as a client does; mu is held. The server is not called from within its
// own Write.
func (t *tab) reread() {
	if !t.login || t.closed {
		return
	}
	t.reads++
	ask := fmt.Sprintf(`["getextendedlineinfo",{"qid":"%s%d"}]`, rereadQID, t.reads)
	time.AfterFunc(0, func() { t.send(ask) })
}

func (t *tab) take() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := t.lines
	t.lines = nil
	return lines
}

func (t *tab) phoneState() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.phone.shown()
}

package web_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/wire"
	"github.com/octolink/octolink/web"
)

// engine stands for the protocol's engine: it has a tap and nothing else.
type engine struct {
	mu sync.Mutex
	fn protocol.Tap
}

func (e *engine) SetTap(fn protocol.Tap) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.fn = fn
}

func (e *engine) tapped() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.fn != nil
}

func (e *engine) pass(d protocol.Direction, login, link, frame string) {
	e.mu.Lock()
	fn := e.fn
	e.mu.Unlock()
	if fn != nil {
		fn(d, login, protocol.Info{Link: link, Remote: "127.0.0.1:5"}, []byte(frame))
	}
}

func TestTapShowsFrames(t *testing.T) {
	e := &engine{}
	tap := web.NewTap(e)
	e.pass(protocol.In, "alice", "", `["ping",{"qid":"0"}]`)
	if e.tapped() {
		t.Fatal("the engine is tapped though nobody watches")
	}
	all, stopAll := tap.Watch(web.TapFilter{})
	his, stopHis := tap.Watch(web.TapFilter{User: "BORIS"})
	link, stopLink := tap.Watch(web.TapFilter{Link: "crm"})
	e.pass(protocol.In, "", "", `["login",{"userlogin":"boris","Password":"hush","qid":"1"}]`)
	e.pass(protocol.Out, "alice", "crm", `["pong",{"qid":"2"}]`)
	first, second := <-all, <-all
	if first.Dir != "in" || first.User != "boris" || first.Remote != "127.0.0.1:5" || first.Format != "json" {
		t.Errorf("got %+v", first)
	}
	if want := `["login",{"qid":"1","userlogin":"boris","Password":"***"}]`; first.Frame != want {
		t.Errorf("got %s, want %s", first.Frame, want)
	}
	if second.Dir != "out" || second.Link != "crm" || second.Frame != `["pong",{"qid":"2"}]` {
		t.Errorf("got %+v", second)
	}
	if got := <-his; got.Frame != first.Frame {
		t.Errorf("boris: got %s", got.Frame)
	}
	if got := <-link; got.Frame != second.Frame {
		t.Errorf("crm: got %s", got.Frame)
	}
	if len(all)+len(his)+len(link) != 0 {
		t.Error("somebody saw more than he asked for")
	}
	stopAll()
	stopAll()
	stopHis()
	if !e.tapped() {
		t.Error("the last watcher was cut off")
	}
	stopLink()
	if _, open := <-link; open || e.tapped() {
		t.Error("the tap is still open")
	}
}

func TestSlowWatcherLosesFramesAndHearsOfIt(t *testing.T) {
	e := &engine{}
	tap := web.NewTap(e)
	lines, stop := tap.Watch(web.TapFilter{})
	defer stop()
	for i := range 1024 + 7 {
		e.pass(protocol.In, "alice", "", fmt.Sprintf(`["ping",{"qid":"%d"}]`, i))
	}
	for range 1024 {
		if l := <-lines; l.Lost != 0 {
			t.Fatalf("lost %d before anything was lost", l.Lost)
		}
	}
	e.pass(protocol.In, "alice", "", `["ping",{}]`)
	e.pass(protocol.In, "alice", "", `["ping",{}]`)
	if got := (<-lines).Lost; got != 7 {
		t.Errorf("lost %d, want 7", got)
	}
	if got := (<-lines).Lost; got != 0 {
		t.Errorf("told again of %d", got)
	}
}

func TestClosedTapEndsAllWatching(t *testing.T) {
	e := &engine{}
	tap := web.NewTap(e)
	lines, stop := tap.Watch(web.TapFilter{})
	tap.Close()
	stop()
	if _, open := <-lines; open || e.tapped() {
		t.Error("the tap is still open")
	}
	late, stopLate := tap.Watch(web.TapFilter{})
	stopLate()
	if _, open := <-late; open || e.tapped() {
		t.Error("a closed tap was opened")
	}
}

func TestMask(t *testing.T) {
	tests := []struct{ name, frame, want string }{
		{"login", `["login",{"Password":"aa","password":"bb","userlogin":"u"}]`, `["login",{"Password":"***","password":"***","userlogin":"u"}]`},
		{"session", `["loginresult",{"qid":1,"sessionid":"s","sippass":"p"}]`, `["loginresult",{"qid":1,"sessionid":"***","sippass":"***"}]`},
		{"new password", `["changepassword",{"newpwd":"n","newpwdmd5":"m","oldpwdmd5":"o"}]`, `["changepassword",{"newpwd":"***","newpwdmd5":"***","oldpwdmd5":"***"}]`},
		{"deep", `["x",{"a":[{"b":{"TempPass":"t"}}]}]`, `["x",{"a":[{"b":{"TempPass":"***"}}]}]`},
		{"secret that is a tree", `["x",{"password":{"text":["hush"]}}]`, `["x",{"password":"***"}]`},
		{"part of a message", `["multipart",{"message-id":"m","content":"aHVzaA=="}]`, `["multipart",{"message-id":"m","content":"***"}]`},
		{"absent secret", `["x",{"sessionid":null}]`, `["x",{"sessionid":null}]`},
		{"not a message", `{"password":"hush"`, `(not a message)`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, _ := web.Mask(wire.JSON, []byte(tt.frame)); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
	xml, err := wire.Append(nil, wire.XML, "login", "", wire.Object{{Key: "Password", Value: "hush"}, {Key: "note", Value: "a\nb"}})
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := web.Mask(wire.XML, xml); strings.Contains(got, "hush") || !strings.Contains(got, "***") || !strings.Contains(got, "note") {
		t.Errorf("XML: %s", got)
	}
}

func FuzzMask(f *testing.F) {
	f.Add(`{"Password":"SECRET-VALUE"}`)
	f.Add(`{"a":[{"sessionid":"SECRET-VALUE"},1,null],"qid":"SECRET"}`)
	f.Add(`{"qid":7,"newpwd":["SECRET-VALUE"]}`)
	f.Fuzz(func(t *testing.T, body string) {
		frame := []byte(`["login",` + body + `]`)
		text, _ := web.Mask(wire.JSON, frame)
		m, err := wire.Decode(wire.JSON, []byte(text), wire.Limits{})
		if err != nil {
			if text != "(not a message)" {
				t.Fatalf("%q became %q: %v", frame, text, err)
			}
			return
		}
		tree, err := m.Tree()
		if err != nil {
			t.Fatalf("%q became %q: %v", frame, text, err)
		}
		for _, name := range []string{"Password", "password", "sessionid", "newpwd"} {
			if v, ok := tree.Get(name); ok && v != nil && v != "***" {
				t.Fatalf("%s of %q is shown as %v", name, frame, v)
			}
		}
	})
}

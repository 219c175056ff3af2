package protocol_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/wire"
)

// An exchanger is a CRM behind HTTP: it answers by a function of the question.
type exchanger struct {
	format wire.Format
	asked  []wire.Message
	answer func(ctx context.Context, question wire.Message) ([]byte, error)
}

func (x *exchanger) Info() protocol.Info {
	return protocol.Info{Link: "crm", Kind: protocol.ServerKind, Format: x.format, Remote: "192.0.2.9:80"}
}

func (x *exchanger) Exchange(ctx context.Context, frame []byte) ([]byte, error) {
	msg, err := wire.Decode(x.format, frame, wire.Limits{})
	if err != nil {
		return nil, err
	}
	msg = msg.Clone()
	x.asked = append(x.asked, msg)
	return x.answer(ctx, msg)
}

// message encodes an answer.
func (x *exchanger) message(name string, qid wire.Token, text string) []byte {
	b, err := wire.Append(nil, x.format, name, qid, textOut{text})
	if err != nil {
		panic(err)
	}
	return b
}

func (x *exchanger) list(messages ...[]byte) []byte {
	return slices.Concat([]byte("["), bytes.Join(messages, []byte(",")), []byte("]"))
}

func TestAnswersOverHTTP(t *testing.T) {
	fault := errors.New("connection refused")
	type question = wire.Message
	tests := []struct {
		name   string
		answer func(x *exchanger, q question) ([]byte, error)
		want   string // of the answer, or of the error
	}{
		{"one message", func(x *exchanger, q question) ([]byte, error) { return x.message("found", q.QID, "a"), nil }, "a"},
		{"another name that is expected", func(x *exchanger, q question) ([]byte, error) { return x.message("also", q.QID, "a"), nil }, "a"},
		{"one message without a qid", func(x *exchanger, _ question) ([]byte, error) { return x.message("found", "", "a"), nil }, "a"},
		{"another qid", func(x *exchanger, _ question) ([]byte, error) { return x.message("found", wire.Text("x"), "a"), nil }, "is not in it"},
		{"another name", func(x *exchanger, q question) ([]byte, error) { return x.message("other", q.QID, "a"), nil }, "is not in it"},
		{"an error message", func(x *exchanger, q question) ([]byte, error) { return x.message("error", q.QID, "a"), nil }, "is not in it"},
		{"a list", func(x *exchanger, q question) ([]byte, error) {
			return x.list(x.message("news", wire.Text("n"), "x"), x.message("found", wire.Text("o"), "y"), x.message("found", q.QID, "a")), nil
		}, "a"},
		{"a list of one", func(x *exchanger, q question) ([]byte, error) { return x.list(x.message("found", q.QID, "a")), nil }, "a"},
		{"a list without the qid", func(x *exchanger, _ question) ([]byte, error) {
			return x.list(x.message("found", "", "x"), x.message("found", "", "y")), nil
		}, "is not in it"},
		{"nothing", func(*exchanger, question) ([]byte, error) { return nil, nil }, "cannot be read"},
		{"a page", func(*exchanger, question) ([]byte, error) {
			return []byte("<html><body>Fatal error</body></html>"), nil
		}, "the CRM's answer"},
		{"half a message", func(x *exchanger, q question) ([]byte, error) {
			m := x.message("found", q.QID, "a")
			return m[:len(m)/2], nil
		}, "cannot be read"},
		{"a failure", func(*exchanger, question) ([]byte, error) { return nil, fault }, "connection refused"},
	}
	for _, f := range []wire.Format{wire.JSON, wire.XML} {
		for _, tt := range tests {
			if f == wire.XML && strings.HasPrefix(tt.name, "a list") {
				continue // an XML document is one message
			}
			t.Run(f.String()+"/"+tt.name, func(t *testing.T) {
				x := &exchanger{format: f}
				x.answer = func(_ context.Context, q wire.Message) ([]byte, error) { return tt.answer(x, q) }
				s := newLinkScene(t, protocol.Options{}, protocol.LinkOptions{})
				p := s.engine.Attach(s.link, x)
				msg, err := p.Call(t.Context(), "find", textIn{"?"}, "found", "also")
				got := fmt.Sprint(err)
				if err == nil {
					var out textIn
					if err := msg.Unmarshal(&out); err != nil {
						t.Fatal(err)
					}
					got = out.Text
				}
				if got != tt.want && (err == nil || !strings.Contains(got, tt.want)) {
					t.Errorf("got %s, want %s", got, tt.want)
				}
				if tt.name == "a failure" && !errors.Is(err, fault) {
					t.Errorf("%v does not wrap the transport's error", err)
				}
			})
		}
	}
}

func TestAPostIsAPeer(t *testing.T) {
	x := &exchanger{}
	x.answer = func(context.Context, wire.Message) ([]byte, error) { return []byte("thank you"), nil }
	s := newLinkScene(t, protocol.Options{}, protocol.LinkOptions{})
	if s.link.Peer() != nil {
		t.Error("a link has a peer before there is one")
	}
	p := s.engine.Attach(s.link, x)
	if s.peer() != protocol.Peer(p) || p.Name() != "crm" || p.Permanent() || p.Link() != s.link {
		t.Errorf("the link's peer is %v", s.peer())
	}
	if err := p.Notify(t.Context(), "tell", textIn{"x"}); err == nil {
		t.Error("an answer that is none is not told of")
	}
	x.answer = func(_ context.Context, q wire.Message) ([]byte, error) {
		return x.message("tellresult", q.QID, ""), nil
	}
	if err := p.Notify(t.Context(), "tell", textIn{"x"}); err != nil {
		t.Errorf("Notify: %v", err)
	}
	if len(x.asked) != 2 || x.asked[0].QID == x.asked[1].QID || x.asked[0].QID == "" {
		t.Errorf("asked %v", x.asked)
	}
	if _, err := p.Call(t.Context(), "find", make(chan int), "found"); err == nil || len(x.asked) != 2 {
		t.Errorf("what cannot be encoded: %v", err)
	}
}

func TestStatusOfAPost(t *testing.T) {
	s := newLinkScene(t, protocol.Options{}, protocol.LinkOptions{})
	p := s.engine.Attach(s.link, &exchanger{})
	check := func(want protocol.LinkStatus) {
		t.Helper()
		if got := s.link.Status(); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	check(protocol.LinkStatus{Name: "crm"})
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	p.Heard(at, "CRM 2")
	check(protocol.LinkStatus{Name: "crm", Connected: true, Since: at, Peer: "CRM 2"})
	p.Heard(at.Add(time.Hour), "")
	check(protocol.LinkStatus{Name: "crm", Connected: true, Since: at, Peer: "CRM 2"})
	p.Heard(time.Time{}, "")
	check(protocol.LinkStatus{Name: "crm", Peer: "CRM 2"})
}

func TestTapSeesPosts(t *testing.T) {
	x := &exchanger{}
	x.answer = func(_ context.Context, q wire.Message) ([]byte, error) { return x.message("found", q.QID, "a"), nil }
	s := newLinkScene(t, protocol.Options{}, protocol.LinkOptions{})
	p := s.engine.Attach(s.link, x)
	var seen []string
	s.engine.SetTap(func(d protocol.Direction, login string, info protocol.Info, frame []byte) {
		seen = append(seen, string(d)+" "+info.Link+" "+info.Remote)
	})
	if _, err := p.Call(t.Context(), "find", nil, "found"); err != nil {
		t.Fatal(err)
	}
	if want := []string{"out crm 192.0.2.9:80", "in crm 192.0.2.9:80"}; !slices.Equal(seen, want) {
		t.Errorf("seen %q, want %q", seen, want)
	}
}

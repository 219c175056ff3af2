package protocol_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/wire"
)

func TestAnswers(t *testing.T) {
	tests := []struct {
		name   string
		method string
		qid    string
		fields []wire.Member
		want   []string
	}{
		{"good", "echo", "1", []wire.Member{with("text", "hi")}, []string{`["echoresult",{"qid":"1","result":1,"text":"hi"}]`}},
		{"any case of the name", "ECHO", "1", nil, []string{`["echoresult",{"qid":"1","result":1,"text":""}]`}},
		{"no qid", "echo", "", []wire.Member{with("text", "hi")}, nil},
		{"an error without qid", "number", "", nil, nil},
		{"unknown without qid", "nosuch", "", nil, nil},
		{"unknown", "nosuch", "2", nil, []string{failure("nosuchresult", "2", 404, "Unknown method")}},
		{"somebody else's login", "echo", "5", []wire.Member{with("userlogin", "boris")}, []string{failure("echoresult", "5", 403, "The request names another user than this connection's")}},
		{"somebody else's id", "echo", "6", []wire.Member{with("userid", "id-boris")}, []string{failure("echoresult", "6", 403, "The request names another user than this connection's")}},
		{"own login, another's id", "echo", "7", []wire.Member{with("userlogin", "alice"), with("userid", "id-boris")}, []string{failure("echoresult", "7", 403, "The request names another user than this connection's")}},
		{"second login as somebody else", "login", "8", []wire.Member{with("userlogin", "boris")}, []string{failure("loginresult", "8", 403, "The request names another user than this connection's")}},
		{"own names in another case", "echo", "9", []wire.Member{with("userlogin", "ALICE"), with("userid", "ID-Alice")}, []string{`["echoresult",{"qid":"9","result":1,"text":""}]`}},
		{"an empty login and a zero guid", "echo", "10", []wire.Member{with("userlogin", ""), with("userid", "00000000-0000-0000-0000-000000000000")}, []string{`["echoresult",{"qid":"10","result":1,"text":""}]`}},
		{"panic", "crash", "11", nil, []string{failure("crashresult", "11", 500, "Internal error")}},
		{"panic without qid", "crash", "", nil, nil},
	}
	inBothFormats(t, func(t *testing.T, f wire.Format) {
		s := newScene(t, protocol.Options{})
		p := s.tab(f, "alice")
		for _, tt := range tests {
			p.ask(tt.method, tt.qid, tt.fields...)
			if got := p.take(); strings.Join(got, "\n") != strings.Join(tt.want, "\n") {
				t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
			}
		}
		p.ask("echo", "last") // the channel lives after all of that
		p.want(`["echoresult",{"qid":"last","result":1,"text":""}]`)
		p.wantClose(0)
		s.stop()
	})
}

// failure is an error reply under every name by which clients look for it.
func failure(name, qid string, code int, text string) string {
	frame, err := wire.Append(nil, wire.JSON, name, wire.Text(qid), wire.Object{
		{Key: "result", Value: 0}, {Key: "error", Value: code}, {Key: "errorcode", Value: code}, {Key: "errormsg", Value: text},
	})
	if err != nil {
		panic(err)
	}
	return string(frame)
}

func TestQIDIsEchoedVerbatim(t *testing.T) {
	s := newScene(t, protocol.Options{})
	p := s.tab(wire.JSON, "alice")
	for _, qid := range []string{`7`, `0.25`, `1e3`, `"0.123456789012345678"`, `"\u0416"`, `""`, `"7"`, `"7"`} {
		p.send([]byte(`["echo",{"qid":` + qid + `}]`))
		got := string(whole(p.frames()[len(p.frames())-1]))
		if want := `["echoresult",{"qid":` + qid + `,"result":1,"text":""}]`; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	s.stop()
}

func TestBadFieldIsNamed(t *testing.T) {
	s := newScene(t, protocol.Options{})
	for _, f := range []wire.Format{wire.JSON, wire.XML} {
		p := s.tab(f, "alice")
		p.ask("number", "1")
		p.ask("number", "2", with("number", "seven"))
		p.ask("number", "3", with("number", "7"))
		got := p.take()
		for _, reply := range got[:2] {
			if !strings.Contains(reply, `"error":400`) || !strings.Contains(reply, `\"number\"`) {
				t.Errorf("%v: got %s, want error 400 that names the field", f, reply)
			}
		}
		if got[2] != `["numberresult",{"qid":"3","result":1}]` {
			t.Errorf("%v: a number in quotes: %s", f, got[2])
		}
	}
	s.stop()
}

func TestReplyNamesAreNeverAnswered(t *testing.T) {
	inBothFormats(t, func(t *testing.T, f wire.Format) {
		s := newScene(t, protocol.Options{})
		before, after := s.open(f), s.tab(f, "alice")
		for _, name := range []string{
			"pong", "iam", "activeusers", "availablemethods", "availableforms", "methodresult", "error",
			"loginresult", "nosuchresult", "result", "ErrorResult", "PONG",
		} {
			before.ask(name, "1")
			after.ask(name, "1")
		}
		before.want()
		after.want()
		s.stop()
	})
}

func TestEchoedNameIsCutAt64Characters(t *testing.T) {
	tests := []struct{ name, method, want string }{
		{"64 stay", strings.Repeat("x", 64), strings.Repeat("x", 64)},
		{"65", strings.Repeat("x", 65), strings.Repeat("x", 64)},
		{"characters, not bytes", strings.Repeat("ж", 65), strings.Repeat("ж", 64)},
		{"very long", strings.Repeat("ж", 1<<13), strings.Repeat("ж", 64)},
		{"markup", `<a b="c">&]]>`, `<a b="c">&]]>`},
	}
	inBothFormats(t, func(t *testing.T, f wire.Format) {
		s := newScene(t, protocol.Options{})
		p := s.tab(f, "alice")
		for _, tt := range tests {
			p.ask(tt.method, "1")
			p.want(failure(tt.want+"result", "1", 404, "Unknown method"))
		}
		s.stop()
	})
}

func TestBeforeLogin(t *testing.T) {
	inBothFormats(t, func(t *testing.T, f wire.Format) {
		s := newScene(t, protocol.Options{})
		p := s.open(f)
		p.ask("echo", "1")
		p.ask("slow", "2")
		p.ask("nosuch", "3") // who is not logged in does not learn what there is
		p.ask("subscribeevent", "4", with("eventmethod", "phone"), with("userlogin", "alice"))
		p.want(
			failure("echoresult", "1", 401, "Not logged in"),
			failure("slowresult", "2", 401, "Not logged in"),
			failure("nosuchresult", "3", 401, "Not logged in"),
			`["subscribeeventresult",{"qid":"4","result":1}]`,
		)
		p.ask("login", "5", with("userlogin", "alice"))
		p.ask("echo", "6", with("text", "in"))
		p.want(`["loginresult",{"qid":"5","result":1}]`, `["echoresult",{"qid":"6","result":1,"text":"in"}]`)
		if got := s.noted(&s.served); len(got) != 1 {
			t.Errorf("served %q, want only what came after the login", got)
		}
		s.stop()
	})
}

func TestAnswerThenClose(t *testing.T) {
	inBothFormats(t, func(t *testing.T, f wire.Format) {
		s := newScene(t, protocol.Options{})
		p := s.tab(f, "alice", "phone")
		p.allow(0) // the reply has to wait
		p.ask("logout", "1")
		p.wantClose(0)
		p.ask("echo", "2") // a channel that ends hears nothing any more
		s.engine.Hub().Publish(rang.For(protocol.User("alice", "id-alice"), ringEvent{}))
		p.more(-1)
		p.want(`["logoutresult",{"qid":"1","result":1}]`)
		p.wantClose(protocol.CloseNormal)
		s.stop()
	})
}

func TestLogoutWithoutQIDCloses(t *testing.T) {
	s := newScene(t, protocol.Options{})
	p := s.tab(wire.JSON, "alice")
	p.ask("logout", "")
	p.want()
	p.wantClose(protocol.CloseNormal)
	s.stop()
}

func TestHandlersErrors(t *testing.T) {
	var known = errors.New("known")
	var nobody *wire.Error
	results := map[string]error{
		"wire":    &wire.Error{Code: 409, Text: "Wrong state"},
		"wrapped": errors.Join(errors.New("outer"), &wire.Error{Code: 410, Text: "Gone"}),
		"known":   known,
		"secret":  errors.New("password is 1234"),
		"nil":     nobody, // a programmer's mistake must not end the process
	}
	var log strings.Builder
	s := newScene(t, protocol.Options{
		Log: slog.New(slog.NewTextHandler(&log, nil)),
		Errors: func(err error) *wire.Error {
			if errors.Is(err, known) {
				return &wire.Error{Code: 422, Text: "No such number"}
			}
			return nil
		},
	}, protocol.Def("fail", protocol.Clients, "Fails.", func(_ context.Context, _ *protocol.Client, in textIn) (none, error) {
		return none{}, results[in.Text]
	}).Quick())
	p := s.tab(wire.JSON, "alice")
	for _, which := range []string{"wire", "wrapped", "known", "secret", "nil"} {
		p.ask("fail", which, with("text", which))
	}
	p.want(
		failure("failresult", "wire", 409, "Wrong state"),
		failure("failresult", "wrapped", 410, "Gone"),
		failure("failresult", "known", 422, "No such number"),
		failure("failresult", "secret", 500, "Internal error"),
		failure("failresult", "nil", 500, "Internal error"),
	)
	if n := strings.Count(log.String(), "level=ERROR"); n != 2 {
		t.Errorf("%d errors in the log, want those of which the caller learns nothing, 2: %s", n, &log)
	}
	s.stop()
}

func TestPanicsOutsideTheHandlersOwnCode(t *testing.T) {
	s := newScene(t, protocol.Options{},
		protocol.Def("noshared", protocol.Clients, "Answers nil.",
			func(context.Context, *protocol.Client, none) (*protocol.Shared[textOut], error) { return nil, nil }).Quick(),
		protocol.Def("crashed", protocol.Clients, "Panics with events held.",
			func(context.Context, *protocol.Client, none) (none, error) { panic("on purpose") }).Command(),
	)
	synctest.Test(t, func(t *testing.T) {
		p := s.tab(wire.JSON, "alice", "moved")
		p.ask("noshared", "1")
		p.want(failure("nosharedresult", "1", 500, "Internal error"))
		p.ask("crashed", "2")
		synctest.Wait()
		p.want(failure("crashedresult", "2", 500, "Internal error"))
		s.engine.Hub().Publish(moved.For(protocol.Everybody(), textOut{"on"}))
		p.want(`["moved",{"qid":"*","text":"on"}]`)
		s.stop()
	})
}

func TestAnswersThatCannotBeEncoded(t *testing.T) {
	type object = wire.Object
	s := newScene(t, protocol.Options{},
		protocol.Def("strange", protocol.Clients, "Answers what no frame can carry.",
			func(context.Context, *protocol.Client, none) (object, error) {
				return object{with("f", func() {})}, nil
			}).Quick())
	p := s.tab(wire.JSON, "alice")
	p.ask("strange", "1")
	p.want(failure("strangeresult", "1", 500, "Internal error"))
	s.stop()
}

func TestNamesAndFormsOfAnswers(t *testing.T) {
	same := func(_ context.Context, _ *protocol.Client, in wire.Object) (wire.Object, error) { return in, nil }
	s := newScene(t, protocol.Options{},
		protocol.Def("ping", protocol.Anyone, "Is answered.", func(_ context.Context, _ *protocol.Client, in textIn) (textOut, error) {
			return textOut(in), nil
		}).Quick().Named("pong").Plain(),
		protocol.Def("same", protocol.Anyone, "Gives back what it got.", same).Quick().Plain().Named("sameresult"),
		protocol.Def("other", protocol.Anyone, "Answers under another name.",
			func(_ context.Context, _ *protocol.Client, in textIn) (protocol.Renamed, error) {
				return protocol.Renamed{Name: in.Text, Fields: wire.Object{with("x", 1)}}, nil
			}).Quick(),
	)
	for _, f := range []wire.Format{wire.JSON, wire.XML} {
		p := s.open(f)
		p.ask("ping", "1", with("text", "t"))
		p.ask("other", "2", with("text", "another"))
		p.ask("other", "3")
		p.want(
			`["pong",{"qid":"1","text":"t"}]`,
			`["another",{"qid":"2","result":1,"x":1}]`,
			`["otherresult",{"qid":"3","result":1,"x":1}]`,
		)
	}
	s.stop()
}

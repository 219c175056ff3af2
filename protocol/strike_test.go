package protocol_test

import (
	"encoding/base64"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/wire"
)

var notMessages = map[wire.Format][]string{
	wire.JSON: {
		``, ` `, `{}`, `[]`, `null`, `"ping"`, `["ping"`, `["ping",{}`, `["ping",{}]x`, `["ping",1]`, `[1,{}]`, `["",{}]`,
		`["ping",{},{}]`, `["ping",{"a":}]`, "[\"ping\",{\"a\":\"\xff\"}]", `["ping",{"a":` + strings.Repeat("[", 99) + strings.Repeat("]", 99) + `}]`,
		`<oktellxmlmapper/>`, strings.Repeat("[", 1<<20),
	},
	wire.XML: {
		``, `["ping",{}]`, `<a/>`, `<oktellxmlmapper>`, `<oktellxmlmapper/>`, `<oktellxmlmapper><data/></oktellxmlmapper>`,
		"<oktellxmlmapper><data name=\"ping\xff\"/></oktellxmlmapper>",
		`<!DOCTYPE a [<!ENTITY b "c">]><oktellxmlmapper><data name="&b;"/></oktellxmlmapper>`,
		`<oktellxmlmapper>` + strings.Repeat("<data>", 5000),
	},
}

func TestThreeBadFramesEndTheChannel(t *testing.T) {
	inBothFormats(t, func(t *testing.T, f wire.Format) {
		s := newScene(t, protocol.Options{})
		for _, bad := range notMessages[f] {
			p := s.open(f)
			p.send([]byte(bad))
			p.send([]byte(bad))
			p.wantClose(0)
			p.send([]byte(bad))
			p.wantClose(protocol.CloseBadFrames)
			p.send([]byte(bad)) // nothing more is said
			got := p.take()
			if len(got) != 3 {
				t.Errorf("%.40q: %d answers, want 3: %.200q", bad, len(got), got)
			}
			for _, reply := range got {
				if !strings.HasPrefix(reply, `["error",{"result":0,"error":400,"errorcode":400,"errormsg":"`) {
					t.Errorf("%.40q: got %s", bad, reply)
				}
			}
		}
		s.stop()
	})
}

func TestGoodFrameForgivesTheBadOnes(t *testing.T) {
	inBothFormats(t, func(t *testing.T, f wire.Format) {
		s := newScene(t, protocol.Options{})
		p := s.tab(f, "alice")
		for i := range 20 {
			p.send([]byte("rubbish"))
			if i%2 == 1 {
				p.ask("echo", "1")
			}
		}
		p.wantClose(0)
		if n := len(p.take()); n != 30 {
			t.Errorf("%d answers, want 20 errors and 10 echoes", n)
		}
		s.stop()
	})
}

// part is one frame of a multipart message; over changes its fields, nil removes one.
func part(f wire.Format, id string, number, count int, content string, over ...wire.Member) []byte {
	encoded := base64.StdEncoding.EncodeToString([]byte(content))
	fields := wire.Object{
		with("message-id", id), with("packetcount", count), with("packetnumber", number),
		with("content-type", "text/json; charset=utf-8"), with("content-transfer-encoding", "base64"),
		with("content-length", len(encoded)), with("content", encoded),
	}
	for _, o := range over {
		for i := range fields {
			if fields[i].Key == o.Key {
				fields[i].Value = o.Value
			}
		}
	}
	return request(f, "multipart", "part", fields...)
}

func TestMultipart(t *testing.T) {
	inBothFormats(t, func(t *testing.T, f wire.Format) {
		s := newScene(t, protocol.Options{})
		p := s.tab(f, "alice")
		ask := string(request(f, "echo", "1", with("text", "Жил-был у бабушки")))
		cut := len(ask) / 3
		parts := []string{ask[:cut], ask[cut : 2*cut], ask[2*cut:]}
		for _, i := range []int{2, 0} { // any order
			p.send(part(f, "a", i, 3, parts[i]))
		}
		p.ask("echo", "2") // others go between
		p.want(`["echoresult",{"qid":"2","result":1,"text":""}]`)
		p.send(part(f, "a", 1, 3, parts[1]))
		p.want(`["echoresult",{"qid":"1","result":1,"text":"Жил-был у бабушки"}]`)
		for _, frame := range wire.Split(f, request(f, "slow", "3", with("text", strings.Repeat("long ", 1000))), 2048, "b") {
			p.send(frame)
		}
		<-s.gate
		synctest.Wait()
		p.want(reply("slow", "3", strings.Repeat("long ", 1000)))
		s.stop()
	})
}

func TestPartsAreNoWayAroundTheRules(t *testing.T) {
	inBothFormats(t, func(t *testing.T, f wire.Format) {
		s := newScene(t, protocol.Options{})
		before, p := s.open(f), s.tab(f, "alice")
		before.send(part(f, "a", 0, 1, string(request(f, "echo", "1"))))
		before.want(failure("echoresult", "1", 401, "Not logged in"))
		p.send(part(f, "a", 0, 1, string(request(f, "echo", "1", with("userlogin", "boris")))))
		p.want(failure("echoresult", "1", 403, "The request names another user than this connection's"))
		p.send(part(f, "b", 0, 1, string(part(f, "c", 0, 1, string(request(f, "echo", "2")))))) // nested
		p.send(part(f, "d", 0, 1, string(request(f, "echoresult", "3"))))
		p.want()
		s.stop()
	})
}

func TestBadPartsAreStrikes(t *testing.T) {
	tests := []struct {
		name  string
		frame func(f wire.Format, i int) []byte
	}{
		{"no fields", func(f wire.Format, _ int) []byte { return request(f, "multipart", "1") }},
		{"number beyond the count", func(f wire.Format, i int) []byte { return part(f, numbered(i), 2, 2, "x") }},
		{"negative number", func(f wire.Format, i int) []byte { return part(f, numbered(i), -1, 2, "x") }},
		{"count of nothing", func(f wire.Format, i int) []byte { return part(f, numbered(i), 0, 0, "x") }},
		{"no base64", func(f wire.Format, i int) []byte {
			return part(f, numbered(i), 0, 2, "x", with("content", "$$$$"), with("content-length", 4))
		}},
		{"wrong length", func(f wire.Format, i int) []byte { return part(f, numbered(i), 0, 2, "x", with("content-length", 3)) }},
		{"unknown encoding", func(f wire.Format, i int) []byte {
			return part(f, numbered(i), 0, 2, "x", with("content-transfer-encoding", "gzip"))
		}},
		{"the whole is no message", func(f wire.Format, i int) []byte { return part(f, numbered(i), 0, 1, "rubbish") }},
		{"too large", func(f wire.Format, i int) []byte { return part(f, numbered(i), 0, 2, strings.Repeat("x", 2000)) }},
		{"a million parts", func(f wire.Format, i int) []byte { return part(f, numbered(i), 0, 1<<30, "x") }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBothFormats(t, func(t *testing.T, f wire.Format) {
				s := newScene(t, protocol.Options{Limits: protocol.Limits{Message: 1000}})
				p := s.tab(f, "alice")
				for i := range 3 {
					p.wantClose(0)
					p.send(tt.frame(f, i))
				}
				p.wantClose(protocol.CloseBadFrames)
				got := p.take()
				if len(got) != 3 || !strings.HasPrefix(got[0], `["error",{"result":0,"error":400,`) {
					t.Errorf("got %q, want three errors", got)
				}
				s.stop()
			})
		})
	}
}

func TestDoubledPartIsRefusedAndItsMessageGoesOn(t *testing.T) {
	inBothFormats(t, func(t *testing.T, f wire.Format) {
		s := newScene(t, protocol.Options{})
		p := s.tab(f, "alice")
		ask := string(request(f, "echo", "1"))
		p.send(part(f, "a", 0, 2, ask[:9]))
		p.send(part(f, "a", 0, 2, ask[:9]))
		p.send(part(f, "a", 1, 2, ask[9:]))
		got := p.take()
		if len(got) != 2 || !strings.HasPrefix(got[0], `["error",`) || got[1] != `["echoresult",{"qid":"1","result":1,"text":""}]` {
			t.Errorf("got %q", got)
		}
		s.stop()
	})
}

// A peer that begins messages and ends none holds no more than one message's bytes.
func TestUnfinishedMessagesAreBounded(t *testing.T) {
	s := newScene(t, protocol.Options{Limits: protocol.Limits{Message: 4000}})
	p := s.tab(wire.JSON, "alice")
	for i := range 100 {
		p.send(part(wire.JSON, strconv.Itoa(i), 0, 2, strings.Repeat("x", 900)))
		p.ask("echo", "1") // forgives
	}
	p.wantClose(0)
	ask := string(request(wire.JSON, "echo", "late"))
	p.take()
	p.send(part(wire.JSON, "new", 0, 2, ask[:9]))
	p.send(part(wire.JSON, "new", 1, 2, ask[9:]))
	got := p.take()
	if last := got[len(got)-1]; last != `["echoresult",{"qid":"late","result":1,"text":""}]` {
		t.Errorf("got %q, want the new message answered", got)
	}
	s.stop()
}

package transports_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/transports"
)

// Each case is what a peer sends, byte for byte, and what it gets back until the connection ends.
// The engine behind echoes messages. A case that does not break a rule ends with a close frame.
var conversations = []struct {
	name string
	sent []byte
	want []string
}{
	// Messages.
	{"text", masked(textFrame, "hello"), []string{"text hello"}},
	{"empty text", masked(textFrame, ""), []string{"text"}},
	{"utf-8", masked(textFrame, "Привет, 世界 🐙"), []string{"text Привет, 世界 🐙"}},
	{"125 bytes", masked(textFrame, strings.Repeat("a", 125)), []string{"text " + strings.Repeat("a", 125)}},
	{"126 bytes", masked(textFrame, strings.Repeat("a", 126)), []string{"text " + strings.Repeat("a", 126)}},
	{"65535 bytes", masked(textFrame, strings.Repeat("a", 65535)), []string{"text " + strings.Repeat("a", 65535)}},
	{"65536 bytes", masked(textFrame, strings.Repeat("a", 65536)), []string{"text " + strings.Repeat("a", 65536)}},
	{"length in 16 bits that needs 7", []byte{0x81, 0xfe, 0, 1, 0, 0, 0, 0, 'x'}, []string{"text x"}},
	{"length in 64 bits that needs 7", []byte{0x81, 0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 'x'}, []string{"text x"}},
	{"mask of zeroes", []byte{0x81, 0x81, 0, 0, 0, 0, 'x'}, []string{"text x"}},
	{"binary that is text", masked(binaryFrame, "hello"), []string{"text hello"}},
	{"several in one packet", join(masked(textFrame, "a"), masked(textFrame, "b"), masked(textFrame, "c")), []string{"text a", "text b", "text c"}},

	// Fragments.
	{"two fragments", join(masked(textStart, "hel"), masked(last, "lo")), []string{"text hello"}},
	{"empty fragments", join(masked(textStart, ""), masked(middle, ""), masked(middle, "x"), masked(last, "")), []string{"text x"}},
	{"all empty", join(masked(textStart, ""), masked(last, "")), []string{"text"}},
	{"character cut in two", join(masked(textStart, "\xd0"), masked(last, "\xaf")), []string{"text Я"}},
	{"ping between fragments", join(masked(textStart, "a"), masked(pingFrame, "p"), masked(last, "b")), []string{"pong p", "text ab"}},
	{"two messages in fragments", join(masked(textStart, "a"), masked(last, "b"), masked(textStart, "c"), masked(last, "d")), []string{"text ab", "text cd"}},
	{"whole message after one in fragments", join(masked(textStart, "a"), masked(last, "b"), masked(textFrame, "c")), []string{"text ab", "text c"}},
	{"fragment of nothing", masked(last, "x"), []string{"close 1002 unexpected continuation data frame"}},
	{"fragment of a whole message", join(masked(textFrame, "a"), masked(last, "x")), []string{"text a", "close 1002 unexpected continuation data frame"}},
	{"message inside a message", join(masked(textStart, "a"), masked(textFrame, "b")), []string{"close 1002 unexpected non-continuation data frame"}},

	// Control frames.
	{"ping", masked(pingFrame, ""), []string{"pong"}},
	{"ping with 125 bytes", masked(pingFrame, strings.Repeat("p", 125)), []string{"pong " + strings.Repeat("p", 125)}},
	{"ping with bytes that are no text", masked(pingFrame, "\xff\xfe"), []string{"pong \xff\xfe"}},
	{"pings and messages in order", join(masked(pingFrame, "1"), masked(textFrame, "a"), masked(pingFrame, "2"), masked(textFrame, "b")), []string{"pong 1", "text a", "pong 2", "text b"}},
	{"pong that nobody asked for", join(masked(pongFrame, "x"), masked(textFrame, "a")), []string{"text a"}},
	{"ping with 126 bytes", masked(pingFrame, strings.Repeat("p", 126)), []string{"close 1002 control frame payload limit exceeded"}},
	{"ping in fragments", masked(pingFrame&0x7f, "x"), []string{"close 1002 control frame is not final"}},
	{"close in fragments", masked(closeFrame&0x7f, ""), []string{"close 1002 control frame is not final"}},

	// Broken frames.
	{"unmasked", []byte{0x81, 1, 'x'}, []string{"close 1002 frames from client to server must be masked"}},
	{"unmasked ping", []byte{0x89, 0}, []string{"close 1002 frames from client to server must be masked"}},
	{"first reserved bit", masked(textFrame|0x40, "x"), []string{"close 1002 non-zero rsv bits with no extension negotiated"}},
	{"second reserved bit", masked(textFrame|0x20, "x"), []string{"close 1002 non-zero rsv bits with no extension negotiated"}},
	{"third reserved bit", masked(pingFrame|0x10, "x"), []string{"close 1002 non-zero rsv bits with no extension negotiated"}},
	{"reserved opcode 3", masked(0x83, "x"), []string{"close 1002 use of reserved op code"}},
	{"reserved opcode 7", masked(0x87, "x"), []string{"close 1002 use of reserved op code"}},
	{"reserved opcode 11", masked(0x8b, "x"), []string{"close 1002 use of reserved op code"}},
	{"reserved opcode 15", masked(0x8f, "x"), []string{"close 1002 use of reserved op code"}},
	{"negative length", []byte{0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, []string{"close 1002 the first bit of a length is set"}},
	{"broken after a good one", join(masked(textFrame, "a"), []byte{0x81, 0}), []string{"text a", "close 1002 frames from client to server must be masked"}},
	{"nothing after a broken one", join([]byte{0x81, 0}, masked(textFrame, "a")), []string{"close 1002 frames from client to server must be masked"}},

	// Text that is none.
	{"not utf-8", masked(textFrame, "a\xff"), []string{"close 1007 the message is not UTF-8"}},
	{"cut character", masked(textFrame, "a\xd0"), []string{"close 1007 the message is not UTF-8"}},
	{"surrogate", masked(textFrame, "\xed\xa0\x80"), []string{"close 1007 the message is not UTF-8"}},
	{"overlong", masked(textFrame, "\xc0\xaf"), []string{"close 1007 the message is not UTF-8"}},
	{"not utf-8 in a fragment", join(masked(textStart, "\xff"), masked(last, "a")), []string{"close 1007 the message is not UTF-8"}},
	{"binary that is no text", masked(binaryFrame, "\xff"), []string{"close 1003 binary messages are not supported"}},
	{"binary fragments that are no text", join(masked(binaryFrame&0x7f, "\xff"), masked(last, "")), []string{"close 1003 binary messages are not supported"}},

	// Sizes; the limit is 100000.
	{"at the limit", masked(textFrame, strings.Repeat("a", 100000)), []string{"text " + strings.Repeat("a", 100000)}},
	{"over the limit, by its header", masked(textFrame, strings.Repeat("a", 100001))[:14], []string{"close 1009 the message is too big"}},
	{"as long as there is", []byte{0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0}, []string{"close 1009 the message is too big"}},
	{"fragments at the limit", join(masked(textStart, strings.Repeat("a", 60000)), masked(last, strings.Repeat("a", 40000))), []string{"text " + strings.Repeat("a", 100000)}},
	{"fragments over the limit", join(masked(textStart, strings.Repeat("a", 60000)), masked(last, strings.Repeat("a", 40001))), []string{"close 1009 the message is too big"}},

	// Closing.
	{"close without a code", masked(closeFrame, ""), []string{"close"}},
	{"close with a code", closing(1000, ""), []string{"close 1000"}},
	{"close with a reason", closing(1001, "bye"), []string{"close 1001"}},
	{"close with a private code", closing(4999, ""), []string{"close 4999"}},
	{"close between fragments", join(masked(textStart, "a"), closing(1000, "")), []string{"close 1000"}},
	{"nothing after close", join(closing(1000, ""), masked(textFrame, "a")), []string{"close 1000"}},
	{"close with half a code", masked(closeFrame, "\x03"), []string{"close 1002 half a close code"}},
	{"close with a long reason", masked(closeFrame, strings.Repeat("x", 126)), []string{"close 1002 control frame payload limit exceeded"}},
	{"close with a reason that is not utf-8", closing(1000, "\xff"), []string{"close 1007 a close reason that is not UTF-8"}},
	{"close 999", closing(999, ""), []string{"close 1002 a close code that may not be sent"}},
	{"close 1004", closing(1004, ""), []string{"close 1002 a close code that may not be sent"}},
	{"close 1005", closing(1005, ""), []string{"close 1002 a close code that may not be sent"}},
	{"close 1006", closing(1006, ""), []string{"close 1002 a close code that may not be sent"}},
	{"close 1014", closing(1014, ""), []string{"close 1014"}},
	{"close 1015", closing(1015, ""), []string{"close 1002 a close code that may not be sent"}},
	{"close 2999", closing(2999, ""), []string{"close 1002 a close code that may not be sent"}},
	{"close 5000", closing(5000, ""), []string{"close 1002 a close code that may not be sent"}},
}

func TestFraming(t *testing.T) {
	addr := serve(t, echo(), transports.Options{Limits: transports.Limits{Message: 100000}}, transports.ServerOptions{})
	for _, tt := range conversations {
		t.Run(tt.name, func(t *testing.T) { converse(t, upgrade(t, addr), tt.sent, tt.want) })
	}
}

// The same, each byte in a packet of its own; long ones are left out.
func TestFramingByteByByte(t *testing.T) {
	addr := serve(t, echo(), transports.Options{Limits: transports.Limits{Message: 100000}}, transports.ServerOptions{})
	for _, tt := range conversations {
		if len(tt.sent) > 1000 {
			continue
		}
		t.Run(tt.name, func(t *testing.T) {
			p := upgrade(t, addr)
			for _, b := range tt.sent {
				p.send(b)
			}
			converse(t, p, nil, tt.want)
		})
	}
}

// converse sends bytes and compares what comes back until the connection ends.
func converse(t *testing.T, p *rawPeer, sent []byte, want []string) {
	t.Helper()
	if final := want[len(want)-1]; !strings.HasPrefix(final, "close") {
		sent = append(slices.Clone(sent), closing(1000, "")...)
		want = append(slices.Clone(want), "close 1000")
	}
	p.send(sent...)
	var got []string
	for {
		f := strings.TrimSpace(p.frame())
		if f == "end" {
			break
		}
		got = append(got, f)
		if strings.HasPrefix(f, "close") {
			p.endWrite()
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %.200q\nwant %.200q", got, want)
	}
}

func TestManyPingsAreAnsweredByTheLatest(t *testing.T) {
	addr := serve(t, echo(), transports.Options{}, transports.ServerOptions{})
	p := upgrade(t, addr)
	var flood []byte
	for i := range 100 {
		flood = append(flood, masked(pingFrame, itoa(i))...)
	}
	p.send(append(flood, masked(textFrame, "done")...)...)
	pongs := 0
	for f := ""; f != "pong 99"; pongs++ {
		if f = p.frame(); f == "text done" {
			pongs--
		} else if !strings.HasPrefix(f, "pong") {
			t.Fatalf("got %s, want pongs up to 99", f)
		}
	}
	if pongs > 100 {
		t.Errorf("got %d pongs for 100 pings", pongs)
	}
}

func TestPingsKeepTheChannelAlive(t *testing.T) {
	alive := make(chan bool, 2)
	e := &engine{
		frame: func(c protocol.Conn, _ []byte) { c.(protocol.Pinger).Ping() },
		alive: func(protocol.Conn) { alive <- true },
	}
	p := upgrade(t, serve(t, e, transports.Options{}, transports.ServerOptions{}))
	p.send(masked(pingFrame, "")...)
	within(t, alive, "a sign of life after a ping")
	if got := p.frame(); got != "pong" {
		t.Errorf("got %s, want pong", got)
	}
	p.send(masked(textFrame, "ping me")...)
	if got := p.frame(); got != "ping" {
		t.Errorf("got %s, want ping", got)
	}
	p.send(masked(pongFrame, "")...)
	within(t, alive, "a sign of life after a pong")
}

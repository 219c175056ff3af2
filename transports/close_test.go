package transports_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/transports"
)

func TestHowConnectionsEnd(t *testing.T) {
	var refused *transports.CloseError
	tests := []struct {
		name string
		// do is what happens after the peer got the message "ready".
		do   func(c protocol.Conn, p *rawPeer)
		want []string // what the peer gets
		ok   func(err error) bool
	}{
		{
			"the peer closes",
			func(_ protocol.Conn, p *rawPeer) { p.send(closing(1000, "")...) },
			[]string{"close 1000", "end"}, isNil,
		},
		{
			"we close, the peer answers",
			func(c protocol.Conn, p *rawPeer) {
				c.Close(1001, "bye")
				p.send(closing(1001, "")...)
			},
			[]string{"close 1001 bye", "end"}, isNil,
		},
		{
			"we close, the peer just hangs up",
			func(c protocol.Conn, p *rawPeer) { c.Close(1001, ""); p.endWrite() },
			[]string{"close 1001", "end"}, isNil,
		},
		{
			"we close, the peer answers with rubbish",
			func(c protocol.Conn, p *rawPeer) { c.Close(1001, ""); p.send(0x88, 0) },
			[]string{"close 1001", "end"}, isNil,
		},
		{
			"we close, the peer sends messages before its answer",
			func(c protocol.Conn, p *rawPeer) {
				c.Close(1001, "")
				p.send(join(masked(textFrame, "a"), masked(pingFrame, ""), closing(1001, ""))...)
			},
			[]string{"close 1001", "end"}, isNil,
		},
		{
			"we close, the peer says nothing",
			func(c protocol.Conn, _ *rawPeer) { c.Close(1001, "") },
			[]string{"close 1001", "end"}, func(err error) bool { return errors.Is(err, transports.ErrNoAnswer) },
		},
		{
			"we close twice",
			func(c protocol.Conn, p *rawPeer) {
				c.Close(1001, "first")
				c.Close(1000, "second")
				p.send(closing(1001, "")...)
			},
			[]string{"close 1001 first", "end"}, isNil,
		},
		{
			"both close",
			func(c protocol.Conn, p *rawPeer) {
				p.send(closing(1000, "")...)
				c.Close(1000, "")
			},
			[]string{"close 1000", "end"}, isNil,
		},
		{
			"a long reason is cut between characters",
			func(c protocol.Conn, p *rawPeer) {
				c.Close(1008, "x"+strings.Repeat("я", 100))
				p.send(closing(1008, "")...)
			},
			[]string{"close 1008 x" + strings.Repeat("я", 61), "end"}, isNil,
		},
		{
			"what was written goes first",
			func(c protocol.Conn, p *rawPeer) {
				write(c, "a", "b")
				taken(p.t, c)
				c.Close(1000, "")
				p.send(closing(1000, "")...)
			},
			[]string{"text a", "text b", "close 1000", "end"}, isNil,
		},
		{
			"the peer vanishes",
			func(_ protocol.Conn, p *rawPeer) { p.endWrite() },
			[]string{"end"}, func(err error) bool { return errors.Is(err, io.EOF) },
		},
		{
			"the peer breaks a rule",
			func(_ protocol.Conn, p *rawPeer) { p.send(0x81, 0); p.endWrite() },
			[]string{"close 1002 frames from client to server must be masked", "end"},
			func(err error) bool { return errors.As(err, &refused) && refused.Code == 1002 },
		},
		{
			"the peer breaks a rule and goes on",
			func(_ protocol.Conn, p *rawPeer) {
				p.send(0x81, 0)
				p.send(bytes.Repeat(masked(textFrame, "never mind"), 1000)...)
			},
			[]string{"close 1002 frames from client to server must be masked", "end"},
			func(err error) bool { return errors.As(err, &refused) && refused.Code == 1002 },
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := echo()
			opened, closed := reporting(e)
			p := upgrade(t, serve(t, e, transports.Options{Limits: quick}, transports.ServerOptions{}))
			c := within(t, opened, "Open")
			p.send(masked(textFrame, "ready")...)
			if got := p.frame(); got != "text ready" {
				t.Fatalf("got %s, want text ready", got)
			}
			tt.do(c, p)
			for _, want := range tt.want {
				if got := p.frame(); got != want {
					t.Fatalf("got %s, want %s", got, want)
				}
			}
			if err := within(t, closed, "Closed"); !tt.ok(err) {
				t.Errorf("closed with %v", err)
			}
			if n, err := c.Write([]protocol.Frame{{Body: []byte("x")}}); n != 0 || !errors.Is(err, transports.ErrClosed) {
				t.Errorf("write afterwards: got %d, %v, want ErrClosed", n, err)
			}
			c.Close(1000, "") // may be called often
		})
	}
}

func isNil(err error) bool { return err == nil }

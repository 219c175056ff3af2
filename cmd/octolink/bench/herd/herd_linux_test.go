package herd_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/octolink/octolink/cmd/octolink/bench/herd"
)

// serve answers connections one by one until the test ends.
func serve(t *testing.T, one func(net.Conn)) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				one(conn)
			}()
		}
	}()
	t.Cleanup(func() { l.Close(); <-ended })
	return netip.MustParseAddrPort(l.Addr().String())
}

// echo is a WebSocket server of another implementation.
func echo(conn net.Conn) {
	u := ws.Upgrader{Protocol: func(p []byte) bool { return string(p) == "json" }}
	if _, err := u.Upgrade(conn); err != nil {
		return
	}
	if ws.WriteFrame(conn, ws.NewPingFrame([]byte("are you there"))) != nil {
		return
	}
	for {
		text, err := wsutil.ReadClientText(conn)
		if err != nil || wsutil.WriteServerText(conn, text) != nil {
			return
		}
	}
}

// exchange sends numbered texts on each tab, one after the other, of very different lengths.
type exchange struct {
	t    *testing.T
	herd *herd.Herd
	done int
}

const rounds = 20

func (e *exchange) message(id, n int) string {
	return fmt.Sprintf("%d of tab %d %s", n, id, strings.Repeat("x", n*n*n*20))
}

func (e *exchange) Opened(t *herd.Tab) { e.send(t, 0) }

func (e *exchange) send(t *herd.Tab, n int) {
	t.Data = n
	t.Send([3][]byte{[]byte(e.message(t.ID, n))})
}

func (e *exchange) Message(t *herd.Tab, m []byte) {
	n := t.Data.(int)
	if string(m) != e.message(t.ID, n) {
		e.herd.Fail(fmt.Errorf("tab %d: got %.50q for message %d", t.ID, m, n))
	}
	if n+1 == rounds {
		e.done++
		return
	}
	e.send(t, n+1)
}

// Ensure all tabs get back what they sent, also what does not fit into one read or one write.
func TestHerdExchanges(t *testing.T) {
	h, err := herd.New(herd.Options{Addr: serve(t, echo), Subprotocol: "json"})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	e := &exchange{t: t, herd: h}
	h.Use(e)
	const tabs = 20
	for range tabs {
		if _, err := h.Connect(); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.Run(t.Context(), func() bool { return e.done == tabs }, nil); err != nil {
		t.Error(err)
	}
}

// Ensure what a herd is told to do in time is done, and that it ends when its context does.
func TestHerdTicks(t *testing.T) {
	h, err := herd.New(herd.Options{Addr: serve(t, echo), Subprotocol: "json"})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	ticks := 0
	tick := func(now time.Time) time.Time { ticks++; return now.Add(time.Millisecond) }
	if err := h.Run(t.Context(), func() bool { return ticks == 5 }, tick); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := h.Run(ctx, func() bool { return false }, nil); err == nil {
		t.Error("it goes on after the end of its context")
	}
}

// Ensure a server that does not do what it should is told of, with what it did.
func TestHerdSaysWhatIsWrong(t *testing.T) {
	for _, tc := range []struct {
		name string
		do   func(net.Conn)
		want string
	}{
		{"no upgrade", func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 404 Not Found\r\n\r\n") }, "404"},
		{"cut off", func(net.Conn) {}, ""},
		{"closed", func(c net.Conn) {
			if _, err := ws.Upgrade(c); err == nil {
				_ = ws.WriteFrame(c, ws.NewCloseFrame(ws.NewCloseFrameBody(4401, "no login")))
			}
		}, "no login"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h, err := herd.New(herd.Options{Addr: serve(t, tc.do), Subprotocol: "json"})
			if err != nil {
				t.Fatal(err)
			}
			defer h.Close()
			h.Use(&exchange{t: t, herd: h})
			if _, err := h.Connect(); err != nil {
				t.Fatal(err)
			}
			err = h.Run(t.Context(), func() bool { return false }, nil)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}

package transports_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/transports"
)

// A storm of handshakes, each with its first request in the same packet.
func TestHandshakeStorm(t *testing.T) {
	const peers, atOnce = 500, 50
	addr := serve(t, echo(), transports.Options{}, transports.ServerOptions{})
	var storm sync.WaitGroup
	for range atOnce {
		storm.Go(func() {
			for i := range peers / atOnce {
				p := connect(t, addr)
				word := fmt.Sprint("hello ", i)
				if r := p.handshake(goodHandshake() + string(masked(textFrame, word))); r.StatusCode != 101 {
					t.Errorf("got %s, want 101", r.Status)
				}
				if got := p.frame(); got != "text "+word {
					t.Errorf("got %s, want text %s", got, word)
				}
				p.Close()
			}
		})
	}
	storm.Wait()
}

// The server ends while thousands are connected, of whom some do not read, some flood and most do
// nothing.
func TestTheServerEndsUnderThousands(t *testing.T) {
	const peers = 2000
	opened := make(chan protocol.Conn, peers)
	e := echo()
	e.open = func(c protocol.Conn) { opened <- c }
	addr := serve(t, e, transports.Options{Limits: quick}, transports.ServerOptions{})
	flood := strings.Repeat(string(masked(textFrame, strings.Repeat("x", 100))), 100)
	for i := range peers {
		p := upgrade(t, addr)
		if i%100 == 0 {
			p.send([]byte(flood)...) // the answers are never read
		}
		c := within(t, opened, "Open")
		if i%100 == 1 {
			c.(*queued).flush(protocol.Frame{Body: make([]byte, 1<<20)})
		}
	} // the end of the test closes all, waits for them, and looks for what is left
}

package transports_test

import (
	"os"
	"runtime"
	"testing"

	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/transports"
)

// descriptors is how many the process has open.
func descriptors(t testing.TB) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

// An idle connection holds no goroutine, and the descriptor of each is given back, however it ends.
func TestConnectionsGiveEverythingBack(t *testing.T) {
	const peers = 300
	before := descriptors(t)
	t.Cleanup(func() { // after the server has ended
		for range 1_000_000 {
			if descriptors(t) <= before {
				return
			}
			runtime.Gosched()
		}
		t.Errorf("%d descriptors are open, %d were before", descriptors(t), before)
	})
	opened, closed := make(chan protocol.Conn, peers), make(chan error, peers)
	e := echo()
	e.open = func(c protocol.Conn) { opened <- c }
	e.closed = func(_ protocol.Conn, err error) { closed <- err }
	addr := serve(t, e, transports.Options{Limits: quick}, transports.ServerOptions{})

	all := make([]*rawPeer, peers)
	for i := range all {
		all[i] = upgrade(t, addr)
		all[i].send(masked(textFrame, "ready")...)
		if got := all[i].frame(); got != "text ready" {
			t.Fatalf("got %s", got)
		}
	}
	for tries := 0; runtime.NumGoroutine() > peers/2; tries++ { // those of net/http may just be ending
		if tries == 1_000_000 {
			t.Fatalf("%d goroutines for %d idle connections", runtime.NumGoroutine(), peers)
		}
		runtime.Gosched()
	}
	for i, p := range all {
		c := within(t, opened, "Open")
		switch i % 5 {
		case 0:
			p.send(closing(1000, "")...)
		case 1:
			p.send(masked(textFrame, "half")[:5]...)
			p.Close()
		case 2:
			p.send(0x81, 0) // a rule is broken, and it stays
		case 3:
			c.Close(1001, "no answer")
		case 4:
			p.send(join(masked(textStart, "begun"), closing(1000, ""))...)
		}
	}
	for range all {
		within(t, closed, "Closed")
	}
}

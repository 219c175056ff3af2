package transports_test

import (
	"bytes"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/transports"
)

// BenchmarkEcho measures requests of 150 bytes on 64 connections, each with so many on the way.
// Both ends are in the process.
func BenchmarkEcho(b *testing.B) {
	for _, depth := range []int{1, 16} {
		b.Run(fmt.Sprintf("depth=%d", depth), func(b *testing.B) { benchEcho(b, depth) })
	}
}

func benchEcho(b *testing.B, depth int) {
	const peers = 64
	e := &engine{frame: func(c protocol.Conn, m []byte) {
		reply := protocol.Frame{Body: append([]byte(nil), m...)}
		if n, err := c.(*queued).Write([]protocol.Frame{reply}); n != 1 || err != nil {
			b.Errorf("took %d, %v", n, err)
		}
	}}
	addr := serve(b, e, transports.Options{}, transports.ServerOptions{})
	batch := make([][]byte, depth)
	for i := range batch {
		batch[i] = []byte(strings.Repeat("x", 150))
	}
	streams := make([]*transports.Stream, peers)
	for i := range streams {
		streams[i] = dial(b, addr)
	}
	b.ReportAllocs()
	b.ResetTimer()
	var wg sync.WaitGroup
	for i, s := range streams {
		rounds := b.N / depth / peers
		if i == 0 {
			rounds++ // at least one
		}
		wg.Go(func() { ask(b, s, batch, rounds) })
	}
	wg.Wait()
}

// ask sends a batch and takes its answers, so many times.
func ask(b *testing.B, s *transports.Stream, batch [][]byte, rounds int) {
	for range rounds {
		if err := s.Send(batch...); err != nil {
			b.Error(err)
			return
		}
		for range batch {
			if _, err := s.Receive(); err != nil {
				b.Error(err)
				return
			}
		}
	}
}

// An idle connection holds a goroutine and its own few fields: no buffer of net/http, none of ours.
func TestIdleConnectionsAreSmall(t *testing.T) {
	const peers, most = 1000, 8 << 10 // bytes, the sockets of the client's end included
	e := &engine{frame: func(c protocol.Conn, b []byte) {
		if n, err := c.(*queued).Write([]protocol.Frame{{Body: bytes.Clone(b)}}); n != 1 || err != nil {
			t.Errorf("took %d, %v", n, err)
		}
	}}
	if raceDetector() {
		t.Skip("the race detector keeps memory of its own")
	}
	addr := serve(t, e, transports.Options{}, transports.ServerOptions{})
	upgrade(t, addr)
	before := memory()
	sockets := make([]*rawPeer, peers)
	for i := range sockets {
		p := upgrade(t, addr)
		p.send(masked(textFrame, strings.Repeat("x", 5000))...)
		if got := p.frame(); len(got) != 5005 {
			t.Fatalf("got %s", got)
		}
		p.r = nil // its buffer is not what we measure
		sockets[i] = p
	}
	each := (memory() - before) / peers
	for start := time.Now(); each > most && time.Since(start) < time.Second; {
		each = (memory() - before) / peers // goroutines of net/http may just be ending
	}
	t.Logf("%d bytes for each connection", each)
	if each > most {
		t.Errorf("got %d bytes for each connection, want at most %d", each, most)
	}
	runtime.KeepAlive(sockets)
}

// memory is what the process uses after the pools and the stacks were cleaned up.
func memory() int64 {
	var m runtime.MemStats
	for range 5 {
		runtime.GC() // stacks shrink by half each time
	}
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}

// raceDetector says whether the test was built with it.
func raceDetector() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.ContainsFunc(info.Settings, func(s debug.BuildSetting) bool {
		return s.Key == "-race" && s.Value == "true"
	})
}

package methods_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/octolink/octolink/protocol"
)

// A network is how the tabs of a scene reach its server.
type network interface {
	// play runs a scene in a bubble of its own.
	play(t *testing.T, scene func(t *testing.T))
	// connect opens a tab's channel.
	connect(t *tab) carrier
}

// A carrier brings what a client says to the server. What the server says comes to the tab: heard,
// pinged, ended.
type carrier interface {
	send(message []byte)
	pong()
	hangUp()
}

// inMemory is a network without sockets: a message arrives when it is sent.
type inMemory struct{}

func (inMemory) play(t *testing.T, scene func(t *testing.T)) { synctest.Test(t, scene) }

func (inMemory) connect(t *tab) carrier {
	l := &memoryLine{tab: t}
	l.sink = t.scene.engine.Open(l)
	return l
}

// A memoryLine is a channel in memory: a protocol.Conn on the server's side.
type memoryLine struct {
	tab  *tab
	sink protocol.Sink

	frame sync.Mutex // a connection has one reader, a phone any number of timers
}

var _ protocol.Pinger = (*memoryLine)(nil)

// Info describes the connection.
func (l *memoryLine) Info() protocol.Info { return l.tab.info() }

// Write reads what the server says.
func (l *memoryLine) Write(frames []protocol.Frame) (int, error) {
	for _, f := range frames {
		l.tab.heard([]byte(string(f.Head) + string(f.Body) + string(f.Tail)))
	}
	return len(frames), nil
}

// Ping asks the client for a sign of life.
func (l *memoryLine) Ping() { l.tab.pinged() }

// Close ends the channel a moment later, as transports do.
func (l *memoryLine) Close(code protocol.CloseCode, _ string) {
	if l.tab.ended(code) {
		time.AfterFunc(0, func() { l.sink.Closed(nil) })
	}
}

func (l *memoryLine) send(message []byte) {
	l.frame.Lock()
	defer l.frame.Unlock()
	l.sink.Frame(message)
}

func (l *memoryLine) pong() { l.sink.(protocol.LifeSink).Alive() }

func (l *memoryLine) hangUp() { l.sink.Closed(nil) }

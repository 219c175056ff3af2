package protocol_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"

	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/wire"
)

// A sinkhole takes everything and keeps nothing.
type sinkhole struct {
	info   protocol.Info
	answer chan struct{} // told of each write, when it is there
}

func (s *sinkhole) Info() protocol.Info { return s.info }
func (s *sinkhole) Write(frames []protocol.Frame) (int, error) {
	if s.answer != nil {
		s.answer <- struct{}{}
	}
	return len(frames), nil
}
func (s *sinkhole) Close(protocol.CloseCode, string) {}

func benchEngine() *protocol.Engine {
	echo := func(_ context.Context, _ *protocol.Client, in textIn) (textOut, error) { return textOut(in), nil }
	return protocol.NewEngine(protocol.Options{
		Limits: protocol.Limits{TabsPerUser: 1 << 20},
		Events: protocol.NewEvents(rang.Def(), hung.Def(), moved.Def()),
		Table: protocol.NewTable(
			protocol.Def("quick", protocol.Clients, "Answers at once.", echo).Quick(),
			protocol.Def("state", protocol.Clients, "Answers with many fields.", benchState).Quick(),
			protocol.Def("worker", protocol.Clients, "Answers from a worker.", echo),
			protocol.Def("command", protocol.Clients, "Holds events.", echo).Command(),
			protocol.Def("login", protocol.Anyone, "Logs in.", func(_ context.Context, c *protocol.Client, in loginIn) (none, error) {
				return none{}, c.LogIn(protocol.Identity{Login: in.Login, UserID: "0d5e7f4a-0000-4000-8000-000000000001"})
			}).Quick(),
			protocol.Def("subscribeevent", protocol.Anyone, "Subscribes.", subscribe).Quick(),
		),
	})
}

// A stateAnswer has what clients ask for most.
type stateAnswer struct {
	Login      string `wire:"userlogin"`
	ID         string `wire:"userid"`
	StateID    int    `wire:"userstateid"`
	State      int    `wire:"userstate"`
	Name       string `wire:"userstatestr"`
	CallCenter bool   `wire:"oncallcenter"`
	Lunch      bool   `wire:"onlunch"`
	Redirect   bool   `wire:"onredirect"`
	BreakID    *int   `wire:"lunchreasonid"`
	BreakText  string `wire:"lunchreasonmsg,omitempty"`
}

func benchState(_ context.Context, c *protocol.Client, _ none) (stateAnswer, error) {
	id := c.Identity()
	return stateAnswer{Login: id.Login, ID: id.UserID, StateID: 1, State: 1, Name: "ready", CallCenter: true}, nil
}

func benchTab(e *protocol.Engine, f wire.Format, login string, events ...string) (*sinkhole, protocol.Sink) {
	conn := &sinkhole{info: protocol.Info{Format: f, Remote: "10.0.0.1:1"}}
	sink := e.Open(conn)
	sink.Frame(request(f, "login", "1", with("userlogin", login)))
	sink.Frame(request(f, "subscribeevent", "2", with("eventmethod", events)))
	return conn, sink
}

// BenchmarkRPC is one request and its reply on one channel: where the frame arrives, and by a worker.
func BenchmarkRPC(b *testing.B) {
	for _, f := range []wire.Format{wire.JSON, wire.XML} {
		for _, method := range []string{"quick", "state", "worker", "command"} {
			b.Run(fmt.Sprintf("%s/%s", f, method), func(b *testing.B) {
				e := benchEngine()
				conn, sink := benchTab(e, f, "alice")
				frame := request(f, method, "0.1234567890123456", with("userlogin", "alice"), with("text", "hello"))
				if method != "quick" && method != "state" {
					conn.answer = make(chan struct{})
				}
				b.ReportAllocs()
				for b.Loop() {
					sink.Frame(frame)
					if conn.answer != nil {
						<-conn.answer
					}
				}
			})
		}
	}
}

// BenchmarkRPCParallel is the same on many channels at once.
func BenchmarkRPCParallel(b *testing.B) {
	e := benchEngine()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		_, sink := benchTab(e, wire.JSON, "alice")
		frame := request(wire.JSON, "quick", "0.1234567890123456", with("userlogin", "alice"), with("text", "hello"))
		for pb.Next() {
			sink.Frame(frame)
		}
	})
}

// BenchmarkPublish tells one event to some of many tabs: what it costs must grow with the receivers.
func BenchmarkPublish(b *testing.B) {
	for _, size := range []struct{ receivers, tabs int }{{1000, 1000}, {10, 1000}, {10, 10_000}, {0, 10_000}} {
		b.Run(fmt.Sprintf("%d of %d", size.receivers, size.tabs), func(b *testing.B) {
			e := benchEngine()
			for i := range size.tabs {
				event := "phone"
				if i < size.receivers {
					event = "moved"
				}
				benchTab(e, wire.JSON, numbered(i/20), event)
			}
			b.ReportAllocs()
			for b.Loop() {
				e.Hub().Publish(moved.For(protocol.Everybody(), textOut{"a number changed"}))
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(max(size.receivers, 1)), "ns/receiver")
		})
	}
}

// BenchmarkPublishUser tells an event to the 20 tabs of one user among 10,000.
func BenchmarkPublishUser(b *testing.B) {
	e := benchEngine()
	for i := range 10_000 {
		benchTab(e, wire.JSON, numbered(i/20), "phone")
	}
	b.ReportAllocs()
	for b.Loop() {
		e.Hub().Publish(rang.For(protocol.User("n007", ""), ringEvent{"79161234567"}))
	}
}

// BenchmarkIdleChannel is the memory of a tab that is logged in and does nothing, without its
// transport.
func BenchmarkIdleChannel(b *testing.B) {
	var before, after runtime.MemStats
	for b.Loop() {
		const tabs = 10_000
		e := benchEngine()
		conns := make([]sinkhole, tabs)
		runtime.GC()
		runtime.ReadMemStats(&before)
		for i := range conns {
			conns[i].info.Remote = "10.0.0.1:1"
			sink := e.Open(&conns[i])
			sink.Frame(request(wire.JSON, "login", "1", with("userlogin", numbered(i/20))))
			sink.Frame(request(wire.JSON, "subscribeevent", "2", with("eventmethod", "phone")))
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/tabs, "B/channel")
		runtime.KeepAlive(e)
	}
}

// BenchmarkConnect is a channel's life: opened, logged in, closed.
func BenchmarkConnect(b *testing.B) {
	e := benchEngine()
	for i := range 10_000 { // among many others
		benchTab(e, wire.JSON, numbered(i/20), "phone")
	}
	b.ReportAllocs()
	for b.Loop() {
		_, sink := benchTab(e, wire.JSON, "alice", "phone")
		sink.Closed(nil)
	}
}

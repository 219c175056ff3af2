package protocol_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/wire"
)

// dial makes a method that causes events for its caller, waits at the gate and causes one more.
func (s *scene) dial(name string) protocol.Method {
	return protocol.Def(name, protocol.Clients, "Causes events.",
		func(_ context.Context, c *protocol.Client, in textIn) (textOut, error) {
			s.tell(c.Login(), in.Text+" before")
			s.gate <- struct{}{}
			s.tell(c.Login(), in.Text+" after")
			if in.Text == "crash" {
				panic("on purpose")
			}
			return textOut(in), nil
		})
}

// sceneOf lets rows refer to the scene that they are made for.
func sceneOf(t testing.TB, o protocol.Options, rows func(s *scene) []protocol.Method) *scene {
	s := &scene{}
	made := newScene(t, o, rows(s)...)
	s.t, s.engine, s.gate, s.meter, s.clients = made.t, made.engine, made.gate, made.meter, made.clients
	return s
}

func TestReplyPrecedesTheEventsThatACommandCaused(t *testing.T) {
	inBothFormats(t, func(t *testing.T, f wire.Format) {
		s := sceneOf(t, protocol.Options{}, func(s *scene) []protocol.Method {
			return []protocol.Method{s.dial("dial").Command(), s.dial("plain")}
		})
		a, b := s.tab(f, "alice", "phone"), s.tab(f, "alice", "phone")
		a.ask("dial", "1", with("text", "x"))
		synctest.Wait()
		a.want() // held
		b.want(told("alice", "x before"))
		<-s.gate
		synctest.Wait()
		a.want(reply("dial", "1", "x"), told("alice", "x before"), told("alice", "x after"))
		b.want(told("alice", "x after"))

		a.ask("plain", "2", with("text", "y")) // without the mark nothing is held
		synctest.Wait()
		a.want(told("alice", "y before"))
		<-s.gate
		synctest.Wait()
		a.want(told("alice", "y after"), reply("plain", "2", "y"))
		s.stop()
	})
}

func TestCommandsWithoutQIDAndWithPanics(t *testing.T) {
	inBothFormats(t, func(t *testing.T, f wire.Format) {
		s := sceneOf(t, protocol.Options{}, func(s *scene) []protocol.Method {
			return []protocol.Method{s.dial("dial").Command()}
		})
		p := s.tab(f, "alice", "phone")
		p.ask("dial", "", with("text", "x"))
		<-s.gate
		synctest.Wait()
		p.want(told("alice", "x before"), told("alice", "x after"))
		p.ask("dial", "1", with("text", "crash"))
		<-s.gate
		synctest.Wait()
		p.want(failure("dialresult", "1", 500, "Internal error"), told("alice", "crash before"), told("alice", "crash after"))
		s.tell("alice", "free")
		p.want(told("alice", "free"))
		s.stop()
	})
}

// Two tabs of one user give commands at once: each hears its own reply first, and the other's events
// after it too, in their order.
func TestCommandsOfTwoTabsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sceneOf(t, protocol.Options{}, func(s *scene) []protocol.Method {
			return []protocol.Method{s.dial("dial").Command()}
		})
		a, b := s.tab(wire.JSON, "alice", "phone"), s.tab(wire.XML, "alice", "phone")
		a.ask("dial", "1", with("text", "a"))
		synctest.Wait()
		b.ask("dial", "2", with("text", "b"))
		synctest.Wait()
		a.want()
		b.want(told("alice", "a before"))
		<-s.gate
		<-s.gate
		synctest.Wait()
		for p, want := range map[*pipe]string{a: reply("dial", "1", "a"), b: reply("dial", "2", "b")} {
			if got := p.take(); len(got) < 4 || got[0] != want && p == a {
				t.Errorf("got %q, want %s first", got, want)
			}
		}
		s.stop()
	})
}

// Replies of requests that were refused do not wait behind a command, and nothing is lost when
// many tabs of a user give commands while others publish.
func TestHeldEventsUnderLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const tabs, rounds = 8, 20
		s := sceneOf(t, protocol.Options{}, func(s *scene) []protocol.Method {
			return []protocol.Method{protocol.Def("dial", protocol.Clients, "Causes an event.",
				func(_ context.Context, c *protocol.Client, in textIn) (textOut, error) {
					s.tell(c.Login(), in.Text)
					return textOut(in), nil
				}).Command()}
		})
		pipes := make([]*pipe, tabs)
		var asking sync.WaitGroup
		for i := range pipes {
			pipes[i] = s.tab(wire.Format(i%2), "alice", "phone")
		}
		for i := range pipes {
			asking.Go(func() {
				for j := range rounds {
					pipes[i].ask("dial", "q", with("text", numbered(i*rounds+j)))
				}
			})
		}
		asking.Wait()
		synctest.Wait()
		for i, p := range pipes {
			checkCommands(t, p.take(), i*rounds, rounds, tabs*rounds)
		}
		s.stop()
	})
}

// checkCommands looks for the replies of one tab, each before its event, and for all events once.
func checkCommands(t *testing.T, got []string, from, mine, all int) {
	t.Helper()
	at := map[string]int{}
	for i, text := range got {
		if _, double := at[text]; double {
			t.Errorf("%s came twice", text)
		}
		at[text] = i
	}
	if len(got) != mine+all {
		t.Errorf("%d frames came, want %d", len(got), mine+all)
	}
	for i := from; i < from+mine; i++ {
		answer, okAnswer := at[reply("dial", "q", numbered(i))]
		event, okEvent := at[told("alice", numbered(i))]
		if !okAnswer || !okEvent || event < answer {
			t.Errorf("%d: reply at %d, its event at %d", i, answer, event)
		}
	}
}

// A command whose reply ends the channel: its events are not told any more, but what was held by
// then is.
func TestHeldEventsAndClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sceneOf(t, protocol.Options{}, func(s *scene) []protocol.Method {
			return []protocol.Method{protocol.Def("leave", protocol.Clients, "Causes an event and closes.",
				func(_ context.Context, c *protocol.Client, _ none) (none, error) {
					s.tell(c.Login(), "last")
					c.CloseAfterReply(protocol.CloseNormal, "done")
					return none{}, nil
				}).Command()}
		})
		p := s.tab(wire.JSON, "alice", "phone")
		p.ask("leave", "1")
		synctest.Wait()
		p.want(`["leaveresult",{"qid":"1","result":1}]`, told("alice", "last"))
		p.wantClose(protocol.CloseNormal)
		s.stop()
	})
}

// Held events count: a command that causes too many ends the channel instead of growing memory.
func TestHeldEventsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sceneOf(t, protocol.Options{Limits: protocol.Limits{Queue: 10_000}}, func(s *scene) []protocol.Method {
			return []protocol.Method{protocol.Def("flood", protocol.Clients, "Causes many events.",
				func(_ context.Context, c *protocol.Client, _ none) (none, error) {
					for i := range 1000 {
						s.tell(c.Login(), numbered(i))
					}
					return none{}, nil
				}).Command()}
		})
		p := s.tab(wire.JSON, "alice", "phone")
		p.ask("flood", "1")
		synctest.Wait()
		p.want()
		p.wantClose(protocol.CloseSlow)
		s.stop()
	})
}

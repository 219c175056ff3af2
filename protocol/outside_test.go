package protocol_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/wire"
)

func TestTapSeesBothDirections(t *testing.T) {
	inBothFormats(t, func(t *testing.T, f wire.Format) {
		s := newScene(t, protocol.Options{})
		p := s.open(f)
		var seen []string
		s.engine.SetTap(func(d protocol.Direction, login string, info protocol.Info, frame []byte) {
			msg, err := wire.Decode(info.Format, frame, wire.Limits{})
			if err != nil {
				msg.Name = string(frame)
			}
			seen = append(seen, strings.Join([]string{string(d), login, info.Remote, msg.Name}, " "))
		})
		p.ask("login", "1", with("userlogin", "alice"))
		p.ask("subscribeevent", "2", with("eventmethod", "phone"))
		s.tell("alice", "x")
		p.ask("nosuch", "3")
		p.ask("nosuch", "")
		p.send([]byte("rubbish"))
		s.engine.SetTap(nil)
		p.ask("echo", "4")
		r := p.info.Remote
		want := []string{
			"in  " + r + " login", "out alice " + r + " loginresult",
			"in alice " + r + " subscribeevent", "out alice " + r + " subscribeeventresult",
			"out alice " + r + " rang",
			"in alice " + r + " nosuch", "out alice " + r + " nosuchresult",
			"in alice " + r + " nosuch",
			"in alice " + r + " rubbish", "out alice " + r + " error",
		}
		if !slices.Equal(seen, want) {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(seen, "\n"), strings.Join(want, "\n"))
		}
		s.stop()
	})
}

// What an operator sees has the order that the peer sees.
func TestTapOfACommand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sceneOf(t, protocol.Options{}, func(s *scene) []protocol.Method {
			return []protocol.Method{s.dial("dial").Command()}
		})
		p := s.tab(wire.JSON, "alice", "phone")
		var seen []string
		s.engine.SetTap(func(_ protocol.Direction, _ string, _ protocol.Info, frame []byte) {
			seen = append(seen, guid.ReplaceAllString(string(frame), `"qid":"*"`))
		})
		p.ask("dial", "1", with("text", "x"))
		<-s.gate
		synctest.Wait()
		if want := append([]string{string(request(wire.JSON, "dial", "1", with("text", "x")))}, p.take()...); !slices.Equal(seen, want) {
			t.Errorf("got %q, want %q", seen, want)
		}
		s.stop()
	})
}

// The tap's bytes are only lent: writing into them must not reach a receiver.
func TestTapCannotChangeWhatIsSent(t *testing.T) {
	s := newScene(t, protocol.Options{})
	p := s.tab(wire.JSON, "alice", "phone")
	s.engine.SetTap(func(d protocol.Direction, _ string, _ protocol.Info, frame []byte) {
		if d == protocol.Out {
			clear(frame)
		}
	})
	s.tell("alice", "x")
	p.ask("echo", "1")
	p.want(told("alice", "x"), reply("echo", "1", ""))
	s.stop()
}

func TestMeter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, protocol.Options{})
		p := s.tab(wire.JSON, "alice", "phone")
		q := s.tab(wire.JSON, "alice")
		s.meter.asked = nil
		p.ask("slow", "1")
		pass(3 * time.Second)
		<-s.gate
		synctest.Wait()
		p.ask("echo", "")
		p.ask("number", "2")
		p.ask("nosuch", "3")
		p.ask("crash", "4")
		p.ask("echo", "5", with("userlogin", "boris"))
		s.tell("alice", "x")
		s.tell("boris", "x")
		want := []string{"slow 0 3s", "echo 0 0s", "number 400 0s", " 404 0s", "crash 500 0s", " 403 0s"}
		if !slices.Equal(s.meter.asked, want) {
			t.Errorf("requests %q, want %q", s.meter.asked, want)
		}
		if want := []string{"rang 1", "rang 0"}; !slices.Equal(s.meter.events, want) {
			t.Errorf("events %q, want %q", s.meter.events, want)
		}
		p.end(nil)
		q.end(errors.New("reset"))
		if s.meter.opened != 2 {
			t.Errorf("%d opened", s.meter.opened)
		}
	})
}

// coded is a transport's error with a close code.
type coded protocol.CloseCode

func (c coded) Error() string                 { return "closed" }
func (c coded) CloseCode() protocol.CloseCode { return protocol.CloseCode(c) }

func TestMeterLearnsHowAChannelEnded(t *testing.T) {
	tests := []struct {
		name string
		end  func(s *scene, p *pipe)
		want protocol.CloseCode
	}{
		{"the peer closed in order", func(_ *scene, p *pipe) { p.end(nil) }, 1000},
		{"the line broke", func(_ *scene, p *pipe) { p.end(errors.New("reset")) }, 1006},
		{"the transport closed", func(_ *scene, p *pipe) { p.end(errors.Join(errors.New("read"), coded(1007))) }, 1007},
		{"logout", func(_ *scene, p *pipe) { p.ask("logout", "1"); p.end(nil) }, 1000},
		{"bad frames", func(_ *scene, p *pipe) {
			for range 3 {
				p.send(nil)
			}
			p.end(nil)
		}, protocol.CloseBadFrames},
		{"slow, and the close frame was never answered", func(s *scene, p *pipe) {
			p.allow(0)
			for p.closeCode() == 0 {
				s.tell("alice", "x")
			}
			p.end(errors.New("timeout"))
		}, protocol.CloseSlow},
	}
	for _, tt := range tests {
		s := newScene(t, protocol.Options{Limits: protocol.Limits{Queue: 1000}})
		tt.end(s, s.tab(wire.JSON, "alice", "phone"))
		if got := s.meter.closed; !slices.Equal(got, []protocol.CloseCode{tt.want}) {
			t.Errorf("%s: %v, want %d", tt.name, got, tt.want)
		}
	}
}

// relay is a connection whose frames are another engine's input.
type relay struct {
	info protocol.Info
	out  chan []byte
}

func (r *relay) Info() protocol.Info { return r.info }
func (r *relay) Write(frames []protocol.Frame) (int, error) {
	for _, f := range frames {
		r.out <- whole(f)
	}
	return len(frames), nil
}
func (r *relay) Close(protocol.CloseCode, string) {}

// Two engines that face each other fall silent, whatever one of them is told.
func TestTwoEnginesFallSilent(t *testing.T) {
	inBothFormats(t, func(t *testing.T, f wire.Format) {
		for _, name := range []string{
			"nosuch", "error", "ping", "pong", "echo", "echoresult", "login", "multipart", "iam", "whoareyou",
			"activeusers", "availablemethods", "methodresult", "result", strings.Repeat("x", 100), strings.Repeat("ж", 100),
		} {
			for _, qid := range []string{"1", ""} {
				if n := exchanged(t, f, request(f, name, qid)); n > 1 {
					t.Errorf("%.20s: %d frames were exchanged, want one answer at most", name, n)
				}
			}
		}
		for _, bad := range notMessages[f] {
			if n := exchanged(t, f, []byte(bad)); n != 1 {
				t.Errorf("%.20q: %d frames were exchanged, want one error", bad, n)
			}
		}
	})
}

// exchanged gives the first of two engines a frame and counts what they say to each other.
func exchanged(t *testing.T, f wire.Format, frame []byte) int {
	a, b := newScene(t, protocol.Options{}), newScene(t, protocol.Options{})
	toB := &relay{protocol.Info{Format: f}, make(chan []byte, 100)}
	toA := &relay{protocol.Info{Format: f}, make(chan []byte, 100)}
	sinkA, sinkB := a.engine.Open(toB), b.engine.Open(toA)
	sinkA.Frame(frame)
	for n := 0; ; n++ {
		synctest.Wait()
		select {
		case frame := <-toB.out:
			sinkB.Frame(frame)
		case frame := <-toA.out:
			sinkA.Frame(frame)
		default:
			sinkA.Closed(nil)
			sinkB.Closed(nil)
			return n
		}
		if n > 50 {
			return n
		}
	}
}

package protocol_test

import (
	"testing"
	"time"

	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/wire"
)

func TestLoginDeadline(t *testing.T) {
	inBothFormats(t, func(t *testing.T, f wire.Format) {
		s := newScene(t, protocol.Options{})
		s.running(t)
		late, good := s.open(f), s.tab(f, "alice")
		pass(15*time.Second - 1)
		late.wantClose(0)
		pass(1)
		late.wantClose(protocol.CloseNoLogin)
		late.ask("login", "1", with("userlogin", "boris"))
		late.want()
		good.wantClose(0)
		next := s.open(f) // counted from its own opening
		pass(14 * time.Second)
		next.ask("login", "1", with("userlogin", "boris"))
		pass(10 * time.Second)
		next.wantClose(0)
		if len(late.closed) != 1 {
			t.Errorf("closed %d times", len(late.closed))
		}
		s.stop()
	})
}

func TestPingAndSilence(t *testing.T) {
	inBothFormats(t, func(t *testing.T, f wire.Format) {
		s := newScene(t, protocol.Options{})
		s.running(t)
		p := s.tab(f, "alice")
		for _, step := range []struct {
			after time.Duration
			pings int32
			code  protocol.CloseCode
		}{
			{20*time.Second - 1, 0, 0}, {1, 1, 0}, {20*time.Second - 1, 1, 0}, {1, 2, 0},
			{20*time.Second - 1, 2, 0}, {1, 2, protocol.CloseSilent},
		} {
			pass(step.after)
			if got := p.pings.Load(); got != step.pings {
				t.Errorf("%d pings, want %d", got, step.pings)
			}
			p.wantClose(step.code)
		}
		s.stop()
	})
}

func TestSignsOfLife(t *testing.T) {
	alive := map[string]func(p *pipe){
		"a request":           func(p *pipe) { p.ask("echo", "1") },
		"without qid":         func(p *pipe) { p.ask("echo", "") },
		"a reply":             func(p *pipe) { p.ask("pong", "1") },
		"the transport's own": func(p *pipe) { p.sink.(protocol.LifeSink).Alive() },
	}
	for name, sign := range alive {
		t.Run(name, func(t *testing.T) {
			inBothFormats(t, func(t *testing.T, f wire.Format) {
				s := newScene(t, protocol.Options{})
				s.running(t)
				p := s.tab(f, "alice")
				for range 10 {
					pass(59 * time.Second)
					sign(p)
				}
				p.wantClose(0)
				pass(20 * time.Second)
				pings := p.pings.Load()
				sign(p)
				pass(19 * time.Second)
				if p.pings.Load() != pings {
					t.Error("pinged although it gave a sign of life")
				}
				pass(41 * time.Second)
				p.wantClose(protocol.CloseSilent)
				s.stop()
			})
		})
	}
}

// A peer that sends but never reads cannot keep a channel that is to close.
func TestClosingChannelEndsThoughItsPeerDoesNotRead(t *testing.T) {
	inBothFormats(t, func(t *testing.T, f wire.Format) {
		s := newScene(t, protocol.Options{})
		s.running(t)
		p := s.tab(f, "alice")
		p.allow(0)
		p.ask("logout", "1")
		for range 59 {
			pass(time.Second)
			p.ask("echo", "1")
			p.sink.(protocol.LifeSink).Alive()
			p.wantClose(0)
		}
		pass(time.Second)
		p.wantClose(protocol.CloseNormal) // the code that it was to close with
		if _, bytes := s.engine.Pending(); bytes != 0 {
			t.Errorf("%d bytes wait", bytes)
		}
		s.stop()
	})
}

func TestOtherLimitsOfTime(t *testing.T) {
	inBothFormats(t, func(t *testing.T, f wire.Format) {
		s := newScene(t, protocol.Options{Limits: protocol.Limits{
			LoginWithin: 2 * time.Second, Ping: 3 * time.Second, Silence: 7 * time.Second,
		}})
		s.running(t)
		never, p := s.open(f), s.tab(f, "alice")
		pass(2 * time.Second)
		never.wantClose(protocol.CloseNoLogin)
		pass(5*time.Second - 1)
		p.wantClose(0)
		if n := p.pings.Load(); n != 2 {
			t.Errorf("%d pings, want at 3 s and 6 s", n)
		}
		pass(1)
		p.wantClose(protocol.CloseSilent)
		s.stop()
	})
}

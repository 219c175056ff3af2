package protocol_test

import (
	"testing"

	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/wire"
)

// FuzzFrames pushes any two frames into a channel, before and after its login. Whatever they are,
// every answer is a message, there is at most one for each, and the channel works on or was closed
// with the code for bad frames.
func FuzzFrames(f *testing.F) {
	for format, frames := range notMessages {
		for _, bad := range frames {
			f.Add(format == wire.XML, []byte(bad), request(format, "echo", "1"))
		}
		f.Add(format == wire.XML, part(format, "a", 0, 2, `["ec`), part(format, "a", 1, 2, `ho",{"qid":1}]`))
		f.Add(format == wire.XML, request(format, "login", "1", with("userlogin", "boris")), request(format, "logout", "2"))
		f.Add(format == wire.XML, request(format, "subscribeevent", "1", with("eventmethod", "phone")), request(format, "number", "x", with("number", "7")))
	}
	f.Fuzz(func(t *testing.T, xml bool, first, second []byte) {
		format := wire.JSON
		if xml {
			format = wire.XML
		}
		s := newScene(t, protocol.Options{})
		go func() { // nothing is slow
			for range s.gate {
			}
		}()
		for _, p := range []*pipe{s.open(format), s.tab(format, "alice")} {
			p.take()
			p.send(first)
			p.send(second)
			if got := p.take(); len(got) > 2 {
				t.Errorf("two frames, answers %q", got)
			}
			if code := p.closeCode(); code != 0 && code != protocol.CloseNormal {
				t.Errorf("closed with %d after two frames", code)
			}
			p.send(first)
			p.ask("login", "again", with("userlogin", "alice"))
		}
		s.stop()
		if err := s.engine.Shutdown(t.Context()); err != nil { // waits for the workers
			t.Errorf("Shutdown: %v", err)
		}
		close(s.gate)
	})
}

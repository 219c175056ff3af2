package protocol_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/wire"
)

// Replies and questions above the limit go out in parts, events never do.
func TestMultipartTowardsTheCRM(t *testing.T) {
	inBothFormats(t, func(t *testing.T, f wire.Format) {
		s := newLinkScene(t, protocol.Options{}, protocol.LinkOptions{Multipart: 2048})
		p := s.crm(f)
		p.enterAs("alice")
		parts := func(want string) {
			t.Helper()
			frames := p.takeFrames()
			if len(frames) < 2 {
				t.Fatalf("%d frames, want parts", len(frames))
			}
			var j wire.Joiner
			for i, frame := range frames {
				if len(frame) > 2048+700 {
					t.Errorf("part %d has %d bytes", i, len(frame))
				}
				msg, err := wire.Decode(f, frame, wire.Limits{})
				if err != nil {
					t.Fatal(err)
				}
				whole, done, err := j.Add(msg)
				if err != nil || done != (i == len(frames)-1) {
					t.Fatalf("part %d: done %v, %v", i, done, err)
				}
				if done {
					if got := p.show(protocol.Frame{Body: whole}); got != want {
						t.Errorf("got %s, want %s", got, want)
					}
				}
			}
		}
		long := strings.Repeat("ж", 2000)
		p.ask("long", "1", with("number", wire.Number("2000")))
		parts(`["longresult",{"qid":"1","result":1,"text":"` + long + `"}]`)
		p.ask("long", "2", as("alice"), with("number", wire.Number("2000")))
		parts(`["longresult",{"qid":"2","result":1,"userlogin":"alice","userid":"id-alice","text":"` + long + `"}]`)
		if err := s.peer().Notify(t.Context(), "tell", textOut{long}); err != nil {
			t.Fatal(err)
		}
		parts(`["tell",{"qid":"*","text":"` + long + `"}]`)
		s.tell("alice", long)
		p.want(told2("alice", long))
		s.engine.Hub().Publish(moved.For(protocol.Everybody(), textOut{long}))
		p.want(`["moved",{"qid":"*","text":"` + long + `"}]`)
		p.ask("echo", "3", as("alice"), with("text", "short"))
		p.want(answered("echo", "3", "alice", "short"))
		s.stop()
	})
}

// takeFrames is take without looking inside.
func (p *pipe) takeFrames() (frames [][]byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, w := range p.got[p.seen:] {
		frames = append(frames, whole(w.frame))
	}
	p.seen = len(p.got)
	return frames
}

// A CRM may leave more lying about than a browser, and no more than its link allows.
func TestQueueOfALink(t *testing.T) {
	inBothFormats(t, func(t *testing.T, f wire.Format) {
		s := newLinkScene(t, protocol.Options{Limits: protocol.Limits{Queue: 1000}}, protocol.LinkOptions{Queue: 100_000})
		p := s.crm(f)
		p.enterAs("alice")
		p.allow(0)
		told := 0
		for ; p.closeCode() == 0 && told < 10_000; told++ {
			s.tell("alice", strings.Repeat("x", 100))
		}
		if told < 200 || told > 1000 {
			t.Errorf("closed after %d events of some hundred bytes, want about 100000 bytes", told)
		}
		p.wantClose(protocol.CloseSlow)
		pass(time.Second)
		s.stop()
		s.checkEmpty()
	})
}

func TestQueueOfALinkByDefault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLinkScene(t, protocol.Options{}, protocol.LinkOptions{})
		if o := s.link.Options(); o.Queue != 32<<20 || o.MethodTimeout != 15*time.Second || o.Multipart != 0 {
			t.Errorf("defaults: %+v", o)
		}
		s.stop()
	})
}

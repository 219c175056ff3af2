package methods_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/wire"
)

// A postConn is a CRM behind HTTP.
type postConn struct {
	scene  *scene
	down   atomic.Bool
	refuse atomic.Bool
	kind   string // what it says it is
	got    chan wire.Message
}

func (p *postConn) Info() protocol.Info {
	return protocol.Info{Kind: protocol.ServerKind, Link: "books", Format: p.scene.format, Remote: "192.0.2.9:80"}
}

func (p *postConn) Exchange(_ context.Context, frame []byte) ([]byte, error) {
	msg, err := wire.Decode(p.scene.format, slices.Clone(frame), wire.Limits{})
	if err != nil {
		return nil, err
	}
	if p.down.Load() {
		return nil, errors.New("connection refused")
	}
	name, fields := msg.Name+"result", wire.Object{with("result", 1)}
	switch msg.Name {
	case "whoareyou":
		name, fields = "iam", wire.Object{with("type", p.kind), with("name", "CRM")}
	case "getavailablemethods", "getavailableforms":
		name, fields = "available"+msg.Name[len("getavailable"):], wire.Object{with("methods", wire.List{wire.Object{with("key", "find")}})}
	case "notification":
		if p.refuse.Load() {
			fields = wire.Object{with("result", 0)}
		}
		p.got <- msg
	}
	return wire.Append(nil, p.scene.format, name, msg.QID, fields)
}

func (p *postConn) wantDelivered(want []int64) {
	p.scene.t.Helper()
	synctest.Wait()
	var got []int64
	for len(p.got) > 0 {
		var in struct {
			Number int64 `wire:"eventnumber" doc:"number"`
		}
		msg := <-p.got
		if err := msg.Unmarshal(&in); err != nil {
			p.scene.t.Error(err)
		}
		got = append(got, in.Number)
	}
	if !slices.Equal(got, want) {
		p.scene.t.Errorf("delivered %v, want %v", got, want)
	}
}

func TestDeliveriesOverHTTP(t *testing.T) {
	inBothFormats(t, func(t *testing.T, s *scene) {
		l := s.engine.AddLink(protocol.LinkOptions{Name: "books", Deliver: []string{"notification"}})
		x := &postConn{scene: s, kind: "ws-server", got: make(chan wire.Message, 1000)}
		p := s.engine.Attach(l, x)
		introduce := func() error { return s.api.IntroduceOver(t.Context(), l, p) }
		if err := introduce(); err != nil {
			t.Fatal(err)
		}
		synctest.Wait() // it is new: what comes from now on is for it
		numbers := s.notify(100)
		x.wantDelivered(numbers)
		if err := introduce(); err != nil { // again: it goes on
			t.Fatal(err)
		}
		x.refuse.Store(true)
		numbers = s.notify(2)
		x.wantDelivered(numbers[:1])
		x.refuse.Store(false)
		s.pass(30 * time.Second)
		x.wantDelivered(numbers)
		x.down.Store(true)
		numbers = s.notify(2)
		if err := introduce(); err == nil || l.Status().Connected {
			t.Errorf("introduced to nobody: %v, %+v", err, l.Status())
		}
		s.pass(time.Minute)
		x.down.Store(false)
		x.wantDelivered(nil)
		if err := introduce(); err != nil {
			t.Fatal(err)
		}
		x.wantDelivered(numbers)
		if got := s.mark("books"); got != numbers[1] {
			t.Errorf("marked %d, want %d", got, numbers[1])
		}
	})
}

// What answers at an HTTP address and is no CRM server is not taken for one.
func TestIntroductionOverHTTP(t *testing.T) {
	inBothFormats(t, func(t *testing.T, s *scene) {
		l := s.engine.AddLink(protocol.LinkOptions{Name: "books"})
		x := &postConn{scene: s, kind: "commserver"}
		p := s.engine.Attach(l, x)
		if err := s.api.IntroduceOver(t.Context(), l, p); err == nil || l.Status().Connected {
			t.Errorf("got %v, %+v", err, l.Status())
		}
		if n := len(s.api.CRMs().Providers()); n != 0 {
			t.Errorf("%d CRMs are known", n)
		}
		x.kind = "ws-server"
		if err := s.api.IntroduceOver(t.Context(), l, p); err != nil || !l.Status().Connected {
			t.Errorf("got %v, %+v", err, l.Status())
		}
		s.engine.RemoveLink("books") // while it is introduced once more
		if err := s.api.IntroduceOver(t.Context(), l, p); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if n := len(s.api.CRMs().Providers()); n != 0 {
			t.Errorf("%d CRMs are known of a link that is no more", n)
		}
	})
}

// Breaks at any moment while events are made: each is delivered, and the first time in order.
func TestDeliveriesUnderBreaks(t *testing.T) {
	inBothFormats(t, func(t *testing.T, s *scene) {
		s.linkThatDelivers("notification")
		s.crmTo("books").cut()
		var made, first []int64
		seen := map[int64]bool{}
		take := func(c *crmConn, confirm int) {
			all, numbers := c.delivered()
			if !slices.IsSorted(numbers) {
				t.Fatalf("out of order on one channel: %v", numbers)
			}
			for i, n := range numbers {
				if !seen[n] {
					seen[n] = true
					first = append(first, n)
				}
				if (i*7)%11 < confirm {
					c.confirm(all[i])
				}
			}
		}
		for i := range 100 {
			c := s.connect("books")
			made = append(made, s.notify(i%5)...)
			go func() { c.cut() }()
			take(c, i%11)
			synctest.Wait()
		}
		c := s.crmTo("books")
		for range 100 {
			take(c, 11)
		}
		if fmt.Sprint(first) != fmt.Sprint(made) {
			t.Errorf("delivered for the first time %v\nmade %v", first, made)
		}
		if got := s.mark("books"); len(made) > 0 && got != made[len(made)-1] {
			t.Errorf("marked %d, want %d", got, made[len(made)-1])
		}
	})
}

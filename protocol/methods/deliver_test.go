package methods_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/methods"
	"github.com/octolink/octolink/protocol/wire"
)

// notify makes numbered events and gives the numbers.
func (s *scene) notify(n int) (numbers []int64) {
	s.t.Helper()
	for range n {
		if _, err := s.sw.Notify(s.t.Context(), "alice", "desk", "x"); err != nil {
			s.t.Fatal(err)
		}
	}
	synctest.Wait()
	s.memory.mu.Lock()
	defer s.memory.mu.Unlock()
	for _, e := range s.memory.events[len(s.memory.events)-n:] {
		numbers = append(numbers, e.Number)
	}
	return numbers
}

// delivered takes the notifications that came, by number.
func (c *crmConn) delivered() (all []crmMessage, numbers []int64) {
	all = c.named("notification")
	for _, m := range all {
		v, _ := m.fields.Get("eventnumber")
		n, err := strconv.ParseInt(string(v.(wire.Number)), 10, 64)
		if err != nil {
			c.scene.t.Error(err)
		}
		numbers = append(numbers, n)
	}
	return all, numbers
}

func (c *crmConn) confirm(messages ...crmMessage) {
	for _, m := range messages {
		c.send("notificationresult", m.qid, wire.Object{with("result", 1)})
	}
	synctest.Wait()
}

func (c *crmConn) wantDelivered(want []int64) []crmMessage {
	c.scene.t.Helper()
	synctest.Wait()
	all, got := c.delivered()
	if !slices.Equal(got, want) {
		c.scene.t.Errorf("delivered %v, want %v", got, want)
	}
	return all
}

func (s *scene) mark(link string) int64 {
	n, _, _ := s.memory.Delivered(s.t.Context(), link)
	return n
}

// linkThatDelivers is one with `deliver` in its configuration.
func (s *scene) linkThatDelivers(kinds ...string) {
	s.engine.AddLink(protocol.LinkOptions{Name: "books", Trust: true, Deliver: kinds})
}

func TestAWindowOfDeliveries(t *testing.T) {
	inBothFormats(t, func(t *testing.T, s *scene) {
		s.linkThatDelivers("notification")
		s.notify(3) // before the link's first time: not for it
		c := s.crmTo("books")
		start := s.mark("books")
		c.wantDelivered(nil)
		numbers := s.notify(100)
		first := c.wantDelivered(numbers[:64])
		c.confirm(first[63], first[10]) // out of order: nothing is behind the first
		if got := s.mark("books"); got != start {
			t.Errorf("marked %d, want %d", got, start)
		}
		c.wantDelivered(nil)
		for i := range 10 {
			c.confirm(first[i])
		}
		if got := s.mark("books"); got != numbers[10] {
			t.Errorf("marked %d, want %d", got, numbers[10])
		}
		more := c.wantDelivered(numbers[64:75])
		for _, m := range append(first[11:63], more...) {
			c.confirm(m)
		}
		c.confirm(c.wantDelivered(numbers[75:])...)
		if got := s.mark("books"); got != numbers[99] {
			t.Errorf("marked %d, want %d", got, numbers[99])
		}
		c.confirm(first...) // again: nothing happens
		s.pass(time.Minute)
		c.wantDelivered(nil)
		if n := s.api.Undelivered(); n != 0 {
			t.Errorf("%d are on their way", n)
		}
	})
}

func TestDeliveriesThatAreNotConfirmed(t *testing.T) {
	inBothFormats(t, func(t *testing.T, s *scene) {
		s.linkThatDelivers("notification")
		c := s.crmTo("books")
		start := s.mark("books")
		numbers := s.notify(3)
		sent := c.wantDelivered(numbers)
		c.send("notificationresult", sent[0].qid, wire.Object{with("result", 0)}) // refused
		c.confirm(sent[1])
		c.send("callrecordresult", sent[2].qid, wire.Object{with("result", 1)}) // of another kind
		s.pass(29 * time.Second)
		c.wantDelivered(nil)
		s.pass(time.Second)
		again := c.wantDelivered([]int64{numbers[0], numbers[2]})
		if again[0].qid == sent[0].qid {
			t.Error("sent again under the same qid: an answer to the first would settle it")
		}
		c.confirm(sent[0]) // too late
		if got := s.mark("books"); got != start {
			t.Errorf("marked %d, want %d", got, start)
		}
		c.confirm(again...)
		if got := s.mark("books"); got != numbers[2] {
			t.Errorf("marked %d, want %d", got, numbers[2])
		}
	})
}

// A break in between: everything that was not confirmed comes again, in its order, under its number.
func TestDeliveriesAfterABreak(t *testing.T) {
	inBothFormats(t, func(t *testing.T, s *scene) {
		s.linkThatDelivers("notification")
		c := s.crmTo("books")
		numbers := s.notify(10)
		sent := c.wantDelivered(numbers)
		c.confirm(sent[0], sent[1], sent[2], sent[5])
		c.cut()
		numbers = append(numbers, s.notify(3)...)
		again := s.crmTo("books")
		all := again.wantDelivered(numbers[3:])
		again.confirm(all...)
		again.cut()
		synctest.Wait()
		s.crmTo("books").wantDelivered(nil)
	})
}

// What a link does not want does not stand in the way, however much it is.
func TestDeliveriesOfOneKind(t *testing.T) {
	inBothFormats(t, func(t *testing.T, s *scene) {
		s.linkThatDelivers("callrecord")
		c := s.crmTo("books")
		c.cut()
		synctest.Wait()
		s.notify(200)
		s.do("pbx ! ring 79161234567 300")
		s.do("pbx ! hangup 79161234567")
		last := s.notify(100)
		again := s.crmTo("books")
		s.pass(time.Second)
		if records := again.named("callrecord"); len(records) != 1 {
			t.Errorf("%d records came, want 1", len(records))
		} else {
			again.send("callrecordresult", records[0].qid, wire.Object{with("result", 1)})
		}
		synctest.Wait()
		if got := s.mark("books"); got != last[99] {
			t.Errorf("marked %d, want %d", got, last[99])
		}
		again.wantDelivered(nil)
	})
}

// A CRM that says where it stands is believed more than the link's mark.
func TestASubscriptionWinsOverTheConfiguration(t *testing.T) {
	inBothFormats(t, func(t *testing.T, s *scene) {
		s.linkThatDelivers("notification")
		old := s.notify(5)
		c := s.connectIgnoring("getavailableforms", "books") // the introduction takes its time
		synctest.Wait()
		since := with("since", wire.Number(strconv.FormatInt(old[1], 10)))
		if got := c.ask("", "subscribeevent", with("eventmethod", wire.List{"notification"}), since); !ok(got) {
			t.Fatal(got)
		}
		c.confirm(c.wantDelivered(old[2:])...)
		s.pass(time.Minute) // the introduction is over
		numbers := s.notify(2)
		c.wantDelivered(numbers)
	})
}

func TestSubscriptionsToDeliveries(t *testing.T) {
	inBothFormats(t, func(t *testing.T, s *scene) {
		c := s.crmTo("crm")
		old := s.notify(3)
		subscribe := func(fields ...wire.Member) wire.Object {
			return c.ask("", "subscribeevent", append(fields, with("eventmethod", wire.List{"notification"}))...)
		}
		if got := subscribe(with("since", wire.Number("-1"))); code(got) != "410" {
			t.Errorf("a number that is not kept: %v", got)
		}
		c.wantDelivered(nil)
		if got := subscribe(); !ok(got) { // from now on
			t.Error(got)
		}
		c.wantDelivered(nil)
		numbers := s.notify(1)
		c.confirm(c.wantDelivered(numbers)...)
		if got := subscribe(with("since", wire.Number("0"))); !ok(got) { // once more, from the start
			t.Error(got)
		}
		c.confirm(c.wantDelivered(append(old, numbers...))...)
		if s.mark("crm") != 0 {
			t.Error("the link's mark moved for a CRM that keeps its own")
		}
		c.cut()
		synctest.Wait()
		again := s.crmTo("crm")
		s.notify(1)
		again.wantDelivered(nil) // it has not asked
		c2 := s.crmTo("stranger")
		if got := c2.ask("", "subscribeevent", with("eventmethod", wire.List{"notification"}), with("since", wire.Number("0"))); !ok(got) {
			t.Error(got) // its own behalf needs no trust
		}
	})
}

// failing makes the storage fail for a while.
type failing struct {
	methods.Outbox
	broken atomic.Bool
}

var errDisk = errors.New("disk on fire")

func (f *failing) Since(ctx context.Context, number int64, limit int) ([]methods.KeptEvent, error) {
	if f.broken.Load() {
		return nil, errDisk
	}
	return f.Outbox.Since(ctx, number, limit)
}

func (f *failing) Delivered(ctx context.Context, link string) (int64, bool, error) {
	if f.broken.Load() {
		return 0, false, errDisk
	}
	return f.Outbox.Delivered(ctx, link)
}

func TestDeliveriesWhileTheStorageFails(t *testing.T) {
	inBothFormats(t, func(t *testing.T, s *scene) {
		s.linkThatDelivers("notification")
		s.crmTo("books").cut()
		synctest.Wait()
		s.outbox.broken.Store(true)
		c := s.crmTo("books")
		numbers := s.notify(3)
		s.pass(time.Minute)
		c.wantDelivered(nil)
		s.outbox.broken.Store(false)
		s.pass(6 * time.Second)
		c.confirm(c.wantDelivered(numbers)...)
		s.outbox.broken.Store(true)
		numbers = s.notify(3)
		s.pass(time.Minute)
		s.outbox.broken.Store(false)
		s.pass(6 * time.Second)
		c.wantDelivered(numbers)
	})
}

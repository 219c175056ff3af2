package crmsim_test

import (
	"testing"

	"github.com/octolink/octolink/crmsim"
	"github.com/octolink/octolink/protocol/wire"
	"github.com/octolink/octolink/transports"
)

func record(p *pbx, number int) {
	p.t.Helper()
	p.tell("callrecord", "r", wire.Object{{Key: "eventnumber", Value: number}, {Key: "chainid", Value: "C"}})
}

func TestConfirmedDelivery(t *testing.T) {
	c := start(t, crmsim.Options{Deliver: []string{"callrecord", "notification"}, Since: 3})
	p := dialled(t, c, wire.JSON, transports.DialOptions{})
	p.introduce()
	o := p.answer("subscribeevent", good)
	if kinds := get(o, "eventmethod").(wire.List); len(kinds) != 2 || get(o, "since") != wire.Number("3") {
		t.Errorf("subscribeevent %v", o)
	}
	inject(t, c, "silent@callrecord")
	for _, n := range []int{5, 6, 9} {
		record(p, n)
	}
	for range 2 {
		if o := p.want("callrecordresult"); get(o, "result") != wire.Number("1") || get(o, "qid") != "r" {
			t.Errorf("callrecordresult %v", o)
		}
	}
	// 5 was not confirmed: a new link goes on before it.
	until(t, c, "the confirmations", func() bool { return c.Deliveries()[2].Confirmed })
	if since := c.Stats().Since; since != 4 {
		t.Errorf("since %d, want 4", since)
	}
	p.cut()
	p = dialled(t, c, wire.JSON, transports.DialOptions{})
	p.introduce()
	if o := p.answer("subscribeevent", good); get(o, "since") != wire.Number("4") {
		t.Errorf("second subscription %v", o)
	}
	record(p, 5)
	record(p, 6)
	record(p, 7)
	for range 3 {
		p.want("callrecordresult")
	}
	until(t, c, "the confirmations", func() bool { return c.Stats().Since == 9 })
	if s := c.Stats(); s.Delivered != 4 || s.Doubles != 2 || s.Disorder != 1 {
		t.Errorf("%+v", s)
	}
	var order []int64
	for _, d := range c.Deliveries() {
		order = append(order, d.Number)
	}
	if len(order) != 4 || order[0] != 5 || order[3] != 7 {
		t.Errorf("order %v", order)
	}
}

// Events that are no longer kept are lost; the rest is asked for.
func TestSubscriptionTooOld(t *testing.T) {
	for name, refusal := range map[string]wire.Object{
		"by a field":  {{Key: "oldest", Value: 40}, {Key: "errormsg", Value: "gone"}},
		"in its text": {{Key: "errormsg", Value: "Events before 40 are no longer kept"}},
	} {
		t.Run(name, func(t *testing.T) {
			c := start(t, crmsim.Options{Deliver: []string{"callrecord"}})
			p := dialled(t, c, wire.JSON, transports.DialOptions{})
			p.introduce()
			p.answer("subscribeevent", append(refusal, wire.Member{Key: "result", Value: 0}, wire.Member{Key: "error", Value: 410})...)
			if o := p.answer("subscribeevent", good); get(o, "since") != wire.Number("39") {
				t.Errorf("asked again with %v", o)
			}
		})
	}
}

func TestFromNowOn(t *testing.T) {
	c := start(t, crmsim.Options{Deliver: []string{"callrecord"}, Since: -1})
	p := dialled(t, c, wire.JSON, transports.DialOptions{})
	p.introduce()
	if since, is := p.answer("subscribeevent", good).Get("since"); is {
		t.Errorf("since %v", since)
	}
}

// A long run does not grow for ever, and stays right.
func TestKeep(t *testing.T) {
	c, p := introduced(t, crmsim.Options{Keep: 10})
	for n := range 100 {
		record(p, n+1)
		p.want("callrecordresult")
	}
	until(t, c, "the confirmations", func() bool { return c.Stats().Since == 100 })
	if n := len(c.Deliveries()); n < 10 || n > 20 {
		t.Errorf("%d deliveries are kept", n)
	}
	if n := len(c.Received()); n < 10 || n > 20 {
		t.Errorf("%d messages are kept", n)
	}
	if s := c.Stats(); s.Delivered != 100 || s.Doubles != 0 || s.Disorder != 0 {
		t.Errorf("%+v", s)
	}
	c.Forget()
	if n := len(c.Received()); n != 0 {
		t.Errorf("%d messages after Forget", n)
	}
}

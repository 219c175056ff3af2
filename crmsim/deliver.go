package crmsim

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strconv"

	"github.com/octolink/octolink/protocol/wire"
)

// A Delivery is a numbered event [P 4.4 and octolink's confirmed delivery].
type Delivery struct {
	Number    int64
	Kind      string // "callrecord", "notification"
	Times     int    // how often it came
	Confirmed bool
	Message   wire.Message // as it came first
}

// A book has the numbered events in the order in which they came first. With CRM.mu held.
type book struct {
	keep  int
	all   []*Delivery
	by    map[int64]*Delivery
	since int64              // the highest number that was confirmed
	open  map[int64]struct{} // not confirmed yet

	highest                      int64 // number that came
	delivered, doubles, disorder int
}

// take notes that a numbered event came.
func (b *book) take(m wire.Message, number int64) *Delivery {
	if d := b.by[number]; d != nil {
		d.Times++
		b.doubles++
		return d
	}
	if b.by == nil {
		b.by, b.open = map[int64]*Delivery{}, map[int64]struct{}{}
	}
	d := &Delivery{Number: number, Kind: m.Name, Times: 1, Message: m}
	b.by[number] = d
	b.all = append(b.all, d)
	b.open[number] = struct{}{}
	b.delivered++
	if number < b.highest {
		b.disorder++
	}
	b.highest = max(b.highest, number)
	if len(b.all) > 2*b.keep {
		b.forget()
	}
	return d
}

// forget keeps the latest. What is not confirmed by then never will be.
func (b *book) forget() {
	cut := len(b.all) - b.keep
	for _, d := range b.all[:cut] {
		delete(b.by, d.Number)
		delete(b.open, d.Number)
	}
	b.all = slices.Delete(b.all, 0, cut)
}

func (b *book) confirm(d *Delivery) {
	d.Confirmed = true
	delete(b.open, d.Number)
	b.since = max(b.since, d.Number)
}

// reached is the number up to which all that came is confirmed: where a new subscription goes on.
func (b *book) reached() int64 {
	reached := b.since
	for number := range b.open {
		reached = min(reached, number-1)
	}
	return reached
}

// Deliveries are the numbered events in the order in which they came first, at least the latest
// Options.Keep.
func (c *CRM) Deliveries() []Delivery {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]Delivery, len(c.book.all))
	for i, d := range c.book.all {
		all[i] = *d
	}
	return all
}

// A numbered event's own fields.
type numbered struct {
	Number int64 `wire:"eventnumber" doc:"number of the event"`
}

// confirm answers a numbered event.
func (c *CRM) confirm(m wire.Message) *reply {
	var n numbered
	if err := m.Unmarshal(&n); err != nil || n.Number == 0 {
		c.log.Warn("numbered event without its number", "method", m.Name, "err", err)
		return failure(m, &wire.Error{Code: 400, Text: "eventnumber is missing"})
	}
	c.mu.Lock()
	d := c.book.take(m, n.Number)
	c.mu.Unlock()
	return &reply{
		name: m.Name + "result", qid: m.QID, fields: wire.Object{{Key: "result", Value: 1}},
		sent: func() { c.update(func() { c.book.confirm(d) }) },
	}
}

// Subscribe asks for confirmed delivery of kinds ("callrecord", "notification"), of everything after
// what is confirmed. When that is no longer kept, it asks again from the oldest that is: what lies
// between is lost, and the log says so.
func (c *CRM) Subscribe(ctx context.Context, kinds ...string) error {
	since := c.Stats().Since
	m, err := c.subscribe(ctx, kinds, since)
	var refused *wire.Error
	if !errors.As(err, &refused) || refused.Code != 410 {
		return err
	}
	oldest := oldestKept(tree(m), refused.Text)
	c.log.Warn("events are lost: they are no longer kept", "since", since, "oldest", oldest)
	_, err = c.subscribe(ctx, kinds, max(oldest-1, 0))
	return err
}

var digits = regexp.MustCompile(`[0-9]+`)

// oldestKept is the number that a refusal names, in a field or in its text.
func oldestKept(o wire.Object, text string) int64 {
	number, err := strconv.ParseInt(either(field(o, "oldest"), digits.FindString(text)), 10, 64)
	if err != nil {
		return 0
	}
	return number
}

func (c *CRM) subscribe(ctx context.Context, kinds []string, since int64) (wire.Message, error) {
	list := make(wire.List, len(kinds))
	for i, k := range kinds {
		list[i] = k
	}
	fields := wire.Object{{Key: "eventmethod", Value: list}}
	if since >= 0 {
		fields = append(fields, wire.Member{Key: "since", Value: since})
	}
	return c.Request(ctx, "", "subscribeevent", fields)
}

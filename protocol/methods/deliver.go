package methods

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/wire"
)

// Kinds of events that are delivered with confirmation (decision 0011).
const (
	kindCallRecord   = "callrecord"
	kindNotification = "notification"
)

// Outbox is where events are kept that CRMs confirm.
type Outbox interface {
	// Since are the kept events behind a number, in order; a *GoneError when some are not kept any more.
	Since(ctx context.Context, number int64, limit int) ([]KeptEvent, error)
	// Delivered is how far a link has confirmed; ok is false for one that never did.
	Delivered(ctx context.Context, link string) (number int64, ok bool, err error)
	SetDelivered(link string, number int64)
	// Newest is the number of the newest event.
	Newest(ctx context.Context) (int64, error)
}

// A KeptEvent is an event that a CRM may get.
type KeptEvent struct {
	Number int64
	Kind   string
	Login  string
	Record pbx.CallRecord // of a callrecord
	Notice pbx.Notice     // of a notification
	At     time.Time
}

// A GoneError says that events behind a number are not kept any more.
type GoneError struct{ Oldest int64 }

// Error says it.
func (e *GoneError) Error() string { return "events are no longer kept" }

const (
	onTheWay     = 64               // unconfirmed events at once
	confirmIn    = 30 * time.Second // then an event is sent again
	retryStorage = 5 * time.Second
)

// deliveries are the CRMs that get events with confirmation.
type deliveries struct {
	api *API

	mu     sync.Mutex
	byPeer map[protocol.Peer]*delivery
	closed bool
	all    sync.WaitGroup
}

func (d *deliveries) init(a *API) { d.api, d.byPeer = a, make(map[protocol.Peer]*delivery) }

// A delivery brings events to one CRM, one after the other, until it is gone.
type delivery struct {
	api    *API
	link   *protocol.Link
	peer   protocol.Peer
	kinds  []string
	since  int64 // everything up to it is confirmed
	stored bool  // since is kept for the link: the CRM does not say it itself
	wake   chan struct{}
	cancel context.CancelFunc
	open   atomic.Int64 // events that are on their way
}

// begin starts the deliveries that a link's configuration asks for.
func (d *deliveries) begin(l *protocol.Link, p protocol.Peer) {
	kinds := l.Options().Deliver
	if len(kinds) == 0 {
		return
	}
	d.start(&delivery{api: d.api, link: l, peer: p, kinds: kinds, stored: true})
}

// start replaces the delivery that the peer has.
func (d *deliveries) start(one *delivery) {
	ctx, cancel := context.WithCancel(context.Background())
	one.cancel, one.wake = cancel, make(chan struct{}, 1)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		cancel()
		return
	}
	if old := d.byPeer[one.peer]; old != nil {
		if one.stored {
			cancel() // it goes on: an HTTP link is introduced again and again, a CRM has said what it wants
			return
		}
		old.cancel()
	}
	d.byPeer[one.peer] = one
	d.all.Go(func() { one.run(ctx) })
}

// end stops what goes to a peer.
func (d *deliveries) end(p protocol.Peer) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if one := d.byPeer[p]; one != nil {
		one.cancel()
		delete(d.byPeer, p)
	}
}

// stop ends all of them.
func (d *deliveries) stop() {
	d.mu.Lock()
	d.closed = true
	for p, one := range d.byPeer {
		one.cancel()
		delete(d.byPeer, p)
	}
	d.mu.Unlock()
	d.all.Wait()
}

// pending is how many events are on their way and not confirmed.
func (d *deliveries) pending() (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, one := range d.byPeer {
		n += int(one.open.Load())
	}
	return n
}

// Undelivered is how many events were sent to CRMs that did not confirm them yet.
func (a *API) Undelivered() int { return a.deliver.pending() }

// more says that there may be a new event. It never waits.
func (d *deliveries) more() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, one := range d.byPeer {
		select {
		case one.wake <- struct{}{}:
		default:
		}
	}
}

// subscribed starts the delivery that a CRM asks for by subscribeevent, from the number that it has.
func (a *API) subscribed(ctx context.Context, ch *protocol.Channel, in subscription) error {
	var kinds []string
	for _, name := range append(slices.Clone(in.Methods), in.Events...) {
		if name == kindCallRecord || name == kindNotification {
			kinds = append(kinds, name)
		}
	}
	if len(kinds) == 0 || a.opts.Outbox == nil {
		return nil
	}
	since, err := a.startOf(ctx, in.Since)
	if err != nil {
		return err
	}
	one := &delivery{api: a, link: ch.Link(), peer: ch, kinds: kinds, since: since}
	a.deliver.start(one)
	return nil
}

// startOf checks the number that a CRM wants events behind; without one it gets those from now on.
func (a *API) startOf(ctx context.Context, since *int64) (int64, error) {
	if since == nil {
		return a.opts.Outbox.Newest(ctx)
	}
	_, err := a.opts.Outbox.Since(ctx, *since, 1)
	return *since, err
}

// run brings events to the CRM until it is gone.
func (d *delivery) run(ctx context.Context) {
	if d.stored && !d.resume(ctx) {
		return
	}
	if ch, ok := d.peer.(*protocol.Channel); ok {
		d.runOver(ctx, ch)
		return
	}
	for ctx.Err() == nil {
		events := d.next(ctx, d.since, onTheWay)
		if len(events) == 0 {
			d.await(ctx)
			continue
		}
		d.post(ctx, events)
	}
}

// next are the events behind a number. It waits while the storage fails.
func (d *delivery) next(ctx context.Context, number int64, most int) []KeptEvent {
	for ctx.Err() == nil {
		events, err := d.api.opts.Outbox.Since(ctx, number, most)
		var gone *GoneError
		switch {
		case err == nil:
			return events
		case errors.As(err, &gone):
			d.api.log.Error("events were pruned before a CRM confirmed them", "link", d.peer.Name(), "since", number, "oldest", gone.Oldest)
			number = gone.Oldest - 1
		default:
			pause(ctx, retryStorage)
		}
	}
	return nil
}

// resume finds where the link's CRM stands; one that is new gets what happens from now on.
func (d *delivery) resume(ctx context.Context) bool {
	for ctx.Err() == nil {
		number, ok, err := d.api.opts.Outbox.Delivered(ctx, d.peer.Name())
		if err == nil && !ok {
			if number, err = d.api.opts.Outbox.Newest(ctx); err == nil {
				d.api.opts.Outbox.SetDelivered(d.peer.Name(), number)
			}
		}
		if err == nil {
			d.since = number
			return true
		}
		pause(ctx, retryStorage)
	}
	return false
}

// await waits for a new event.
func (d *delivery) await(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-d.wake:
	}
}

// pause waits so long, whatever happens meanwhile: a CRM or a storage that has failed is left alone.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// post brings events to a CRM behind HTTP, one request each. It returns when all are confirmed, or
// when one was not and it is time to try again.
func (d *delivery) post(ctx context.Context, events []KeptEvent) {
	for _, e := range events {
		if d.wants(e) {
			d.open.Store(1)
			one, cancel := context.WithTimeout(ctx, confirmIn)
			ok := d.confirms(d.peer.Call(one, e.Kind, d.api.bodyOf(e), e.Kind+"result"))
			cancel()
			if !ok {
				pause(ctx, confirmIn)
				return
			}
			d.open.Store(0)
		}
		d.confirmed(e.Number)
	}
}

func (d *delivery) wants(e KeptEvent) bool { return slices.Contains(d.kinds, e.Kind) }

// confirms reports whether an answer is a confirmation.
func (d *delivery) confirms(msg wire.Message, err error) bool {
	if err != nil {
		return false
	}
	var in struct {
		Result bool `wire:"result" doc:"1: the event is kept"`
	}
	return msg.Unmarshal(&in) == nil && in.Result
}

func (d *delivery) confirmed(number int64) {
	d.since = number
	if d.stored {
		d.api.opts.Outbox.SetDelivered(d.peer.Name(), number)
	}
}

// deliveredRecord is a journal entry with its number.
type deliveredRecord struct {
	Number int64 `wire:"eventnumber" doc:"number of the event"`
	journalRow
}

// deliveredNotice is a notification with its number.
type deliveredNotice struct {
	Number int64  `wire:"eventnumber" doc:"number of the event"`
	ID     string `wire:"id" doc:"the notice"`
	Login  string `wire:"login" doc:"whom it was for"`
	Sender string `wire:"sender" doc:"who or what sent it"`
	Text   string `wire:"text" doc:"the text"`
	Time   string `wire:"time" doc:"when"`
}

func (a *API) bodyOf(e KeptEvent) any {
	if e.Kind == kindCallRecord {
		return deliveredRecord{e.Number, a.rowOf(e.Record)}
	}
	return deliveredNotice{e.Number, e.Notice.ID, e.Login, e.Notice.Sender, e.Notice.Text, a.stamp(e.At)}
}

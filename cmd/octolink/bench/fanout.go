package bench

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/octolink/octolink/protocol/wire"
)

// Fanout measures one event that is told to all tabs. Senders are the first tab of each user, in turn;
// a user may tell everybody a few events a second, so more users give more events.
func Fanout(ctx context.Context, o Options) (*Result, error) {
	r := &Result{Load: fmt.Sprintf("fanout, %d tabs of %d users, %d events in flight, %s", o.Tabs, len(o.Users), o.Depth, o.Format)}
	tabs := open(ctx, o, "logging in", r, func(t *tab) error {
		if err := t.login(); err != nil {
			return err
		}
		_, err := t.call("subscribeevent", wire.Object{{Key: "eventmethod", Value: wire.List{"customevent"}}})
		return err
	})
	defer func() { closeAll(tabs) }()
	senders := senders(o, tabs)
	if len(senders) == 0 || len(tabs) != o.Tabs {
		return r, errors.New("not all tabs could log in")
	}
	f := &fan{tabs: tabs, start: make(map[string]time.Time)}
	before, err := usage(ctx, o.Metrics)
	if err != nil {
		return r, err
	}
	began := time.Now()
	f.run(ctx, o, r, senders)
	took := time.Since(began)
	after, err := usage(ctx, o.Metrics)
	if err != nil {
		return r, err
	}
	r.add("events", float64(f.sent.Load()), "")
	r.add("deliveries", float64(f.latency.N), "")
	r.add("deliveries per second", float64(f.latency.N)/took.Seconds(), "/s")
	r.addLatency("delivery", &f.latency)
	r.addServer(before, after, f.latency.N, "delivery", "deliveries")
	if missing := f.sent.Load()*int64(len(tabs)) - int64(f.latency.N); missing != 0 { //nolint:gosec // small
		r.fail(fmt.Errorf("%d deliveries are missing", missing))
	}
	return r, nil
}

// senders are the tabs of different users, one each.
func senders(o Options, tabs []*tab) []*tab {
	seen := make(map[string]bool)
	var out []*tab
	for _, t := range tabs {
		if !seen[t.user.Login] && len(out) < len(o.Users) {
			seen[t.user.Login] = true
			out = append(out, t)
		}
	}
	return out
}

// A fan is a fan-out under way.
type fan struct {
	tabs []*tab
	sent atomic.Int64

	mu      sync.Mutex
	start   map[string]time.Time // by the event's parameter
	left    map[string]int
	latency Latency
	free    chan struct{}
}

// A server lets one user tell everybody ten events in a second. One less is sent: what is sent late
// arrives together with what comes after it.
const perUserEverySecond = 9

func (f *fan) run(ctx context.Context, o Options, r *Result, senders []*tab) {
	ctx, cancel := context.WithTimeout(ctx, o.Duration)
	defer cancel()
	stop := showTime(o, "measuring", o.Duration)
	defer stop()
	f.left = make(map[string]int)
	f.free = make(chan struct{}, max(o.Depth, 1))
	done := make(chan struct{})
	var readers sync.WaitGroup
	for _, t := range f.tabs {
		readers.Go(func() { f.read(t, done) })
	}
	pace := time.NewTicker(time.Second / time.Duration(perUserEverySecond*len(senders)))
	defer pace.Stop()
	for i := 0; ctx.Err() == nil; i++ {
		select {
		case <-ctx.Done():
		case f.free <- struct{}{}:
			<-pace.C
			if err := f.send(senders[i%len(senders)], i); err != nil {
				r.fail(err)
			}
		}
	}
	f.drain()
	close(done)
	for _, t := range f.tabs {
		_ = t.stream.SetDeadline(time.Now()) // ends the readers
	}
	readers.Wait()
}

func (f *fan) send(t *tab, i int) error {
	key := fmt.Sprint(i)
	f.mu.Lock()
	f.start[key], f.left[key] = time.Now(), len(f.tabs)
	f.mu.Unlock()
	f.sent.Add(1)
	frame, _ := t.request("triggercustomevent", wire.Object{
		{Key: "eventname", Value: "bench"}, {Key: "eventparam", Value: key}, {Key: "recipients", Value: false},
	})
	return t.stream.Send(frame)
}

// drain waits for the deliveries that are under way.
func (f *fan) drain() {
	deadline := time.After(answerTimeout)
	for range cap(f.free) {
		select {
		case f.free <- struct{}{}:
		case <-deadline:
			return
		}
	}
}

// read counts the events of one tab.
func (f *fan) read(t *tab, done <-chan struct{}) {
	_ = t.stream.SetDeadline(time.Time{})
	for {
		msg, err := t.receive()
		if err != nil {
			select {
			case <-done:
			default:
			}
			return
		}
		if msg.Name == "customevent" {
			f.delivered(msg)
		}
	}
}

func (f *fan) delivered(msg wire.Message) {
	var in struct {
		Param string `wire:"eventparam" doc:"which event"`
	}
	if msg.Unmarshal(&in) != nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.latency.Add(time.Since(f.start[in.Param]))
	f.left[in.Param]--
	if f.left[in.Param] == 0 {
		delete(f.left, in.Param)
		delete(f.start, in.Param)
		<-f.free
	}
}

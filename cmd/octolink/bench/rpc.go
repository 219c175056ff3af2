package bench

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"
)

// RPC measures requests and answers: getuserstate on logged-in tabs, so many in flight on each.
func RPC(ctx context.Context, o Options) (*Result, error) {
	r := &Result{Load: fmt.Sprintf("rpc, %d tabs, %d in flight on each, %s", o.Tabs, o.Depth, o.Format)}
	tabs := open(ctx, o, "logging in", r, (*tab).login)
	defer closeAll(tabs)
	if len(tabs) == 0 {
		return r, errors.New("no tab could log in")
	}
	if _, err := drive(ctx, o, r, tabs, o.Warmup, "warming up"); err != nil {
		return r, err
	}
	before, err := usage(ctx, o.Metrics)
	if err != nil {
		return r, err
	}
	start := time.Now()
	all, err := drive(ctx, o, r, tabs, o.Duration, "measuring")
	if err != nil {
		return r, err
	}
	took := time.Since(start)
	after, err := usage(ctx, o.Metrics)
	if err != nil {
		return r, err
	}
	r.add("requests", float64(all.N), "")
	r.add("requests per second", float64(all.N)/took.Seconds(), "/s")
	r.addLatency("latency", all)
	r.addServer(before, after, all.N, "request", "requests")
	return r, nil
}

// drive lets all tabs ask for so long.
func drive(ctx context.Context, o Options, r *Result, tabs []*tab, d time.Duration, stage string) (*Latency, error) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	stop := showTime(o, stage, d)
	defer stop()
	var (
		mu  sync.Mutex
		all Latency
		wg  sync.WaitGroup
	)
	for _, t := range tabs {
		wg.Go(func() {
			var own Latency
			err := t.ask(ctx, o.Depth, &own, t.userState)
			mu.Lock()
			defer mu.Unlock()
			all.Merge(&own)
			if err != nil {
				r.fail(err)
			}
		})
	}
	wg.Wait()
	return &all, nil
}

// userState is the request of these loads: small, and answered from memory.
func (t *tab) userState() (frame []byte, qid string) { return t.request("getuserstate", nil) }

// ask keeps so many requests in flight until ctx ends, and then waits for the answers.
func (t *tab) ask(ctx context.Context, depth int, l *Latency, request func() (frame []byte, qid string)) error {
	sent := make(map[string]time.Time, depth)
	var out [][]byte
	send := func() {
		frame, qid := request()
		sent[strconv.Quote(qid)] = time.Now()
		out = append(out, frame)
	}
	for range depth {
		send()
	}
	for len(sent) > 0 {
		if err := t.flush(&out); err != nil {
			return err
		}
		msg, err := t.receive()
		if err != nil {
			return err
		}
		at, ok := sent[string(msg.QID)]
		if !ok {
			continue // an event
		}
		delete(sent, string(msg.QID))
		l.Add(time.Since(at))
		if ctx.Err() == nil {
			send()
		}
	}
	return nil
}

// flush sends what was gathered.
func (t *tab) flush(out *[][]byte) error {
	if len(*out) == 0 {
		return nil
	}
	defer func() { *out = (*out)[:0] }()
	if err := t.stream.SetDeadline(time.Now().Add(answerTimeout)); err != nil {
		return err
	}
	return t.stream.Send(*out...)
}

// showTime moves a bar with the time.
func showTime(o Options, stage string, d time.Duration) (stop func()) {
	const tick = 100 * time.Millisecond
	bar := o.Progress(stage, int(d/tick))
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		t := time.NewTicker(tick)
		defer t.Stop()
		for {
			select {
			case <-done:
				return
			case <-t.C:
				_ = bar.Add(1)
			}
		}
	})
	return func() {
		close(done)
		wg.Wait()
		_ = bar.Finish()
	}
}

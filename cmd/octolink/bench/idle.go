package bench

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Storm measures many logins at once: each tab connects and goes through the whole sequence of a
// browser [P 5.1].
func Storm(ctx context.Context, o Options) (*Result, error) {
	r := &Result{Load: fmt.Sprintf("storm, %d tabs of %d users, %d at once, %s", o.Tabs, len(o.Users), o.Concurrency, o.Format)}
	tabs, err := storm(ctx, o, r)
	closeAll(tabs)
	return r, err
}

func storm(ctx context.Context, o Options, r *Result) ([]*tab, error) {
	before, err := usage(ctx, o.Metrics)
	if err != nil {
		return nil, err
	}
	took := make(chan time.Duration, o.Tabs)
	start := time.Now()
	tabs := open(ctx, o, "logging in", r, func(t *tab) error {
		began := time.Now()
		err := t.start()
		took <- time.Since(began)
		return err
	})
	all := time.Since(start)
	if len(tabs) == 0 {
		return tabs, errors.New("no tab could log in")
	}
	after, err := usage(ctx, o.Metrics)
	if err != nil {
		return tabs, err
	}
	var l Latency
	close(took)
	for d := range took {
		l.Add(d)
	}
	r.add("tabs", float64(len(tabs)), "")
	r.add("time", all.Seconds(), "s")
	r.add("logins per second", float64(len(tabs))/all.Seconds(), "/s")
	r.addLatency("login", &l)
	r.addServer(before, after, uint64(len(tabs)), "login", "logins")
	return tabs, nil
}

// Idle measures the memory of tabs that do nothing: logged in, with the subscriptions of a browser.
func Idle(ctx context.Context, o Options) (*Result, error) {
	r := &Result{Load: fmt.Sprintf("idle, %d tabs of %d users, %s", o.Tabs, len(o.Users), o.Format)}
	if o.Metrics == "" {
		return r, errors.New("idle needs the address of the server's metrics")
	}
	warm := o
	warm.Tabs = min(1000, max(o.Tabs/10, 1))
	first := open(ctx, warm, "warming up", r, (*tab).start)
	defer func() { closeAll(first) }()
	before, err := usage(ctx, o.Metrics)
	if err != nil {
		return r, err
	}
	tabs := open(ctx, o, "logging in", r, (*tab).start)
	defer func() { closeAll(tabs) }()
	if len(tabs) == 0 {
		return r, errors.New("no tab could log in")
	}
	stop := showTime(o, "settling", o.Settle)
	select {
	case <-time.After(o.Settle):
	case <-ctx.Done():
	}
	stop()
	after, err := usage(ctx, o.Metrics)
	if err != nil {
		return r, err
	}
	r.add("tabs", float64(len(tabs)), "")
	r.add("server memory before", float64(before.RSS)/(1<<20), "MiB")
	r.add("server memory after", float64(after.RSS)/(1<<20), "MiB")
	r.add("memory per tab", float64(after.RSS-before.RSS)/float64(len(tabs))/1024, "KiB")
	return r, nil
}

package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// pairs is how many windows of each kind are measured, one after the other: what else the machine does
// hits both alike.
const pairs = 10

// Tunnel measures what a request through a CRM's channel costs the server, beside one of a browser.
func Tunnel(ctx context.Context, o Options) (*Result, error) {
	r := &Result{Load: fmt.Sprintf("tunnel, %d users behind one channel, %d in flight, %s", len(o.Users), o.Depth, o.Format)}
	if o.Metrics == "" {
		return r, errors.New("the server's metrics are needed: it is about its CPU")
	}
	direct, err := openOne(ctx, o, o.Users[0], (*tab).login)
	if err != nil {
		return r, err
	}
	defer direct.close()
	through, err := dialCRM(ctx, o, o.Link)
	if err != nil {
		return r, fmt.Errorf("%s: %w", o.Link, err)
	}
	defer through.close()
	if err := errors.Join(through.login(ctx, o), through.check()); err != nil {
		return r, err
	}
	return r, r.compare(ctx, o, direct, through)
}

// A window is a time in which one channel asked.
type window struct {
	latency Latency
	cpu     time.Duration
}

// each is what a request cost the server, in microseconds. Zero: too little happened to say.
func (w *window) each() float64 {
	if w.latency.N == 0 {
		return 0
	}
	return float64(w.cpu.Nanoseconds()) / 1000 / float64(w.latency.N)
}

var errTooShort = errors.New("bench: too little happened to compare; give it a longer --duration")

// appendRatio leaves out windows in which too little happened: processor time is counted in steps of
// some milliseconds.
func appendRatio(ratios []float64, a, b float64) []float64 {
	if a <= 0 || b <= 0 {
		return ratios
	}
	return append(ratios, a/b)
}

func (r *Result) compare(ctx context.Context, o Options, direct *tab, through *crm) error {
	bar := o.Progress("measuring", 2*pairs)
	defer func() { _ = bar.Finish() }()
	var ways [2]window // in all: direct, and through the CRM
	var ratios []float64
	for i := range pairs + 1 {
		d := o.Duration / (2 * pairs)
		if i == 0 {
			d = o.Warmup / 2
		}
		var pair [2]window
		for j := range pair {
			way := (i + j) % 2 // who is first alternates
			ask, t := direct.userState, direct
			if way == 1 {
				ask, t = through.userState, through.tab
			}
			if err := pair[way].measure(ctx, o, t, ask, d); err != nil {
				return err
			}
			_ = bar.Add(1)
		}
		if i == 0 {
			continue
		}
		for way := range ways {
			ways[way].latency.Merge(&pair[way].latency)
			ways[way].cpu += pair[way].cpu
		}
		ratios = appendRatio(ratios, pair[1].each(), pair[0].each())
	}
	if len(ratios) == 0 {
		return errTooShort
	}
	for way, name := range []string{"direct", "through the CRM"} {
		w := &ways[way]
		r.add("requests "+name, float64(w.latency.N), "")
		r.addLatency("latency "+name, &w.latency)
		r.add("server CPU per request "+name, w.each(), "µs")
	}
	slices.Sort(ratios)
	r.add("times as much CPU, median", ratios[len(ratios)/2], "")
	r.add("times as much CPU, least", ratios[0], "")
	r.add("times as much CPU, most", ratios[len(ratios)-1], "")
	return nil
}

// measure lets a channel ask for so long, and waits for what is in flight.
func (w *window) measure(ctx context.Context, o Options, t *tab, request func() ([]byte, string), d time.Duration) error {
	before, err := usage(ctx, o.Metrics)
	if err != nil {
		return err
	}
	asking, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	if err := t.ask(asking, o.Depth, &w.latency, request); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	after, err := usage(ctx, o.Metrics)
	w.cpu = after.CPU - before.CPU
	return err
}

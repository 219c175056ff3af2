package web

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Durations are a histogram that many are counted in at once: prometheus's own takes one at a time.
type durations struct {
	desc   *prometheus.Desc
	bounds []time.Duration // rising
	counts []atomic.Uint64 // one more than bounds: those above the last
	sum    atomic.Int64    // nanoseconds
}

func newDurations(name, help string, bounds []time.Duration) *durations {
	return &durations{
		desc: prometheus.NewDesc(name, help, nil, nil), bounds: bounds, counts: make([]atomic.Uint64, len(bounds)+1),
	}
}

// observe counts n that took so long each.
func (d *durations) observe(n int, each time.Duration) {
	i := 0
	for i < len(d.bounds) && each > d.bounds[i] {
		i++
	}
	d.counts[i].Add(uint64(n)) //nolint:gosec // never negative
	d.sum.Add(int64(n) * int64(each))
}

// Describe implements prometheus.Collector.
func (d *durations) Describe(to chan<- *prometheus.Desc) { to <- d.desc }

// Collect implements prometheus.Collector.
func (d *durations) Collect(to chan<- prometheus.Metric) {
	sum := time.Duration(d.sum.Load())
	all, below := uint64(0), make(map[float64]uint64, len(d.bounds))
	for i := range d.counts {
		all += d.counts[i].Load()
		if i < len(d.bounds) {
			below[d.bounds[i].Seconds()] = all
		}
	}
	to <- prometheus.MustNewConstHistogram(d.desc, all, sum.Seconds(), below)
}

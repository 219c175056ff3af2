package bench

import (
	"math/bits"
	"time"
)

// A latency is a histogram of durations: 16 buckets for each power of two of microseconds, so a
// percentile is at most 6 % above the truth.
type latency struct {
	counts [64 * 16]uint64
	n      uint64
	max    time.Duration
}

func (l *latency) add(d time.Duration) {
	l.counts[bucketOf(d)]++
	l.n++
	l.max = max(l.max, d)
}

func bucketOf(d time.Duration) int {
	us := uint64(max(d.Microseconds(), 0)) //nolint:gosec // not negative
	if us < 16 {
		return int(us) //nolint:gosec // small
	}
	shift := bits.Len64(us) - 5
	return (shift+1)*16 + int(us>>shift) - 16 //nolint:gosec // small
}

// upper is the end of a bucket.
func upper(bucket int) time.Duration {
	if bucket < 16 {
		return time.Duration(bucket+1) * time.Microsecond
	}
	shift := bucket/16 - 1
	return time.Duration(uint64(bucket%16+17)<<shift) * time.Microsecond //nolint:gosec // small
}

func (l *latency) merge(o *latency) {
	for i, c := range o.counts {
		l.counts[i] += c
	}
	l.n += o.n
	l.max = max(l.max, o.max)
}

// percentile is the duration below which so many percent lie.
func (l *latency) percentile(p float64) time.Duration {
	want := uint64(float64(l.n) * p / 100)
	var seen uint64
	for i, c := range l.counts {
		seen += c
		if seen > want {
			return min(upper(i), l.max)
		}
	}
	return l.max
}

package bench

import (
	"math/bits"
	"time"
)

// A Latency is a histogram of durations: 64 buckets for each power of two of microseconds, so a
// percentile is at most 1.6 % and a microsecond above the truth.
type Latency struct {
	N      uint64        // how many
	Max    time.Duration // the longest
	counts [buckets]uint64
}

const (
	fineBits = 6 // buckets for each power of two, as a power of two
	fine     = 1 << fineBits
	buckets  = (64 - fineBits + 1) * fine
)

// Add counts one duration.
func (l *Latency) Add(d time.Duration) {
	l.counts[bucketOf(d)]++
	l.N++
	l.Max = max(l.Max, d)
}

// Reset forgets everything.
func (l *Latency) Reset() { *l = Latency{} }

func bucketOf(d time.Duration) int {
	us := uint64(max(d.Microseconds(), 0)) //nolint:gosec // not negative
	if us < fine {
		return int(us) //nolint:gosec // small
	}
	shift := bits.Len64(us) - fineBits - 1
	return (shift+1)*fine + int(us>>shift) - fine //nolint:gosec // small
}

// upper is the end of a bucket.
func upper(bucket int) time.Duration {
	if bucket < fine {
		return time.Duration(bucket+1) * time.Microsecond
	}
	shift := bucket/fine - 1
	return time.Duration(uint64(bucket%fine+fine+1)<<shift) * time.Microsecond //nolint:gosec // small
}

// Merge adds all that another one has counted.
func (l *Latency) Merge(o *Latency) {
	for i, c := range o.counts {
		l.counts[i] += c
	}
	l.N += o.N
	l.Max = max(l.Max, o.Max)
}

// Percentile is the duration below which so many percent lie.
func (l *Latency) Percentile(p float64) time.Duration {
	want := uint64(float64(l.N) * p / 100)
	var seen uint64
	for i, c := range l.counts {
		seen += c
		if seen > want {
			return min(upper(i), l.Max)
		}
	}
	return l.Max
}

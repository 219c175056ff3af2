package peers

import (
	"context"
	"fmt"
	"time"

	"github.com/octolink/octolink/cmd/octolink/bench"
)

// A duel is two stands, measured in turn.
type duel struct {
	value      func(window) float64
	slices     int // into how many each one's part of a pair is cut
	own, other []float64
	ratios     []float64
	p99s       []float64        // own, in ms
	latencies  [2]bench.Latency // of all windows: own, other
}

// A slice of a window is so long, and begins after so long.
const (
	slice       = 150 * time.Millisecond
	sliceWarmup = 50 * time.Millisecond
)

// fight measures pairs of windows; who is first alternates.
func (s *suite) fight(ctx context.Context, own, other *stand, d *duel) error {
	for i := range s.plan().pairs {
		var parts [2][]window
		for j := range 2 * max(d.slices, 1) {
			at := (i + j) % 2
			w, err := s.window(ctx, []*stand{own, other}[at], d.slices)
			if err != nil {
				return err
			}
			parts[at] = append(parts[at], w)
			d.latencies[at].Merge(w.latency)
		}
		a, b := middle(parts[0], d.value), middle(parts[1], d.value)
		d.own, d.other = append(d.own, a), append(d.other, b)
		d.ratios, d.p99s = append(d.ratios, a/b), append(d.p99s, middle(parts[0], window.micros)/1000)
		fmt.Fprintf(s.Log, "  %s %s (%.0f %% busy), %s %s (%.0f %% busy): %.2f\n",
			own.title(), figure(a), middle(parts[0], window.busy), other.title(), figure(b), middle(parts[1], window.busy), a/b)
	}
	return nil
}

// window measures a window, or a slice of one.
func (s *suite) window(ctx context.Context, of *stand, slices int) (window, error) {
	if slices > 1 {
		return of.measure(ctx, sliceWarmup, slice)
	}
	return of.measure(ctx, s.plan().warmup, s.plan().window)
}

// middle is the median of what the slices of a window gave.
func middle(parts []window, value func(window) float64) float64 {
	values := make([]float64, len(parts))
	for i, w := range parts {
		values[i] = value(w)
	}
	return spread(values).Median
}

// wholes notes what all slices together show: the machine's own pauses, too.
func (l *Line) wholes(other string, d *duel) {
	if l.Extra == nil {
		l.Extra = make(map[string]Spread)
	}
	for i, name := range []string{octolink + " beside " + other, other} {
		whole := window{latency: &d.latencies[i]}
		l.Extra["of all slices together, "+name] = spread([]float64{whole.micros()})
	}
}

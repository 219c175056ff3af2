package transports

import (
	"context"
	"math/rand/v2"
	"time"
)

// usualBackoff are the pauses between attempts [P 2.2].
func usualBackoff() []time.Duration {
	return []time.Duration{time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 30 * time.Second}
}

// A backoff says how long to wait after a failure.
type backoff struct {
	pauses []time.Duration
	failed int
}

// next is the pause after one more failure. It is up to a fifth shorter than the list says, so that
// links that broke together do not come back together.
func (b *backoff) next() time.Duration {
	at := min(b.failed, len(b.pauses)-1)
	b.failed++
	return jitter(b.pauses[at])
}

// longest is the pause after a failure that does not pass by itself.
func (b *backoff) longest() time.Duration {
	b.failed++
	return jitter(b.pauses[len(b.pauses)-1])
}

func (b *backoff) reset() { b.failed = 0 }

func jitter(d time.Duration) time.Duration {
	return d - time.Duration(rand.Int64N(int64(d)/5+1)) //nolint:gosec // G404: nobody gains by guessing it
}

// pause waits, or returns early when the context ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

package transports

import (
	"context"
	"net"
	"sync"
	"time"
)

// FailureLimits say when answers to failed authorizations begin to come late.
type FailureLimits struct {
	PerAddress int           // failures within the window. Zero means 10.
	Window     time.Duration // Zero means 1 min.
}

const (
	firstFailureDelay   = time.Second
	longestFailureDelay = 30 * time.Second
	// mostWaiting is how many late answers may be due; further ones are not given at all.
	mostWaiting = 64
	// mostAddresses is how many are remembered.
	mostAddresses = 10_000
)

// Failures make guessing slow. Only who fails waits, so nobody can lock another one out.
type failures struct {
	limits FailureLimits

	mu      sync.Mutex
	counts  map[string]*failed
	swept   time.Time
	waiting int
}

// failed are one address's failures.
type failed struct {
	n    int
	last time.Time
}

func newFailures(l FailureLimits) *failures {
	l.PerAddress = either(l.PerAddress, 10)
	l.Window = either(l.Window, time.Minute)
	return &failures{limits: l, counts: make(map[string]*failed)}
}

// wait counts a failure and waits as long as the address's record asks for, or until one of the ends
// comes. It says whether the failure deserves an answer.
func (f *failures) wait(ctx context.Context, over <-chan struct{}, remote string) bool {
	delay, ok := f.count(remote)
	if delay == 0 || !ok {
		return ok
	}
	defer f.waited()
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
	case <-over:
	}
	return false
}

// count adds a failure: beyond the limit its answer comes 1, 2, 4 … 30 s later.
func (f *failures) count(remote string) (delay time.Duration, ok bool) {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		host = remote
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	f.sweep(now)
	record := f.counts[host]
	if record == nil || now.Sub(record.last) >= f.limits.Window {
		record = &failed{}
		f.counts[host] = record
	}
	record.n++
	record.last = now
	over := record.n - f.limits.PerAddress
	if over <= 0 {
		return 0, true
	}
	if f.waiting >= mostWaiting {
		return 0, false
	}
	f.waiting++
	return min(firstFailureDelay<<min(over-1, 5), longestFailureDelay), true
}

func (f *failures) waited() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.waiting--
}

// sweep forgets old records, at most once a window unless there are too many. With mu held.
func (f *failures) sweep(now time.Time) {
	if now.Sub(f.swept) < f.limits.Window && len(f.counts) < mostAddresses {
		return
	}
	f.swept = now
	for host, record := range f.counts {
		if now.Sub(record.last) >= f.limits.Window {
			delete(f.counts, host)
		}
	}
	if len(f.counts) >= mostAddresses {
		clear(f.counts)
	}
}

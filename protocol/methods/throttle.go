package methods

import (
	"context"
	"net"
	"strings"
	"sync"
	"time"
)

// LoginLimits say when answers to failed logins begin to come late.
type LoginLimits struct {
	PerAddress int           // failures from one address within the window. Zero means 10.
	PerLogin   int           // failures of one login from one address. Zero means 5.
	Window     time.Duration // Zero means one minute.
}

func (l LoginLimits) orDefaults() LoginLimits {
	if l.PerAddress == 0 {
		l.PerAddress = 10
	}
	if l.PerLogin == 0 {
		l.PerLogin = 5
	}
	if l.Window == 0 {
		l.Window = time.Minute
	}
	return l
}

// throttle makes guessing slow. Only failures count and only failures wait, so nobody can lock
// another one out.
type throttle struct {
	limits LoginLimits

	mu     sync.Mutex
	counts map[string]*failures
	swept  time.Time
}

type failures struct {
	n     int
	since time.Time
}

const (
	firstDelay   = time.Second
	longestDelay = 30 * time.Second
	maxThrottled = 100_000 // addresses and logins that are remembered; beyond it the oldest window is forgotten early
)

// failed counts a failure and waits as long as the caller's record asks for. Without an address only
// the login counts.
func (t *throttle) failed(ctx context.Context, remote, login string) {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		host = remote
	}
	delay := t.count(host+"\x00"+strings.ToLower(login), t.limits.PerLogin)
	if host != "" {
		delay = max(delay, t.count(host, t.limits.PerAddress))
	}
	if delay == 0 {
		return
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// count adds a failure to a record and says how long its answer waits: 1, 2, 4 … 30 s beyond the limit.
func (t *throttle) count(key string, limit int) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	t.sweep(now)
	f := t.counts[key]
	if f == nil || now.Sub(f.since) >= t.limits.Window {
		f = &failures{since: now}
		t.counts[key] = f
	}
	f.n++
	over := f.n - limit
	if over <= 0 {
		return 0
	}
	f.since = now // who goes on is not forgotten
	return min(firstDelay<<min(over-1, 5), longestDelay)
}

// sweep forgets old records, at most once a window unless there are too many.
func (t *throttle) sweep(now time.Time) {
	if t.counts == nil {
		t.counts = make(map[string]*failures)
	}
	if now.Sub(t.swept) < t.limits.Window && len(t.counts) < maxThrottled {
		return
	}
	t.swept = now
	for key, f := range t.counts {
		if now.Sub(f.since) >= t.limits.Window {
			delete(t.counts, key)
		}
	}
	if len(t.counts) >= maxThrottled {
		clear(t.counts)
	}
}

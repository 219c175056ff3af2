package flowtest

import (
	"context"
	"sync"
	"time"

	"github.com/octolink/octolink/pbx"
)

// noon is when tests begin if they do not say: a Monday, in UTC.
var noon = time.Date(2026, time.January, 12, 12, 0, 0, 0, time.UTC)

// A clock goes only when somebody waits.
type clock struct {
	mu     sync.Mutex
	now    time.Time
	leaves time.Time // when the caller hangs up. Zero means not by the clock
	hangup func()
}

// Now implements scripting.Clock.
func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Sleep implements scripting.Clock.
func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	c.mu.Lock()
	if c.leaves.IsZero() || c.now.Add(d).Before(c.leaves) {
		c.now = c.now.Add(d)
		c.mu.Unlock()
		return nil
	}
	c.now = c.leaves
	c.leaves = time.Time{}
	c.mu.Unlock()
	c.hangup()
	return gone(ctx)
}

// within lets time pass for somebody whose patience is a context's real deadline: so long, in the
// time of tests, and no longer.
func (c *clock) within(ctx context.Context, d time.Duration) error {
	deadline, bounded := ctx.Deadline()
	// The deadline was set a moment ago, which on a busy machine may be long: what has passed since is not
	// part of the test's time. So patience counts in whole seconds.
	if left := (time.Until(deadline) + time.Second - 1).Truncate(time.Second); bounded && left <= d {
		if err := c.Sleep(ctx, left); err != nil {
			return err
		}
		return context.DeadlineExceeded
	}
	return c.Sleep(ctx, d)
}

// gone waits for what follows from a hang-up: the run is told from another goroutine.
func gone(ctx context.Context) error {
	<-ctx.Done()
	return pbx.ErrHungUp
}

// leave has the caller hang up after a time.
func (c *clock) leave(after time.Duration, hangup func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.leaves, c.hangup = time.Time{}, hangup
	if after > 0 {
		c.leaves = c.now.Add(after)
	}
}

func (c *clock) set(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = now
}

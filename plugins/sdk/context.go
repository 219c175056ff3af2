package sdk

import (
	"context"
	"sync"
	"time"

	crmv1 "github.com/octolink/octolink/plugins/proto/crm/v1"
)

// A callContext is the context of one call. Most methods never ask whether they are still wanted, so
// what it takes to tell them is made when they do.
type callContext struct {
	context.Context // the stream's: values, and the end of everything
	call            Call
	deadline        time.Time // zero: none

	mu   sync.Mutex
	err  error
	done chan struct{} // nil: nobody has asked
	stop []func() bool
}

func newCallContext(parent context.Context, start *crmv1.Start) *callContext {
	c := &callContext{Context: parent, call: Call{start.GetMethod(), start.GetUser(), start.GetSession()}}
	if ms := start.GetDeadlineMs(); ms > 0 {
		c.deadline = time.Now().Add(time.Duration(ms) * time.Millisecond)
	}
	return c
}

// Deadline implements [context.Context].
func (c *callContext) Deadline() (time.Time, bool) { return c.deadline, !c.deadline.IsZero() }

// Done implements [context.Context].
func (c *callContext) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done != nil {
		return c.done
	}
	c.done = make(chan struct{})
	if c.err != nil {
		close(c.done)
		return c.done
	}
	c.stop = append(c.stop, context.AfterFunc(c.Context, func() { c.end(context.Canceled) }))
	if !c.deadline.IsZero() {
		c.stop = append(c.stop, time.AfterFunc(time.Until(c.deadline), func() { c.end(context.DeadlineExceeded) }).Stop)
	}
	return c.done
}

// Err implements [context.Context].
func (c *callContext) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil && c.done == nil { // nobody watches
		if err := c.Context.Err(); err != nil {
			c.err = context.Canceled
		} else if !c.deadline.IsZero() && !time.Now().Before(c.deadline) {
			c.err = context.DeadlineExceeded
		}
	}
	return c.err
}

// Value implements [context.Context].
func (c *callContext) Value(key any) any {
	if key == callKey {
		return c.call
	}
	return c.Context.Value(key)
}

// end ends the call's context; the first reason counts.
func (c *callContext) end(err error) {
	c.mu.Lock()
	if c.err == nil {
		c.err = err
		if c.done != nil {
			close(c.done)
		}
	}
	stop := c.stop
	c.stop = nil
	c.mu.Unlock()
	for _, s := range stop {
		s()
	}
}

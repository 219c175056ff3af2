package plugins

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/octolink/octolink/crm"
	contract "github.com/octolink/octolink/plugins/proto"
	crmv1 "github.com/octolink/octolink/plugins/proto/crm/v1"
)

const (
	maxInFlight = 4096 // calls that one plugin may have to answer at once
	maxStrays   = 1000 // results that nobody asked for, before the plugin counts as gone mad
)

// errDraining: these calls take no new ones; another process takes them.
var errDraining = errors.New("plugins: the process is being replaced")

// errFlood ends a plugin that sends results nobody asked for.
var errFlood = fmt.Errorf("it sent more than %d results that nobody asked for", maxStrays)

// calls are the calls of one plugin's process. All of them share one stream; what waits goes out
// together. It works from open until the stream ends, whatever the reason, and every call in flight
// ends with it at once.
type calls struct {
	stream crmv1.CRMService_InvokeClient
	wake   chan struct{} // something is in out
	done   chan struct{} // closed when the stream has ended

	mu       sync.Mutex
	next     uint64
	waiting  map[uint64]waiter
	out      []*crmv1.Call
	sending  bool   // somebody sends; what is in out goes out with him
	answered uint64 // the highest id of a result: the plugin has read so far
	draining bool
	idle     chan struct{} // closed when draining and nothing waits any more
	strays   int           // results without a call, less those of calls that were cancelled
	err      error         // why the stream ended; once it has
}

// A waiter waits for one result.
type waiter struct {
	got   chan *crmv1.Result
	until time.Time // what comes later does not count
}

// openCalls begins the stream. run must be called.
func openCalls(stream crmv1.CRMService_InvokeClient) *calls {
	return &calls{
		stream: stream, wake: make(chan struct{}, 1), done: make(chan struct{}), idle: make(chan struct{}),
		waiting: map[uint64]waiter{},
	}
}

// run works until the stream ends and returns why.
func (c *calls) run() error {
	var sender sync.WaitGroup
	sender.Go(c.send)
	err := c.receive()
	c.end(err)
	sender.Wait()
	return err
}

// receive takes results until the stream ends.
func (c *calls) receive() error {
	for {
		in, err := c.stream.Recv()
		if err != nil {
			return explainStream(err)
		}
		if !c.settle(in.GetResults()) {
			return errFlood
		}
	}
}

// settle gives results to those who wait for them. It is false when there are too many strays.
func (c *calls) settle(results []*crmv1.Result) bool {
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range results {
		if r.GetId() <= c.next {
			c.answered = max(c.answered, r.GetId())
		}
		w, ok := c.waiting[r.GetId()]
		if !ok || now.After(w.until) { // who waited too long is about to cancel
			c.strays++
			continue
		}
		delete(c.waiting, r.GetId())
		w.got <- r // there is room for one, and nobody else sends
	}
	c.rested()
	return c.strays <= maxStrays
}

// rested tells who waits for it that draining is over. Under mu.
func (c *calls) rested() {
	if c.draining && len(c.waiting) == 0 {
		select {
		case <-c.idle:
		default:
			close(c.idle)
		}
	}
}

// end fails what is in flight.
func (c *calls) end(err error) {
	c.mu.Lock()
	c.err = err
	waiting := c.waiting
	c.waiting = nil
	c.draining = true
	c.rested()
	c.mu.Unlock()
	close(c.done)
	for _, w := range waiting {
		close(w.got)
	}
}

// send sends what waits until the stream ends. A plugin that reads nothing holds it up; the callers
// wait for their answers with a time-out of their own.
func (c *calls) send() {
	for {
		select {
		case <-c.wake:
			for c.flush() {
			}
		case <-c.done:
			return
		}
	}
}

// flush sends one message of what waits, unless somebody does already. It is true when there is more.
func (c *calls) flush() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sending || len(c.out) == 0 || c.err != nil {
		return false
	}
	c.sending = true
	if len(c.waiting) > 1 {
		c.mu.Unlock()
		runtime.Gosched() // others are about to call: their calls go out with these
		c.mu.Lock()
	}
	batch := c.take()
	c.mu.Unlock()
	err := c.stream.Send(&crmv1.InvokeRequest{Calls: batch}) // of an error the reader learns the reason
	c.mu.Lock()
	c.sending = false
	return err == nil && len(c.out) > 0
}

// take is what waits now, as far as one message carries it. Under mu.
func (c *calls) take() []*crmv1.Call {
	n, bytes := 0, 0
	for n < len(c.out) {
		bytes += contract.Weight(c.out[n].GetStart().GetIn())
		if n > 0 && bytes > contract.MaxBatch {
			break
		}
		n++
	}
	batch := c.out[:n:n]
	c.out = c.out[n:]
	return batch
}

// A limit is how long an answer counts.
type limit struct {
	time time.Duration // when ctx has no deadline
	late time.Duration // beyond that
}

// do runs one call. It fails with errDraining before anything was sent, with [crm.ErrGone] when the
// process went away, with ctx's reason, or with what the plugin says.
func (c *calls) do(ctx context.Context, start *crmv1.Start, l limit) (*crmv1.Result, error) {
	size := contract.Weight(start.GetIn())
	if size > contract.MaxValue {
		return nil, &crm.Error{Code: 413, Text: fmt.Sprintf("the parameters have %d bytes, a plugin takes %d", size, contract.MaxValue)}
	}
	if until, ok := ctx.Deadline(); ok {
		l.time = time.Until(until)
	}
	l.time += l.late
	start.DeadlineMs = max(1, l.time.Milliseconds())
	id, got, inline, err := c.begin(start, size, time.Now().Add(l.time))
	if err != nil {
		return nil, err
	}
	if !inline || c.flush() {
		c.nudge()
	}
	return c.await(ctx, id, got, l.time)
}

// await waits for the result of a call. One that came in time counts, even if who waits is late himself.
func (c *calls) await(ctx context.Context, id uint64, got <-chan *crmv1.Result, within time.Duration) (*crmv1.Result, error) {
	timer := time.NewTimer(within)
	defer timer.Stop()
	done := ctx.Done()
	for {
		select {
		case r, ok := <-got:
			if !ok {
				return nil, crm.ErrGone
			}
			return r, nil
		case <-timer.C:
			if c.cancel(id) {
				return nil, crm.ErrTimeout
			}
			// It is settled: what the next turn finds in got came in time.
		case <-done:
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				done = nil // the timer says when it is too late
				continue
			}
			c.cancel(id)
			return nil, crm.ErrCancelled
		}
	}
}

// A caller sends himself, which saves a change of goroutines, as long as that cannot block: gRPC takes
// 64 KiB that nobody has read yet, and these are fewer.
const (
	inlineUnread = 16      // calls that the plugin may not have read yet
	inlineBytes  = 2 << 10 // of the call
)

// begin queues a call. With inline the caller may send it himself.
func (c *calls) begin(start *crmv1.Start, size int, until time.Time) (id uint64, got chan *crmv1.Result, inline bool, err error) {
	got = make(chan *crmv1.Result, 1)
	call := &crmv1.Call{What: &crmv1.Call_Start{Start: start}}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.err != nil:
		return 0, nil, false, crm.ErrGone
	case c.draining:
		return 0, nil, false, errDraining
	case len(c.waiting) >= maxInFlight, len(c.out) >= 2*maxInFlight: // out: of one that reads nothing
		return 0, nil, false, &crm.Error{Code: 429, Text: fmt.Sprintf("the plugin has %d calls to answer already", maxInFlight)}
	}
	c.next++
	call.Id = c.next
	c.waiting[c.next] = waiter{got, until}
	c.out = append(c.out, call)
	inline = size < inlineBytes && len(c.out) == 1 && !c.sending && c.next-c.answered <= inlineUnread
	return c.next, got, inline, nil
}

// nudge has what is in out sent.
func (c *calls) nudge() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// cancel forgets a call that may still be answered. It is false when the call is settled already.
func (c *calls) cancel(id uint64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.waiting[id]; !ok {
		return false
	}
	delete(c.waiting, id)
	c.strays-- // one late result is not its fault
	c.rested()
	c.out = append(c.out, &crmv1.Call{Id: id, What: &crmv1.Call_Cancel{Cancel: &crmv1.Cancel{}}})
	c.nudge()
	return true
}

// drain takes no new calls and returns when those in flight have ended, or ctx has.
func (c *calls) drain(ctx context.Context) {
	c.mu.Lock()
	c.draining = true
	c.rested()
	c.mu.Unlock()
	select {
	case <-c.idle:
	case <-c.done:
	case <-ctx.Done():
	}
}

// inFlight is how many calls wait for an answer.
func (c *calls) inFlight() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.waiting)
}

// explainStream says in an operator's words why a stream ended.
func explainStream(err error) error {
	switch status.Code(err) {
	case codes.ResourceExhausted:
		return fmt.Errorf("it sent an answer above %d MiB: %w", contract.MaxMessage>>20, err)
	case codes.Unimplemented:
		return fmt.Errorf("it is no CRM: %w", err)
	}
	return fmt.Errorf("its stream ended: %w", err)
}

package plugins

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

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
	waiting  map[uint64]chan *crmv1.Result
	out      []*crmv1.Call
	draining bool
	idle     chan struct{} // closed when draining and nothing waits any more
	strays   int           // results without a call, less those of calls that were cancelled
	err      error         // why the stream ended; once it has
}

// openCalls begins the stream. run must be called.
func openCalls(stream crmv1.CRMService_InvokeClient) *calls {
	return &calls{
		stream: stream, wake: make(chan struct{}, 1), done: make(chan struct{}), idle: make(chan struct{}),
		waiting: map[uint64]chan *crmv1.Result{},
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
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range results {
		got, ok := c.waiting[r.GetId()]
		if !ok {
			c.strays++
			continue
		}
		delete(c.waiting, r.GetId())
		got <- r // there is room for one, and nobody else sends
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
	for _, got := range waiting {
		close(got)
	}
}

// send sends what waits until the stream ends. A plugin that reads nothing holds it up; the callers
// wait for their answers with a time-out of their own.
func (c *calls) send() {
	var batch []*crmv1.Call
	for {
		select {
		case <-c.wake:
		case <-c.done:
			return
		}
		for {
			if batch = c.take(batch); len(batch) == 0 {
				break
			}
			if c.stream.Send(&crmv1.InvokeRequest{Calls: batch}) != nil {
				<-c.done // the reader learns the reason
				return
			}
			clear(batch)
		}
	}
}

// take is what waits now, as far as one message carries it.
func (c *calls) take(into []*crmv1.Call) []*crmv1.Call {
	c.mu.Lock()
	defer c.mu.Unlock()
	into = into[:0]
	n, bytes := 0, 0
	for n < len(c.out) {
		bytes += callSize(c.out[n])
		if n > 0 && bytes > contract.MaxBatch {
			break
		}
		n++
	}
	into = append(into, c.out[:n]...)
	rest := copy(c.out, c.out[n:])
	clear(c.out[rest:])
	c.out = c.out[:rest]
	return into
}

// callSize is about the bytes of a call, from above; the size was worked out when it was queued.
func callSize(call *crmv1.Call) int {
	if start := call.GetStart(); start != nil {
		return proto.Size(start.GetIn()) + len(start.GetMethod()) + 128
	}
	return 16
}

// do runs one call. It fails with errDraining before anything was sent, with [crm.ErrGone] when the
// process went away, with ctx's reason, or with what the plugin says.
func (c *calls) do(ctx context.Context, start *crmv1.Start, late time.Duration) (*crmv1.Result, error) {
	if size := proto.Size(start.GetIn()); size > contract.MaxValue {
		return nil, &crm.Error{Code: 413, Text: fmt.Sprintf("the parameters have %d bytes, a plugin takes %d", size, contract.MaxValue)}
	}
	if until, ok := ctx.Deadline(); ok {
		start.DeadlineMs = max(1, (time.Until(until) + late).Milliseconds())
	}
	id, got, err := c.begin(start)
	if err != nil {
		return nil, err
	}
	select {
	case r, ok := <-got:
		return delivered(r, ok)
	case <-ctx.Done():
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) && late > 0 {
		timer := time.NewTimer(late)
		defer timer.Stop()
		select {
		case r, ok := <-got:
			return delivered(r, ok)
		case <-timer.C:
		}
	}
	c.cancel(id)
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return nil, crm.ErrTimeout
	}
	return nil, crm.ErrCancelled
}

func delivered(r *crmv1.Result, ok bool) (*crmv1.Result, error) {
	if !ok {
		return nil, crm.ErrGone
	}
	return r, nil
}

// begin queues a call.
func (c *calls) begin(start *crmv1.Start) (uint64, chan *crmv1.Result, error) {
	got := make(chan *crmv1.Result, 1)
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.err != nil:
		return 0, nil, crm.ErrGone
	case c.draining:
		return 0, nil, errDraining
	case len(c.waiting) >= maxInFlight, len(c.out) >= 2*maxInFlight: // out: of one that reads nothing
		return 0, nil, &crm.Error{Code: 429, Text: fmt.Sprintf("the plugin has %d calls to answer already", maxInFlight)}
	}
	c.next++
	c.waiting[c.next] = got
	c.queue(&crmv1.Call{Id: c.next, What: &crmv1.Call_Start{Start: start}})
	return c.next, got, nil
}

// queue has something sent. Under mu.
func (c *calls) queue(call *crmv1.Call) {
	c.out = append(c.out, call)
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// cancel forgets a call that may still be answered.
func (c *calls) cancel(id uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.waiting[id]; !ok {
		return
	}
	delete(c.waiting, id)
	c.strays-- // one late result is not its fault
	c.rested()
	c.queue(&crmv1.Call{Id: id, What: &crmv1.Call_Cancel{Cancel: &crmv1.Cancel{}}})
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

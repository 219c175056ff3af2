package sdk

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"google.golang.org/grpc"

	contract "github.com/octolink/octolink/plugins/proto"
	basev1 "github.com/octolink/octolink/plugins/proto/base/v1"
	crmv1 "github.com/octolink/octolink/plugins/proto/crm/v1"
)

type invokeStream = grpc.BidiStreamingServer[crmv1.InvokeRequest, crmv1.InvokeResponse]

// runs are the calls of one stream.
type runs struct {
	service *Service
	stream  invokeStream
	base    context.Context
	jobs    chan job // unbuffered: who takes one begins at once
	idle    atomic.Int32

	mu      sync.Mutex
	calls   map[uint64]*callContext
	out     []*crmv1.Result
	sending bool
}

// Invoke implements the contract: it runs the calls of the stream until the server ends it.
func (s *Service) Invoke(stream invokeStream) error {
	r := &runs{service: s, stream: stream, base: s.with(stream.Context()), jobs: make(chan job), calls: map[uint64]*callContext{}}
	for {
		in, err := stream.Recv()
		if err != nil {
			return nil // the server has gone; its calls end with the stream's context
		}
		for _, call := range in.GetCalls() {
			switch what := call.GetWhat().(type) {
			case *crmv1.Call_Start:
				r.start(call.GetId(), what.Start)
			case *crmv1.Call_Cancel:
				r.cancel(call.GetId())
			}
		}
	}
}

func (r *runs) start(id uint64, start *crmv1.Start) {
	ctx := newCallContext(r.base, start)
	r.mu.Lock()
	r.calls[id] = ctx
	r.mu.Unlock()
	j := job{id, ctx, start}
	select {
	case r.jobs <- j: // somebody waits for work
	default:
		go r.work(j)
	}
}

// A job is one call.
type job struct {
	id    uint64
	ctx   *callContext
	start *crmv1.Start
}

// maxIdle is how many goroutines wait for the next call: their stacks have grown already.
const maxIdle = 64

// work runs calls, one after the other.
func (r *runs) work(j job) {
	for {
		result := r.service.result(j.ctx, j.start)
		result.Id = j.id
		j.ctx.end(context.Canceled)
		r.answer(result)
		if r.idle.Add(1) > maxIdle {
			r.idle.Add(-1)
			return
		}
		select {
		case j = <-r.jobs:
			r.idle.Add(-1)
		case <-r.base.Done():
			return
		}
	}
}

func (r *runs) cancel(id uint64) {
	r.mu.Lock()
	ctx := r.calls[id]
	r.mu.Unlock()
	if ctx != nil {
		ctx.end(context.Canceled)
	}
}

// result runs one call.
func (s *Service) result(ctx context.Context, start *crmv1.Start) *crmv1.Result {
	do, ok := s.methods[start.GetMethod()]
	if !ok {
		return failed(&crmv1.Failure{Code: 404, Text: "there is no method " + start.GetMethod(), NotFound: true})
	}
	out, err := guarded(ctx, do, start)
	if err == nil && contract.Weight(out) > contract.MaxValue {
		err = &Error{Code: 413, Text: fmt.Sprintf("the answer has %d bytes, the server takes %d", contract.Weight(out), contract.MaxValue)}
	}
	if err != nil {
		return failed(failure(err))
	}
	return &crmv1.Result{What: &crmv1.Result_Out{Out: out}}
}

func failed(f *crmv1.Failure) *crmv1.Result {
	return &crmv1.Result{What: &crmv1.Result_Failure{Failure: f}}
}

func failure(err error) *crmv1.Failure {
	f := &crmv1.Failure{Code: 500, Text: valid(err.Error())}
	var own *Error
	if errors.As(err, &own) {
		f.Code = int32(own.Code)
	}
	return f
}

// guarded runs a method; a panic is its failure, and its trace goes to the server's log.
func guarded(ctx context.Context, do run, start *crmv1.Start) (out *basev1.Object, err error) {
	defer func() {
		if p := recover(); p != nil {
			fmt.Fprintf(os.Stderr, "method %s: panic: %v\n%s", start.GetMethod(), p, debug.Stack())
			err = &Error{Code: 500, Text: fmt.Sprintf("the method panicked: %v", p)}
		}
	}()
	return do(ctx, start.GetIn())
}

// answer sends a result. Whoever comes while another one sends leaves his result to him, so that
// results that are ready at the same time go out together.
func (r *runs) answer(result *crmv1.Result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.calls, result.GetId())
	r.out = append(r.out, result)
	if r.sending {
		return
	}
	r.sending = true
	for len(r.out) > 0 {
		if len(r.calls) > 0 {
			r.mu.Unlock()
			runtime.Gosched() // others are about to be ready: their results go out with this one
			r.mu.Lock()
		}
		batch := r.take()
		r.mu.Unlock()
		err := r.stream.Send(&crmv1.InvokeResponse{Results: batch})
		r.mu.Lock()
		if err != nil {
			r.out = nil // the stream is over
		}
	}
	r.sending = false
}

// take is what is ready, as far as one message carries it. Under mu.
func (r *runs) take() []*crmv1.Result {
	n, bytes := 0, 0
	for n < len(r.out) {
		if bytes += contract.Weight(r.out[n].GetOut()); n > 0 && bytes > contract.MaxBatch {
			break
		}
		n++
	}
	batch := r.out[:n:n]
	r.out = r.out[n:]
	return batch
}

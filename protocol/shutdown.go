package protocol

import (
	"context"
	"errors"
	"sync"
	"time"
)

const goingAway = "the server is shutting down"

// closeAtOnce is how many channels are ended side by side at a shutdown.
const closeAtOnce = 64

// Shutdown accepts no more requests, lets every channel finish those that it has and closes it with
// [CloseGoingAway]. When ctx ends first, it returns its error and requests that still run see
// theirs end.
func (e *Engine) Shutdown(ctx context.Context) error {
	e.mu.Lock()
	e.down = true
	e.checkEmpty()
	e.mu.Unlock()
	all := e.list()
	for _, ch := range all {
		ch.drain()
	}
	closeAll(ctx, all)
	var err error
	select {
	case <-e.empty:
	case <-ctx.Done():
		err = ctx.Err()
	}
	e.cancel()
	return errors.Join(err, e.unwind())
}

// unwindWithin is how long requests that were given up may take to end.
const unwindWithin = time.Second

// errStuck is told when a handler does not care that its context has ended.
var errStuck = errors.New("protocol: a request does not end")

// unwind waits for the workers. Nothing is accepted any more, so that no new ones start.
func (e *Engine) unwind() error {
	ended := make(chan struct{})
	go func() {
		e.workers.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return nil
	case <-time.After(unwindWithin):
		return errStuck
	}
}

func closeAll(ctx context.Context, all []*Channel) {
	room := make(chan struct{}, closeAtOnce)
	var closers sync.WaitGroup
	for _, ch := range all {
		room <- struct{}{}
		closers.Go(func() {
			for _, c := range ch.clients() {
				c.finished(ctx)
			}
			ch.close(CloseGoingAway, goingAway)
			<-room
		})
	}
	closers.Wait()
}

// checkEmpty says so when the last channel of a closing engine has gone. mu is held.
func (e *Engine) checkEmpty() {
	if e.down && !e.isEmpty && len(e.channels) == 0 {
		e.isEmpty = true
		close(e.empty)
	}
}

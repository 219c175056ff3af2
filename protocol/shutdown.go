package protocol

import (
	"context"
	"sync"
)

const goingAway = "the server is shutting down"

// closeAtOnce is how many channels are ended side by side at a shutdown.
const closeAtOnce = 64

// Shutdown lets every channel finish the request in hand and closes it with [CloseGoingAway]. When
// ctx ends first, it returns its error and requests that still run see theirs end.
func (e *Engine) Shutdown(ctx context.Context) error {
	e.mu.Lock()
	e.down = true
	e.checkEmpty()
	e.mu.Unlock()
	e.closeAll(ctx)
	var err error
	select {
	case <-e.empty:
	case <-ctx.Done():
		err = ctx.Err()
	}
	e.cancel()
	e.workers.Wait()
	return err
}

func (e *Engine) closeAll(ctx context.Context) {
	room := make(chan struct{}, closeAtOnce)
	var closers sync.WaitGroup
	for _, ch := range e.list() {
		room <- struct{}{}
		closers.Go(func() {
			ch.self.finished(ctx)
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

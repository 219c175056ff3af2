package methods_test

import "sync"

// A passage brings calls through the wall of a bubble, in one direction: what one side wants done, a
// goroutine of the other side does. It must be made outside of the bubble: channels of a bubble may be
// touched there only, and who waits for one of the others keeps the bubble's time from passing.
type passage struct {
	mu    sync.Mutex // one call at a time
	calls chan func()
	done  chan struct{}
}

func newPassage() *passage { return &passage{calls: make(chan func()), done: make(chan struct{})} }

// do has fn done on the other side, unless nobody is there any more, and waits for its end.
func (p *passage) do(fn func(), gone <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case p.calls <- fn:
		<-p.done
	case <-gone:
	}
}

// serve does a call that has come out of calls.
func (p *passage) serve(call func()) {
	call()
	p.done <- struct{}{}
}

package transports

import (
	"context"
	"sync"
)

// A gate counts who is inside and, once somebody waits for all to leave, lets nobody in. A WaitGroup
// cannot do that: handshakes still arrive while the server shuts down.
type gate struct {
	mu     sync.Mutex
	inside int
	empty  chan struct{} // made by the first wait, closed when nobody is inside
}

// enter lets one in, who must leave.
func (g *gate) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.empty != nil {
		return false
	}
	g.inside++
	return true
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside--
	if g.inside == 0 && g.empty != nil {
		close(g.empty)
	}
}

// wait closes the gate and returns when nobody is inside, or with the context's error before.
func (g *gate) wait(ctx context.Context) error {
	g.mu.Lock()
	if g.empty == nil {
		g.empty = make(chan struct{})
		if g.inside == 0 {
			close(g.empty)
		}
	}
	empty := g.empty
	g.mu.Unlock()
	select {
	case <-empty:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

package store

import "sync"

// An op is one write. It must be repeatable: a transaction that fails is tried again.
type op struct {
	write func(*tx) error // nil: only a mark that tells when all before it is on the disk
	after func()          // on the writer's goroutine, once the write is on the disk; may be nil
	done  chan error      // nil: nobody waits; buffered
	what  string          // for the log, when it is lost
}

// finish tells the one who waits.
func (o *op) finish(err error) {
	if err == nil && o.after != nil {
		o.after()
	}
	if o.done != nil {
		o.done <- err
	}
}

// A queue holds the ops that wait for the writer, in their order.
type queue struct {
	limit int
	wake  chan struct{} // has room for one

	mu     sync.Mutex
	ops    []op // mu
	held   int  // mu; ops that the writer took and could not write yet
	closed bool // mu
}

func newQueue(limit int) *queue {
	return &queue{limit: limit, wake: make(chan struct{}, 1)}
}

// put appends an op. ErrBusy: the queue is full. ErrClosed: nothing is taken any more.
func (q *queue) put(o op) error {
	q.mu.Lock()
	switch {
	case q.closed:
		q.mu.Unlock()
		return ErrClosed
	case len(q.ops)+q.held >= q.limit:
		q.mu.Unlock()
		return ErrBusy
	}
	q.ops = append(q.ops, o)
	q.mu.Unlock()
	q.signal()
	return nil
}

func (q *queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// take moves ops to the end of held until that has n. It does not wait.
func (q *queue) take(held []op, n int) (_ []op, closed bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	n = min(n-len(held), len(q.ops))
	if n > 0 {
		held = append(held, q.ops[:n]...)
		clear(q.ops[:n])
		q.ops = q.ops[n:]
	}
	q.held = len(held)
	return held, q.closed
}

// refuse takes out the ops that somebody waits for.
func (q *queue) refuse(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	kept := q.ops[:0]
	for i := range q.ops {
		if q.ops[i].done != nil {
			q.ops[i].finish(err)
			continue
		}
		kept = append(kept, q.ops[i])
	}
	clear(q.ops[len(kept):])
	q.ops = kept
}

// hold tells how many ops the writer keeps.
func (q *queue) hold(n int) {
	q.mu.Lock()
	q.held = n
	q.mu.Unlock()
}

func (q *queue) close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.signal()
}

// waiting is how many ops are not on the disk.
func (q *queue) waiting() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.ops) + q.held
}

package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"
)

// maxBatch is how many writes share a transaction at most: enough that the disk's sync costs
// nothing per write, few enough that one who waits for a commit waits a few milliseconds.
const maxBatch = 256

// Pauses between attempts while the disk refuses writes.
const (
	firstRetry = 50 * time.Millisecond
	lastRetry  = time.Second
)

// A writer is the one goroutine that writes. It takes what is queued and commits it together.
type writer struct {
	q     *queue
	tx    *tx
	fold  *checkpointer
	log   *slog.Logger
	batch int

	closing  chan struct{} // closed by close
	finished chan struct{} // closed when run has returned

	held  []op // only run
	retry time.Duration

	fault   atomic.Pointer[error] // nil: the last transaction was committed
	commits atomic.Uint64
	written atomic.Uint64
	lost    atomic.Uint64
	full    atomic.Bool // the queue refused a write and it was logged
}

func newWriter(t *tx, fold *checkpointer, limit int, log *slog.Logger) *writer {
	return &writer{
		q: newQueue(limit), tx: t, fold: fold, log: log, batch: maxBatch,
		closing: make(chan struct{}), finished: make(chan struct{}),
	}
}

// start begins to write. Somebody must call close.
func (w *writer) start() {
	go w.fold.run()
	go w.run()
}

// run writes until close, then what is queued, and returns.
func (w *writer) run() {
	defer close(w.finished)
	for {
		var closed bool
		w.held, closed = w.q.take(w.held, w.batch)
		if len(w.held) == 0 && !closed && w.fault.Load() != nil {
			w.held = append(w.held, probeWrite()) // somebody must find out that the disk is well again
		}
		switch {
		case len(w.held) > 0:
			if err := w.flush(); err != nil && closed {
				w.abandon(err)
				return
			} else if err != nil {
				w.pause(err)
			}
		case closed:
			return
		default:
			<-w.q.wake
		}
	}
}

// probeWrite tries the disk. It is not kept when it fails.
func probeWrite() op {
	return op{what: "probe", done: make(chan error, 1), write: func(t *tx) error { return setMeta(t, "probe", 0) }}
}

// flush writes the held ops. After an error the rest of them is still held.
func (w *writer) flush() error {
	err := w.tx.run(w.held)
	if err != nil && ownFault(err) {
		return w.flushOneByOne()
	}
	if err != nil {
		return explain(err)
	}
	w.committed(w.held)
	w.drop(len(w.held))
	w.heal()
	return nil
}

// flushOneByOne finds the op that cannot be written, so that it takes no other down with it.
func (w *writer) flushOneByOne() error {
	var bad error
	for len(w.held) > 0 {
		o := w.held[:1]
		err := w.tx.run(o)
		if err != nil && !ownFault(err) {
			return explain(err)
		}
		switch {
		case err != nil:
			bad = explain(err)
			w.lose(o[0], bad)
			o[0].finish(bad)
		case o[0].write == nil:
			o[0].finish(bad)
		default:
			w.committed(o)
		}
		w.drop(1)
	}
	w.heal()
	return nil
}

// committed wakes those who waited for the first held ops. They find them no longer waiting.
func (w *writer) committed(ops []op) {
	w.q.hold(len(w.held) - len(ops))
	if anyWrites(ops) {
		w.commits.Add(1)
	}
	w.written.Add(uint64(len(ops)))
	for i := range ops {
		ops[i].finish(nil)
	}
	w.fold.wrote(len(ops))
}

// drop forgets the first n held ops.
func (w *writer) drop(n int) {
	rest := copy(w.held, w.held[n:])
	clear(w.held[rest:])
	w.held = w.held[:rest]
	w.q.hold(rest)
}

// pause keeps what nobody waits for, tells the others, and waits before the next attempt. Who comes
// meanwhile and wants to wait is refused by do.
func (w *writer) pause(err error) {
	if w.fault.Swap(&err) == nil {
		w.retry = firstRetry
		w.log.Error("the database cannot be written to; writes are kept in memory", "err", err)
	}
	w.refuseWaiters(err)
	t := time.NewTimer(w.retry)
	defer t.Stop()
	w.retry = min(2*w.retry, lastRetry)
	select {
	case <-t.C:
	case <-w.closing:
	}
}

func (w *writer) refuseWaiters(err error) {
	var waiters []op
	kept := w.held[:0]
	for _, o := range w.held {
		if o.done != nil {
			waiters = append(waiters, o)
		} else {
			kept = append(kept, o)
		}
	}
	clear(w.held[len(kept):])
	w.held = kept
	w.q.hold(len(kept))
	for i := range waiters {
		waiters[i].finish(err)
	}
	w.q.refuse(err)
}

// heal ends a time of faults.
func (w *writer) heal() {
	if w.fault.Swap(nil) == nil {
		return
	}
	w.full.Store(false)
	w.log.Info("the database can be written to again", "lost", w.lost.Load())
}

// abandon gives up everything that is left at the end.
func (w *writer) abandon(err error) {
	w.refuseWaiters(err)
	for len(w.held) > 0 {
		w.lost.Add(uint64(len(w.held)))
		w.drop(len(w.held))
		w.held, _ = w.q.take(w.held, w.batch)
	}
	w.fault.Store(&err)
}

// lose counts a write that nobody waits for and that will never be on the disk.
func (w *writer) lose(o op, err error) {
	if o.done != nil {
		return
	}
	w.lost.Add(1)
	w.log.Error("a write was lost", "what", o.what, "err", err)
}

// do queues a write and waits until it is on the disk.
func (w *writer) do(ctx context.Context, o op) error {
	if f := w.fault.Load(); f != nil {
		return *f
	}
	o.done = make(chan error, 1)
	if err := w.q.put(o); err != nil {
		return err
	}
	select {
	case err := <-o.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// forget queues a write that nobody waits for.
func (w *writer) forget(o op) {
	err := w.q.put(o)
	if err == nil {
		return
	}
	w.lost.Add(1)
	if !errors.Is(err, ErrBusy) || !w.full.Swap(true) {
		w.log.Error("a write was lost", "what", o.what, "err", err)
	}
}

// close writes what is queued, ends what start began and closes the connection.
func (w *writer) close() error {
	w.q.close()
	close(w.closing)
	<-w.finished
	w.fold.close()
	err := w.tx.close()
	if f := w.fault.Load(); f != nil {
		return fmt.Errorf("%d writes were lost: %w", w.lost.Load(), *f)
	}
	return err
}

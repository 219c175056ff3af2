package scripting

import (
	"fmt"
	"runtime"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"time"
)

// tick is how often the watchdog looks.
const tick = 10 * time.Millisecond

// grace is how long a run that was told to end may take for it; then it is given up: somebody else sees
// to its call, and its goroutine ends when the built-in function that it is in returns.
const grace = 150 * time.Millisecond

// idleTicks is for how many looks without work the watchdog stays awake.
const idleTicks = 100

// A watchdog looks after the runs whose script is working now, all of them by one goroutine, which
// sleeps while there are none. Between two looks the process has had some processor time, which all
// goroutines that could work have shared: each run is charged for its share. So a script that waits for its
// turn, because the machine has other things to do, comes to no limit for that.
type watchdog struct {
	limit time.Duration
	heap  uint64
	live  func() uint64 // bytes of the heap
	young func() *Run   // the youngest of all runs that are not about to end; nil: there is none

	mu     sync.Mutex
	first  *watched // of those that work
	awake  bool
	closed bool
	wg     sync.WaitGroup

	collecting atomic.Bool // garbage is being collected
	collected  atomic.Bool // it was, and the heap has been above its mark ever since
}

// watched is a run's place in the watchdog's list; all under its lock.
type watched struct {
	run        *Run
	next, prev *watched
	in         bool
	used       time.Duration // since the last host function
	ending     time.Duration // since it was told to end
}

// enter is called when a script begins to work, or goes on after a host function.
func (w *watchdog) enter(e *watched) {
	w.mu.Lock()
	defer w.mu.Unlock()
	e.used, e.in = 0, true
	e.prev, e.next = nil, w.first
	if w.first != nil {
		w.first.prev = e
	}
	w.first = e
	if !w.awake && !w.closed {
		w.awake = true
		w.wg.Add(1)
		go w.watch()
	}
}

// leave is called when a script calls a host function, or ends.
func (w *watchdog) leave(e *watched) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.remove(e)
}

func (w *watchdog) remove(e *watched) { // mu is held
	if !e.in {
		return
	}
	if e.prev != nil {
		e.prev.next = e.next
	} else {
		w.first = e.next
	}
	if e.next != nil {
		e.next.prev = e.prev
	}
	e.in, e.next, e.prev = false, nil, nil
}

// close waits until the watchdog sleeps for ever. Runs must have ended.
func (w *watchdog) close() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.wg.Wait()
}

func (w *watchdog) watch() {
	defer w.wg.Done()
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	used, last := cpuTime(), time.Now()
	for idle := 0; ; {
		<-ticker.C
		now, usedNow := time.Now(), cpuTime()
		idle++
		share := (usedNow - used) / time.Duration(contenders())
		used = usedNow
		if busy, closed := w.look(now.Sub(last), min(share, now.Sub(last))); busy {
			idle = 0
			w.weigh()
		} else if closed {
			idle = idleTicks
		}
		last = now
		if idle >= idleTicks && w.sleep() {
			return
		}
	}
}

// sleep reports whether there is nothing to watch.
func (w *watchdog) sleep() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.first != nil {
		return false
	}
	w.awake = false
	return true
}

// look charges everybody who works, and ends those who are over the limit.
func (w *watchdog) look(passed, share time.Duration) (busy, closed bool) {
	w.mu.Lock()
	var over, stuck []*Run
	for e := w.first; e != nil; {
		next := e.next
		e.used += share
		if e.run.ended() {
			if e.ending += passed; e.ending >= grace {
				w.remove(e)
				stuck = append(stuck, e.run)
			}
		} else if e.used >= w.limit {
			over = append(over, e.run)
		}
		e = next
	}
	busy, closed = w.first != nil, w.closed
	w.mu.Unlock()
	for _, r := range over {
		r.end(Limited, &LimitError{"the script worked for longer than " + w.limit.String() + " without calling a host function"})
	}
	for _, r := range stuck {
		r.abandon()
	}
	return busy, closed
}

// weigh ends the youngest run when the process takes too much memory: one whose script works now, if there
// is one. Much of a heap may be garbage; so it is collected first, unless the heap is far above its mark.
func (w *watchdog) weigh() {
	heap := w.live()
	if heap < w.heap {
		w.collected.Store(false)
		return
	}
	if heap < w.heap/2*3 && !w.collected.Load() {
		w.collect()
		return
	}
	if w.collecting.Load() {
		return // the last one's memory may still be there
	}
	if r := w.youngest(); r != nil {
		r.end(Limited, &LimitError{fmt.Sprintf("the server's memory is used up to its mark of %d MiB, this was the youngest run", w.heap>>20)})
	}
	w.collected.Store(false)
	w.collect()
}

// collect collects the garbage, beside the watchdog.
func (w *watchdog) collect() {
	if w.collecting.Swap(true) {
		return
	}
	w.wg.Go(func() {
		runtime.GC()
		w.collected.Store(true)
		w.collecting.Store(false)
	})
}

func (w *watchdog) youngest() (found *Run) {
	w.mu.Lock()
	for e := w.first; e != nil; e = e.next {
		if !e.run.ended() && (found == nil || e.run.number > found.number) {
			found = e.run
		}
	}
	w.mu.Unlock()
	if found == nil {
		found = w.young()
	}
	return found
}

// contenders is how many goroutines work or could, beside the watchdog; at least one.
func contenders() uint64 {
	sample := []metrics.Sample{{Name: "/sched/goroutines/running:goroutines"}, {Name: "/sched/goroutines/runnable:goroutines"}}
	metrics.Read(sample)
	n := uint64(0)
	for _, s := range sample {
		if s.Value.Kind() == metrics.KindUint64 {
			n += s.Value.Uint64()
		}
	}
	return max(n, 2) - 1
}

// heapBytes is what the heap of the process takes: what is in use and what is not yet collected.
func heapBytes() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

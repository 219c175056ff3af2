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

// brief is how many goroutines that have something to do count for one that works without end: those of calls
// and channels give the processor back long before their slice of 10 ms is over.
const brief = 50

// idleTicks is for how many looks without work the watchdog stays awake.
const idleTicks = 100

// A watchdog looks after the runs whose script is working now, all of them by one goroutine, which
// sleeps while there are none. Between two looks the process has had some processor time, which all
// goroutines that could work have shared: the scripts that have worked all the while are charged with their
// part of it. So one that waits for its turn, because the machine has other things to do or thousands begin
// at once, comes to no limit for that.
//
// Scripts tell when they begin and stop to work without any lock: beside a script that works without end,
// whoever had to wait for a lock would wait for a turn of the processor each time.
type watchdog struct {
	limit time.Duration
	heap  uint64
	live  func() uint64 // bytes of the heap
	young func() *Run   // the youngest of all runs that are not about to end; nil: there is none

	places []place
	awake  atomic.Bool

	mu     sync.Mutex // of the goroutine's start and end
	closed bool
	wg     sync.WaitGroup

	collecting atomic.Bool // garbage is being collected
	collected  atomic.Bool // it was, and the heap has been above its mark ever since
}

// A place is that of one run.
type place struct {
	turns atomic.Uint32       // odd: the script works. Each beginning and each stop adds one.
	run   atomic.Pointer[Run] // nil: the place is free

	// Only the watchdog.
	seen   uint32
	used   time.Duration // since the last host function
	ending time.Duration // since it was told to end
}

// enter is called when a script begins to work, or goes on after a host function.
func (w *watchdog) enter(p *place) {
	p.turns.Add(1)
	if !w.awake.Load() {
		w.wake()
	}
}

// leave is called when a script calls a host function, or ends.
func (w *watchdog) leave(p *place) { p.turns.Add(1) }

func (w *watchdog) wake() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.awake.Load() || w.closed {
		return
	}
	w.awake.Store(true)
	w.wg.Go(w.watch)
}

// close waits until the watchdog sleeps for ever. Runs must have ended.
func (w *watchdog) close() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.wg.Wait()
}

func (w *watchdog) watch() {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	used, last, others := cpuTime(), time.Now(), contenders()
	for idle := 0; ; {
		<-ticker.C
		now, usedNow, othersNow := time.Now(), cpuTime(), contenders()
		idle++
		if w.look(now.Sub(last), usedNow-used, max(others, othersNow)) {
			idle = 0
			w.weigh()
		}
		used, last, others = usedNow, now, othersNow
		if idle > 0 && w.sleep(idle) {
			return
		}
	}
}

// sleep reports whether the watchdog may go: there was nothing to do for a while, or there will be nothing.
func (w *watchdog) sleep(idle int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if idle < idleTicks && !w.closed {
		return false
	}
	w.awake.Store(false)
	for i := range w.places { // who began before awake was false has not woken it
		if w.places[i].turns.Load()%2 == 1 {
			w.awake.Store(true)
			return false
		}
	}
	return true
}

// look charges the scripts that have worked since the last look, and ends those who are over the limit. It
// shares out the processor time that the process has used among them and whoever else wanted some, but to
// none more than has passed.
func (w *watchdog) look(passed, used time.Duration, contenders int) (busy bool) {
	share := min(used/time.Duration(max(w.since(), contenders/brief, 1)), passed)
	for i := range w.places {
		p := &w.places[i]
		turns := p.turns.Load()
		r := p.run.Load()
		if turns%2 == 0 || r == nil || r.settled.Load() {
			continue // it waits, ends at this moment, or was given up
		}
		busy = true
		if turns != p.seen {
			p.seen, p.used, p.ending = turns, 0, 0
			continue
		}
		p.used += share
		switch {
		case r.ended():
			if p.ending += passed; p.ending >= grace {
				r.abandon()
			}
		case p.used >= w.limit:
			r.end(Limited, &LimitError{"the script worked for longer than " + w.limit.String() + " without calling a host function"})
		}
	}
	return busy
}

// since is how many scripts have worked, or waited for their turn to, since the last look.
func (w *watchdog) since() (n int) {
	for i := range w.places {
		if p := &w.places[i]; p.turns.Load() == p.seen && p.seen%2 == 1 {
			n++
		}
	}
	return n
}

// contenders is how many goroutines work or wait for their turn to, beside the watchdog.
func contenders() (n int) {
	sample := []metrics.Sample{{Name: "/sched/goroutines/running:goroutines"}, {Name: "/sched/goroutines/runnable:goroutines"}}
	metrics.Read(sample)
	for _, s := range sample {
		n += int(s.Value.Uint64()) //nolint:gosec // a number of goroutines
	}
	return n - 1
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
	for i := range w.places {
		p := &w.places[i]
		if p.turns.Load()%2 == 0 {
			continue
		}
		if r := p.run.Load(); r != nil && !r.ended() && (found == nil || r.number > found.number) {
			found = r
		}
	}
	if found == nil {
		found = w.young()
	}
	return found
}

// heapBytes is what the heap of the process takes: what is in use and what is not yet collected.
func heapBytes() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

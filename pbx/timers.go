package pbx

import (
	"container/heap"
	"sync"
	"time"
)

// timers are what shall run later. Equal times run in the order in which they were asked for, so
// that a simulated day is the same each time.
type timers struct {
	mu   sync.Mutex // guards heap and seq
	heap timerHeap
	seq  uint64
	wake chan struct{} // somebody asked for something earlier than all others
}

type timer struct {
	at    time.Time
	seq   uint64
	fn    func()
	place int // in the heap; -1: not there any more
}

// after runs fn on the switch's goroutine after d. A cancel on that goroutine is certain: fn does
// not run after it.
func (s *Switch) after(d time.Duration, fn func()) (cancel func()) {
	t := &timer{at: time.Now().Add(d), fn: fn}
	s.timers.add(t)
	return func() { s.timers.remove(t) }
}

func (ts *timers) add(t *timer) {
	ts.mu.Lock()
	ts.seq++
	t.seq = ts.seq
	heap.Push(&ts.heap, t)
	first := ts.heap[0] == t
	ts.mu.Unlock()
	if !first {
		return
	}
	select {
	case ts.wake <- struct{}{}:
	default: // it is being woken already
	}
}

func (ts *timers) remove(t *timer) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if t.place >= 0 {
		heap.Remove(&ts.heap, t.place)
	}
}

// due takes out the next function whose time has come, nil for none; wait is the time until the
// next one. It hands out one at a time, because the first may cancel the second.
func (ts *timers) due(now time.Time) (fn func(), wait time.Duration) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if len(ts.heap) == 0 {
		return nil, time.Hour
	}
	if wait := ts.heap[0].at.Sub(now); wait > 0 {
		return nil, wait
	}
	t := heap.Pop(&ts.heap).(*timer)
	return t.fn, 0
}

type timerHeap []*timer

func (h timerHeap) Len() int { return len(h) }

func (h timerHeap) Less(i, j int) bool {
	if h[i].at.Equal(h[j].at) {
		return h[i].seq < h[j].seq
	}
	return h[i].at.Before(h[j].at)
}

func (h timerHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}

func (h *timerHeap) Push(x any) {
	t := x.(*timer)
	t.place = len(*h)
	*h = append(*h, t)
}

func (h *timerHeap) Pop() any {
	old := *h
	t := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	t.place = -1
	return t
}

package main

import (
	"runtime"
	"slices"
	"time"

	"github.com/octolink/octolink/crmsim"
)

// back waits until all users are as before, and gives how long that took.
func (f *faultRun) back() time.Duration {
	f.t.Helper()
	start := time.Now()
	for _, u := range f.users {
		for {
			m, err := f.crm.Request(f.t.Context(), u, "getuserstate", nil)
			if err == nil && f.told(m) == f.asIf[u] {
				break
			}
			if time.Since(start) > patience {
				f.t.Fatalf("%s is not as before: %v, got %s, want %s", u, err, f.told(m), f.asIf[u])
			}
			<-time.After(time.Millisecond)
		}
	}
	took := time.Since(start)
	if f.full && took > backWithin { // a figure for a machine that has nothing else to do
		f.t.Errorf("users were as before after %v, want %v", took, backWithin)
	}
	return took
}

// checkDelivered waits for the last numbered event and compares what came with what is stored.
func (f *faultRun) checkDelivered() int {
	f.t.Helper()
	var stored []int64
	for {
		last := int64(0)
		if len(stored) > 0 {
			last = stored[len(stored)-1]
		}
		events, err := f.server.m.store.Events(f.t.Context(), last, 10_000)
		if err != nil {
			f.t.Fatal(err)
		}
		if len(events) == 0 {
			break
		}
		for _, e := range events {
			stored = append(stored, e.Number)
		}
	}
	if len(stored) == 0 {
		f.t.Fatal("no numbered events")
	}
	last := stored[len(stored)-1]
	if err := f.wait(func(s crmsim.Stats) bool { return s.Since >= last }); err != nil {
		f.t.Errorf("the last event %d is not confirmed: %+v", last, f.crm.Stats())
	}
	var came []int64
	for _, d := range f.crm.Deliveries() {
		came = append(came, d.Number)
	}
	if !slices.Equal(came, stored) {
		f.t.Errorf("%d events are stored, %d came, in another order or not the same", len(stored), len(came))
	}
	if s := f.crm.Stats(); s.Disorder > 0 {
		f.t.Errorf("%d came out of order", s.Disorder)
	}
	return len(stored)
}

// memory is what is in use, without what the CRM keeps for tests.
func (f *faultRun) memory() uint64 {
	f.crm.Forget()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func (f *faultRun) checkLeft(goroutines int, memory uint64) {
	f.t.Helper()
	soon(f.t, "no goroutine is left behind", func() bool { return runtime.NumGoroutine() <= goroutines })
	now := f.memory()
	kept := uint64(len(f.crm.Deliveries())) * 1000 // which the CRM remembers
	if now > memory+kept+(4<<20) {
		f.t.Errorf("%d MiB of memory, were %d", now>>20, memory>>20)
	}
	f.t.Logf("goroutines: %d, were %d; memory: %d KiB, was %d KiB", runtime.NumGoroutine(), goroutines, now>>10, memory>>10)
}

func (f *faultRun) report(back []time.Duration, took time.Duration, kinds map[string]int, numbers int) {
	slices.Sort(back)
	s := f.crm.Stats()
	f.t.Logf("%d breaks in %v: %v", len(back), took.Round(time.Second), kinds)
	f.t.Logf("users as before after %v (median), %v (worst) of the introduction", back[len(back)/2].Round(time.Millisecond), back[len(back)-1].Round(time.Millisecond))
	f.t.Logf("%d numbered events, none lost, %d out of order, %d doubles with the same number", numbers, s.Disorder, s.Doubles)
	f.t.Logf("%d requests and dynamic methods answered, %d ended by a break, %d of users who were not back yet", f.good.Load(), f.failed.Load(), f.refused.Load())
}

package store_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	gosync "sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/octolink/octolink/store"
)

const producers = 64

// produce writes journal entries from many goroutines, each waiting for its commit, and returns how
// long each waited.
func produce(b *testing.B, s *store.Store, each int) []time.Duration {
	waits := make([][]time.Duration, producers)
	var wg gosync.WaitGroup
	for p := range producers {
		wg.Go(func() {
			for range each {
				r := begun(call(newID(), fmt.Sprint("user", p), time.Now()))
				r.Chain = newID()
				start := time.Now()
				s.OpenCall(r)
				if err := s.Sync(b.Context()); err != nil {
					b.Error(err)
				}
				waits[p] = append(waits[p], time.Since(start))
			}
		})
	}
	wg.Wait()
	return slices.Concat(waits...)
}

// newID makes ids as a Switch does.
func newID() string { return uuid.Must(uuid.NewV7()).String() }

func quantile(d []time.Duration, q float64) time.Duration {
	slices.Sort(d)
	return d[int(q*float64(len(d)-1))]
}

// syncs measures what the disk alone needs: appending 64 KiB to a file and syncing it.
func syncs(b *testing.B, n int) []time.Duration {
	f, err := os.Create(filepath.Join(b.TempDir(), "syncs"))
	must(b, err)
	defer f.Close()
	waits := make([]time.Duration, n)
	for i := range waits {
		start := time.Now()
		_, err := f.Write(make([]byte, 64<<10))
		must(b, err)
		must(b, f.Sync())
		waits[i] = time.Since(start)
	}
	return waits
}

// BenchmarkJournal compares the group commit of 64 producers with one row per transaction, in turns
// in the same run: median ratio of the rows per second, and how long a producer waits. What the disk
// alone needs tells a slow store from a busy machine.
func BenchmarkJournal(b *testing.B) {
	const rounds, grouped, single = 7, 200, 30
	for b.Loop() {
		many, one := open(b, b.TempDir()), open(b, b.TempDir())
		one.OneByOne()
		var ratios, rates []float64
		var waits, disk []time.Duration
		for range rounds {
			start := time.Now()
			waits = append(waits, produce(b, many, grouped)...)
			fast := float64(producers*grouped) / time.Since(start).Seconds()
			start = time.Now()
			produce(b, one, single)
			slow := float64(producers*single) / time.Since(start).Seconds()
			disk = append(disk, syncs(b, 100)...)
			ratios, rates = append(ratios, fast/slow), append(rates, fast)
		}
		slices.Sort(ratios)
		slices.Sort(rates)
		b.ReportMetric(ratios[rounds/2], "ratio")
		b.ReportMetric(ratios[0], "ratio-min")
		b.ReportMetric(rates[rounds/2], "rows/s")
		b.ReportMetric(quantile(waits, 0.50).Seconds()*1e3, "p50-ms")
		b.ReportMetric(quantile(waits, 0.99).Seconds()*1e3, "p99-ms")
		b.ReportMetric(quantile(disk, 0.99).Seconds()*1e3, "disk-p99-ms")
		b.ReportMetric(float64(many.Stats().Written)/float64(many.Stats().Commits), "writes/commit")
	}
}

// BenchmarkLoginStorm begins 10 000 sessions, 512 at once.
func BenchmarkLoginStorm(b *testing.B) {
	for b.Loop() {
		s := open(b, b.TempDir())
		start := time.Now()
		storm(b, s, 10_000, 512)
		b.ReportMetric(time.Since(start).Seconds(), "s/10000")
	}
}

func BenchmarkSession(b *testing.B) {
	s := open(b, b.TempDir())
	id := newSession(b, s, "alice")
	for b.Loop() {
		if _, err := s.Session(b.Context(), id); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCheckPassword(b *testing.B) {
	s := open(b, b.TempDir())
	if err := s.SetPassword(b.Context(), "alice", secretCased, ""); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if s.CheckPassword("alice", secretCased, "") != store.RightPassword {
			b.Fatal("wrong")
		}
	}
}

// BenchmarkOpen opens a database in which 100 calls and 500 users' passwords are.
func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	s := open(b, dir)
	for i := range 500 {
		must(b, s.SetPassword(b.Context(), fmt.Sprint("user", i), secretCased, ""))
	}
	must(b, s.Close())
	for b.Loop() {
		s, err := store.Open(b.Context(), store.Options{Dir: dir})
		must(b, err)
		b.StopTimer()
		must(b, s.Close())
		b.StartTimer()
	}
}

// BenchmarkNewest reads a page of a boss's journal: 200 users of a journal with 100 000 entries.
func BenchmarkNewest(b *testing.B) {
	s := open(b, b.TempDir())
	logins := make([]string, 200)
	for i := range 100_000 {
		login := fmt.Sprint("user", i%500)
		s.CloseCall(call(fmt.Sprint(i), login, begin.Add(time.Duration(i)*time.Second)))
		logins[i%200] = fmt.Sprint("user", i%200)
		if i%10_000 == 0 {
			sync(b, s)
		}
	}
	sync(b, s)
	for b.Loop() {
		got, err := s.Journal(b.Context(), store.JournalFilter{Logins: logins, Limit: 50})
		if err != nil || len(got) != 50 {
			b.Fatal(len(got), err)
		}
	}
}

package plugins_test

import (
	"errors"
	"os"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/octolink/octolink/crm"
	"github.com/octolink/octolink/plugins"
)

// A plugin that is killed under load: who waited is told that it is gone, not that his time is over, nobody
// else notices, and it comes back. OCTOLINK_KILLS says how often, OCTOLINK_KILLS_WITHIN how fast both must
// be: a machine that has nothing else to do manages it within 1s.
func TestKilledUnderLoad(t *testing.T) {
	kills, err := strconv.Atoi(os.Getenv("OCTOLINK_KILLS"))
	pause := 2 * time.Second
	if err != nil {
		kills, pause = 3, 0
	}
	h := newHouse(t)
	h.add("victim", "good", "restarts_per_hour: 0")
	h.add("other", "good", "")
	h.run()
	h.state("victim", plugins.Running)
	h.state("other", plugins.Running)
	stop := make(chan struct{})
	var load sync.WaitGroup
	loop := func(name, method string, check func(error)) {
		load.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				_, err := h.call(name+"."+method, crm.Value{Key: "text", Value: "x"})
				check(err)
				if err != nil {
					<-time.After(time.Millisecond)
				}
			}
		})
	}
	for range 8 {
		loop("other", "echo", func(err error) {
			if err != nil {
				t.Errorf("another plugin noticed: %v", err)
			}
		})
		loop("victim", "echo", func(err error) {
			if err != nil && !errors.Is(err, crm.ErrGone) && !errors.Is(err, crm.ErrNoProvider) && !errors.Is(err, crm.ErrNoMethod) {
				t.Errorf("got %v", err)
			}
		})
	}
	var slowestWord, slowestReturn time.Duration
	for range kills {
		word, back := h.killOnce("victim")
		slowestWord, slowestReturn = max(slowestWord, word), max(slowestReturn, back)
		<-time.After(pause)
	}
	close(stop)
	load.Wait()
	t.Logf("%d kills: the callers knew within %s, the methods were back within %s", kills, slowestWord, slowestReturn)
	if limit, err := time.ParseDuration(os.Getenv("OCTOLINK_KILLS_WITHIN")); err == nil && max(slowestWord, slowestReturn) > limit {
		t.Errorf("want both within %s", limit)
	}
}

// killOnce kills a plugin with calls in flight and measures how long these wait, and how long it takes
// until a method works again.
func (h *house) killOnce(name string) (word, back time.Duration) {
	h.t.Helper()
	const waiting = 16
	s := h.state(name, plugins.Running)
	var all sync.WaitGroup
	var mu sync.Mutex
	var killed time.Time
	for range waiting {
		all.Go(func() {
			_, err := h.callWithin(time.Minute, name+".forever")
			if !errors.Is(err, crm.ErrGone) {
				h.t.Errorf("a call in flight: got %v, want %v", err, crm.ErrGone)
			}
			mu.Lock()
			defer mu.Unlock()
			word = max(word, time.Since(killed))
		})
	}
	h.eventually(func() bool {
		out, err := h.call(name + ".waiting")
		n, _ := out.Get("n")
		return err == nil && n == crm.Number(strconv.Itoa(waiting))
	}, func() string { return "calls are in flight" })
	mu.Lock()
	killed = time.Now()
	mu.Unlock()
	if err := syscall.Kill(s.PID, syscall.SIGKILL); err != nil {
		h.t.Fatal(err)
	}
	all.Wait()
	h.eventually(func() bool {
		_, err := h.call(name + ".pid")
		return err == nil
	}, func() string { return name + " is not back" })
	return word, time.Since(killed)
}

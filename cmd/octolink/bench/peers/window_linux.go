package peers

import (
	"context"
	"fmt"
	"time"

	"github.com/octolink/octolink/cmd/octolink/bench"
	"github.com/octolink/octolink/cmd/octolink/bench/herd"
	"github.com/octolink/octolink/protocol/wire"
)

// A load goes on between begin and end.
type load interface {
	begin() func(time.Time) time.Time
	reset()
	counted() (uint64, *bench.Latency)
	end(context.Context) error
}

// A stand is a server with tabs that do one thing, to be measured again and again.
type stand struct {
	*server
	herd *herd.Herd
	load load
	form string // of its messages, where that makes the difference
}

func (s *stand) title() string { return s.name + s.form }

// A window is what was measured in one.
type window struct {
	done    uint64 // pieces of work
	took    time.Duration
	cpu     time.Duration // of the server
	latency *bench.Latency
}

// perCPU is how much work a second of the server's processor does.
func (w window) perCPU() float64 { return float64(w.done) / w.cpu.Seconds() }

// each is what a piece of work costs the server, in microseconds.
func (w window) each() float64 { return float64(w.cpu.Microseconds()) / float64(w.done) }

// busy is how much of the time the server was running, in percent.
func (w window) busy() float64 { return 100 * w.cpu.Seconds() / w.took.Seconds() }

// micros is the 99th percentile.
func (w window) micros() float64 { return float64(w.latency.Percentile(99).Microseconds()) }

func (s *stand) close() { s.herd.Close() }

// measure lets the load go on for a window, after a time that does not count.
func (s *stand) measure(ctx context.Context, warmup, d time.Duration) (window, error) {
	var w window
	tick := s.load.begin()
	if err := s.herd.For(ctx, warmup, tick); err != nil {
		return w, fmt.Errorf("%s: %w", s.name, err)
	}
	before, err := s.cpu()
	if err != nil {
		return w, err
	}
	s.load.reset()
	began := time.Now()
	for try := 0; w.done == 0 || w.cpu <= 0; try++ { // where others take the processor, one window may see nothing
		if try == 20 {
			return w, fmt.Errorf("%s: nothing happened in %v", s.name, time.Since(began))
		}
		if err := s.herd.For(ctx, d, tick); err != nil {
			return w, fmt.Errorf("%s: %w", s.name, err)
		}
		after, err := s.cpu()
		if err != nil {
			return w, err
		}
		done, latency := s.load.counted()
		copied := *latency
		w = window{done, time.Since(began), after - before, &copied}
	}
	if err := s.load.end(ctx); err != nil {
		return w, fmt.Errorf("%s: %w", s.name, err)
	}
	return w, nil
}

// siteUser is the user of a tab.
func siteUser(i int) bench.User { return bench.SiteUser(i % users) }

// herd has no tabs yet.
func (s *server) herd(l language) (*herd.Herd, error) {
	return herd.New(herd.Options{Addr: s.addr, Subprotocol: l.String()})
}

// tabs connects and logs in so many tabs, with what each asks after its login.
func (s *server) tabs(ctx context.Context, l language, n int, more func(u bench.User) []question) (*herd.Herd, error) {
	h, err := s.herd(l)
	if err != nil {
		return nil, err
	}
	a := &arrivals{language: l, herd: h, tabs: n, atOnce: 64, steps: func(i int) []question {
		u := siteUser(i)
		steps := []question{ping(l), login(l, u, "")}
		if more != nil {
			steps = append(steps, more(u)...)
		}
		return steps
	}}
	if err := a.run(ctx); err != nil {
		h.Close()
		return nil, fmt.Errorf("%s: %w", s.name, err)
	}
	return h, nil
}

// rpc is a stand of tabs that ask for their user's state.
func (s *server) rpc(ctx context.Context, f wire.Format, tabs, depth, perSecond int) (*stand, error) {
	l := languageOf(f)
	ask := func(i int) question { return userState(l, siteUser(i)) }
	if s.name == echo {
		h, err := s.bare(ctx, tabs)
		if err != nil {
			return nil, err
		}
		same := func(i int) question { // what comes back is what was asked
			q := ask(i)
			q.answer = []byte(`["getuserstate"`)
			return q
		}
		return &stand{server: s, herd: h, load: newAsking(l, h, depth, perSecond, same)}, nil
	}
	h, err := s.tabs(ctx, l, tabs, nil)
	if err != nil {
		return nil, err
	}
	return &stand{server: s, herd: h, load: newAsking(l, h, depth, perSecond, ask)}, nil
}

// bare connects to the echo.
func (s *server) bare(ctx context.Context, tabs int) (*herd.Herd, error) {
	h, err := herd.New(herd.Options{Addr: s.addr})
	if err != nil {
		return nil, err
	}
	a := &arrivals{herd: h, tabs: tabs, atOnce: 64, steps: func(int) []question { return nil }}
	if err := a.run(ctx); err != nil {
		h.Close()
		return nil, fmt.Errorf("%s: %w", s.name, err)
	}
	return h, nil
}

// fan is a stand of tabs that are told events.
func (s *server) fan(ctx context.Context, tabs, burst int) (*stand, error) {
	l := languageOf(wire.JSON)
	h, err := s.tabs(ctx, l, tabs, func(u bench.User) []question { return []question{subscribe(l, u, "customevent")} })
	if err != nil {
		return nil, err
	}
	return &stand{server: s, herd: h, load: newTelling(l, h, burst)}, nil
}

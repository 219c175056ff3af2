package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/octolink/octolink/protocol/wire"
)

// SoakOptions say how long a server is held at half of its load.
type SoakOptions struct {
	Options
	For   time.Duration
	Every time.Duration // between the lines of the table. Zero means a minute, and at least ten lines.
	Rate  int           // requests in a second. Zero means half of what the server manages.
	Line  func(SoakLine)
}

// A SoakLine is what was seen in one stretch of a soak.
type SoakLine struct {
	At         time.Duration `json:"at"`       // of its end
	RSS        int64         `json:"rss"`      // bytes; this and the next two are the medians of the stretch
	Goroutines int64         `json:"routines"` // of the server
	Files      int64         `json:"files"`    // that the server has open
	Requests   uint64        `json:"requests"`
	Events     uint64        `json:"events"` // deliveries
	Logins     uint64        `json:"logins"` // tabs that came back
	P50        time.Duration `json:"p50"`    // from the time when a request was due
	P99        time.Duration `json:"p99"`
}

// A Soak is a whole one.
type Soak struct {
	Rate     int        `json:"rate"`
	Tabs     int        `json:"tabs"`
	Lines    []SoakLine `json:"lines"`
	Verdicts []Verdict  `json:"verdicts"`
	Failed   int        `json:"failed"`
	Errors   []string   `json:"errors,omitempty"`
}

// samples is how often the server is asked in each stretch.
const samples = 6

// RunSoak holds a server at half of its load: requests on all tabs at a steady rate, one event a second
// told to everybody, and one tab a second that goes away and comes back.
func RunSoak(ctx context.Context, o SoakOptions) (*Soak, error) {
	if o.Metrics == "" {
		return nil, errors.New("the server's metrics are needed: it is about its memory")
	}
	r := &Result{}
	o.Depth = 1
	tabs := open(ctx, o.Options, "logging in", r, soakTab)
	s := &soak{options: o, stop: make(chan struct{})}
	defer func() { closeAll(tabs) }()
	if len(tabs) != o.Tabs {
		return nil, fmt.Errorf("%d of %d tabs could not log in: %v", o.Tabs-len(tabs), o.Tabs, r.Errors)
	}
	if s.options.Rate == 0 {
		all, err := drive(ctx, o.Options, r, tabs, o.Warmup, "measuring the whole load")
		if err != nil {
			return nil, err
		}
		s.options.Rate = max(int(float64(all.N)/o.Warmup.Seconds()/2), 1)
	}
	s.begin(ctx, tabs)
	lines, err := s.watch(ctx)
	close(s.stop)
	s.asking.Wait()
	out := &Soak{Rate: s.options.Rate, Tabs: o.Tabs, Lines: lines, Verdicts: verdicts(lines), Failed: s.failures.Failed + r.Failed}
	out.Errors = append(r.Errors, s.failures.Errors...)
	return out, err
}

// soakTab logs in and listens to what is told to everybody.
func soakTab(t *tab) error {
	if err := t.login(); err != nil {
		return err
	}
	_, err := t.call("subscribeevent", wire.Object{{Key: "eventmethod", Value: wire.List{"customevent"}}})
	return err
}

// A soak is one under way.
type soak struct {
	options SoakOptions
	stop    chan struct{}
	asking  sync.WaitGroup

	mu             sync.Mutex
	latency        Latency
	events, logins uint64
	failures       Result
}

// begin lets each tab work on its own. The tabs' own closing stays with the caller.
func (s *soak) begin(ctx context.Context, tabs []*tab) {
	start := time.Now()
	for i := range tabs {
		s.asking.Go(func() {
			if err := s.work(ctx, tabs, i, start); err != nil && ctx.Err() == nil {
				s.mu.Lock()
				s.failures.fail(fmt.Errorf("tab %d: %w", i, err))
				s.mu.Unlock()
			}
		})
	}
}

// work asks in time, whatever the answers take. Once in a round of as many seconds as there are tabs
// it tells everybody something, and half a round later it goes away and comes back.
func (s *soak) work(ctx context.Context, tabs []*tab, i int, start time.Time) error {
	n := time.Duration(len(tabs))
	every := time.Second * n / time.Duration(s.options.Rate)
	due := start.Add(every * time.Duration(i) / n)
	tell := start.Add(time.Second * time.Duration(i))
	rejoin := start.Add(time.Second * ((time.Duration(i) + n/2) % n)).Add(time.Second / 2)
	tabs[i].events = s.heard
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ; ; due = due.Add(every) {
		timer.Reset(time.Until(due))
		select {
		case <-s.stop:
			return nil
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		if !due.Before(tell) {
			tell = tell.Add(time.Second * n)
			if err := s.tell(tabs[i]); err != nil {
				return err
			}
		}
		if !due.Before(rejoin) {
			rejoin = rejoin.Add(time.Second * n)
			if err := s.rejoin(ctx, &tabs[i]); err != nil {
				return err
			}
		}
		if _, err := tabs[i].call("getuserstate", nil); err != nil {
			return err
		}
		s.mu.Lock()
		s.latency.Add(time.Since(due))
		s.mu.Unlock()
	}
}

func (s *soak) tell(t *tab) error {
	_, err := t.call("triggercustomevent", wire.Object{
		{Key: "eventname", Value: "soak"}, {Key: "eventparam", Value: "1"}, {Key: "recipients", Value: false},
	})
	return err
}

// rejoin closes a tab and opens it again.
func (s *soak) rejoin(ctx context.Context, t **tab) error {
	was := *t
	was.close()
	next, err := openOne(ctx, s.options.Options, was.user, soakTab)
	if err != nil {
		return err
	}
	next.events, *t = s.heard, next
	s.mu.Lock()
	s.logins++
	s.mu.Unlock()
	return nil
}

func (s *soak) heard(msg wire.Message) {
	if msg.Name == "customevent" {
		s.mu.Lock()
		s.events++
		s.mu.Unlock()
	}
}

// watch asks the server how it is until the time is over.
func (s *soak) watch(ctx context.Context) ([]SoakLine, error) {
	every := s.options.Every
	if every == 0 {
		every = min(time.Minute, s.options.For/10)
	}
	start := time.Now()
	clock := time.NewTicker(max(every/samples, time.Millisecond))
	defer clock.Stop()
	var lines []SoakLine
	for time.Since(start) < s.options.For {
		var seen []Usage
		for range samples {
			select {
			case <-ctx.Done():
				return lines, ctx.Err()
			case <-clock.C:
			}
			u, err := usage(ctx, s.options.Metrics)
			if err != nil {
				return lines, err
			}
			seen = append(seen, u)
		}
		line := s.line(seen, time.Since(start))
		lines = append(lines, line)
		if s.options.Line != nil {
			s.options.Line(line)
		}
	}
	return lines, nil
}

// line closes a stretch.
func (s *soak) line(seen []Usage, at time.Duration) SoakLine {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := SoakLine{
		At: at, Requests: s.latency.N, Events: s.events, Logins: s.logins,
		P50: s.latency.Percentile(50), P99: s.latency.Percentile(99),
		RSS:        middle(seen, func(u Usage) int64 { return u.RSS }),
		Goroutines: middle(seen, func(u Usage) int64 { return u.Goroutines }),
		Files:      middle(seen, func(u Usage) int64 { return u.Files }),
	}
	s.latency.Reset()
	s.events, s.logins = 0, 0
	return l
}

// SoakHead is the head of the table of lines.
const SoakHead = "| after | RSS, MiB | goroutines | open files | requests/s | events/s | p50, ms | p99, ms |\n|---|---|---|---|---|---|---|---|"

// Row is a line of the table; last is the line before it, zero for the first.
func (l SoakLine) Row(last SoakLine) string {
	d := (l.At - last.At).Seconds()
	return fmt.Sprintf("| %v | %.1f | %d | %d | %.0f | %.0f | %.2f | %.2f |", l.At.Round(time.Second), float64(l.RSS)/(1<<20),
		l.Goroutines, l.Files, float64(l.Requests)/d, float64(l.Events)/d, ms(l.P50), ms(l.P99))
}

// WriteMarkdown prints the table and the verdicts.
func (s *Soak) WriteMarkdown(w io.Writer) error {
	fmt.Fprintf(w, "%d requests a second on %d tabs.\n\n%s\n", s.Rate, s.Tabs, SoakHead)
	var last SoakLine
	for _, l := range s.Lines {
		fmt.Fprintln(w, l.Row(last))
		last = l
	}
	fmt.Fprintln(w)
	s.WriteVerdicts(w)
	return nil
}

// WriteVerdicts prints what came of it.
func (s *Soak) WriteVerdicts(w io.Writer) {
	for _, v := range s.Verdicts {
		fmt.Fprintf(w, "* %s\n", v)
	}
	fmt.Fprintf(w, "* failed: %d\n", s.Failed)
}

// WriteJSON prints all of it for programs.
func (s *Soak) WriteJSON(w io.Writer) error { return writeJSON(w, s) }

package peers

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/octolink/octolink/cmd/octolink/bench/herd"
	"github.com/octolink/octolink/protocol/wire"
)

// sessions logs every user in once, by password, and gives what each can come back with. The tabs
// stay open with their subscriptions, as many of each user as it takes to be that many.
func (s *server) sessions(ctx context.Context, h *herd.Herd, tabs int) ([]string, error) {
	l := languageOf(wire.JSON)
	found := make([]string, users)
	a := &arrivals{language: l, herd: h, tabs: max(tabs, users), atOnce: 64,
		steps: func(i int) []question { return whole(l, siteUser(i), "") },
		heard: func(i int, m []byte) {
			if session := text(m, "sessionid"); session != "" {
				found[i%users] = session
			}
		},
	}
	if err := a.run(ctx); err != nil {
		return nil, fmt.Errorf("%s: %w", s.name, err)
	}
	return found, nil
}

// idleLine measures memory: a server is started for each figure.
func (s *suite) idleLine() lineOf {
	l := lineOf{Line: Line{Key: "idle", Measure: "memory per idle logged-in tab with 15 subscriptions, 10 000 tabs of 500 users", Unit: "KiB",
		Goals: []Goal{{Must: 3, Aim: 1.75, AtMost: true}}}}
	l.run = func(ctx context.Context, l *Line) error {
		for _, name := range s.have(octolink, bun, gobwas, nodeWS) {
			var sizes []float64
			for range s.plan().idleRuns[name == octolink] {
				size, err := s.idle(ctx, name)
				if err != nil {
					return err
				}
				sizes = append(sizes, size/1024)
				fmt.Fprintf(s.Log, "  %s %s KiB\n", name, figure(size/1024))
			}
			l.put(name, spread(sizes), Spread{})
		}
		l.reach("", l.Figures[octolink].Median)
		return nil
	}
	return l
}

// idle gives the bytes that a tab adds.
func (s *suite) idle(ctx context.Context, name string) (float64, error) {
	srv, err := s.start(ctx, name)
	if err != nil {
		return 0, err
	}
	defer srv.stop()
	l, p := languageOf(wire.JSON), s.plan()
	h, err := srv.herd(l)
	if err != nil {
		return 0, err
	}
	defer h.Close()
	sessions, err := srv.sessions(ctx, h, p.idleWarm)
	if err != nil {
		return 0, err
	}
	before, err := srv.rss()
	if err != nil {
		return 0, err
	}
	a := &arrivals{language: l, herd: h, tabs: p.idleTabs, atOnce: 64, steps: func(i int) []question {
		return whole(l, siteUser(i), sessions[i%users])
	}}
	if err := errors.Join(a.run(ctx), h.For(ctx, p.settle, nil)); err != nil {
		return 0, fmt.Errorf("%s: %w", name, err)
	}
	after, err := srv.rss()
	return float64(after-before) / float64(p.idleTabs), err
}

// stormLine measures what many logins do to those who work. What they do to bun is the measure.
func (s *suite) stormLine() lineOf {
	l := lineOf{Line: Line{Key: "storm", Measure: "login storm of 10 000, 512 at once, by session: p99 of 100 bystanders", Unit: "ms",
		Goals: []Goal{{What: "× " + bun, Must: 3, Aim: 1.5, AtMost: true, Latency: true}}}}
	l.run = func(ctx context.Context, l *Line) error {
		names := s.have(octolink, bun)
		p99s, took := make(map[string][]float64), make(map[string][]float64)
		sessions := make(map[string][]string)
		for i := range s.plan().pairs {
			for j := range names {
				name := names[(i+j)%len(names)]
				n, d, err := s.storm(ctx, name, sessions)
				if err != nil {
					return err
				}
				p99s[name] = append(p99s[name], float64(n.P99.Microseconds())/1000)
				took[name] = append(took[name], d.Seconds())
				fmt.Fprintf(s.Log, "  %s: p99 %v of %d requests, all in after %v\n", name, n.P99, n.Requests, d.Round(time.Millisecond))
			}
		}
		l.Extra = map[string]Spread{}
		for _, name := range names {
			l.Extra["s until all are in, "+name] = spread(took[name])
			if name != octolink {
				l.put(name, spread(p99s[name]), spread(quotients(p99s[octolink], p99s[name])))
			}
		}
		l.put(octolink, spread(p99s[octolink]), Spread{})
		return nil
	}
	return l
}

func quotients(a, b []float64) []float64 {
	out := make([]float64, len(a))
	for i := range a {
		out[i] = a[i] / b[i]
	}
	return out
}

// storm lets many tabs come back at once while a process of its own watches, and says how long it took.
func (s *suite) storm(ctx context.Context, name string, sessions map[string][]string) (n noticed, took time.Duration, err error) {
	srv, err := s.get(ctx, name)
	if err != nil {
		return n, 0, err
	}
	l := languageOf(wire.JSON)
	if sessions[name] == nil {
		if sessions[name], err = srv.onlySessions(ctx, l); err != nil {
			return n, 0, err
		}
	}
	if err := srv.quiet(ctx); err != nil {
		return n, 0, err
	}
	w, err := s.watch(ctx, srv)
	if err != nil {
		return n, 0, err
	}
	defer func() { _ = w.close() }() // it has told what it saw
	h, err := srv.herd(l)
	if err != nil {
		return n, 0, err
	}
	defer h.Close()
	a := &arrivals{language: l, herd: h, tabs: s.plan().stormTabs, atOnce: 512, steps: func(i int) []question {
		return whole(l, siteUser(i), sessions[name][i%users])
	}}
	if err := errors.Join(h.For(ctx, s.plan().warmup, nil), w.turn()); err != nil {
		return n, 0, err
	}
	began := time.Now()
	err = a.run(ctx)
	took = time.Since(began)
	if err := errors.Join(err, w.turn()); err != nil {
		return n, took, fmt.Errorf("%s: %w", name, err)
	}
	n, err = w.noticed()
	return n, took, err
}

func (s *server) onlySessions(ctx context.Context, l language) ([]string, error) {
	h, err := s.herd(l)
	if err != nil {
		return nil, err
	}
	defer h.Close()
	return s.sessions(ctx, h, users)
}

// startLine measures from the start of a process to the answer to its first login.
func (s *suite) startLine() lineOf {
	l := lineOf{Line: Line{Key: "start", Measure: "cold start to the first login", Unit: "ms", Goals: []Goal{{Must: 40, Aim: 15, AtMost: true, Latency: true}}}}
	l.run = func(ctx context.Context, l *Line) error {
		for _, name := range s.have(octolink, bun, gobwas, nodeWS) {
			times, err := s.starts(ctx, name)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			l.put(name, spread(times), Spread{})
			fmt.Fprintf(s.Log, "  %s %s ms\n", name, figure(spread(times).Median))
		}
		l.reach("", l.Figures[octolink].Median)
		return nil
	}
	return l
}

// starts starts a server again and again. The first time, which makes a database, does not count.
func (s *suite) starts(ctx context.Context, name string) (times []float64, err error) {
	addr, err := freePort()
	if err != nil {
		return nil, err
	}
	argv, err := s.command(name, addr)
	if err != nil {
		return nil, err
	}
	for i := range s.plan().starts + 1 {
		began := time.Now()
		p, err := launch(ctx, s.serverCPU, argv)
		if err != nil {
			return nil, err
		}
		srv := &server{p, name, addr}
		err = srv.firstLogin(ctx)
		took := time.Since(began)
		p.stop()
		if err != nil {
			return nil, errors.Join(err, errors.New(p.stderr.String()))
		}
		if i > 0 {
			times = append(times, float64(took.Microseconds())/1000)
		}
	}
	return times, nil
}

// firstLogin tries until it is answered.
func (s *server) firstLogin(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	l := languageOf(wire.JSON)
	for {
		h, err := s.tabs(ctx, l, 1, nil)
		if err == nil {
			h.Close()
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-s.ended:
			return errors.New("the server has ended")
		case <-time.After(time.Millisecond / 4):
		}
	}
}

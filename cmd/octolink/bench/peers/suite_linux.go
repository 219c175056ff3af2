package peers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// A suite is a measurement under way.
type suite struct {
	Options
	answers   string // file with what octolink answers
	serverCPU int
	kinds     map[string]kind
	missing   []string
	running   map[string]*server
}

// plan is how long what takes, in the full form.
type plan struct {
	pairs          int
	warmup, window time.Duration
	slices         int // of a pair, where latencies are compared
	fanTabs        int
	idleTabs       int
	idleWarm       int
	idleRuns       map[bool]int // how often: octolink, and another
	settle         time.Duration
	stormTabs      int
	starts         int
}

func (o Options) plan() plan {
	p := plan{
		pairs: 5, warmup: 400 * time.Millisecond, window: 1500 * time.Millisecond, slices: 20, fanTabs: 1000, idleTabs: 10_000, idleWarm: 1000,
		idleRuns: map[bool]int{true: 3, false: 1}, settle: 30 * time.Second, stormTabs: 10_000, starts: 9,
	}
	if o.Quick {
		p = plan{
			pairs: 2, warmup: 100 * time.Millisecond, window: 400 * time.Millisecond, slices: 2, fanTabs: 1000, idleTabs: 1000, idleWarm: 500,
			idleRuns: map[bool]int{true: 1, false: 1}, settle: 2 * time.Second, stormTabs: 1000, starts: 3,
		}
	}
	if o.Pairs > 0 {
		p.pairs = o.Pairs
	}
	return p
}

// Run measures everything. Progress goes to o.Log.
func Run(ctx context.Context, o Options) (*Report, error) {
	s, err := newSuite(ctx, o)
	if err != nil {
		return nil, err
	}
	defer s.close()
	r := &Report{Machine: machine(), When: time.Now().UTC().Format("2006-01-02 15:04 UTC"), Version: o.Version, Quick: o.Quick, Missing: s.missing}
	if r.OthersBefore, err = others(ctx); err != nil {
		return r, err
	}
	for _, l := range s.lines() {
		if len(o.Only) > 0 && !slices.Contains(o.Only, l.Key) {
			continue
		}
		fmt.Fprintf(o.Log, "%s\n", l.Measure)
		err := l.run(ctx, &l.Line)
		s.stopAll()
		if ctx.Err() != nil {
			return r, ctx.Err()
		}
		if err != nil {
			l.Error = err.Error()
			fmt.Fprintf(o.Log, "  failed: %v\n", err)
		}
		r.Lines = append(r.Lines, l.Line)
	}
	if len(r.Lines) == 0 {
		return r, errors.New("no line has such a name")
	}
	r.OthersAfter, err = others(ctx)
	r.judge()
	return r, err
}

func newSuite(ctx context.Context, o Options) (*suite, error) {
	loadCPU, serverCPU, err := processors()
	if err != nil {
		return nil, err
	}
	if err := errors.Join(pin(loadCPU), allFiles()); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "octolink-peers")
	if err != nil {
		return nil, err
	}
	o.work = dir
	s := &suite{Options: o, answers: filepath.Join(dir, "answers.json"), serverCPU: serverCPU, running: make(map[string]*server)}
	s.kinds, s.missing = findPeers(ctx, o.Dir, s.answers)
	for _, m := range s.missing {
		fmt.Fprintln(o.Log, m)
	}
	if err := s.record(ctx); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *suite) close() {
	s.stopAll()
	_ = os.RemoveAll(s.work)
}

// get starts a server, or gives the one that runs.
func (s *suite) get(ctx context.Context, name string) (*server, error) {
	if srv := s.running[name]; srv != nil {
		return srv, nil
	}
	srv, err := s.start(ctx, name)
	if err == nil {
		s.running[name] = srv
	}
	return srv, err
}

func (s *suite) stopAll() {
	for name, srv := range s.running {
		srv.stop()
		delete(s.running, name)
	}
}

// have are those of some servers that are installed.
func (s *suite) have(names ...string) []string {
	return slices.DeleteFunc(names, func(name string) bool { _, ok := s.kinds[name]; return !ok && name != octolink })
}

package flowtest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"regexp"
	"slices"
	"time"

	"github.com/dop251/goja"
	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/scripting"
)

// Options say which tests are run, and how.
type Options struct {
	Dir     string         // of the flows and their tests
	Files   []string       // of tests, in Dir. Zero means all.
	Match   *regexp.Regexp // names of tests that are run. Zero means all.
	HangUps bool           // play each call again once for each of its steps, with a caller who hangs up there
	Zone    *time.Location // of schedules without a zone. Zero means UTC.
	Timeout time.Duration  // of one test, in real time. Zero means ten seconds.
	Done    func(Test)     // called after each test. Zero means nobody.
}

// A Test is how one test went.
type Test struct {
	File     string
	Name     string
	Took     time.Duration // real time
	Failures []Failure     // none: it passed
	Logs     []string      // of t.log
	Traces   []scripting.Trace
	HangUps  int // so many hang-ups were tried

	steps []int // of each call
}

// A Failure is something that a test found.
type Failure struct {
	At   string // file:line; "" when it is not known
	Text string
}

// String is at: text.
func (f Failure) String() string {
	if f.At == "" {
		return f.Text
	}
	return f.At + ": " + f.Text
}

func (t *Test) fail(at, text string) { t.Failures = append(t.Failures, Failure{at, text}) }

// A session is one Run.
type session struct {
	ctx    context.Context
	opts   Options
	w      *world
	engine *scripting.Engine
}

// A named is a test as its file has declared it.
type named struct {
	name string
	fn   goja.Callable
}

// Run runs tests, one after the other. Errors are those of reading the folder and its tests: a flow that
// does not compile fails the tests that play it.
func Run(ctx context.Context, o Options) ([]Test, error) {
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Second
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Files == nil {
		var err error
		if o.Files, err = Files(o.Dir); err != nil {
			return nil, err
		}
	}
	w := newWorld()
	s := &session{ctx: ctx, opts: o, w: w}
	s.engine = scripting.New(scripting.Options{
		Dir: o.Dir, Directory: &w.directory, Desk: w, House: w, KV: w, Traces: w, Log: slog.New(&lines{w: w}), Zone: o.Zone, Clock: &w.clock,
		Poll: -1, Limits: scripting.Limits{CPU: time.Second / 2},
	})
	defer s.engine.Shutdown(context.WithoutCancel(ctx))
	var all []Test
	for _, file := range o.Files {
		tests, err := s.file(file)
		if err != nil {
			return all, err
		}
		all = append(all, tests...)
	}
	return all, nil
}

// Files are the files of tests in a folder.
func Files(dir string) (files []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if e.Type()&fs.ModeDir == 0 && scripting.IsTest(e.Name()) {
			files = append(files, e.Name())
		}
	}
	return files, nil
}

// file runs the tests of one file.
func (s *session) file(name string) (tests []Test, err error) {
	program, err := scripting.CompileTest(s.opts.Dir, name, "test")
	if err != nil {
		return nil, err
	}
	declared, err := s.declare(program)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	for i, d := range declared {
		if s.opts.Match != nil && !s.opts.Match.MatchString(d.name) {
			continue
		}
		t := s.test(program, i, Test{File: name, Name: d.name}, nil)
		if s.opts.HangUps && len(t.Failures) == 0 {
			s.hangUps(program, i, &t)
		}
		tests = append(tests, t)
		if s.opts.Done != nil {
			s.opts.Done(t)
		}
		if s.ctx.Err() != nil {
			return tests, context.Cause(s.ctx)
		}
	}
	return tests, nil
}

// declare reads which tests a file has.
func (s *session) declare(program *goja.Program) (all []named, err error) {
	_, all, err = load(program, s.opts.Timeout)
	return all, err
}

// load runs a file of tests in a runtime of its own.
func load(program *goja.Program, timeout time.Duration) (*goja.Runtime, []named, error) {
	rt := goja.New()
	rt.SetMaxCallStackSize(1000)
	rt.SetTimeSource(func() time.Time { return noon })
	var all []named
	test := func(c goja.FunctionCall) goja.Value {
		name, isText := c.Argument(0).Export().(string)
		fn, isFunction := goja.AssertFunction(c.Argument(1))
		if !isText || !isFunction {
			panic(rt.NewTypeError("test takes a name and a function"))
		}
		if slices.ContainsFunc(all, func(n named) bool { return n.name == name }) {
			panic(rt.NewTypeError(fmt.Sprintf("the test %q is there twice", name)))
		}
		all = append(all, named{name, fn})
		return goja.Undefined()
	}
	module, err := rt.RunProgram(program)
	if err != nil {
		return nil, nil, err
	}
	begin, ok := goja.AssertFunction(module)
	if !ok {
		return nil, nil, errors.New("it is no file of tests")
	}
	guard := time.AfterFunc(timeout, func() { rt.Interrupt("the file of tests does not end") })
	defer guard.Stop()
	_, err = begin(goja.Undefined(), rt.ToValue(test))
	return rt, all, err
}

// test runs one test in a fresh world, perhaps as a replay.
func (s *session) test(program *goja.Program, i int, t Test, replay *hangup) Test {
	began := time.Now()
	defer func() { t.Took = time.Since(began) }()
	s.w.reset()
	rt, all, err := load(program, s.opts.Timeout)
	if err != nil {
		t.fail("", messageOf(err))
		return t
	}
	guard := time.AfterFunc(s.opts.Timeout, func() { rt.Interrupt("the test does not end") })
	defer guard.Stop()
	stop := context.AfterFunc(s.ctx, func() { rt.Interrupt("interrupted") })
	defer stop()
	player := &tester{s: s, rt: rt, report: &t, quiet: replay}
	if _, err := all[i].fn(goja.Undefined(), player.object()); err != nil && replay == nil {
		t.fail(player.positionOf(err), messageOf(err))
	}
	t.Took = time.Since(began)
	return t
}

// hangUps plays each call of a test again, once for each of its steps.
func (s *session) hangUps(program *goja.Program, i int, t *Test) {
	for call, steps := range t.steps {
		for step := 1; step <= steps; step++ {
			h := &hangup{call: call + 1, step: step}
			s.test(program, i, Test{}, h)
			t.HangUps++
			if wrong := h.wrong(); wrong != "" {
				t.fail("", fmt.Sprintf("call %d, the caller hangs up in its step %d: %s", h.call, h.step, wrong))
			}
		}
	}
}

// wrong says what is wrong with how a run ended whose caller has hung up; "" when nothing is.
func (h *hangup) wrong() string {
	last := ""
	if n := len(h.trace.Steps); n > 0 {
		last = h.trace.Steps[n-1].Name
	}
	switch {
	case !h.met:
		return "the call was not played"
	case h.trace.Outcome == scripting.Returned && h.ended != "hung up":
		return "" // the flow itself had ended the call, or given it away
	case h.trace.Outcome == scripting.Returned && h.quick && h.trace.Fallback == "":
		return "" // it had nothing more to do
	case h.trace.Outcome != scripting.HungUp:
		return fmt.Sprintf("in %s: the flow ended with %q %s, not with %q", last, h.trace.Outcome, h.trace.Reason, scripting.HungUp)
	case h.trace.Reason != pbx.ErrHungUp.Error():
		return fmt.Sprintf("in %s: the trace says %q", last, h.trace.Reason)
	case h.trace.Fallback != "":
		return fmt.Sprintf("in %s: the call went to %s", last, h.trace.Fallback)
	}
	return ""
}

// lines hears what flows log.
type lines struct{ w *world }

func (l *lines) Enabled(_ context.Context, level slog.Level) bool { return level == slog.LevelInfo }

func (l *lines) Handle(_ context.Context, r slog.Record) error {
	l.w.note(func(s *seen) { s.logged = append(s.logged, r.Message) })
	l.w.glance()
	return nil
}

func (l *lines) WithAttrs([]slog.Attr) slog.Handler { return l }
func (l *lines) WithGroup(string) slog.Handler      { return l }

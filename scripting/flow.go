package scripting

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/dop251/goja"
)

// A program is one version of a flow.
type program struct {
	code    *goja.Program
	needs   needs
	version int
	inputs  []string
}

// files are the flows of a folder.
type files struct {
	dir string

	reading sync.Mutex // one Reload at a time
	seen    map[string]stamp

	mu       sync.RWMutex
	programs map[string]*program // the last good version, by flow
	problems map[string]Problems // of flows whose newest version does not compile
	fault    error               // why the folder cannot be read
}

// A stamp tells whether a file has changed.
type stamp struct {
	size     int64
	modified time.Time
}

// program is the version of a flow that new runs get.
func (f *files) program(flow string) (*program, error) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if p := f.programs[flow]; p != nil {
		return p, nil
	}
	if problems := f.problems[flow]; problems != nil {
		return nil, fmt.Errorf("%w: %w", ErrBroken, problems)
	}
	if f.fault != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrNoFlow, flow, f.fault)
	}
	return nil, fmt.Errorf("%w: %s", ErrNoFlow, flow)
}

// Flows are the names of the flows that can be started, in order.
func (e *Engine) Flows() []string {
	e.files.mu.RLock()
	defer e.files.mu.RUnlock()
	return slices.Sorted(maps.Keys(e.files.programs))
}

// Reload reads the files that have changed. Runs that were started before keep their version. It returns
// what does not compile now.
func (e *Engine) Reload() Problems {
	f := &e.files
	if f.dir == "" {
		return nil
	}
	f.reading.Lock()
	defer f.reading.Unlock()
	now, err := scan(f.dir)
	if err != nil {
		f.setFault(err)
		if f.seen != nil {
			e.opts.Log.Warn("the folder of flows cannot be read", "err", err)
		}
		f.seen = nil
		return Problems{{File: ".", Line: 1, Column: 1, Text: err.Error()}}
	}
	f.setFault(nil)
	changed := difference(f.seen, now)
	f.seen = now
	for _, name := range slices.Sorted(maps.Keys(now)) {
		if filepath.Dir(name) == "." && isFlow(name) && f.stale(name, changed) {
			e.recompile(name)
		}
	}
	f.forget(now)
	return f.allProblems()
}

// recompile makes a new version of one flow.
func (e *Engine) recompile(file string) {
	f, flow := &e.files, flowName(file)
	c, err := compile(e.table, f.dir, file)
	var problems Problems
	if err != nil && !errors.As(err, &problems) {
		problems = Problems{{File: file, Line: 1, Column: 1, Text: err.Error()}}
	}
	if other := f.twin(file); other != "" {
		problems = append(problems, Problem{File: file, Line: 1, Column: 1, Text: "there is " + other + ", too: one of them must go"})
	}
	f.mu.Lock()
	old := f.programs[flow]
	if len(problems) > 0 {
		f.problems[flow] = problems
		if old != nil && c != nil {
			f.programs[flow] = &program{code: old.code, needs: old.needs, version: old.version, inputs: c.inputs}
		}
	} else {
		delete(f.problems, flow)
		p := &program{code: c.program, needs: c.needs, version: 1, inputs: c.inputs}
		if old != nil {
			p.version = old.version + 1
		}
		f.programs[flow] = p
	}
	f.mu.Unlock()
	switch {
	case len(problems) == 0:
		if old != nil {
			e.opts.Log.Info("a flow has changed", "flow", flow)
		}
	case isNoFlow(problems) && old == nil:
		e.opts.Log.Debug("a file exports no flow", "flow", flow)
	default:
		for _, p := range problems {
			e.opts.Log.Error("a flow does not compile", "flow", flow, "err", p.String(), "lastgood", old != nil)
		}
	}
}

func (f *files) setFault(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fault = err
	if f.programs == nil {
		f.programs, f.problems = map[string]*program{}, map[string]Problems{}
	}
}

// stale reports whether a flow's program is older than its files.
func (f *files) stale(file string, changed map[string]bool) bool {
	if len(changed) == 0 {
		return false
	}
	f.mu.RLock()
	defer f.mu.RUnlock()
	p := f.programs[flowName(file)]
	if p == nil || f.problems[flowName(file)] != nil || changed[file] {
		return true // what is broken may lack a file that has come
	}
	return slices.ContainsFunc(p.inputs, func(input string) bool { return changed[input] })
}

// twin is another file of the same flow.
func (f *files) twin(file string) string {
	other := flowName(file) + ".ts"
	if other == file {
		other = flowName(file) + ".js"
	}
	if _, there := f.seen[other]; there {
		return other
	}
	return ""
}

// forget drops flows whose files are gone.
func (f *files) forget(now map[string]stamp) {
	f.mu.Lock()
	defer f.mu.Unlock()
	gone := func(flow string) bool {
		_, ts := now[flow+".ts"]
		_, js := now[flow+".js"]
		return !ts && !js
	}
	maps.DeleteFunc(f.programs, func(flow string, _ *program) bool { return gone(flow) })
	maps.DeleteFunc(f.problems, func(flow string, _ Problems) bool { return gone(flow) })
}

func (f *files) allProblems() (all Problems) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	for _, flow := range slices.Sorted(maps.Keys(f.problems)) {
		if problems := f.problems[flow]; !isNoFlow(problems) || !f.imported(problems[0].File) {
			all = append(all, problems...)
		}
	}
	return all
}

// imported reports whether another flow is made of a file; mu is held.
func (f *files) imported(file string) bool {
	for flow, p := range f.programs {
		if flow != flowName(file) && slices.Contains(p.inputs, file) {
			return true
		}
	}
	return false
}

// maxFiles is how many files a folder of flows may have.
const maxFiles = 10_000

// scan looks at all sources of the folder and below it.
func scan(dir string) (map[string]stamp, error) {
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, err
	}
	found := map[string]stamp{}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); path != dir && (strings.HasPrefix(name, ".") || name == "node_modules") {
				return filepath.SkipDir
			}
			return nil
		}
		if !isSource(d.Name()) {
			return nil
		}
		info, err := os.Stat(path) // through links: a mounted folder changes by those
		if err != nil || !info.Mode().IsRegular() {
			return nil // gone meanwhile, or a link to nothing
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if len(found) >= maxFiles {
			return fmt.Errorf("more than %d files", maxFiles)
		}
		found[filepath.ToSlash(name)] = stamp{info.Size(), info.ModTime()}
		return nil
	})
	return found, err
}

// difference are the files that came, went or changed.
func difference(before, now map[string]stamp) map[string]bool {
	changed := map[string]bool{}
	for name, s := range now {
		if old, there := before[name]; !there || old != s {
			changed[name] = true
		}
	}
	for name := range before {
		if _, there := now[name]; !there {
			changed[name] = true
		}
	}
	return changed
}

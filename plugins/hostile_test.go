package plugins_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/octolink/octolink/crm"
	"github.com/octolink/octolink/plugins"
)

// A plugin that cannot be started is started again, then switched off; beside it life goes on.
func TestExitsAtOnce(t *testing.T) {
	h := newHouse(t)
	h.add("bad", "exit", "restarts_per_hour: 2")
	h.add("good", "good", "")
	h.run()
	s := h.state("bad", plugins.Off)
	if s.Deaths != 3 || !strings.Contains(s.Reason, "died 3 times") || !strings.Contains(s.Reason, "exit status 3") {
		t.Errorf("got %+v", s)
	}
	h.logged("plugin=bad", "I do not want to")
	h.logged("plugin=bad", "died too often", "exit status 3")
	h.state("good", plugins.Running)
	h.works("good")
	if err := h.m.Enable(t.Context(), "bad"); err != nil {
		t.Fatal(err)
	}
	h.until("bad", func(s plugins.Status) bool { return s.State == plugins.Off && s.Deaths == 3 })
}

func TestHangsAtItsStart(t *testing.T) {
	h := newHouse(t)
	h.o.Start = time.Second
	h.add("bad", "hang", "restarts_per_hour: 1")
	h.run()
	s := h.state("bad", plugins.Off)
	if !strings.Contains(s.Reason, "not ready within 1s") {
		t.Errorf("got %q", s.Reason)
	}
}

func TestGarbageOnStandardOutput(t *testing.T) {
	h := newHouse(t)
	h.add("a", "garbage", "")
	h.run()
	h.state("a", plugins.Running)
	h.works("a")
	h.logged("plugin=a", "hello world", "from=stdout")
}

func TestOnlyGarbage(t *testing.T) {
	h := newHouse(t)
	h.o.Start = time.Second
	h.add("a", "only garbage", "restarts_per_hour: 1")
	h.run()
	h.state("a", plugins.Off)
	h.logged("plugin=a", "1 2 3", "from=stdout")
}

func TestWritesTooMuch(t *testing.T) {
	h := newHouse(t)
	h.add("a", "good", "")
	h.run()
	h.state("a", plugins.Running)
	if _, err := h.call("a.print", crm.Value{Key: "n", Value: crm.Number("50000")}); err != nil {
		t.Fatal(err)
	}
	h.eventually(func() bool {
		lines, _ := h.m.Logs("a")
		return len(lines) > 0 && lines[len(lines)-1].Text == "line 49999"
	}, func() string { return "the last line" })
	if n := strings.Count(h.log.String(), "\n"); n > 5000 {
		t.Errorf("%d lines in the log", n)
	}
	h.works("a")
}

// What trying again does not change is refused, with a reason, until somebody changes it.
func TestRefusals(t *testing.T) {
	for _, tt := range []struct {
		name, how, manifest, want string
	}{
		{"hash", "good", "sha256: " + strings.Repeat("ab", 32), "the manifest says abab"},
		{"version", "version 2", "", "speaks another version of the contract"},
		{"binary", "good", "binary: /does/not/exist", "no such file"},
		{"key", "good", "colour: red", "colour"},
		{"type", "good", "allow: {lookup: [1]}", "cannot unmarshal"},
		{"event", "good", "allow: {events: [sunrise]}", `"sunrise" is none of`},
		{"users", "good", "allow: {commands: [dial]}", "allow.users: is missing"},
		{"path", "good", "allow: {paths: [/a/../b]}", "no exact path"},
		{"server's path", "good", "allow: {paths: [/upload/x]}", "/upload/x is the server's own"},
		{"endpoint", "good", "allow: {deliver: {crm: ftp://x/}}", "no address such as"},
		{"endpoint's name", "good", "allow: {deliver: {a.b: http://x/}}", "is no name"},
		{"account", "good", "run_as: nobody-has-this-name", "run_as"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHouse(t)
			h.o.Reserved = []string{"/upload"}
			h.add("a", tt.how, "")
			manifest := fmt.Sprintf("binary: %s\nargs: [%q]\nsha256: %x\n", self(t), tt.how, selfSum(t))
			if key, _, _ := strings.Cut(tt.manifest, ":"); key != "" {
				kept := ""
				for line := range strings.Lines(manifest) {
					if !strings.HasPrefix(line, key+":") {
						kept += line
					}
				}
				manifest = kept + tt.manifest + "\n"
			}
			h.write("a", manifest)
			h.run()
			s := h.state("a", plugins.Refused)
			if !strings.Contains(s.Reason, tt.want) {
				t.Errorf("got %q, want %q", s.Reason, tt.want)
			}
			h.logged("plugin=a", "the plugin is refused")
			h.write("a", fmt.Sprintf("binary: %s\nargs: [good]\nsha256: %x\n", self(t), selfSum(t)))
			h.state("a", plugins.Running)
			h.works("a")
		})
	}
}

func TestSettingsThatThePluginRefuses(t *testing.T) {
	h := newHouse(t)
	h.add("a", "good", "settings: {refuse: true}\nrestarts_per_hour: 1")
	h.run()
	if s := h.state("a", plugins.Off); !strings.Contains(s.Reason, "refuse: is set") {
		t.Errorf("got %q", s.Reason)
	}
}

func TestOthersMayWrite(t *testing.T) {
	for name, loosen := range map[string]func(h *house) string{
		"the folder of all": func(h *house) string { return h.dir },
		"the folder":        func(h *house) string { return filepath.Join(h.dir, "a") },
		"the manifest":      func(h *house) string { return filepath.Join(h.dir, "a", "plugin.yaml") },
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			h.add("a", "good", "")
			if err := os.Chmod(loosen(h), 0o777); err != nil {
				t.Fatal(err)
			}
			h.run()
			if s := h.state("a", plugins.Refused); !strings.Contains(s.Reason, "others may write to it") {
				t.Errorf("got %q", s.Reason)
			}
		})
	}
	t.Run("the binary", func(t *testing.T) {
		h := newHouse(t)
		h.add("a", "good", "")
		loose := filepath.Join(h.dir, "a", "loose")
		if err := os.WriteFile(loose, []byte("#!/bin/sh\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(loose, 0o777); err != nil {
			t.Fatal(err)
		}
		h.write("a", "binary: loose\nsha256: "+strings.Repeat("ab", 32)+"\n")
		h.run()
		if s := h.state("a", plugins.Refused); !strings.Contains(s.Reason, "loose: others may write to it") {
			t.Errorf("got %q", s.Reason)
		}
	})
}

func TestBadCatalogue(t *testing.T) {
	h := newHouse(t)
	h.add("a", "bad catalogue", "")
	h.run()
	s := h.state("a", plugins.Running)
	all := strings.Join(s.Faults, "\n")
	for _, want := range []string{
		`method "fine": is offered twice`, `method ""`, `method "with.dot"`, `form "card": is offered twice`, `form "über"`, `fine: the parameter "a"`,
	} {
		if !strings.Contains(all, want) {
			t.Errorf("no fault %s in\n%s", want, all)
		}
		h.logged("plugin=a", "a fault in the plugin's catalogue", strings.ReplaceAll(want, `"`, `\"`))
	}
	if s.Methods != 1 || s.Forms != 1 || len(all) > 2000 {
		t.Errorf("got %+v", s)
	}
}

func TestDoubledNames(t *testing.T) {
	h := newHouse(t)
	h.add("a", "good", "")
	h.add("b", "good", "")
	h.run()
	h.until("a", func(s plugins.Status) bool { return len(s.Faults) > 0 })
	s := h.until("b", func(s plugins.Status) bool { return len(s.Faults) > 0 })
	if !strings.Contains(strings.Join(s.Faults, "\n"), `a offers a method "echo" too: callers must say b.echo`) {
		t.Errorf("got %q", s.Faults)
	}
	h.logged("a method is offered twice", "echo")
	if _, err := h.call("echo"); !errors.Is(err, crm.ErrNoMethod) || !strings.Contains(err.Error(), "say which") {
		t.Errorf("got %v", err)
	}
	h.works("a")
	h.works("b")
}

// takenName is a CRM that has a plugin's name.
type takenName struct{ crm.Provider }

func (takenName) Name() string         { return "a" }
func (takenName) Catalog() crm.Catalog { return crm.Catalog{} }

func TestANameThatACRMHas(t *testing.T) {
	h := newHouse(t)
	h.crm.Put(takenName{})
	h.add("a", "good", "")
	h.run()
	if s := h.state("a", plugins.Refused); !strings.Contains(s.Reason, "a CRM is called a already") {
		t.Errorf("got %q", s.Reason)
	}
}

func TestNeverAnswers(t *testing.T) {
	h := newHouse(t)
	h.add("a", "good", "timeout: 300ms")
	h.run()
	h.state("a", plugins.Running)
	if _, err := h.callWithin(100*time.Millisecond, "a.forever"); !errors.Is(err, crm.ErrTimeout) {
		t.Errorf("got %v", err)
	}
	// Without a limit of the caller the manifest's counts; the answers come late, and nobody minds.
	if _, err := h.crm.Invoke(t.Context(), "a.sleep", crm.Call{In: crm.Values{{Key: "n", Value: crm.Number("600")}}}); !errors.Is(err, crm.ErrTimeout) {
		t.Errorf("got %v", err)
	}
	var all sync.WaitGroup
	for range 2000 {
		all.Go(func() {
			if _, err := h.callWithin(50*time.Millisecond, "a.forever"); !errors.Is(err, crm.ErrTimeout) {
				t.Errorf("got %v", err)
			}
		})
	}
	all.Wait()
	h.works("a")
	if s := h.state("a", plugins.Running); s.Deaths != 0 {
		t.Errorf("got %+v", s)
	}
}

// An answer that comes after the caller's time, but within what he allows for late ones, counts.
func TestLateAnswerThatCounts(t *testing.T) {
	h := newHouse(t)
	h.add("a", "good", "timeout: 100ms")
	h.run()
	h.state("a", plugins.Running)
	out, err := h.crm.Invoke(t.Context(), "a.sleep", crm.Call{In: crm.Values{{Key: "n", Value: crm.Number("300")}}, Late: 10_000})
	if err != nil {
		t.Errorf("got %v %v", out, err)
	}
}

func TestReadsNothing(t *testing.T) {
	h := newHouse(t)
	h.add("a", "deaf", "")
	h.add("good", "good", "")
	h.run()
	h.state("a", plugins.Running)
	h.state("good", plugins.Running)
	big := crm.Value{Key: "text", Value: strings.Repeat("x", 1<<20)}
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if _, err := h.callWithin(300*time.Millisecond, "a.deaf", big); !errors.Is(err, crm.ErrTimeout) {
				t.Errorf("got %v", err)
			}
		})
	}
	all.Wait()
	h.works("good")
}

func TestTooBigForAPlugin(t *testing.T) {
	h := newHouse(t)
	h.add("a", "good", "")
	h.run()
	h.state("a", plugins.Running)
	var failure *crm.Error
	_, err := h.call("a.echo", crm.Value{Key: "text", Value: strings.Repeat("x", 5<<20)})
	if !errors.As(err, &failure) || failure.Code != 413 {
		t.Errorf("got %v", err)
	}
	out, err := h.call("a.echo", crm.Value{Key: "text", Value: strings.Repeat("x", 3<<20)})
	if v, _ := out.Get("text"); err != nil || len(v.(string)) != 3<<20 {
		t.Errorf("got %v", err)
	}
}

// Each of these ends the process: its callers are told at once, the operator why.
func TestEnded(t *testing.T) {
	for _, tt := range []struct{ how, method, want string }{
		{"big", "big", "an answer above 8 MiB"},
		{"flood", "flood", "results that nobody asked for"},
		{"good", "die", "it ended: exit status 2"},
	} {
		t.Run(tt.how, func(t *testing.T) {
			h := newHouse(t)
			h.add("a", tt.how, "")
			h.add("b", "good", "")
			h.run()
			h.state("a", plugins.Running)
			h.state("b", plugins.Running)
			if _, err := h.callWithin(20*time.Second, "a."+tt.method); !errors.Is(err, crm.ErrGone) {
				t.Errorf("got %v", err)
			}
			h.logged("plugin=a", "the plugin died and is started again", tt.want)
			h.until("a", func(s plugins.Status) bool { return s.State == plugins.Running && s.Starts == 2 })
			h.works("b")
		})
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	h := newHouse(t)
	h.add("a", "nonsense", "")
	h.run()
	h.state("a", plugins.Running)
	var failure *crm.Error
	if _, err := h.call("a.nonsense"); !errors.As(err, &failure) || !strings.Contains(failure.Text, "neither a result nor a failure") {
		t.Errorf("got %v", err)
	}
}

// A process that stands still is noticed by its health and ended.
func TestFreezes(t *testing.T) {
	h := newHouse(t)
	h.o.Health, h.o.HealthWithin = 100*time.Millisecond, time.Second // a busy machine is no reason to miss three
	h.add("a", "good", "")
	h.run()
	s := h.state("a", plugins.Running)
	gone := make(chan error, 1)
	go func() {
		_, err := h.callWithin(20*time.Second, "a.forever")
		gone <- err
	}()
	h.until("a", func(s plugins.Status) bool { return s.InFlight == 1 })
	if err := syscall.Kill(s.PID, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if err := <-gone; !errors.Is(err, crm.ErrGone) {
		t.Errorf("got %v", err)
	}
	h.logged("did not answer 3 questions for its health")
	h.until("a", func(s plugins.Status) bool { return s.State == plugins.Running && s.Starts == 2 })
	h.works("a")
}

func TestRunAs(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can start a process under another account")
	}
	h := newHouse(t)
	// The test's own folders are closed to others; what another account runs has to be within its reach.
	open := filepath.Join(os.TempDir(), fmt.Sprintf("octolink-run-as-%d", os.Getpid()))
	if err := os.MkdirAll(open, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(open) })
	binary, err := os.ReadFile(self(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(open, "plugin"), binary, 0o755); err != nil {
		t.Fatal(err)
	}
	h.o.Dir, h.dir = open, open
	h.add("a", "good", "run_as: nobody\nallow: {http: true, storage: true}")
	h.write("a", fmt.Sprintf("binary: %s/plugin\nargs: [good]\nsha256: %x\nrun_as: nobody\nallow: {http: true}\n", open, selfSum(t)))
	h.run()
	h.state("a", plugins.Running)
	out, err := h.call("a.account")
	if v, _ := out.Get("n"); err != nil || v == crm.Number("0") {
		t.Errorf("got %v %v", v, err)
	}
}

package plugins_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/octolink/octolink/crm"
	"github.com/octolink/octolink/plugins"
)

// A house is a folder of plugins and a manager at work.
type house struct {
	t   testing.TB
	dir string
	o   plugins.Options
	crm crm.Directory
	log *logBook
	m   *plugins.Manager
}

// A logBook keeps a log and lets one wait for what is in it.
type logBook struct {
	mu   sync.Mutex
	text bytes.Buffer
	news chan struct{}
}

func (l *logBook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.news)
	l.news = make(chan struct{})
	return l.text.Write(p)
}

func (l *logBook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func newHouse(t testing.TB) *house {
	h := &house{t: t, dir: t.TempDir(), log: &logBook{news: make(chan struct{})}}
	h.o = plugins.Options{
		Dir: h.dir, Directory: &h.crm, Poll: 20 * time.Millisecond, Drain: 5 * time.Second, Start: 30 * time.Second,
		Log: slog.New(slog.NewTextHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	return h
}

// add writes a plugin that behaves in a way; more is added to its manifest.
func (h *house) add(name, how, more string) {
	h.t.Helper()
	dir := filepath.Join(h.dir, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		h.t.Fatal(err)
	}
	h.o.Enabled = append(h.o.Enabled, name)
	h.write(name, fmt.Sprintf("binary: %s\nargs: [%q]\nsha256: %x\n%s\n", self(h.t), how, selfSum(h.t), more))
}

// write replaces a manifest as an operator should: by a rename.
func (h *house) write(name, manifest string) {
	h.t.Helper()
	file := filepath.Join(h.dir, name, "plugin.yaml")
	if err := os.WriteFile(file+".new", []byte(manifest), 0o644); err != nil {
		h.t.Fatal(err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		h.t.Fatal(err)
	}
}

func self(t testing.TB) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

var selfSum = func() func(testing.TB) []byte {
	once := sync.OnceValues(func() ([]byte, error) {
		path, err := os.Executable()
		if err != nil {
			return nil, err
		}
		return plugins.Sum(path)
	})
	return func(t testing.TB) []byte {
		t.Helper()
		sum, err := once()
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
}()

// run lets the manager work until the end of the test.
func (h *house) run() {
	h.m = plugins.NewManager(h.o)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = h.m.Run(ctx)
	}()
	h.t.Cleanup(func() {
		cancel()
		<-ended
		if h.t.Failed() {
			h.t.Log(h.log)
		}
	})
}

// until waits for a plugin's status.
func (h *house) until(name string, is func(plugins.Status) bool) plugins.Status {
	h.t.Helper()
	var s plugins.Status
	h.eventually(func() bool {
		for _, s = range h.m.List() {
			if s.Name == name {
				return is(s)
			}
		}
		return false
	}, func() string { return fmt.Sprintf("plugin %s: %+v", name, s) })
	return s
}

// eventually looks again and again for something that becomes true from outside of the test.
func (h *house) eventually(is func() bool, otherwise func() string) {
	h.t.Helper()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	end := time.After(40 * time.Second)
	for !is() {
		select {
		case <-look.C:
		case <-end:
			h.t.Fatalf("in vain: %s", otherwise())
		}
	}
}

func (h *house) state(name string, want plugins.State) plugins.Status {
	h.t.Helper()
	return h.until(name, func(s plugins.Status) bool { return s.State == want })
}

// logged waits for a line with all the words.
func (h *house) logged(words ...string) {
	h.t.Helper()
	h.eventually(func() bool {
		for line := range strings.Lines(h.log.String()) {
			all := true
			for _, w := range words {
				all = all && strings.Contains(line, w)
			}
			if all {
				return true
			}
		}
		return false
	}, func() string { return fmt.Sprintf("no line with %q", words) })
}

func (h *house) call(name string, in ...crm.Value) (crm.Values, error) {
	return h.callWithin(20*time.Second, name, in...)
}

func (h *house) callWithin(d time.Duration, name string, in ...crm.Value) (crm.Values, error) {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	return h.crm.Invoke(ctx, name, crm.Call{In: in})
}

// works fails the test when a plugin does not answer properly.
func (h *house) works(name string) {
	h.t.Helper()
	h.t.Logf("does %s work?", name)
	out, err := h.call(name+".double", crm.Value{Key: "n", Value: "21"})
	if v, _ := out.Get("n"); err != nil || v != crm.Number("42") {
		h.t.Errorf("%s: got %v %v, want 42", name, out, err)
	}
}

func (h *house) pid(name string) string {
	h.t.Helper()
	out, err := h.call(name + ".pid")
	if err != nil {
		h.t.Fatal(err)
	}
	v, _ := out.Get("n")
	return string(v.(crm.Number))
}

func TestAPluginServes(t *testing.T) {
	h := newHouse(t)
	h.add("a", "good", "")
	h.run()
	s := h.state("a", plugins.Running)
	if s.Version != "1.0.0" || s.Summary != "Is good." || s.Methods < 10 || s.Forms != 1 || s.PID == 0 || s.Starts != 1 {
		t.Errorf("got %+v", s)
	}
	h.works("a")
	want := crm.Values{{Key: "text", Value: "Grüße\n\"<>"}}
	if out, err := h.call("a.echo", want...); err != nil || fmt.Sprint(out) != fmt.Sprint(want) {
		t.Errorf("got %v %v", out, err)
	}
	var failure *crm.Error
	if _, err := h.call("a.fail"); !errors.As(err, &failure) || failure.Code != 42 || failure.Text != "no" {
		t.Errorf("got %v", err)
	}
	if _, err := h.call("a.panic"); !errors.As(err, &failure) || !strings.Contains(failure.Text, "panicked: oh") {
		t.Errorf("got %v", err)
	}
	if _, err := h.call("a.nothing"); !errors.Is(err, crm.ErrNoMethod) {
		t.Errorf("got %v", err)
	}
	if _, err := h.call("a.mine"); !errors.Is(err, crm.ErrNobody) {
		t.Errorf("got %v", err)
	}
	out, err := h.crm.Invoke(t.Context(), "mine", crm.Call{User: "alice"})
	if v, _ := out.Get("text"); err != nil || v != "alice" {
		t.Errorf("got %v %v", out, err)
	}
	if _, form, err := h.crm.Form("a.card"); err != nil || !form.AllowCancel {
		t.Errorf("got %+v %v", form, err)
	}
	h.logged("plugin=a", "the plugin runs", "version=1.0.0")
	h.logged("plugin=a", "method panic: panic: oh")
}

func TestTheEnvironmentIsClean(t *testing.T) {
	t.Setenv("SECRET_OF_THE_SERVER", "x")
	h := newHouse(t)
	h.add("a", "good", "")
	h.run()
	h.state("a", plugins.Running)
	for key, want := range map[string]string{"SECRET_OF_THE_SERVER": "", "PATH": os.Getenv("PATH")} {
		out, err := h.call("a.environment", crm.Value{Key: "text", Value: key})
		if v, _ := out.Get("text"); err != nil || v != want {
			t.Errorf("%s: got %v %v, want %q", key, v, err, want)
		}
	}
}

func TestWithoutMTLS(t *testing.T) {
	h := newHouse(t)
	h.add("a", "good", "mtls: false")
	h.run()
	h.state("a", plugins.Running)
	h.works("a")
}

func TestOrders(t *testing.T) {
	h := newHouse(t)
	h.add("a", "good", "")
	h.run()
	h.state("a", plugins.Running)
	before := h.pid("a")
	ctx := t.Context()
	if err := h.m.Restart(ctx, "a"); err != nil {
		t.Fatal(err)
	}
	if after := h.pid("a"); after == before {
		t.Errorf("the process is still %s", after)
	}
	if err := h.m.Disable(ctx, "a"); err != nil {
		t.Fatal(err)
	}
	if _, err := h.call("a.pid"); !errors.Is(err, crm.ErrNoMethod) && !errors.Is(err, crm.ErrNoProvider) {
		t.Errorf("got %v", err)
	}
	h.state("a", plugins.Disabled)
	if err := h.m.Disable(ctx, "a"); err != nil {
		t.Fatal(err)
	}
	if err := h.m.Enable(ctx, "a"); err != nil {
		t.Fatal(err)
	}
	h.state("a", plugins.Running)
	h.works("a")
	if err := h.m.Enable(ctx, "b"); !errors.Is(err, plugins.ErrNoPlugin) {
		t.Errorf("got %v", err)
	}
	lines, err := h.m.Logs("a")
	if err != nil || len(lines) < 3 {
		t.Errorf("got %v %v", lines, err)
	}
}

// A new manifest brings a new process; no call is lost, and those in flight end where they began.
func TestExchangeLosesNoCall(t *testing.T) {
	h := newHouse(t)
	h.add("a", "good", "")
	h.run()
	h.state("a", plugins.Running)
	before := h.pid("a")
	slow := make(chan string, 1)
	begun := make(chan struct{})
	go func() {
		close(begun)
		out, err := h.call("a.sleep", crm.Value{Key: "n", Value: crm.Number("1500")})
		v, _ := out.Get("n")
		slow <- fmt.Sprint(v, " ", err)
	}()
	<-begun
	h.until("a", func(s plugins.Status) bool { return s.InFlight == 1 })
	stop := make(chan struct{})
	var load sync.WaitGroup
	for range 8 {
		load.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := h.call("a.echo", crm.Value{Key: "text", Value: "x"}); err != nil {
					t.Errorf("a call was lost: %v", err)
					return
				}
			}
		})
	}
	h.write("a", fmt.Sprintf("binary: %s\nargs: [good]\nsha256: %x\nsettings: {new: yes}\n", self(t), selfSum(t)))
	h.until("a", func(s plugins.Status) bool { return s.Starts == 2 })
	if after := h.pid("a"); after == before {
		t.Errorf("the process is still %s", after)
	}
	if got := <-slow; got != before+" <nil>" {
		t.Errorf("the slow call: got %q, want it from %s", got, before)
	}
	h.logged("the process of before has ended", "pid="+before)
	close(stop)
	load.Wait()
}

func TestAManifestThatIsWrongKeepsTheProcessOfBefore(t *testing.T) {
	h := newHouse(t)
	h.add("a", "good", "")
	h.run()
	h.state("a", plugins.Running)
	before := h.pid("a")
	h.write("a", "binary: x\nunknown: 1\n")
	h.until("a", func(s plugins.Status) bool { return strings.Contains(s.Reason, "not exchanged") })
	if after := h.pid("a"); after != before {
		t.Errorf("the process is %s, it was %s", after, before)
	}
}

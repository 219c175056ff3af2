package scripting_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/octolink/octolink/crm"
	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/pbx/sim"
	"github.com/octolink/octolink/scripting"
)

// A house is a telephone system with two people and a queue, a CRM, and an engine that leads its calls.
type house struct {
	t      *testing.T
	ctx    context.Context
	sw     *pbx.Switch
	sim    *sim.Sim
	engine *scripting.Engine
	crms   *crm.Directory
	traces traces
}

// Somebody outside.
const client = "79161234567"

// traces keep what runs did.
type traces struct {
	mu   sync.Mutex
	all  []scripting.Trace
	more chan struct{} // has one for each
}

func (ts *traces) Save(_ context.Context, t scripting.Trace) error {
	ts.mu.Lock()
	ts.all = append(ts.all, t)
	ts.mu.Unlock()
	ts.more <- struct{}{}
	return nil
}

func (ts *traces) last() scripting.Trace {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	return ts.all[len(ts.all)-1]
}

// write puts files into a folder of flows.
func write(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// open makes a house whose number 500 leads to a flow with that source.
func open(t *testing.T, source string, o scripting.Options) *house {
	t.Helper()
	h := &house{t: t, sim: sim.New(sim.Options{}), crms: &crm.Directory{}}
	h.traces.more = make(chan struct{}, 1000)
	dir, err := pbx.NewDirectory(pbx.Config{
		Users: []pbx.User{
			{Login: "alice", Name: "Alice", Numbers: []string{"300"}, Dial: []string{"*"}},
			{Login: "boris", Name: "Boris", Numbers: []string{"301"}, Dial: []string{"*"}},
		},
		Queues: []pbx.Queue{{Number: "700", Name: "sales", Members: []string{"boris"}}},
		Flows:  []pbx.FlowNumber{{Match: "500", Flow: "incoming", Fallback: "queue:700"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	h.sw = pbx.NewSwitch(pbx.Options{Driver: h.sim, Directory: dir})
	o.Dir = t.TempDir()
	write(t, o.Dir, map[string]string{"incoming.ts": source})
	o.Directory, o.Traces, o.Poll = h.crms, &h.traces, -1
	if o.Log == nil {
		o.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	h.engine = scripting.New(o)
	h.sw.Lead(func(c *pbx.Led) { h.engine.Lead(c) })
	ctx, stop := context.WithCancel(t.Context())
	h.ctx = ctx
	ended := make(chan error, 1)
	go func() { ended <- h.sw.Run(ctx) }()
	t.Cleanup(func() {
		now, cancel := context.WithCancel(context.Background())
		cancel()
		h.engine.Shutdown(now)
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	for _, u := range dir.Users() {
		if err := h.sw.Connect(ctx, u.Login); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

// ended is the next run's trace.
func (h *house) ended() scripting.Trace {
	h.t.Helper()
	<-h.traces.more
	return h.traces.last()
}

// A provider is a CRM of functions.
type provider struct {
	name    string
	methods []crm.Method
	forms   []crm.Form
	invoke  func(context.Context, crm.Call) (crm.Values, error)
}

func (p *provider) Name() string         { return p.name }
func (p *provider) Catalog() crm.Catalog { return crm.Catalog{Methods: p.methods, Forms: p.forms} }

func (p *provider) Invoke(ctx context.Context, c crm.Call) (crm.Values, error) {
	return p.invoke(ctx, c)
}

// contacts knows who calls.
func contacts() *provider {
	return &provider{
		name:    "contacts",
		methods: []crm.Method{{Key: "find", In: []crm.Param{{Key: "phone", Type: crm.String}}, Out: []crm.Param{{Key: "manager", Type: crm.String}, {Key: "debt", Type: crm.Float}}}},
		forms:   []crm.Form{{Key: "card"}},
		invoke: func(_ context.Context, c crm.Call) (crm.Values, error) {
			phone, _ := c.In.Get("phone")
			if phone != client {
				return nil, nil
			}
			return crm.Values{{Key: "manager", Value: "alice"}, {Key: "debt", Value: "12.50"}}, nil
		},
	}
}

// wait waits until the switch shows something.
func (h *house) wait(what string, is func() bool) {
	h.t.Helper()
	seen := make(chan struct{}, 1)
	cancel := h.sw.Subscribe(func(pbx.Event) {
		select {
		case seen <- struct{}{}:
		default:
		}
	})
	defer cancel()
	for !is() {
		select {
		case <-seen:
		case <-time.After(10 * time.Second):
			h.t.Fatalf("never: %s", what)
		}
	}
}

// engineOf makes an engine of one flow and files beside it.
func engineOf(t testing.TB, source string, files map[string]string, o scripting.Options) *scripting.Engine {
	t.Helper()
	o.Dir, o.Poll = t.TempDir(), -1
	write(t, o.Dir, map[string]string{"flow.ts": source})
	write(t, o.Dir, files)
	e := scripting.New(o)
	t.Cleanup(func() {
		now, cancel := context.WithCancel(context.Background())
		cancel()
		e.Shutdown(now)
	})
	return e
}

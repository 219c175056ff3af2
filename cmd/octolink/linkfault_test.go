package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/octolink/octolink/crm"
	"github.com/octolink/octolink/crmsim"
	"github.com/octolink/octolink/protocol/wire"
)

const (
	faultUsers = 20
	backWithin = 2 * time.Second // users are as before
)

// TestLinkFaults breaks a loaded link again and again: no numbered event may be lost or come out of
// order, users are as before soon after the CRM is introduced again, and nothing is left behind. It
// breaks 15 times; OCTOLINK_FAULTS=200 is the full run.
func TestLinkFaults(t *testing.T) {
	if testing.Short() {
		t.Skip("a link is broken for some seconds")
	}
	breaks, full := 15, false
	if text := os.Getenv("OCTOLINK_FAULTS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		breaks, full = n, true
	}
	for _, mode := range []crmsim.Mode{crmsim.WSIn, crmsim.WSOut} {
		t.Run(string(mode), func(t *testing.T) { newFaultRun(t, mode, full).run(breaks) })
	}
}

// A faultRun is a server, a CRM, and the wire between them.
type faultRun struct {
	t      *testing.T
	full   bool // the run by hand, which also judges times
	server *running
	wire   *brokenWire
	crm    *crmsim.CRM
	users  []string
	asIf   map[string]string // what each user is told of himself before the first break

	endCRM  func()
	failed  atomic.Int64 // requests and runs that a break ended
	good    atomic.Int64
	refused atomic.Int64 // requests of users who were not back yet
}

func newFaultRun(t *testing.T, mode crmsim.Mode, full bool) *faultRun {
	f := &faultRun{t: t, full: full, asIf: map[string]string{}}
	for i := range faultUsers {
		f.users = append(f.users, fmt.Sprintf("user%02d", i))
	}
	options := crmsim.Options{Mode: mode, Retry: 5 * time.Millisecond, Timeout: 5 * time.Second, Keep: 500_000, Deliver: nil}
	for _, u := range f.users {
		options.Users = append(options.Users, crmsim.User{Login: u})
	}
	link := `{name: crm, mode: ws-in, listen: "127.0.0.1:0", trust: true, deliver: [callrecord, notification]}`
	if mode == crmsim.WSOut {
		f.crm = crmsim.New(options)
		f.startCRM()
		f.wire = newBrokenWire(t, f.crm.Addr)
		link = fmt.Sprintf(`{name: crm, mode: ws-out, address: %q, deliver: [callrecord, notification]}`, f.wire.addr())
		f.start(link)
		return f
	}
	f.start(link)
	f.wire = newBrokenWire(t, func() string { return f.server.link("crm").Address })
	options.URL = "ws://" + f.wire.addr() + "/"
	f.crm = crmsim.New(options)
	f.startCRM()
	return f
}

// start runs the server; where it dials it tries again soon.
func (f *faultRun) start(link string) {
	f.t.Helper()
	var config strings.Builder
	config.WriteString(`
listen: {http: "127.0.0.1:0", https: [], metrics: "127.0.0.1:0"}
limits: {ping: 1s, silence: 2s}
pbx: {sim: {answer: 1h, outside: 1h}}
links: [` + link + `]
users:
`)
	for i, u := range f.users {
		fmt.Fprintf(&config, "  - {login: %s, password: x, number: %q}\n", u, strconv.Itoa(100+i))
	}
	r := &running{t: f.t, dir: f.t.TempDir(), done: make(chan error, 1)}
	r.path = filepath.Join(r.dir, "octolink.yaml")
	r.write(config.String())
	c, _, err := loadConfig(r.path)
	if err != nil {
		f.t.Fatal(err)
	}
	ctx, end := context.WithCancel(context.Background())
	r.end = end
	if r.m, err = NewMain(ctx, MainOptions{Config: c, Path: r.path, Log: slog.New(slog.DiscardHandler)}); err != nil {
		f.t.Fatal(err)
	}
	for _, l := range r.m.links.byName {
		l.options.Backoff = []time.Duration{5 * time.Millisecond, 20 * time.Millisecond, 100 * time.Millisecond}
	}
	go func() { r.done <- r.m.Run(ctx) }()
	f.t.Cleanup(r.stop)
	f.server = r
}

// startCRM runs the CRM; endCRM kills it.
func (f *faultRun) startCRM() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- f.crm.Run(ctx) }()
	f.endCRM = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			f.t.Errorf("the CRM ended with %v", err)
		}
	})
	f.t.Cleanup(func() { f.endCRM() })
}

func (f *faultRun) run(breaks int) {
	f.settle()
	for i, u := range f.users { // each is something that must be kept
		if i%2 == 0 {
			f.must(u, "setuserstate", wire.Object{{Key: "userstateid", Value: 3}})
		}
	}
	f.call()
	for _, u := range f.users {
		f.asIf[u] = f.told(f.must(u, "getuserstate", nil))
	}
	goroutines := runtime.NumGoroutine()
	load, stop := context.WithCancel(f.t.Context())
	var loads sync.WaitGroup
	for _, l := range []func(context.Context){f.notify, f.ask, f.ask, f.invoke, f.record} {
		loads.Go(func() { l(load) })
	}
	var back []time.Duration
	var memory uint64
	kinds := map[string]int{}
	began := time.Now()
	for i := range breaks {
		if i == breaks/3 { // everything has grown to its size
			memory = f.memory()
		}
		kinds[f.breakOnce()]++
		back = append(back, f.back())
		if f.t.Failed() {
			break
		}
	}
	took := time.Since(began)
	stop()
	loads.Wait()
	numbers := f.checkDelivered()
	f.checkLeft(goroutines, memory)
	f.report(back, took, kinds, numbers)
}

// wait lets the CRM wait for something.
func (f *faultRun) wait(is func(crmsim.Stats) bool) error {
	ctx, cancel := context.WithTimeout(f.t.Context(), patience)
	defer cancel()
	return f.crm.Wait(ctx, func() bool { return is(f.crm.Stats()) })
}

// must sends a request of a user that has to work.
func (f *faultRun) must(user, name string, fields wire.Object) wire.Message {
	f.t.Helper()
	m, err := f.crm.Request(f.t.Context(), user, name, fields)
	if err != nil {
		f.t.Fatal(err)
	}
	return m
}

// settle waits for the first introduction and logs all users in.
func (f *faultRun) settle() {
	f.t.Helper()
	if err := f.wait(func(s crmsim.Stats) bool { return s.Ready }); err != nil {
		f.t.Fatal(err)
	}
	soon(f.t, "the link's place is known", func() bool {
		_, ok, err := f.server.m.store.Delivered(f.t.Context(), "crm")
		return ok && err == nil
	})
	for _, u := range f.users {
		if _, err := f.crm.Login(f.t.Context(), u); err != nil {
			f.t.Fatal(err)
		}
	}
}

// call lets the first user talk for the whole run.
func (f *faultRun) call() {
	f.t.Helper()
	if _, err := f.server.m.sim.Ring(f.t.Context(), "79161234567", "101"); err != nil {
		f.t.Fatal(err)
	}
	if err := f.server.m.sim.AnswerPhone(f.t.Context(), "101"); err != nil {
		f.t.Fatal(err)
	}
}

// told is an answer without what differs from one to the next.
func (f *faultRun) told(m wire.Message) string {
	tree, err := m.Tree()
	if err != nil {
		f.t.Error(err)
	}
	return fmt.Sprint(slices.DeleteFunc(tree, func(m wire.Member) bool { return m.Key == "qid" }))
}

// notify makes numbered events.
func (f *faultRun) notify(ctx context.Context) {
	for every(ctx, 5*time.Millisecond) {
		u := f.users[rand.IntN(len(f.users))]
		if _, err := f.server.m.sw.Notify(ctx, u, "test", "for "+u); err != nil && ctx.Err() == nil {
			f.t.Errorf("notify: %v", err)
		}
	}
}

// record makes calls that nobody takes, and so their records.
func (f *faultRun) record(ctx context.Context) {
	for every(ctx, 50*time.Millisecond) {
		if _, err := f.server.m.sim.Ring(ctx, "79169999999", "119"); err == nil {
			_ = f.server.m.sim.Reject(ctx, "119")
		}
	}
}

// ask sends users' requests through the CRM.
func (f *faultRun) ask(ctx context.Context) {
	for every(ctx, time.Millisecond) {
		_, err := f.crm.Request(ctx, f.users[rand.IntN(len(f.users))], "getextendedlineinfo", nil)
		var refused *wire.Error
		switch {
		case err == nil:
			f.good.Add(1)
		case errors.As(err, &refused) && refused.Code == 401:
			f.refused.Add(1)
		case errors.As(err, &refused):
			f.t.Errorf("a request: %v", err)
		default:
			f.failed.Add(1)
		}
	}
}

// invoke runs dynamic methods.
func (f *faultRun) invoke(ctx context.Context) {
	var flying sync.WaitGroup
	defer flying.Wait()
	for every(ctx, 3*time.Millisecond) {
		flying.Go(func() {
			_, err := f.server.m.api.CRMs().Invoke(ctx, "crm."+f.method(), crm.Call{})
			switch {
			case err == nil:
				f.good.Add(1)
			case errors.Is(err, crm.ErrGone), errors.Is(err, crm.ErrNoMethod), errors.Is(err, crm.ErrNoProvider),
				errors.Is(err, crm.ErrTimeout), ctx.Err() != nil:
				f.failed.Add(1)
			default:
				var own *crm.Error
				if !errors.As(err, &own) { // what the CRM's script says itself
					f.t.Errorf("a dynamic method: %v", err)
				}
			}
		})
	}
}

// method is one that the CRM answers at once.
func (f *faultRun) method() string { return crmsim.DemoScript().Methods[0].Key }

// every waits; false at the end.
func every(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// breakOnce breaks the link at random, in a random way, and waits until the CRM is introduced again.
func (f *faultRun) breakOnce() (kind string) {
	<-time.After(time.Duration(rand.IntN(100)) * time.Millisecond)
	before := f.crm.Stats().Introductions
	d := time.Duration(rand.IntN(300)) * time.Millisecond
	if i := rand.IntN(len(breakages) + 1); i < len(breakages) {
		kind = breakages[i].name
		f.wire.breakAll(breakages[i], d)
	} else {
		kind = "CRM killed"
		f.endCRM()
		<-time.After(d)
		f.startCRM()
	}
	if err := f.wait(func(s crmsim.Stats) bool { return s.Introductions > before && s.Ready }); err != nil {
		f.t.Fatalf("%s: the CRM is not introduced again: %v, %+v, %+v", kind, err, f.crm.Stats(), f.server.link("crm"))
	}
	return kind
}

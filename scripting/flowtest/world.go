package flowtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/octolink/octolink/crm"
	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/scripting"
)

// A phone is what a test has said of a telephone, or of a queue.
type phone struct {
	takes, busy, rejects, unknown bool
	answer, talk                  time.Duration
	user                          string // who takes it; for a queue the agent
}

// pairs are texts by key, in the order in which they came.
type pairs []struct{ key, value string }

func (p *pairs) set(key, value string) {
	for i := range *p {
		if (*p)[i].key == key {
			(*p)[i].value = value
			return
		}
	}
	*p = append(*p, struct{ key, value string }{key, value})
}

// seen is what a run did to the world.
type seen struct {
	said, rang, queued []string
	recordings         int
	tags               pairs
	asked              []asked // dynamic methods
	shown              []asked // forms
	notes              []told
	events             []event
	callbacks          []told // user, number
	logged             []string
	ended              string
}

type asked struct {
	name string // provider.method
	user string
	in   crm.Values
}

type told struct{ user, text string }

type event struct {
	name string
	data any
}

// A world is what a test has flows meet. The test's goroutine waits while a flow runs, so what a test
// sets needs no lock; what a run does is noted under mu.
type world struct {
	clock     clock
	directory crm.Directory
	providers map[string]*provider
	phones    map[string]phone
	queues    map[string]phone
	users     map[string]bool // who has no screen: false
	kv        *scripting.Memory
	jobs      chan func() // for the test's goroutine: functions of the test
	hangUpAt  int         // the caller hangs up in the so-manieth host function that waits; 0: he does not
	caller    *caller     // of the run; nil: there is none
	trace     scripting.Trace

	mu    sync.Mutex
	seen  seen
	steps int  // host functions so far that the world hears of
	quick bool // the caller has hung up in one that does not wait
}

func newWorld() *world {
	w := &world{jobs: make(chan func())}
	w.reset()
	return w
}

// reset is before each test.
func (w *world) reset() {
	for _, p := range w.providers {
		w.directory.Drop(p)
	}
	w.clock.set(noon)
	w.providers, w.phones, w.queues = map[string]*provider{}, map[string]phone{}, map[string]phone{}
	w.users, w.kv = map[string]bool{}, scripting.NewMemory()
}

func (w *world) note(fn func(*seen)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	fn(&w.seen)
}

// step is the beginning of a host function that does not lead the call; the caller may hang up in it.
func (w *world) step(ctx context.Context) error {
	if !w.hangsUp() {
		return nil
	}
	return gone(ctx)
}

// hangsUp counts a step, and has the caller hang up in it if he is to.
func (w *world) hangsUp() bool {
	w.mu.Lock()
	w.steps++
	now := w.caller != nil && w.steps == w.hangUpAt
	w.mu.Unlock()
	if !now || w.caller.ctx.Err() != nil { // there is no call, or no more
		return false
	}
	w.caller.hangUp()
	return true
}

// glance is a host function that does not wait: a caller who hangs up in it is noticed by the next one.
func (w *world) glance() {
	if w.hangsUp() {
		w.note(func(*seen) { w.quick = true })
	}
}

// ask runs a function of the test in the test's goroutine.
func (w *world) ask(ctx context.Context, fn func()) error {
	done := make(chan struct{})
	job := func() {
		defer close(done)
		fn()
	}
	select {
	case w.jobs <- job:
		<-done
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// An answer is what the world says to a question: values, or an error, after a time.
type answer struct {
	out    crm.Values
	button string
	err    error
	delay  time.Duration
	never  bool
}

// A provider is a CRM that a test has described.
type provider struct {
	w       *world
	name    string
	methods map[string]func(user string, in crm.Values) answer
	forms   map[string]func(user string, in crm.Values) answer
}

var _ crm.Provider = (*provider)(nil)

func (p *provider) Name() string { return p.name }

func (p *provider) Catalog() (c crm.Catalog) {
	for key := range p.methods {
		c.Methods = append(c.Methods, crm.Method{Key: key})
	}
	for key := range p.forms {
		c.Forms = append(c.Forms, crm.Form{Key: key, AllowCancel: true, ForUser: true})
	}
	return c
}

func (p *provider) Invoke(ctx context.Context, call crm.Call) (crm.Values, error) {
	p.w.note(func(s *seen) { s.asked = append(s.asked, asked{p.name + "." + call.Method, call.User, call.In}) })
	if err := p.w.step(ctx); err != nil {
		return nil, err
	}
	method := p.methods[call.Method]
	if method == nil {
		return nil, fmt.Errorf("%w: %s.%s", crm.ErrNoMethod, p.name, call.Method)
	}
	var a answer
	if err := p.w.ask(ctx, func() { a = method(call.User, call.In) }); err != nil {
		return nil, err
	}
	if err := p.w.wait(ctx, a); err != nil {
		return nil, err
	}
	return a.out, a.err
}

// methodTime is a provider's own limit.
const methodTime = 15 * time.Second

// wait lets the time pass until an answer.
func (w *world) wait(ctx context.Context, a answer) error {
	if !a.never {
		return w.clock.within(ctx, a.delay)
	}
	if err := w.clock.within(ctx, methodTime); err != nil {
		return err
	}
	return crm.ErrTimeout
}

// Show implements scripting.Desk.
func (w *world) Show(ctx context.Context, user, form string, in crm.Values) (scripting.Window, error) {
	w.note(func(s *seen) { s.shown = append(s.shown, asked{form, user, in}) })
	if err := w.step(ctx); err != nil {
		return nil, err
	}
	p, f, err := w.directory.Form(form)
	if err != nil {
		return nil, err
	}
	if there, said := w.users[user]; said && !there {
		return nil, fmt.Errorf("%w: %s", crm.ErrNobody, user)
	}
	ours, ok := p.(*provider)
	if !ok {
		return nil, errors.New("a form of nobody")
	}
	var a answer
	if err := w.ask(ctx, func() { a = ours.forms[f.Key](user, in) }); err != nil {
		return nil, err
	}
	return &window{w, a}, nil
}

// A window is a form with its answer.
type window struct {
	w *world
	a answer
}

func (v *window) ID() string { return "window-1" }
func (v *window) Close()     {}

func (v *window) Wait(ctx context.Context) (string, crm.Values, error) {
	delay := v.a.delay
	if v.a.never {
		delay = pbx.MaxWait
	}
	if err := v.w.clock.within(ctx, delay); err != nil {
		return "", nil, err
	}
	return v.a.button, v.a.out, v.a.err
}

// Notify implements scripting.House.
func (w *world) Notify(ctx context.Context, user, text string) error {
	if err := w.step(ctx); err != nil {
		return err
	}
	if there, said := w.users[user]; said && !there {
		return fmt.Errorf("%w: %s", crm.ErrNobody, user)
	}
	w.note(func(s *seen) { s.notes = append(s.notes, told{user, text}) })
	return nil
}

// Emit implements scripting.House.
func (w *world) Emit(ctx context.Context, name string, data any) error {
	if err := w.step(ctx); err != nil {
		return err
	}
	w.note(func(s *seen) { s.events = append(s.events, event{name, data}) })
	return nil
}

// Callback implements scripting.House.
func (w *world) Callback(ctx context.Context, user, number string) (string, error) {
	if err := w.step(ctx); err != nil {
		return "", err
	}
	if p := w.phones[user]; p.busy || p.unknown {
		return "", fmt.Errorf("%s: %w", user, pbx.ErrBusy)
	}
	w.note(func(s *seen) { s.callbacks = append(s.callbacks, told{user, number}) })
	return "callback-1", nil
}

// Get implements scripting.KV.
func (w *world) Get(ctx context.Context, flow, key string) ([]byte, bool, error) {
	if err := w.step(ctx); err != nil {
		return nil, false, err
	}
	return w.kv.Get(ctx, flow, key)
}

// Set implements scripting.KV.
func (w *world) Set(ctx context.Context, flow, key string, value []byte) error {
	if err := w.step(ctx); err != nil {
		return err
	}
	if !json.Valid(value) {
		return errors.New("no JSON")
	}
	return w.kv.Set(ctx, flow, key, value)
}

// Delete implements scripting.KV.
func (w *world) Delete(ctx context.Context, flow, key string) error {
	if err := w.step(ctx); err != nil {
		return err
	}
	return w.kv.Delete(ctx, flow, key)
}

// Save implements scripting.Traces: the run that a test has started is the last to be told of.
func (w *world) Save(_ context.Context, t scripting.Trace) error {
	w.note(func(*seen) {
		if t.Parent == "" {
			w.trace = t
		}
	})
	return nil
}

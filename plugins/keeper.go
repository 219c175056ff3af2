package plugins

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/octolink/octolink/crm"
	contract "github.com/octolink/octolink/plugins/proto"
)

// An order is what an operator wants of a keeper.
type order struct {
	what string // enable, disable, restart
	done chan error
}

// A keeper keeps one plugin running.
type keeper struct {
	m        *Manager
	name     string
	dir      string
	out      *output
	provider *provider
	orders   chan order

	// Only run:
	pause time.Duration // before the next start; 0: none
	last  time.Time     // of the death before

	mu      sync.Mutex
	state   State
	reason  string // why it is not running, or why an exchange did not happen
	since   time.Time
	deaths  []time.Time // within the last hour
	started int         // processes that could be called
	current *instance
}

func newKeeper(m *Manager, name string) *keeper {
	return &keeper{
		m: m, name: name, dir: filepath.Join(m.o.Dir, name), out: newOutput(m.log.With("plugin", name)),
		provider: &provider{name: name}, orders: make(chan order), state: Stopped,
	}
}

// run keeps the plugin running until ctx ends.
func (k *keeper) run(ctx context.Context) {
	defer k.become(Stopped, "the server has ended it")
	for ctx.Err() == nil {
		seen := k.stamp()
		i, err := k.start(ctx)
		var no refusal
		switch {
		case err == nil:
			err = k.keep(ctx, i, seen)
			if err == nil {
				continue // a wanted end: the next start, or the end of ctx
			}
			k.died(ctx, err, i.manifest.Restarts)
		case ctx.Err() != nil:
			return
		case errors.As(err, &no):
			k.out.note(slog.LevelError, "the plugin is refused", "err", err)
			k.become(Refused, err.Error())
			k.idle(ctx, seen)
		default:
			restarts := defaultRestarts
			if m, err := ReadManifest(k.dir); err == nil {
				restarts = m.Restarts
			}
			k.died(ctx, err, restarts)
		}
	}
}

// start reads the manifest and launches a process that may be called.
func (k *keeper) start(ctx context.Context) (*instance, error) {
	k.become(Starting, "")
	m, err := ReadManifest(k.dir)
	if err != nil {
		return nil, refusal{err}
	}
	if err := k.free(m); err != nil {
		return nil, refusal{err}
	}
	i, err := k.m.launcher(k, m).launch(ctx, m)
	if err != nil {
		return nil, err
	}
	return i, nil
}

// free checks that what the plugin would take is nobody else's.
func (k *keeper) free(m Manifest) error {
	if p, err := k.m.o.Directory.Provider(k.name); err == nil && p != crm.Provider(k.provider) {
		return fmt.Errorf("a CRM is called %s already: give the plugin's folder another name", k.name)
	}
	if err := k.m.routes.claim(k.name, m.Allow); err != nil {
		return err
	}
	k.m.o.Host.allow(k.name, m.Allow.Deliver, k.out)
	return nil
}

// introduce tells an operator what there is to know about a process that has begun.
func (k *keeper) introduce(i *instance) {
	k.out.note(slog.LevelInfo, "the plugin runs", "version", i.info.GetVersion(), "pid", i.pid(),
		"methods", len(i.catalog.Methods), "forms", len(i.catalog.Forms), "within", time.Since(i.started).Round(time.Millisecond).String())
	if i.info.GetName() != k.name {
		k.out.note(slog.LevelInfo, "the plugin calls itself otherwise; its folder's name counts", "name", i.info.GetName())
	}
	if i.manifest.RunAs == "" {
		k.out.note(slog.LevelInfo, "the plugin runs under the server's account and could read its files; run_as gives it another one")
	}
	if i.does(contract.KindCRM) {
		k.m.reportDoubles(k, i.catalog)
	}
}

// keep serves with a process until it dies, with the reason, or its end is wanted, with nil.
func (k *keeper) keep(ctx context.Context, i *instance, seen string) error {
	k.use(i)
	look := time.NewTicker(k.m.o.Poll)
	defer look.Stop()
	health := time.NewTicker(k.m.o.Health)
	defer health.Stop()
	misses := 0
	for {
		select {
		case <-i.ended:
			return i.fault
		case <-ctx.Done():
			k.drop(Stopped, "the server ends")
			i.stop(min(k.m.o.Drain, goodbye))
			return nil
		case o := <-k.orders:
			if next, over := k.obey(ctx, i, o); over {
				return nil
			} else if next != nil {
				i, misses = next, 0
			}
		case <-look.C:
			if now := k.stamp(); now != seen {
				seen = now
				if next := k.exchange(ctx, i); next != nil {
					i, misses = next, 0
				}
			}
		case <-health.C:
			if misses = k.ask(ctx, i, misses); misses >= maxMisses {
				i.kill()
				return fmt.Errorf("it did not answer %d questions for its health", misses)
			}
		}
	}
}

// goodbye is how long calls in flight may last when the server itself ends.
const goodbye = 5 * time.Second

// How often in a row a plugin may leave the question for its health open.
const maxMisses = 3

// ask is one question for its health; it returns the misses in a row.
func (k *keeper) ask(ctx context.Context, i *instance, misses int) int {
	ctx, cancel := context.WithTimeout(ctx, k.m.o.HealthWithin)
	defer cancel()
	err := i.healthy(ctx)
	if err == nil {
		return 0
	}
	k.out.note(slog.LevelWarn, "the plugin does not say that it is well", "err", err)
	return misses + 1
}

// obey does what an operator wants of a running plugin.
func (k *keeper) obey(ctx context.Context, i *instance, o order) (next *instance, over bool) {
	switch o.what {
	case "disable":
		k.drop(Disabled, "an operator disabled it")
		i.stop(k.m.o.Drain)
		k.m.o.Host.allow(k.name, nil, k.out)
		o.done <- nil
		k.rest(ctx)
		return nil, true
	case "restart":
		next := k.exchange(ctx, i)
		if next == nil {
			o.done <- errors.New(k.status().Reason)
		} else {
			o.done <- nil
		}
		return next, false
	}
	o.done <- nil
	return nil, false
}

// exchange starts another process beside this one and lets it take over; the calls in flight end where
// they began. When that fails, everything stays as it is.
func (k *keeper) exchange(ctx context.Context, old *instance) *instance {
	m, err := ReadManifest(k.dir)
	if err == nil {
		err = k.free(m)
	}
	var next *instance
	if err == nil {
		next, err = k.m.launcher(k, m).launch(ctx, m)
	}
	if err != nil {
		k.out.note(slog.LevelError, "the plugin is not exchanged; the process of before serves on", "err", err)
		k.become(Running, "not exchanged: "+err.Error())
		return nil
	}
	k.use(next)
	k.m.background.Go(func() {
		old.stop(k.m.o.Drain)
		k.out.note(slog.LevelInfo, "the process of before has ended", "pid", old.pid())
	})
	return next
}

// use makes a process the one that is called. The status tells of it last: whoever sees there that it
// runs can call it.
func (k *keeper) use(i *instance) {
	k.provider.current.Store(i)
	k.m.routes.use(k.name, i)
	if i.calls != nil {
		k.m.o.Directory.Put(k.provider)
	} else {
		k.m.o.Directory.Drop(k.provider)
	}
	if k.m.phones(k) {
		k.m.o.Telephony.use(i)
	}
	k.mu.Lock()
	k.current = i
	k.started++
	k.enter(Running, "")
	k.mu.Unlock()
	k.introduce(i)
}

// drop lets nobody call the plugin, and then says why.
func (k *keeper) drop(s State, reason string) {
	k.withdraw()
	k.mu.Lock()
	defer k.mu.Unlock()
	k.current = nil
	k.enter(s, reason)
}

// withdraw lets nobody call the plugin.
func (k *keeper) withdraw() {
	if k.m.phones(k) {
		k.m.o.Telephony.use(nil)
	}
	k.m.o.Directory.Drop(k.provider)
	k.m.routes.use(k.name, nil)
	k.provider.current.Store(nil)
}

// stamp changes when the manifest or the folder itself does, or a binary within it.
func (k *keeper) stamp() string {
	text := ""
	for _, name := range []string{k.dir, filepath.Join(k.dir, ManifestName)} {
		info, err := os.Stat(name)
		if err != nil {
			text += err.Error()
			continue
		}
		text += fmt.Sprint(info.Mode())
		if !info.IsDir() {
			text += fmt.Sprint(info.ModTime().UnixNano(), info.Size())
		}
	}
	return text
}

func (k *keeper) become(s State, reason string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.enter(s, reason)
}

// enter is become under mu.
func (k *keeper) enter(s State, reason string) {
	if k.state != s {
		k.since = time.Now()
	}
	k.state, k.reason = s, reason
}

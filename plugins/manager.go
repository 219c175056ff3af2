package plugins

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/octolink/octolink/crm"
	hostv1 "github.com/octolink/octolink/plugins/proto/host/v1"
)

// ErrNoPlugin: there is no plugin of that name.
var ErrNoPlugin = errors.New("no such plugin")

// Options say which plugins there are.
type Options struct {
	// Dir has a folder for each plugin.
	Dir string
	// Enabled are the names of the folders that count.
	Enabled []string
	// Directory is told who offers what. Needed.
	Directory *crm.Directory
	// Host answers what plugins ask of the server. Nil means: they can ask nothing.
	Host *Host
	// Telephony is the telephone system, when a plugin is it. Nil means: none is.
	Telephony *Driver
	// Reserved are the paths of the server itself, with all below them.
	Reserved []string
	// Log hears what plugins do and write. Nil means nobody does.
	Log *slog.Logger

	// Start is how long a plugin may take from its start until it can be called. Zero means 10 s.
	Start time.Duration
	// Poll is how often manifests are looked at. Zero means each second.
	Poll time.Duration
	// Health is how often a plugin is asked whether it lives. Zero means 30 s.
	Health time.Duration
	// HealthWithin is how long it may take to answer that. Zero means 5 s.
	HealthWithin time.Duration
	// Drain is how long calls in flight may last in a process that is stopped or exchanged. Zero means 30 s.
	Drain time.Duration
}

// A Manager runs plugins. Make it with [NewManager], give it life with Run.
type Manager struct {
	o          Options
	log        *slog.Logger
	keepers    map[string]*keeper // immutable
	routes     *routes
	background sync.WaitGroup // processes that end while others have taken over
	over       chan struct{}  // closed when Run ends
}

// NewManager makes a manager; nothing runs yet.
func NewManager(o Options) *Manager {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	for _, d := range []struct {
		value     *time.Duration
		otherwise time.Duration
	}{{&o.Start, 10 * time.Second}, {&o.Poll, time.Second}, {&o.Health, 30 * time.Second}, {&o.HealthWithin, 5 * time.Second}, {&o.Drain, 30 * time.Second}} {
		if *d.value == 0 {
			*d.value = d.otherwise
		}
	}
	if o.Host != nil && o.Host.Deliveries != nil {
		if o.Host.Retry == 0 {
			o.Host.Retry = defaultRetry
		}
		o.Host.courier = newCourier(o.Host.Deliveries, o.Host.Retry)
	}
	m := &Manager{o: o, log: o.Log, keepers: map[string]*keeper{}, routes: newRoutes(o.Reserved), over: make(chan struct{})}
	for _, name := range o.Enabled {
		m.keepers[name] = newKeeper(m, name)
	}
	return m
}

// Run runs the plugins until ctx ends, and returns when their processes have.
func (m *Manager) Run(ctx context.Context) error {
	defer close(m.over)
	if len(m.keepers) == 0 {
		<-ctx.Done()
		return nil
	}
	refused := guarded(m.o.Dir)
	var all sync.WaitGroup
	defer m.o.Host.gather()() // before any plugin can ask for events
	defer m.o.Host.post(ctx)()
	for _, k := range m.keepers {
		if refused != nil {
			k.out.note(slog.LevelError, "the plugin is refused", "err", refused)
			k.become(Refused, refused.Error())
			continue
		}
		all.Go(func() { k.run(ctx) })
	}
	<-ctx.Done()
	all.Wait()
	m.background.Wait()
	return nil
}

// Wait returns when Run has, or ctx ends.
func (m *Manager) Wait(ctx context.Context) error {
	select {
	case <-m.over:
		return nil
	case <-ctx.Done():
		return errors.New("a plugin does not end")
	}
}

// launcher starts processes of a plugin as its manifest says.
func (m *Manager) launcher(k *keeper, man Manifest) launcher {
	return launcher{out: k.out, host: m.hostFor(man), within: m.o.Start, phones: m.phones(k)}
}

// phones reports whether a plugin is to be the telephone system.
func (m *Manager) phones(k *keeper) bool {
	return m.o.Telephony != nil && m.o.Telephony.plugin == k.name
}

// hostFor is what a plugin may ask of the server; nil: nothing.
func (m *Manager) hostFor(man Manifest) hostv1.HostServiceServer {
	if m.o.Host == nil {
		return nil
	}
	return &scoped{host: m.o.Host, plugin: man.Name, allow: man.Allow}
}

// List tells how all plugins are, by name.
func (m *Manager) List() []Status {
	all := []Status{}
	for _, name := range m.names() {
		s := m.keepers[name].status()
		if h := m.o.Host; h != nil && h.Deliveries != nil {
			// What cannot be counted is not shown; the log says why the disk does not work.
			s.Undelivered, s.GivenUp, _ = h.Deliveries.PluginDeliveries(context.Background(), name)
		}
		all = append(all, s)
	}
	return all
}

func (m *Manager) names() []string {
	names := make([]string, 0, len(m.keepers))
	for name := range m.keepers {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Enable starts a plugin that was disabled or switched off, and forgets its deaths.
func (m *Manager) Enable(ctx context.Context, name string) error { return m.order(ctx, name, "enable") }

// Disable stops a plugin until it is enabled or the server starts again.
func (m *Manager) Disable(ctx context.Context, name string) error {
	return m.order(ctx, name, "disable")
}

// Restart exchanges a plugin's process for a new one, without losing a call. It starts one that is off.
func (m *Manager) Restart(ctx context.Context, name string) error {
	return m.order(ctx, name, "restart")
}

// Logs are the last lines that a plugin wrote and that were written about it.
func (m *Manager) Logs(name string) ([]Line, error) {
	k := m.keepers[name]
	if k == nil {
		return nil, fmt.Errorf("%w: %s", ErrNoPlugin, name)
	}
	return k.out.last(), nil
}

func (m *Manager) order(ctx context.Context, name, what string) error {
	k := m.keepers[name]
	if k == nil {
		return fmt.Errorf("%w: %s", ErrNoPlugin, name)
	}
	o := order{what, make(chan error, 1)}
	select {
	case k.orders <- o:
	case <-ctx.Done():
		return fmt.Errorf("plugin %s: it is busy: %w", name, ctx.Err())
	case <-m.over:
		return errors.New("the server is ending")
	}
	select {
	case err := <-o.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-m.over:
		return errors.New("the server is ending")
	}
}

// Route is the plugin that serves a request, nil when none does.
func (m *Manager) Route(r *http.Request) http.Handler { return m.routes.find(r) }

// doublesOf tells which methods of a plugin others offer too; they must be called with their plugin's
// name.
func (m *Manager) doublesOf(k *keeper, c crm.Catalog) []string {
	var faults []string
	for _, other := range m.o.Directory.Providers() {
		if other == crm.Provider(k.provider) {
			continue
		}
		theirs := other.Catalog()
		for _, own := range c.Methods {
			if _, double := theirs.Method(own.Key); double {
				faults = append(faults, fmt.Sprintf("%s offers a method %q too: callers must say %s.%s", other.Name(), own.Key, k.name, own.Key))
			}
		}
	}
	return faults
}

func (m *Manager) reportDoubles(k *keeper, c crm.Catalog) {
	for _, f := range m.doublesOf(k, c) {
		k.out.note(slog.LevelWarn, "a method is offered twice", "err", errors.New(f))
	}
}

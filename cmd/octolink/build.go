package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"path/filepath"
	"sync"
	"time"

	"github.com/octolink/octolink/certs"
	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/pbx/sim"
	"github.com/octolink/octolink/plugins"
	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/methods"
	"github.com/octolink/octolink/store"
	"github.com/octolink/octolink/transports"
	"github.com/octolink/octolink/web"
)

// MainOptions say what to run.
type MainOptions struct {
	Config *Config
	Path   string // of the configuration file, for reloading. Zero means there is none: the demonstration.
	Data   string // data directory that counts instead of the file's. Zero means the file's.
	Debug  bool   // log for developers; profiles on the metrics listener
	Log    *slog.Logger
}

// Main is the whole server. Make it with [NewMain], let it work with Run; Close frees what a Main
// that never ran holds.
type Main struct {
	opts    MainOptions
	log     *slog.Logger
	started time.Time
	zone    *time.Location // of times on wires without one

	store      *store.Store
	sim        *sim.Sim        // nil: a plugin is the telephone system
	phones     *plugins.Driver // nil: the simulator is it
	sw         *pbx.Switch
	accounts   *accounts
	webphones  webphones
	procedures *procedures
	flows      *flows
	meter      *web.Metrics
	photos     *photos
	passes     *web.Passes
	api        *methods.API
	rules      map[string][]pbx.RedirectRule // as stored; only until Run gives them to api
	engine     *protocol.Engine
	channels   *transports.ClientHandler
	cert       *certs.Reloader // nil without listen.https
	tap        *web.Tap
	web        *web.Server
	links      *links
	plugins    *plugins.Manager
	listeners  listeners
	admin      net.Listener

	reloading sync.Mutex
	config    *Config // under reloading; the file's, without added users
}

// NewMain builds a server from bottom to top: every part gets only what stands above its line. All
// listeners listen when it returns. It takes the passwords out of the configuration.
func NewMain(ctx context.Context, o MainOptions) (m *Main, err error) {
	c := o.Config
	m = &Main{opts: o, log: o.Log, config: c, started: time.Now()}
	defer func() {
		if err != nil {
			err = errors.Join(err, m.Close())
			m = nil
		}
	}()
	if m.zone, err = c.location(); err != nil {
		return m, err
	}
	if m.store, err = store.Open(ctx, c.storeOptions(m.zone, m.log)); err != nil {
		return m, err
	}
	m.accounts = &accounts{store: m.store, max: c.Sessions.Max.std()}
	m.accounts.seal(c)
	all, err := m.everybody(ctx, c)
	if err != nil {
		return m, err
	}
	directory, err := all.directory()
	if err != nil {
		return m, err
	}
	if err := m.buildTelephony(ctx, directory); err != nil {
		return m, err
	}
	m.procedures = &procedures{store: m.store, directory: m.sw.Directory}
	m.flows = newFlows(m.sw, m.zone, m.log)
	if err := m.buildPictures(ctx); err != nil {
		return m, err
	}
	if err := m.buildProtocol(ctx); err != nil {
		return m, err
	}
	m.learn(all)
	return m, m.listen(ctx)
}

func (m *Main) buildTelephony(ctx context.Context, directory *pbx.Directory) error {
	saved, err := m.store.LoadStates(ctx)
	if err != nil {
		return err
	}
	next, err := m.store.NextEvent(ctx)
	if err != nil {
		return err
	}
	m.sw = pbx.NewSwitch(pbx.Options{
		Driver: m.driver(), Directory: directory, Memory: m.store, Saved: saved, NextEvent: next, Log: m.log,
	})
	return nil
}

// driver is the telephone system of the configuration.
func (m *Main) driver() pbx.Driver {
	if plugin, ok := m.config.PBX.plugin(); ok {
		m.phones = plugins.NewDriver(plugin)
		return m.phones
	}
	m.sim = sim.New(m.config.simOptions(m.log))
	return m.sim
}

func (m *Main) buildPictures(ctx context.Context) error {
	uploads, err := web.OpenUploads(filepath.Join(m.config.Data, "uploads"))
	if err != nil {
		return err
	}
	m.passes = web.NewPasses()
	m.photos, err = loadPhotos(ctx, m.store, uploads)
	return err
}

func (m *Main) buildProtocol(ctx context.Context) (err error) {
	c, data := m.config, history{m.store}
	m.api = methods.New(methods.Options{
		Switch: m.sw, Accounts: m.accounts, Settings: data, Journal: data, Outbox: data, Procedures: m.procedures,
		Services: m.flows, OnCustom: m.flows.heard,
		Photos: m.photos, Passes: m.passes, Version: methods.Version(c.Version),
		Sessions: c.sessionLimits(), Logins: c.loginLimits(), MaxUsers: c.Limits.Users,
		WebPhone: m.webphones.of, Redirect: c.Listen.Redirect, Zone: m.zone, Log: m.log,
	})
	table := m.api.Table()
	m.meter = web.NewMetrics(web.MetricsOptions{
		Methods: methodNames(table), QueueBytes: m.queueBytes, OutboxPending: m.undelivered,
		Links: func() []web.Link { return m.links.status() },
	})
	m.engine = protocol.NewEngine(protocol.Options{
		Table: table, Events: methods.Events(), Limits: c.engineLimits(),
		Errors: methods.ReplyError, Gone: m.api.Gone, Meter: m.meter, Log: m.log,
		Resolve: m.api.Resolve, Links: m.api.Hooks(), ServerEvents: methods.ServerEvents, TunnelEvents: methods.TunnelEvents,
	})
	m.links = m.newLinks()
	m.plugins = plugins.NewManager(m.pluginOptions())
	m.meter.Counter("octolink_unknown_results_total", "Answers to dynamic methods that nobody waited for: late, twice, or to no question.",
		func() float64 { return float64(m.api.UnknownResults()) })
	if m.rules, err = m.store.Rules(ctx); err != nil {
		return err
	}
	m.channels = transports.NewClientHandler(m.engine, c.channelOptions(m.log))
	m.buildFlows()
	m.tap = web.NewTap(m.engine)
	m.web = web.New(m.webOptions(m.meter))
	return nil
}

// listen opens the listeners, last of all: who can connect finds everything in place.
func (m *Main) listen(ctx context.Context) (err error) {
	c := m.config
	if len(c.Listen.HTTPS) > 0 {
		if m.cert, err = c.certificate(); err != nil {
			return err
		}
	}
	if m.admin, err = web.ListenAdmin(ctx, filepath.Join(c.Data, adminSocket)); err != nil {
		return err
	}
	if m.listeners, err = openListeners(c.Listen, m.isDemo(), m.log); err != nil {
		return err
	}
	return m.links.open(c.Links)
}

func (m *Main) isDemo() bool { return m.opts.Path == "" }

// learn gives the parts that ask the configuration what it says now.
func (m *Main) learn(c *Config) {
	m.accounts.learn(c.Users)
	m.procedures.learn(c.Procedures)
	m.webphones.learn(c.Users)
	m.flows.learn(c)
}

// Close frees what a Main holds that did not run; after Run there is nothing left. It may be called
// often.
func (m *Main) Close() error {
	m.listeners.close()
	if m.links != nil {
		m.links.close()
	}
	var errs []error
	if m.admin != nil {
		m.admin.Close() //nolint:errcheck // closed by its server already
	}
	if m.store != nil {
		errs = append(errs, m.store.Close())
	}
	return errors.Join(errs...)
}

func methodNames(t *protocol.Table) []string {
	var names []string
	for _, m := range t.Methods() {
		names = append(names, m.Name)
	}
	return names
}

func (m *Main) queueBytes() int64 {
	_, bytes := m.engine.Pending()
	return int64(bytes)
}

func (m *Main) undelivered() int64 { return int64(m.api.Undelivered()) }

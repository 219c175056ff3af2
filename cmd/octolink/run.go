package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/octolink/octolink/transports"
	"github.com/octolink/octolink/web"
)

// stopWithin is how long an orderly shutdown may take altogether.
const stopWithin = 20 * time.Second

// cleanEvery is how often uploads that nobody uses are removed.
const cleanEvery = time.Hour

// A server answers on one or more listeners.
type server interface {
	Serve(l net.Listener) error
	Shutdown(ctx context.Context) error
}

// Run serves until ctx ends or a part fails, then shuts down in order and returns when all
// goroutines have ended. It may be called once.
func (m *Main) Run(ctx context.Context) error {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	background, stopBackground := context.WithCancel(context.WithoutCancel(ctx))
	defer stopBackground()
	var parts sync.WaitGroup
	part := func(name string, run func(context.Context) error) {
		parts.Go(func() {
			if err := run(background); err != nil {
				fail(fmt.Errorf("%s: %w", name, err))
			}
		})
	}
	pluginLife, stopPlugins := context.WithCancel(background)
	defer stopPlugins()
	parts.Go(func() { _ = m.plugins.Run(pluginLife) }) // it has no errors: it serves without a plugin that is not right
	part("telephony", m.sw.Run)
	part("engine", m.engine.Run)
	part("store", m.store.Run)
	part("uploads", m.cleanUploads)
	part("directory", func(ctx context.Context) error { return m.store.SetDirectory(ctx, m.sw.Directory()) })
	if m.cert != nil {
		part("certificate", func(ctx context.Context) error { return m.cert.Run(ctx, m.log) })
	}
	var servers []server
	err := m.api.Start(ctx, m.engine.Hub(), m.rules)
	if err == nil {
		m.flows.begin()
		part("flows", m.flows.run)
		servers = m.serve(&parts, fail)
		m.links.start()
		<-ctx.Done()
		err = failure(ctx)
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
	defer cancel()
	err = errors.Join(err, m.shutdown(stopping, servers))
	stopPlugins()
	err = errors.Join(err, m.step("plugins have ended", m.plugins.Wait(stopping)))
	stopBackground()
	err = errors.Join(err, m.step("telephony and background work have ended", finished(stopping, &parts)))
	return errors.Join(err, m.step("the database is closed", m.Close()))
}

// finished waits for goroutines, but not for ever.
func finished(ctx context.Context, parts *sync.WaitGroup) error {
	done := make(chan struct{})
	go func() {
		parts.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return errors.New("something does not end")
	}
}

// failure is why a context ended, unless somebody simply wanted it.
func failure(ctx context.Context) error {
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

// serve answers on all listeners.
func (m *Main) serve(parts *sync.WaitGroup, fail context.CancelCauseFunc) []server {
	var all []server
	add := func(s server, on []bound) {
		all = append(all, s)
		for _, l := range on {
			parts.Go(func() {
				if err := s.Serve(l); err != nil {
					fail(fmt.Errorf("%s: %w", l.Addr(), err))
				}
			})
		}
	}
	c := m.opts.Config
	public := transports.ServerOptions{Handler: m.web.Public(), Names: c.Listen.Names, Log: m.log}
	add(transports.NewServer(public), m.listeners.of("listen.http"))
	if m.cert != nil {
		secure := public
		secure.TLS = m.cert.TLS()
		add(transports.NewServer(secure), m.listeners.of("listen.https"))
	}
	add(plainServer{web.NewHTTPServer(m.web.Metrics(), m.log)}, m.listeners.of("listen.metrics"))
	add(plainServer{web.NewHTTPServer(m.web.Admin(), m.log)}, []bound{{"admin", m.admin}})
	return all
}

// shutdown ends what peers can notice, in that order. Calls are left to the telephone system.
func (m *Main) shutdown(ctx context.Context, servers []server) error {
	m.log.Info("shutting down", "within", stopWithin.String())
	m.tap.Close()
	m.links.stop()
	var flows sync.WaitGroup
	var flowsEnded error
	flows.Go(func() { flowsEnded = m.flows.shutdown(ctx) }) // requests may wait for services, and the listeners for requests
	closed := stopServers(ctx, servers)
	flows.Wait()
	err := errors.Join(
		m.step("listeners are closed", closed),
		m.step("flows have ended", flowsEnded),
		m.step("channels are closed", m.engine.Shutdown(ctx)),
		m.step("connections have ended", errors.Join(m.channels.Wait(ctx), m.links.wait(ctx))),
	)
	m.api.Close()
	return err
}

// step logs one step of a shutdown; its error says which step failed.
func (m *Main) step(name string, err error) error {
	if err != nil {
		return fmt.Errorf("shutdown: not so: %s: %w", name, err)
	}
	m.log.Info("shutdown", "step", name)
	return nil
}

func stopServers(ctx context.Context, servers []server) error {
	errs := make([]error, len(servers))
	var all sync.WaitGroup
	for i, s := range servers {
		all.Go(func() { errs[i] = s.Shutdown(ctx) })
	}
	all.Wait()
	return errors.Join(errs...)
}

func (m *Main) cleanUploads(ctx context.Context) error {
	tick := time.NewTicker(cleanEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		removed, err := m.photos.clean()
		if err != nil {
			m.log.Error("uploads are not cleaned", "err", err)
		} else if removed > 0 {
			m.log.Info("uploads that nobody used are removed", "count", removed)
		}
	}
}

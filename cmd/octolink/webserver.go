package main

import (
	"context"

	"github.com/octolink/octolink/pbx/sim"
	"github.com/octolink/octolink/web"
)

// webOptions are everything that the web server shows.
func (m *Main) webOptions(meter *web.Metrics) web.Options {
	c := m.config
	o := web.Options{
		Channels: m.channels, Names: c.Listen.Names, TrustedProxies: c.proxies(), Log: m.log,
		Passes: m.passes, Uploads: m.photos.uploads, Records: history{m.store}, Recorder: m.sw, Directory: m.sw.Directory,
		SimRemote: c.PBX.Sim.Remote,
		Ready:     []web.Check{{Name: "store", Run: func(context.Context) error { return m.store.Health() }}},
		Metrics:   meter, Debug: m.opts.Debug, Operator: m, CRMs: m, Tap: m.tap,
		Plugins: m, Routes: m.plugins.Route, Flows: m, Services: httpServices{m.flows, m.api},
	}
	if m.sim != nil {
		o.Sim = phones{m.sim}
	}
	if m.isDemo() {
		o.Demo = &web.Demo{Password: demoPassword}
		for _, u := range c.Users {
			o.Demo.Users = append(o.Demo.Users, u.Login)
		}
	}
	return o
}

// phones are the simulator as the web server drives it.
type phones struct{ *sim.Sim }

var _ web.Simulator = phones{}

// RejectPhone implements [web.Simulator].
func (p phones) RejectPhone(ctx context.Context, number string) error { return p.Reject(ctx, number) }

// SimState implements [web.Simulator]. It is nil while the telephone side does not run.
func (p phones) SimState(ctx context.Context) any {
	state, err := p.State(ctx)
	if err != nil {
		return nil
	}
	return state
}

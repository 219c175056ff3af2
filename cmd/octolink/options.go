package main

import (
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/octolink/octolink/certs"
	"github.com/octolink/octolink/pbx/sim"
	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/methods"
	"github.com/octolink/octolink/protocol/wire"
	"github.com/octolink/octolink/store"
	"github.com/octolink/octolink/transports"
)

// What the parts get of the configuration.

// location is the configured time zone, the machine's by default.
func (c *Config) location() (*time.Location, error) {
	if c.Timezone == "" {
		return time.Local, nil
	}
	zone, err := time.LoadLocation(c.Timezone)
	if err != nil {
		return nil, fmt.Errorf("timezone: %w", err)
	}
	return zone, nil
}

func (c *Config) storeOptions(zone *time.Location, log *slog.Logger) store.Options {
	return store.Options{
		Dir: c.Data, Log: log, Zone: zone,
		Retention: store.Retention{Journal: c.Keep.Journal.std(), Events: c.Keep.Events.std()},
	}
}

func (c *Config) simOptions(log *slog.Logger) sim.Options {
	return sim.Options{Answer: time.Duration(c.PBX.Sim.Answer), Outside: c.PBX.Sim.Outside.std(), Log: log}
}

func (c *Config) sessionLimits() methods.SessionLimits {
	return methods.SessionLimits{
		Life: c.Sessions.Life.std(), Max: c.Sessions.Max.std(),
		Grace: max(c.Sessions.Grace.std(), 1), // zero would be the default
	}
}

func (c *Config) loginLimits() methods.LoginLimits {
	return methods.LoginLimits{PerAddress: c.Failures.PerAddress, PerLogin: c.Failures.PerLogin, Window: c.Failures.Window.std()}
}

func (c *Config) engineLimits() protocol.Limits {
	l := c.Limits
	return protocol.Limits{
		Wire: wire.Limits{Depth: l.Depth}, Message: int(l.Message), Queue: int(l.Queue), Mailbox: l.Mailbox,
		TabsPerUser: l.TabsPerUser, LoginWithin: l.LoginWithin.std(), Ping: l.Ping.std(), Silence: l.Silence.std(),
	}
}

func (c *Config) channelOptions(log *slog.Logger) transports.Options {
	return transports.Options{
		Origins: c.Listen.Origins, TrustedProxies: c.proxies(),
		PublicHTTP: c.Listen.PublicPort.HTTP, PublicHTTPS: c.Listen.PublicPort.HTTPS,
		Limits: transports.Limits{Message: int(c.Limits.Message)}, Log: log,
		Goroutines: withoutLoops(),
	}
}

// withoutLoops reports whether somebody who looks for a fault wants a goroutine for each connection.
func withoutLoops() bool { return os.Getenv("OCTOLINK_EVENT_LOOPS") == "off" }

func (c *Config) proxies() []netip.Prefix {
	var all []netip.Prefix
	for _, n := range c.Listen.Proxies {
		all = append(all, n.Prefix)
	}
	return all
}

// certificate reads the configured certificate or makes one.
func (c *Config) certificate() (*certs.Reloader, error) {
	if files := c.Listen.TLS; files.Cert != "" {
		return certs.Load(files.Cert, files.Key)
	}
	return certs.LoadOrMake(filepath.Join(c.Data, "certs"), c.Listen.Names)
}

package main

import (
	"log/slog"
	"path/filepath"

	"github.com/octolink/octolink/certs"
	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/wire"
	"github.com/octolink/octolink/transports"
)

// protocolOptions are what the engine gets of a link's configuration.
func (l *Link) protocolOptions(c *Config) protocol.LinkOptions {
	return protocol.LinkOptions{
		Name: l.Name, Trust: l.Trusted(), Users: l.Users, Multipart: int(l.Multipart), Queue: int(c.Limits.LinkQueue),
		MethodTimeout: l.MethodTimeout.std(), Deliver: l.Deliver, RingingForm: l.Forms.Ringing,
	}
}

// transportOptions are what the transport gets of it. Certificates are read, or made.
func (c *Config) transportOptions(l Link, log *slog.Logger) (transports.LinkOptions, error) {
	o := transports.LinkOptions{
		Name: l.Name, Mode: l.Mode, Listen: l.Listen, Address: l.Address, URL: l.URL,
		HasFormat: l.Format != "", Insecure: l.Insecure, Origins: l.Origins,
		Names: c.Listen.Names, TrustedProxies: c.proxies(),
		Failures: transports.FailureLimits{PerAddress: c.Failures.PerAddress, Window: c.Failures.Window.std()},
		Auth: transports.Auth{
			Scheme: l.Auth.Scheme, Login: l.Auth.Login, Password: l.Auth.Password, Preemptive: l.Auth.Preemptive,
		},
		Limits: transports.Limits{Message: int(c.Limits.Message)}, Log: log,
		Goroutines: withoutLoops(),
	}
	if l.Format == "xml" {
		o.Format = wire.XML
	}
	var err error
	if l.secure() {
		o.TLS, err = c.linkTLS(l)
	}
	return o, err
}

func (c *Config) linkTLS(l Link) (t transports.LinkTLS, err error) {
	if l.TLS.ClientAuth != "none" {
		t.ClientAuth = transports.ClientAuth(l.TLS.ClientAuth)
	}
	t.Subjects = l.TLS.Subjects
	switch {
	case l.TLS.Cert != "":
		t.Certificate, err = certs.Load(l.TLS.Cert, l.TLS.Key)
	case l.listens():
		t.Certificate, err = certs.LoadOrMake(filepath.Join(c.Data, "certs", "link-"+l.Name), c.Listen.Names)
	}
	if err == nil && l.TLS.CA != "" {
		t.Authorities, err = certs.LoadAuthorities(l.TLS.CA)
	}
	return t, err
}

// A reloadable is a file of certificates.
type reloadable interface {
	Reload() (changed bool, err error)
}

// files are the link's certificates.
func (l *link) files() (all []reloadable) {
	if r := l.options.TLS.Certificate; r != nil {
		all = append(all, r)
	}
	if r := l.options.TLS.Authorities; r != nil {
		all = append(all, r)
	}
	return all
}

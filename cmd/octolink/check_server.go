package main

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A checker looks for what is wrong in a configuration that has the right shape.
type checker struct {
	c        *Config
	places   map[any]place
	broken   map[place]bool // where something of the wrong shape stands; what it means is not asked
	faults   []fault
	warnings []string
}

// fault notes a mistake in the value behind p; a value that the file does not have belongs to the
// section around it, which callers give as p then.
func (k *checker) fault(p any, format string, args ...any) {
	at := k.places[p]
	if !k.broken[at] {
		k.faults = append(k.faults, fault{at, fmt.Sprintf(format, args...)})
	}
}

// given reports whether the file has the value behind p.
func (k *checker) given(p any) bool {
	_, ok := k.places[p]
	return ok
}

// near is p when the file has that value, else the section around it.
func (k *checker) near(p, section any) any {
	if k.given(p) {
		return p
	}
	return section
}

func (k *checker) warn(format string, args ...any) {
	k.warnings = append(k.warnings, fmt.Sprintf(format, args...))
}

func (k *checker) checkAll() {
	k.checkGeneral()
	k.checkListen()
	k.checkTLS()
	k.checkLimits()
	k.checkDepartments()
	k.checkUsers()
	k.checkQueues()
	k.checkBreaks()
	k.checkProcedures()
	k.checkLinks()
	k.checkPlugins()
	k.checkFlows()
}

func (k *checker) checkGeneral() {
	c := k.c
	if c.Data == "" {
		k.fault(&c.Data, "data: want a directory")
	}
	if _, err := time.LoadLocation(c.Timezone); err != nil {
		k.fault(&c.Timezone, "timezone: no zone %q: want a name such as Europe/Moscow", cut(c.Timezone))
	}
	if c.Log.Format != "text" && c.Log.Format != "json" {
		k.fault(&c.Log.Format, "log.format: want text or json, got %q", cut(c.Log.Format))
	}
	if plugin, ok := c.PBX.plugin(); ok && !slices.Contains(c.Plugins.Enabled, plugin) {
		k.fault(&c.PBX.Driver, "pbx.driver: plugins.enabled does not name the plugin %q", cut(plugin))
	} else if !ok && c.PBX.Driver != "sim" {
		k.fault(&c.PBX.Driver, "pbx.driver: want sim or plugin:NAME, got %q", cut(c.PBX.Driver))
	}
}

// A listener is one address of the configuration with the key that gave it.
type listener struct {
	key  string
	at   any
	host string
	port int
}

func (k *checker) checkListen() {
	l := &k.c.Listen
	var all []listener
	add := func(key string, addr *string) {
		host, port, err := splitAddress(*addr)
		if err != nil {
			k.fault(addr, "%s: %v", key, err)
			return
		}
		all = append(all, listener{key, addr, host, port})
		if key == "listen.http" && !isLoopback(host) {
			k.warn("%s %s: passwords and calls travel in the clear there; use listen.https outside this machine", key, *addr)
		}
	}
	for i := range l.HTTP {
		add("listen.http", &l.HTTP[i])
	}
	for i := range l.HTTPS {
		add("listen.https", &l.HTTPS[i])
	}
	if l.Metrics != "" {
		add("listen.metrics", &l.Metrics)
	}
	for i := range k.c.Links {
		if link := &k.c.Links[i]; link.Listen != "" && link.listens() {
			add("link "+link.Name+": listen", &link.Listen)
		}
	}
	for i, b := range all {
		for _, a := range all[:i] {
			if a.clashes(b) {
				k.fault(k.near(b.at, a.at), "%s and %s both want port %d", a.named(k), b.named(k), b.port)
				break
			}
		}
	}
	k.checkNames()
	k.checkRedirect(all)
}

// named tells a reader which listener it is, also when he did not write it.
func (l listener) named(k *checker) string {
	if p, ok := k.places[l.at]; ok {
		return fmt.Sprintf("%s (line %d)", l.key, p.line)
	}
	return l.key + " (by default)"
}

// clashes reports whether only one of two listeners can have the port.
func (l listener) clashes(other listener) bool {
	if l.port != other.port || l.port == 0 {
		return false
	}
	return l.host == other.host || isWildcard(l.host) || isWildcard(other.host)
}

// splitAddress takes host:port apart; localhost counts as its address.
func splitAddress(addr string) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(addr)
	if err != nil {
		return "", 0, fmt.Errorf("want host:port, got %q", cut(addr))
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return "", 0, fmt.Errorf("%q: the port is a number from 0 to 65535", cut(addr))
	}
	if host == "localhost" {
		host = "127.0.0.1"
	}
	return host, int(n), nil
}

func isWildcard(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "" || err == nil && ip.IsUnspecified()
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

func (k *checker) checkNames() {
	l := &k.c.Listen
	for i, name := range l.Names {
		l.Names[i] = strings.ToLower(name)
		if name == "" || strings.ContainsAny(name, ":/ *@") {
			k.fault(&l.Names[i], "listen.names: want a host name without port or scheme, got %q", cut(name))
		}
	}
	for i, origin := range l.Origins {
		u, err := url.Parse(origin)
		if origin != "*" && (err != nil || u.Host == "" || u.Scheme == "" || strings.TrimSuffix(u.Path, "/") != "") {
			k.fault(&l.Origins[i], "listen.origins: want * or something like https://crm.example, got %q", cut(origin))
		}
	}
}

func (k *checker) checkRedirect(all []listener) {
	l := &k.c.Listen
	for _, p := range []*int{&l.PublicPort.HTTP, &l.PublicPort.HTTPS} {
		if *p < 0 || *p > 65535 {
			k.fault(p, "listen.public_port: want a port from 0 to 65535, got %d", *p)
		}
	}
	if !l.Redirect || l.PublicPort.HTTPS == 443 && len(l.HTTPS) > 0 {
		return
	}
	for _, one := range all {
		if one.key == "listen.https" && one.port == 443 && l.PublicPort.HTTPS == 0 {
			return
		}
	}
	k.fault(&l.Redirect, "listen.redirect sends clients to https on port 443: listen there or set listen.public_port.https")
}

func (k *checker) checkTLS() {
	files := &k.c.Listen.TLS
	k.checkKeyPair(files, &files.Cert, &files.Key, "listen.tls")
}

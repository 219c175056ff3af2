package main

import (
	"net/url"
	"slices"
	"strings"
	"time"
)

// linkName is also a label of metrics, a folder, and what stands before the dot in "crm.method".
var linkName = &pattern{text: `^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`}

func (k *checker) checkLinks() {
	names := seen{}
	for i := range k.c.Links {
		l := &k.c.Links[i]
		if !linkName.MatchString(l.Name) {
			k.fault(k.near(&l.Name, l), "a link needs a name of letters, digits, dashes and underscores")
			continue
		}
		owner := "link " + l.Name
		if names.take(strings.ToLower(l.Name), owner) != "" {
			k.fault(&l.Name, "%s is there twice: names differ by more than their case", owner)
		}
		if !slices.Contains(linkModes, l.Mode) {
			k.fault(k.near(&l.Mode, l), "%s: mode: want one of %s, got %q", owner, strings.Join(linkModes, ", "), cut(l.Mode))
			continue
		}
		k.checkPlace(l, owner)
		k.checkAuth(l, owner)
		k.checkLinkTLS(l, owner)
		k.checkExposed(l, owner)
		k.checkPeer(l, owner)
	}
}

// checkPlace looks at where the link is: each mode has its own key for that.
func (k *checker) checkPlace(l *Link, owner string) {
	for _, p := range []struct {
		key    string
		value  *string
		wanted bool
		check  func(l *Link) string
	}{
		{"listen", &l.Listen, l.listens(), nil}, // an address like the others, see checkListen
		{"address", &l.Address, !l.listens() && !l.posts(), wrongAddress},
		{"url", &l.URL, l.posts(), wrongURL},
	} {
		switch {
		case p.wanted && *p.value == "":
			k.fault(k.near(p.value, l), "%s: mode %s needs %s", owner, l.Mode, p.key)
		case !p.wanted && *p.value != "":
			k.fault(p.value, "%s: mode %s has no use for %s", owner, l.Mode, p.key)
		case p.wanted && p.check != nil:
			if wrong := p.check(l); wrong != "" {
				k.fault(p.value, "%s: %s: %s", owner, p.key, wrong)
			}
		}
	}
}

func wrongAddress(l *Link) string {
	u, err := l.dialled()
	if err != nil || strings.Contains(l.Address, "://") || u.Hostname() == "" || u.User != nil || u.Fragment != "" {
		return "want host:port/path such as crm.example:8080/oktell, without a scheme: mode says it"
	}
	return ""
}

// dialled is the address of ws-out and wss-out; without a port it is the scheme's.
func (l *Link) dialled() (*url.URL, error) {
	return url.Parse(strings.TrimSuffix(l.Mode, "-out") + "://" + l.Address)
}

func wrongURL(l *Link) string {
	u, err := url.Parse(l.URL)
	switch {
	case err != nil || u.Hostname() == "" || u.Scheme != l.Mode || u.Fragment != "":
		return "want something like " + l.Mode + "://crm.example/oktell"
	case u.User != nil:
		return "login and password belong into auth"
	}
	return ""
}

func (k *checker) checkAuth(l *Link, owner string) {
	a := &l.Auth
	switch a.Scheme {
	case "none":
		if a.Login != "" || a.Password != "" {
			k.fault(a, "%s: auth: login and password are for scheme basic or digest", owner)
		}
	case "basic", "digest":
		if a.Login == "" || a.Password == "" && !k.broken[k.places[&a.Password]] {
			k.fault(a, "%s: auth: scheme %s needs login and password", owner, a.Scheme)
		}
		if strings.ContainsAny(a.Login, ":\"\\\r\n") {
			k.fault(&a.Login, "%s: auth.login: no colons, quotes and backslashes", owner)
		}
	default:
		k.fault(&a.Scheme, "%s: auth.scheme: want none, basic or digest, got %q", owner, cut(a.Scheme))
	}
	if a.Preemptive && (a.Scheme != "basic" || l.listens()) {
		k.fault(&a.Preemptive, "%s: auth.preemptive is for scheme basic where we connect", owner)
	}
}

// checkExposed demands that a link that anybody could answer or enter is meant so.
func (k *checker) checkExposed(l *Link, owner string) {
	host, local := l.host()
	if host == "" || local {
		return
	}
	safe := l.secure() && !l.listens() // its certificate says who it is
	if l.Auth.Scheme == "none" && l.TLS.ClientAuth != "require" && !safe && !l.Insecure {
		k.fault(k.near(&l.Auth, l), "%s: %s is not on this machine and nobody proves who he is: set auth, or insecure: true", owner, host)
	}
	if !l.secure() {
		k.warn("%s: calls and passwords travel in the clear to and from %s; use %s outside this machine", owner, host,
			map[string]string{"http": "https", "ws-out": "wss-out", "ws-in": "wss-in"}[l.Mode])
	}
	if l.Trusted() && !l.authenticated() {
		k.warn("%s: trust without authorization: whoever reaches %s may work as any user", owner, host)
	}
}

// host is the other machine, or the address that we listen on; "" when the file does not tell it.
func (l *Link) host() (host string, local bool) {
	switch {
	case l.listens():
		h, _, err := splitAddress(l.Listen)
		if err != nil {
			return "", false
		}
		return l.Listen, isLoopback(h)
	case l.posts():
		if wrongURL(l) != "" {
			return "", false
		}
		u, _ := url.Parse(l.URL)
		host = u.Hostname()
	default:
		if wrongAddress(l) != "" {
			return "", false
		}
		u, _ := l.dialled()
		host = u.Hostname()
	}
	return host, host == "localhost" || isLoopback(host)
}

// checkPeer looks at what does not depend on the mode, or hardly.
func (k *checker) checkPeer(l *Link, owner string) {
	if !slices.Contains([]string{"", "json", "xml"}, l.Format) {
		k.fault(&l.Format, "%s: format: want json or xml, got %q", owner, cut(l.Format))
	}
	if l.WebSocketVersion != 13 {
		k.fault(&l.WebSocketVersion, "%s: websocket_version: only 13: it is RFC 6455, the versions before it were drafts that no peer speaks any more", owner)
	}
	if len(l.Origins) > 0 && !l.listens() {
		k.fault(&l.Origins, "%s: origins are for the modes ws-in and wss-in", owner)
	}
	k.checkLinkOrigins(l, owner)
	for i := range l.Users {
		if k.userByLogin(l.Users[i]) == nil {
			k.fault(&l.Users[i], "%s: users: no user %q to work through it", owner, cut(l.Users[i]))
		}
	}
	kinds := seen{}
	for i := range l.Deliver {
		d := &l.Deliver[i]
		if *d != "callrecord" && *d != "notification" {
			k.fault(d, "%s: deliver: want callrecord or notification, got %q", owner, cut(*d))
		} else if kinds.take(*d, owner) != "" {
			k.fault(d, "%s: deliver: %s is there twice", owner, *d)
		}
	}
	if l.Multipart > 1<<30 || l.Multipart != 0 && l.Multipart < 128 {
		k.fault(&l.Multipart, "%s: multipart: want 0 or a size from 128 to 1GiB", owner)
	}
	k.checkLinkTimes(l, owner)
}

func (k *checker) checkLinkOrigins(l *Link, owner string) {
	for i, origin := range l.Origins {
		u, err := url.Parse(origin)
		// No star: it would let any page pose as the CRM.
		if err != nil || u.Host == "" || u.Scheme == "" || strings.TrimSuffix(u.Path, "/") != "" {
			k.fault(&l.Origins[i], "%s: origins: want something like https://crm.example, got %q", owner, cut(origin))
		}
	}
}

func (k *checker) checkLinkTimes(l *Link, owner string) {
	if v := l.MethodTimeout.std(); v < 100*time.Millisecond || v > time.Hour {
		k.fault(&l.MethodTimeout, "%s: method_timeout: want 100ms to 1h, got %s", owner, v)
	}
	if v := l.Refresh.std(); v < time.Second || v > 24*time.Hour {
		k.fault(&l.Refresh, "%s: refresh: want 1s to 24h, got %s", owner, v)
	}
}

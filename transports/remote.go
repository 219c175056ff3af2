package transports

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// RemoteOf returns who sent a request, as host:port. X-Forwarded-For is believed as far as it was
// written by trusted proxies: read from its end, the first address that is not one of them is the
// peer. Its port is not known, so it is 0.
func RemoteOf(r *http.Request, trusted []netip.Prefix) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !contains(trusted, peer.Addr()) {
		return r.RemoteAddr
	}
	hops := strings.Split(strings.Join(r.Header["X-Forwarded-For"], ","), ",")
	remote := r.RemoteAddr
	for i := len(hops) - 1; i >= 0; i-- {
		a, ok := parseHop(strings.TrimSpace(hops[i]))
		if !ok {
			break
		}
		remote = net.JoinHostPort(a.String(), "0")
		if !contains(trusted, a) {
			break
		}
	}
	return remote
}

// parseHop reads an address as proxies write it: alone, in brackets, or with a port.
func parseHop(s string) (netip.Addr, bool) {
	if a, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return a.Unmap(), true
	}
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap.Addr().Unmap(), true
	}
	return netip.Addr{}, false
}

func contains(prefixes []netip.Prefix, a netip.Addr) bool {
	a = a.Unmap()
	for _, p := range prefixes {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

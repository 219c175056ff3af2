package web

import (
	"net/http"
	"net/netip"
	"strings"

	"github.com/octolink/octolink/transports"
)

// onThisMachine reports whether a request was made here, as far as anybody can tell: where somebody
// who is not trusted forwards for others, nobody can.
func onThisMachine(r *http.Request, trusted []netip.Prefix) bool {
	remote := transports.RemoteOf(r, trusted)
	if remote == r.RemoteAddr && len(r.Header["X-Forwarded-For"]) > 0 {
		return false
	}
	ap, err := netip.ParseAddrPort(remote)
	return err == nil && ap.Addr().Unmap().IsLoopback()
}

// foreignOrigin reports whether a page of another origin made the request. Programs send no Origin.
func foreignOrigin(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return false
	}
	_, host, ok := strings.Cut(origin, "://")
	return !ok || !strings.EqualFold(host, r.Host)
}

package web

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/octolink/octolink/transports"
)

// HostCheck answers 421 to a request whose Host header is neither an IP literal, nor localhost, nor
// one of names: a page of a stranger that points its own name at this machine gets nothing.
func HostCheck(names []string, next http.Handler) http.Handler {
	known := make(map[string]bool, len(names)+1)
	known["localhost"] = true
	for _, n := range names {
		known[strings.ToLower(n)] = true
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !ownHost(known, r.Host) {
			http.Error(w, "this server does not go by that name", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func ownHost(known map[string]bool, host string) bool {
	name := hostname(host)
	if _, err := netip.ParseAddr(name); err == nil {
		return true
	}
	return known[strings.TrimSuffix(strings.ToLower(name), ".")]
}

// hostname is a Host header without its port and without the brackets of an IPv6 address.
func hostname(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		return h
	}
	return strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
}

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

// wantsWebSocket reports whether a request asks to become a WebSocket.
func wantsWebSocket(r *http.Request) bool {
	return hasToken(r.Header["Connection"], "upgrade") && hasToken(r.Header["Upgrade"], "websocket")
}

func hasToken(lines []string, token string) bool {
	for _, line := range lines {
		for t := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(t), token) {
				return true
			}
		}
	}
	return false
}

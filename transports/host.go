package transports

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// CheckHost answers 421 to requests for hosts that are not this server: neither an IP literal nor
// localhost nor one of names. So a page whose name an attacker points at our address (DNS rebinding)
// gets nothing.
func CheckHost(names []string, next http.Handler) http.Handler {
	known := map[string]bool{"localhost": true}
	for _, n := range names {
		known[plainHost(n)] = true
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := plainHost(hostOf(r.Host))
		if !known[host] && !isIP(host) {
			w.Header().Set("Connection", "close")
			http.Error(w, "this server does not answer for that host name", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// hostOf takes the port off a Host header.
func hostOf(hostport string) string {
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		return host
	}
	return strings.TrimSuffix(strings.TrimPrefix(hostport, "["), "]")
}

// plainHost makes names comparable.
func plainHost(name string) string {
	return strings.ToLower(strings.TrimSuffix(name, "."))
}

func isIP(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}

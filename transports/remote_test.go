package transports_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"testing"

	"github.com/octolink/octolink/transports"
)

func itoa(n int) string { return strconv.Itoa(n) }

func TestRemoteOf(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	tests := []struct {
		name      string
		peer      string
		forwarded []string
		want      string
	}{
		{"direct", "192.0.2.1:5000", nil, "192.0.2.1:5000"},
		{"a stranger's header", "192.0.2.1:5000", []string{"203.0.113.9"}, "192.0.2.1:5000"},
		{"through a proxy", "10.0.0.1:5000", []string{"203.0.113.9"}, "203.0.113.9:0"},
		{"through two", "10.0.0.1:5000", []string{"203.0.113.9, 10.1.2.3"}, "203.0.113.9:0"},
		{"what the client made up", "10.0.0.1:5000", []string{"1.2.3.4, 203.0.113.9"}, "203.0.113.9:0"},
		{"two lines", "10.0.0.1:5000", []string{"1.2.3.4", "203.0.113.9"}, "203.0.113.9:0"},
		{"proxies only", "10.0.0.1:5000", []string{"10.1.2.3"}, "10.1.2.3:0"},
		{"no header", "10.0.0.1:5000", nil, "10.0.0.1:5000"},
		{"rubbish", "10.0.0.1:5000", []string{"unknown"}, "10.0.0.1:5000"},
		{"rubbish before", "10.0.0.1:5000", []string{"x, 10.1.2.3"}, "10.1.2.3:0"},
		{"with a port", "10.0.0.1:5000", []string{"203.0.113.9:1234"}, "203.0.113.9:0"},
		{"ipv6", "[::1]:5000", []string{"[2001:db8::1]"}, "[2001:db8::1]:0"},
		{"mapped", "[::ffff:10.0.0.1]:5000", []string{"203.0.113.9"}, "203.0.113.9:0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr = tt.peer
			r.Header["X-Forwarded-For"] = tt.forwarded
			if got := transports.RemoteOf(r, trusted); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// loopbackNet are proxies on this machine.
func loopbackNet() []netip.Prefix { return []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} }

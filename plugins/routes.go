package plugins

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"strings"
	"sync"
	"time"
)

const (
	maxBody      = 32 << 20 // of a request to a plugin
	answerWithin = time.Minute
)

// routes are the paths that plugins serve.
type routes struct {
	reserved []string

	mu     sync.RWMutex
	claims map[string]claim // by plugin
	live   map[string]*httputil.ReverseProxy
}

// A claim is what a manifest lets a plugin serve.
type claim struct {
	prefix bool
	paths  []string
}

func newRoutes(reserved []string) *routes {
	return &routes{reserved: reserved, claims: map[string]claim{}, live: map[string]*httputil.ReverseProxy{}}
}

// claim takes the paths of a plugin, in the place of those that it had. It fails when one of them is the
// server's own or another plugin's.
func (rs *routes) claim(plugin string, allow Permissions) error {
	want := claim{allow.HTTP, allow.Paths}
	rs.mu.Lock()
	defer rs.mu.Unlock()
	for _, p := range want.all(plugin) {
		for _, own := range rs.reserved {
			if p == own || strings.HasPrefix(p, own+"/") {
				return fmt.Errorf("the path %s is the server's own, plugin %s cannot have it", p, plugin)
			}
		}
		for other, theirs := range rs.claims {
			if other != plugin && theirs.covers(other, p) {
				return fmt.Errorf("the path %s is the plugin %s's, plugin %s cannot have it", p, other, plugin)
			}
		}
	}
	for other, theirs := range rs.claims {
		for _, p := range theirs.all(other) {
			if other != plugin && want.covers(plugin, p) {
				return fmt.Errorf("the path %s is the plugin %s's, plugin %s cannot have it", p, other, plugin)
			}
		}
	}
	rs.claims[plugin] = want
	return nil
}

// all is every path of a claim; the prefix stands for what is below it.
func (c claim) all(plugin string) []string {
	all := append([]string(nil), c.paths...)
	if c.prefix {
		all = append(all, "/"+plugin)
	}
	return all
}

func (c claim) covers(plugin, path string) bool {
	if c.prefix && (path == "/"+plugin || strings.HasPrefix(path, "/"+plugin+"/")) {
		return true
	}
	for _, p := range c.paths {
		if p == path {
			return true
		}
	}
	return false
}

// use lets a process serve the plugin's paths; nil: nobody does.
func (rs *routes) use(plugin string, i *instance) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	delete(rs.live, plugin)
	if i != nil && i.socket != "" {
		rs.live[plugin] = i.proxy()
	}
}

// find is who serves a request; nil: no plugin.
func (rs *routes) find(r *http.Request) http.Handler {
	rs.mu.RLock()
	defer rs.mu.RUnlock()
	for plugin, c := range rs.claims {
		if !c.covers(plugin, r.URL.Path) {
			continue
		}
		proxy := rs.live[plugin]
		if proxy == nil {
			return unavailable(plugin)
		}
		for _, p := range c.paths {
			if p == r.URL.Path {
				return limited(proxy)
			}
		}
		return limited(http.StripPrefix("/"+plugin, rooted(proxy)))
	}
	return nil
}

// rooted gives the prefix itself the path "/".
func rooted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "" {
			r.URL.Path = "/"
		}
		next.ServeHTTP(w, r)
	})
}

func limited(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		next.ServeHTTP(w, r)
	})
}

func unavailable(plugin string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "the plugin "+plugin+" does not run", http.StatusServiceUnavailable)
	})
}

// proxy passes requests on to the plugin's socket, WebSockets too.
func (i *instance) proxy() *httputil.ReverseProxy {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", i.socket)
	}
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetXForwarded()
			r.Out.URL.Scheme, r.Out.URL.Host = "http", "plugin"
			r.Out.Host = r.In.Host
		},
		Transport:    &http.Transport{DialContext: dial, ResponseHeaderTimeout: answerWithin, MaxIdleConnsPerHost: 16, IdleConnTimeout: time.Minute},
		ErrorHandler: i.badGateway,
	}
}

// badGateway answers for a plugin that does not.
func (i *instance) badGateway(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		return
	}
	i.out.write("octolink", "a request was not answered: "+err.Error())
	http.Error(w, "the plugin "+i.manifest.Name+" does not answer", http.StatusBadGateway)
}

package web

import (
	"context"
	"net/http"
	"net/url"

	"github.com/octolink/octolink/plugins/status"
)

// Plugins do what the admin socket is asked for about plugins. Errors are shown to whoever asked.
type Plugins interface {
	ListPlugins() []status.Plugin
	EnablePlugin(ctx context.Context, name string) error
	DisablePlugin(ctx context.Context, name string) error
	RestartPlugin(ctx context.Context, name string) error
	PluginLogs(name string) ([]status.Line, error)
}

func pluginCommands(p Plugins) map[string]command {
	order := func(do func(context.Context, string) error) command {
		return func(r *http.Request) (any, error) { return nil, do(r.Context(), r.PathValue("name")) }
	}
	return map[string]command{
		"GET /plugins":                 func(*http.Request) (any, error) { return p.ListPlugins(), nil },
		"GET /plugins/{name}/logs":     func(r *http.Request) (any, error) { return p.PluginLogs(r.PathValue("name")) },
		"POST /plugins/{name}/enable":  order(p.EnablePlugin),
		"POST /plugins/{name}/disable": order(p.DisablePlugin),
		"POST /plugins/{name}/restart": order(p.RestartPlugin),
	}
}

// Plugins lists the plugins.
func (c *AdminClient) Plugins(ctx context.Context) (list []status.Plugin, err error) {
	err = c.do(ctx, http.MethodGet, "/plugins", nil, &list)
	return list, err
}

// PluginOrder gives a plugin the order enable, disable or restart.
func (c *AdminClient) PluginOrder(ctx context.Context, name, order string) error {
	return c.do(ctx, http.MethodPost, "/plugins/"+url.PathEscape(name)+"/"+order, nil, nil)
}

// PluginLogs are the last lines of a plugin.
func (c *AdminClient) PluginLogs(ctx context.Context, name string) (lines []status.Line, err error) {
	err = c.do(ctx, http.MethodGet, "/plugins/"+url.PathEscape(name)+"/logs", nil, &lines)
	return lines, err
}

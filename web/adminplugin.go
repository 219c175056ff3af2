package web

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// A Plugin is how a plugin is.
type Plugin struct {
	Name     string    `json:"name"`
	State    string    `json:"state"`
	Reason   string    `json:"reason,omitempty"` // why it does not run, or was not exchanged
	Since    time.Time `json:"since"`            // of the state
	PID      int       `json:"pid,omitempty"`
	Version  string    `json:"version,omitempty"`
	Summary  string    `json:"summary,omitempty"`
	Kinds    []string  `json:"kinds,omitempty"`
	Methods  int       `json:"methods"`
	Forms    int       `json:"forms"`
	Faults   []string  `json:"faults,omitempty"` // of its catalogue
	InFlight int       `json:"in_flight"`        // calls
	Starts   int       `json:"starts"`           // processes, since the server began
	Deaths   int       `json:"deaths"`           // within the last hour
	RunAs    string    `json:"run_as,omitempty"`
}

// A PluginLine is a line that a plugin wrote, or that was written about it.
type PluginLine struct {
	At   time.Time `json:"at"`
	From string    `json:"from"` // stdout, stderr or octolink
	Text string    `json:"text"`
}

// Plugins do what the admin socket is asked for about plugins. Errors are shown to whoever asked.
type Plugins interface {
	ListPlugins() []Plugin
	EnablePlugin(ctx context.Context, name string) error
	DisablePlugin(ctx context.Context, name string) error
	RestartPlugin(ctx context.Context, name string) error
	PluginLogs(name string) ([]PluginLine, error)
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
func (c *AdminClient) Plugins(ctx context.Context) (list []Plugin, err error) {
	err = c.do(ctx, http.MethodGet, "/plugins", nil, &list)
	return list, err
}

// PluginOrder gives a plugin the order enable, disable or restart.
func (c *AdminClient) PluginOrder(ctx context.Context, name, order string) error {
	return c.do(ctx, http.MethodPost, "/plugins/"+url.PathEscape(name)+"/"+order, nil, nil)
}

// PluginLogs are the last lines of a plugin.
func (c *AdminClient) PluginLogs(ctx context.Context, name string) (lines []PluginLine, err error) {
	err = c.do(ctx, http.MethodGet, "/plugins/"+url.PathEscape(name)+"/logs", nil, &lines)
	return lines, err
}

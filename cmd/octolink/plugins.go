package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/plugins"
	"github.com/octolink/octolink/plugins/status"
	"github.com/octolink/octolink/store"
	"github.com/octolink/octolink/web"
)

// pluginOptions are the plugins of the configuration, and what they may ask for.
func (m *Main) pluginOptions() plugins.Options {
	kept := pluginHost{m.store}
	return plugins.Options{
		Dir: m.config.Plugins.Dir, Enabled: m.config.Plugins.Enabled, Directory: m.api.CRMs(), Reserved: web.OwnPaths(), Log: m.log,
		Telephony: m.phones,
		Host:      &plugins.Host{Switch: m.sw, Journal: kept, Storage: kept, Kept: kept, Deliveries: kept},
	}
}

// plugin is the plugin that pbx.driver names as "plugin:NAME"; not ok: it names none.
func (p PBX) plugin() (name string, ok bool) { return strings.CutPrefix(p.Driver, "plugin:") }

// pluginHost is the store as plugins ask for it.
type pluginHost struct{ *store.Store }

var (
	_ plugins.Journal    = pluginHost{}
	_ plugins.Storage    = pluginHost{}
	_ plugins.Kept       = pluginHost{}
	_ plugins.Deliveries = pluginHost{}
)

// Calls implements [plugins.Journal].
func (h pluginHost) Calls(ctx context.Context, q plugins.JournalQuery) ([]pbx.CallRecord, error) {
	return h.Journal(ctx, store.JournalFilter{
		Logins: q.Logins, Chain: q.Chain, From: q.From, To: q.To, Direction: q.Direction, Limit: q.Limit, Offset: q.Offset,
	})
}

// SetPluginValue implements [plugins.Storage].
func (h pluginHost) SetPluginValue(ctx context.Context, plugin, key string, value []byte) error {
	return full(h.Store.SetPluginValue(ctx, plugin, key, value))
}

// full lets plugins know that they have too much.
func full(err error) error {
	if errors.Is(err, store.ErrPluginFull) {
		return fmt.Errorf("%w (%w)", plugins.ErrFull, err)
	}
	return err
}

// AddPluginDelivery implements [plugins.Deliveries].
func (h pluginHost) AddPluginDelivery(ctx context.Context, plugin, endpoint, key string, request []byte) (known bool, err error) {
	known, err = h.Store.AddPluginDelivery(ctx, plugin, endpoint, key, request)
	return known, full(err)
}

// NextPluginDelivery implements [plugins.Deliveries].
func (h pluginHost) NextPluginDelivery(ctx context.Context, plugin, endpoint string) (*plugins.Delivery, error) {
	d, err := h.Store.NextPluginDelivery(ctx, plugin, endpoint)
	if d == nil || err != nil {
		return nil, err
	}
	return &plugins.Delivery{N: d.N, Key: d.Key, At: d.At, Request: d.Request}, nil
}

// Since implements [plugins.Kept].
func (h pluginHost) Since(ctx context.Context, number int64, limit int) ([]pbx.Event, error) {
	list, err := h.Events(ctx, number, limit)
	var gone *store.GoneError
	if errors.As(err, &gone) {
		list, err = h.Events(ctx, gone.Oldest-1, limit)
	}
	if err != nil {
		return nil, err
	}
	events := make([]pbx.Event, 0, len(list))
	for _, e := range list {
		event := pbx.Event{Number: e.Number, At: e.At, Login: e.Login, What: pbx.CallRecorded{Record: e.Record}}
		if e.Kind == store.KindNotification {
			event.What = pbx.Notified{Notice: e.Notice}
		}
		events = append(events, event)
	}
	return events, nil
}

var _ web.Plugins = (*Main)(nil)

// ListPlugins implements [web.Plugins].
func (m *Main) ListPlugins() []status.Plugin { return m.plugins.List() }

// EnablePlugin implements [web.Plugins].
func (m *Main) EnablePlugin(ctx context.Context, name string) error {
	return m.plugins.Enable(ctx, name)
}

// DisablePlugin implements [web.Plugins].
func (m *Main) DisablePlugin(ctx context.Context, name string) error {
	return m.plugins.Disable(ctx, name)
}

// RestartPlugin implements [web.Plugins].
func (m *Main) RestartPlugin(ctx context.Context, name string) error {
	return m.plugins.Restart(ctx, name)
}

// PluginLogs implements [web.Plugins].
func (m *Main) PluginLogs(name string) ([]status.Line, error) { return m.plugins.Logs(name) }

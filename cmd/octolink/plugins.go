package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/plugins"
	"github.com/octolink/octolink/store"
	"github.com/octolink/octolink/web"
)

// pluginOptions are the plugins of the configuration, and what they may ask for.
func (m *Main) pluginOptions() plugins.Options {
	kept := pluginHost{m.store}
	return plugins.Options{
		Dir: m.config.Plugins.Dir, Enabled: m.config.Plugins.Enabled, Directory: m.api.CRMs(), Reserved: web.OwnPaths(), Log: m.log,
		Telephony: m.phones,
		Host:      &plugins.Host{Switch: m.sw, Journal: kept, Storage: kept, Kept: kept},
	}
}

// plugin is the plugin that pbx.driver names as "plugin:NAME"; not ok: it names none.
func (p PBX) plugin() (name string, ok bool) { return strings.CutPrefix(p.Driver, "plugin:") }

// pluginHost is the store as plugins ask for it.
type pluginHost struct{ *store.Store }

var (
	_ plugins.Journal = pluginHost{}
	_ plugins.Storage = pluginHost{}
	_ plugins.Kept    = pluginHost{}
)

// Calls implements [plugins.Journal].
func (h pluginHost) Calls(ctx context.Context, q plugins.JournalQuery) ([]pbx.CallRecord, error) {
	return h.Journal(ctx, store.JournalFilter{
		Logins: q.Logins, Chain: q.Chain, From: q.From, To: q.To, Direction: q.Direction, Limit: q.Limit, Offset: q.Offset,
	})
}

// SetPluginValue implements [plugins.Storage].
func (h pluginHost) SetPluginValue(ctx context.Context, plugin, key string, value []byte) error {
	err := h.Store.SetPluginValue(ctx, plugin, key, value)
	if errors.Is(err, store.ErrPluginFull) {
		return fmt.Errorf("%w (%w)", plugins.ErrFull, err)
	}
	return err
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
func (m *Main) ListPlugins() []web.Plugin {
	list := []web.Plugin{}
	for _, s := range m.plugins.List() {
		list = append(list, web.Plugin{
			Name: s.Name, State: string(s.State), Reason: s.Reason, Since: s.Since, PID: s.PID, Version: s.Version, Summary: s.Summary,
			Kinds: s.Kinds, Methods: s.Methods, Forms: s.Forms, Faults: s.Faults, InFlight: s.InFlight, Starts: s.Starts, Deaths: s.Deaths,
			RunAs: s.RunAs,
		})
	}
	return list
}

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
func (m *Main) PluginLogs(name string) ([]web.PluginLine, error) {
	lines, err := m.plugins.Logs(name)
	list := []web.PluginLine{}
	for _, l := range lines {
		list = append(list, web.PluginLine(l))
	}
	return list, err
}

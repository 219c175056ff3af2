package plugins

import (
	"context"
	"log/slog"
	"time"

	"github.com/octolink/octolink/crm"
)

// A Trial is a plugin that runs by hand, without a server and without anybody who keeps it running.
type Trial struct{ i *instance }

// Try starts what a manifest names; the hash in it does not count. log hears what the plugin writes.
func Try(ctx context.Context, m Manifest, log *slog.Logger) (*Trial, error) {
	sum, err := Sum(m.Binary)
	if err != nil {
		return nil, err
	}
	m.SHA256 = sum
	if m.Timeout == 0 {
		m.Timeout = defaultTimeout
	}
	i, err := launcher{out: newOutput(log), within: 10 * time.Second}.launch(ctx, m)
	if err != nil {
		return nil, err
	}
	return &Trial{i}, nil
}

// Catalog is what the plugin offers.
func (t *Trial) Catalog() crm.Catalog { return t.i.catalog }

// About is what the plugin says of itself.
func (t *Trial) About() (name, version, summary string) {
	return t.i.info.GetName(), t.i.info.GetVersion(), t.i.info.GetSummary()
}

// Invoke runs a method, as [crm.Provider] does.
func (t *Trial) Invoke(ctx context.Context, call crm.Call) (crm.Values, error) {
	return t.i.invoke(ctx, call)
}

// Close ends the plugin.
func (t *Trial) Close() { t.i.stop(0) }

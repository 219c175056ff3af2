package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Bounds of what is delivered for plugins.
const (
	maxPluginDeliveries = 10_000             // of one plugin that are on their way
	keepDelivery        = 7 * 24 * time.Hour // after its end
)

// A PluginDelivery is something that must arrive at an address outside, for a plugin.
type PluginDelivery struct {
	N       int64
	Key     string
	At      time.Time // when the plugin gave it
	Request []byte
}

// AddPluginDelivery keeps a delivery until it is over; it is on the disk when this returns. known: the
// endpoint had the key already, nothing was added. [ErrPluginFull]: 10 000 of the plugin are on their way.
func (s *Store) AddPluginDelivery(ctx context.Context, plugin, endpoint, key string, request []byte) (known bool, err error) {
	var added int64
	err = s.write(ctx, "a delivery of a plugin", func(t *tx) (err error) {
		added, err = t.exec(`INSERT INTO plugin_deliveries (plugin, endpoint, key, at, request)
 SELECT ?1, ?2, ?3, ?4, ?5 WHERE (SELECT count(*) FROM plugin_deliveries WHERE plugin = ?1 AND over = 0) < ?6
 ON CONFLICT (plugin, endpoint, key) DO NOTHING`,
			plugin, endpoint, key, s.now().UnixMilli(), notNil(request), maxPluginDeliveries)
		return err
	}, nil)
	if err != nil || added > 0 {
		return false, err
	}
	err = s.read.QueryRowContext(ctx, `SELECT 1 FROM plugin_deliveries WHERE plugin = ? AND endpoint = ? AND key = ?`,
		plugin, endpoint, key).Scan(new(int))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return false, fmt.Errorf("store: deliveries of plugin %s: %w", plugin, ErrPluginFull)
	case err != nil:
		return false, fmt.Errorf("store: deliveries of plugin %s: %w", plugin, explain(err))
	}
	return true, nil
}

// NextPluginDelivery is the oldest delivery to an endpoint that is on its way; nil: there is none.
func (s *Store) NextPluginDelivery(ctx context.Context, plugin, endpoint string) (*PluginDelivery, error) {
	var d PluginDelivery
	var at int64
	err := s.read.QueryRowContext(ctx, `SELECT n, key, at, request FROM plugin_deliveries
 WHERE plugin = ? AND endpoint = ? AND over = 0 ORDER BY n LIMIT 1`, plugin, endpoint).Scan(&d.N, &d.Key, &at, &d.Request)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("store: deliveries of plugin %s: %w", plugin, explain(err))
	}
	d.At = instant(at)
	return &d, nil
}

// EndPluginDelivery says that a delivery is over: it was confirmed, or given up for a reason.
func (s *Store) EndPluginDelivery(ctx context.Context, n int64, failure string) error {
	return s.write(ctx, "the end of a delivery", func(t *tx) error {
		_, err := t.exec(`UPDATE plugin_deliveries SET over = ?2, failure = ?3, request = CASE ?3 WHEN '' THEN NULL ELSE request END
 WHERE n = ?1 AND over = 0`, n, s.now().UnixMilli(), failure)
		return err
	}, nil)
}

// PluginDeliveries is how many deliveries of a plugin are on their way, and how many were given up within
// the last days.
func (s *Store) PluginDeliveries(ctx context.Context, plugin string) (open, failed int, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT
 (SELECT count(*) FROM plugin_deliveries WHERE plugin = ?1 AND over = 0),
 (SELECT count(*) FROM plugin_deliveries WHERE plugin = ?1 AND over <> 0 AND failure <> '')`, plugin).Scan(&open, &failed)
	if err != nil {
		err = fmt.Errorf("store: deliveries of plugin %s: %w", plugin, explain(err))
	}
	return open, failed, err
}

// prunePluginDeliveries forgets the keys of those that are long over.
func (s *Store) prunePluginDeliveries(ctx context.Context, now time.Time) error {
	return s.prune(ctx, "deliveries of plugins", `DELETE FROM plugin_deliveries WHERE n IN
 (SELECT n FROM plugin_deliveries WHERE over <> 0 AND over < ? ORDER BY over LIMIT ?)`, millis(now.Add(-keepDelivery)))
}

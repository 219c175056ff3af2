package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// maxPluginValues is how many values one plugin may keep.
const maxPluginValues = 10_000

// PluginValue is a value of a plugin's own; nil when there is none.
func (s *Store) PluginValue(ctx context.Context, plugin, key string) ([]byte, error) {
	value := []byte{}
	err := s.read.QueryRowContext(ctx, `SELECT value FROM plugin_values WHERE plugin = ? AND key = ?`, plugin, key).Scan(&value)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("store: value of plugin %s: %w", plugin, explain(err))
	case value == nil:
		value = []byte{}
	}
	return value, nil
}

// SetPluginValue keeps a value in the place of the one of its key. [ErrPluginFull]: the plugin has
// 10 000 of them already.
func (s *Store) SetPluginValue(ctx context.Context, plugin, key string, value []byte) error {
	var changed int64
	err := s.write(ctx, "set a plugin's value", func(t *tx) (err error) {
		changed, err = t.exec(`INSERT INTO plugin_values (plugin, key, value)
 SELECT ?1, ?2, ?3 WHERE EXISTS (SELECT 1 FROM plugin_values WHERE plugin = ?1 AND key = ?2)
 OR (SELECT count(*) FROM plugin_values WHERE plugin = ?1) < ?4
 ON CONFLICT (plugin, key) DO UPDATE SET value = excluded.value`, plugin, key, notNil(value), maxPluginValues)
		return err
	}, nil)
	if err == nil && changed == 0 {
		return fmt.Errorf("store: plugin %s: %w", plugin, ErrPluginFull)
	}
	return err
}

// DeletePluginValue forgets a value; one that does not exist is no error.
func (s *Store) DeletePluginValue(ctx context.Context, plugin, key string) error {
	return s.write(ctx, "delete a plugin's value", func(t *tx) error {
		_, err := t.exec(`DELETE FROM plugin_values WHERE plugin = ? AND key = ?`, plugin, key)
		return err
	}, nil)
}

// PluginKeys are the keys of a plugin's values that begin with a prefix, in order.
func (s *Store) PluginKeys(ctx context.Context, plugin, prefix string) ([]string, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT key FROM plugin_values
 WHERE plugin = ?1 AND substr(key, 1, length(?2)) = ?2 ORDER BY key`, plugin, prefix)
	if err != nil {
		return nil, fmt.Errorf("store: keys of plugin %s: %w", plugin, explain(err))
	}
	defer rows.Close()
	var keys []string
	for rows.Next() {
		var key string
		if err := rows.Scan(&key); err != nil {
			return nil, fmt.Errorf("store: keys of plugin %s: %w", plugin, err)
		}
		keys = append(keys, key)
	}
	return keys, rows.Err()
}

// notNil is a value that SQLite does not take for NULL.
func notNil(value []byte) []byte {
	if value == nil {
		return []byte{}
	}
	return value
}

package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// maxFlowValues is how many values one flow may keep.
const maxFlowValues = 10_000

// FlowValue is a value of a flow's own; nil when there is none.
func (s *Store) FlowValue(ctx context.Context, flow, key string) ([]byte, error) {
	value := []byte{}
	err := s.read.QueryRowContext(ctx, `SELECT value FROM flow_values WHERE flow = ? AND key = ?`, flow, key).Scan(&value)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("store: value of flow %s: %w", flow, explain(err))
	}
	return notNil(value), nil
}

// SetFlowValue keeps a value in the place of the one of its key. [ErrFlowFull]: the flow has 10 000 of
// them already.
func (s *Store) SetFlowValue(ctx context.Context, flow, key string, value []byte) error {
	var changed int64
	err := s.write(ctx, "set a flow's value", func(t *tx) (err error) {
		changed, err = t.exec(`INSERT INTO flow_values (flow, key, value)
 SELECT ?1, ?2, ?3 WHERE EXISTS (SELECT 1 FROM flow_values WHERE flow = ?1 AND key = ?2)
 OR (SELECT count(*) FROM flow_values WHERE flow = ?1) < ?4
 ON CONFLICT (flow, key) DO UPDATE SET value = excluded.value`, flow, key, notNil(value), maxFlowValues)
		return err
	}, nil)
	if err == nil && changed == 0 {
		return fmt.Errorf("store: flow %s: %w", flow, ErrFlowFull)
	}
	return err
}

// DeleteFlowValue forgets a value; one that does not exist is no error.
func (s *Store) DeleteFlowValue(ctx context.Context, flow, key string) error {
	return s.write(ctx, "delete a flow's value", func(t *tx) error {
		_, err := t.exec(`DELETE FROM flow_values WHERE flow = ? AND key = ?`, flow, key)
		return err
	}, nil)
}

// FlowKeys are the keys of a flow's values that begin with a prefix, in order.
func (s *Store) FlowKeys(ctx context.Context, flow, prefix string) ([]string, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT key FROM flow_values
 WHERE flow = ?1 AND substr(key, 1, length(?2)) = ?2 ORDER BY key`, flow, prefix)
	if err != nil {
		return nil, fmt.Errorf("store: keys of flow %s: %w", flow, explain(err))
	}
	defer rows.Close()
	var keys []string
	for rows.Next() {
		var key string
		if err := rows.Scan(&key); err != nil {
			return nil, fmt.Errorf("store: keys of flow %s: %w", flow, err)
		}
		keys = append(keys, key)
	}
	return keys, rows.Err()
}

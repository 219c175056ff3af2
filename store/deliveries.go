package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Delivered is the number up to which a link's CRM has confirmed its events; ok is false for a link
// that never did.
func (s *Store) Delivered(ctx context.Context, link string) (number int64, ok bool, err error) {
	if err := s.settle(ctx); err != nil {
		return 0, false, err
	}
	err = s.read.QueryRowContext(ctx, `SELECT number FROM deliveries WHERE link = ?`, link).Scan(&number)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return 0, false, nil
	case err != nil:
		return 0, false, fmt.Errorf("store: deliveries of %s: %w", link, explain(err))
	}
	return number, true, nil
}

// SetDelivered keeps how far a link's CRM has confirmed. It never goes back, and it does not wait: a
// number that is lost in a crash only means that the CRM gets an event again, under the same number.
func (s *Store) SetDelivered(link string, number int64) {
	s.w.forget(op{what: "delivery", write: func(t *tx) error {
		_, err := t.exec(`INSERT INTO deliveries (link, number) VALUES (?, ?)
 ON CONFLICT (link) DO UPDATE SET number = max(number, excluded.number)`, link, number)
		return err
	}})
}

package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Retention is how long rows are kept.
type Retention struct {
	Journal time.Duration // Zero means 365 days.
	Events  time.Duration // Zero means 7 days.
	Traces  time.Duration // Zero means 30 days. They are never kept longer than the journal.
}

func (r Retention) withDefaults() Retention {
	if r.Journal <= 0 {
		r.Journal = 365 * 24 * time.Hour
	}
	if r.Events <= 0 {
		r.Events = 7 * 24 * time.Hour
	}
	if r.Traces <= 0 {
		r.Traces = 30 * 24 * time.Hour
	}
	r.Traces = min(r.Traces, r.Journal)
	return r
}

const (
	pruneEvery = time.Hour
	// pruneBatch rows are deleted per write: others wait a few milliseconds at most.
	pruneBatch = 200
)

// Run deletes what is older than the retention allows, at once and every hour, until ctx ends.
// Faults are logged and tried again an hour later.
func (s *Store) Run(ctx context.Context) error {
	t := time.NewTicker(pruneEvery)
	defer t.Stop()
	for {
		err := s.pruneOld(ctx)
		if err != nil && ctx.Err() == nil && !errors.Is(err, ErrClosed) {
			s.log.Error("old rows could not be deleted", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

// pruneOld deletes what the retention does not want any more.
func (s *Store) pruneOld(ctx context.Context) error {
	now, keep := s.now(), s.retention
	return errors.Join(
		s.Prune(ctx, now.Add(-keep.Journal), now.Add(-keep.Events)),
		s.pruneTraces(ctx, millis(now.Add(-keep.Traces))),
		s.prunePluginDeliveries(ctx, now),
	)
}

// Prune deletes ended journal entries that began before journalOlder, events told before eventsOlder,
// and sessions that have ended.
func (s *Store) Prune(ctx context.Context, journalOlder, eventsOlder time.Time) error {
	now := s.now().UnixMilli()
	return errors.Join(
		s.prune(ctx, "journal", `DELETE FROM calls WHERE n IN
 (SELECT n FROM calls WHERE started < ? AND ended > 0 ORDER BY started LIMIT ?)`, millis(journalOlder)),
		s.pruneEvents(ctx, millis(eventsOlder)),
		s.prune(ctx, "sessions", `DELETE FROM sessions WHERE hash IN
 (SELECT hash FROM sessions WHERE expires <= ? LIMIT ?)`, now),
	)
}

// prune repeats a delete, a batch per write, until nothing is left.
func (s *Store) prune(ctx context.Context, what, query string, before int64) error {
	for {
		var n int64
		err := s.write(ctx, "prune "+what, func(t *tx) (err error) {
			n, err = t.exec(query, before, pruneBatch)
			return err
		}, nil)
		if err != nil || n < pruneBatch {
			return err
		}
	}
}

// pruneEvents deletes from the oldest on and notes up to which number.
func (s *Store) pruneEvents(ctx context.Context, before int64) error {
	for {
		upTo, err := s.oldEvents(ctx, before)
		if err != nil || upTo == 0 {
			return err
		}
		err = s.write(ctx, "prune events", func(t *tx) error {
			if _, err := t.exec(`DELETE FROM events WHERE number <= ?`, upTo); err != nil {
				return err
			}
			return setMeta(t, metaPruned, upTo)
		}, nil)
		if err != nil {
			return err
		}
	}
}

// oldEvents is the number up to which one batch of old events goes, 0 when there are none.
func (s *Store) oldEvents(ctx context.Context, before int64) (int64, error) {
	var upTo int64
	err := s.read.QueryRowContext(ctx, `SELECT coalesce(max(number), 0) FROM
 (SELECT number, at FROM events ORDER BY number LIMIT ?) WHERE at < ?`, pruneBatch, before).Scan(&upTo)
	if err != nil {
		return 0, fmt.Errorf("store: prune events: %w", explain(err))
	}
	return upTo, nil
}

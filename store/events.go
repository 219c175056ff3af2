package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/octolink/octolink/pbx"
)

// Kinds of events that are kept for CRMs.
const (
	KindCallRecord   = "callrecord"
	KindNotification = "notification"
)

// kept is a notice as the database has it.
type kept struct {
	ID     string `json:"id"`
	Sender string `json:"sender"`
	Text   string `json:"text"`
}

// A StoredEvent is an event that a CRM may ask for again.
type StoredEvent struct {
	Number int64
	At     time.Time
	Kind   string         // KindCallRecord or KindNotification
	Login  string         // whom it is about; "" for everybody
	Record pbx.CallRecord // of a callrecord, as the journal has it now
	Notice pbx.Notice     // of a notification
}

// SaveEvent keeps an event's number, and call records and notifications themselves. It does not wait.
func (s *Store) SaveEvent(e pbx.Event) {
	s.passed(e.Number)
	switch what := e.What.(type) {
	case pbx.CallRecorded:
		s.saveEvent(e, KindCallRecord, what.Record.ID, nil)
	case pbx.Notified:
		body, _ := json.Marshal(kept(what.Notice)) // three texts: cannot fail
		s.saveEvent(e, KindNotification, "", body)
	}
}

func (s *Store) saveEvent(e pbx.Event, kind, call string, body []byte) {
	s.w.forget(op{what: "event", write: func(t *tx) error {
		_, err := t.exec(`INSERT INTO events (number, at, kind, login, call, body) VALUES (?, ?, ?, ?, ?, ?)
 ON CONFLICT (number) DO NOTHING`, e.Number, millis(e.At), kind, e.Login, call, body)
		return err
	}})
}

const (
	defaultEvents = 100
	maxEvents     = 10_000
)

// Events are the kept events with a number above since, in their order; limit zero means 100, at
// most 10 000. It shows what was told before the call. A *[GoneError] says that some of them were
// pruned. A call record whose journal entry was pruned is left out.
func (s *Store) Events(ctx context.Context, since int64, limit int) ([]StoredEvent, error) {
	if err := s.settle(ctx); err != nil {
		return nil, err
	}
	if err := s.checkKept(ctx, since); err != nil {
		return nil, err
	}
	if limit <= 0 {
		limit = defaultEvents
	}
	rows, err := s.read.QueryContext(ctx, `SELECT e.number, e.at, e.kind, e.login, e.body, `+callColumns+`
 FROM events e JOIN calls c ON c.id = e.call WHERE e.number > ?1
 UNION ALL SELECT e.number, e.at, e.kind, e.login, e.body, '', '', '', '', '', '', '', '', 0, '', '', 0, 0, 0, '', 0, '', '', ''
 FROM events e WHERE e.number > ?1 AND e.call = '' ORDER BY 1 LIMIT ?2`, since, min(limit, maxEvents))
	if err != nil {
		return nil, fmt.Errorf("store: events: %w", explain(err))
	}
	defer rows.Close()
	return scanEvents(rows)
}

func scanEvents(rows *sql.Rows) ([]StoredEvent, error) {
	var found []StoredEvent
	for rows.Next() {
		var e StoredEvent
		var at int64
		var c callFields
		var body []byte
		places := append([]any{&e.Number, &at, &e.Kind, &e.Login, &body}, c.places()...)
		if err := rows.Scan(places...); err != nil {
			return nil, fmt.Errorf("store: events: %w", err)
		}
		if e.Kind == KindNotification {
			var n kept
			if err := json.Unmarshal(body, &n); err != nil {
				return nil, fmt.Errorf("store: event %d: %w", e.Number, err)
			}
			e.Notice = pbx.Notice(n)
		}
		e.At, e.Record = instant(at), c.done()
		found = append(found, e)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("store: events: %w", explain(err))
	}
	return found, nil
}

// checkKept refuses a number after which events are missing.
func (s *Store) checkKept(ctx context.Context, since int64) error {
	var pruned, oldest int64
	err := s.read.QueryRowContext(ctx, `SELECT coalesce((SELECT value FROM meta WHERE key = ?1), 0),
 coalesce((SELECT min(number) FROM events), 0)`, metaPruned).Scan(&pruned, &oldest)
	if err != nil {
		return fmt.Errorf("store: events: %w", explain(err))
	}
	if since >= pruned {
		return nil
	}
	return &GoneError{Oldest: max(oldest, pruned+1)}
}

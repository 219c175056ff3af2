package store

import (
	"context"
	"sync"

	"github.com/mattn/go-sqlite3"
)

// Rows of meta.
const (
	metaNext   = "next_event"    // no event has this number or a higher one
	metaPruned = "pruned_events" // the highest number that was pruned
)

// block is how many numbers are reserved at a time. After a crash the rest of a block is skipped, so
// a number is never used twice; a clean end leaves no gap. With a million a disk may be stuck for
// hours before numbers run ahead of it.
const block = 1 << 20

// numbering knows which event numbers are used and which are reserved.
type numbering struct {
	mu       sync.Mutex
	next     int64 // mu; the number after the last one that was used
	reserved int64 // mu; numbers below are reserved on the disk, or soon
}

// NextEvent is the number of the first event after a start.
func (s *Store) NextEvent(context.Context) (int64, error) {
	s.numbering.mu.Lock()
	defer s.numbering.mu.Unlock()
	return s.numbering.next, nil
}

// startNumbering reads the first number of this run, at least 1.
func (s *Store) startNumbering(conn *sqlite3.SQLiteConn) (int64, error) {
	n, err := number(conn, `SELECT coalesce((SELECT value FROM meta WHERE key = '`+metaNext+`'), 1)`)
	if err != nil {
		return 0, err
	}
	return n, nil
}

// reserve begins this run's first block.
func (s *Store) reserve(t *tx, next int64) error {
	s.numbering.next, s.numbering.reserved = next, next+block
	return setMeta(t, metaNext, next+block)
}

// passed notes a number, and reserves another block when half of the last one is used.
func (s *Store) passed(n int64) {
	s.numbering.mu.Lock()
	s.numbering.next = max(s.numbering.next, n+1)
	more := s.numbering.next+block/2 > s.numbering.reserved
	if more {
		s.numbering.reserved = s.numbering.next + block
	}
	upTo := s.numbering.reserved
	s.numbering.mu.Unlock()
	if more {
		s.w.forget(op{what: "event numbers", write: func(t *tx) error { return setMeta(t, metaNext, upTo) }})
	}
}

// closeNumbering gives back what is left of the block.
func (s *Store) closeNumbering() {
	s.numbering.mu.Lock()
	next := s.numbering.next
	s.numbering.mu.Unlock()
	s.w.forget(op{what: "event numbers", write: func(t *tx) error { return setMeta(t, metaNext, next) }})
}

func setMeta(t *tx, key string, value int64) error {
	_, err := t.exec(`INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value`, key, value)
	return err
}

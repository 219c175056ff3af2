package store

import "fmt"

// Health is nil while writes reach the disk, else what the last attempt failed with:
// [ErrFull], [ErrReadOnly], [ErrLocked] or another fault of the disk.
func (s *Store) Health() error {
	if s.closed.Load() {
		return fmt.Errorf("store: %w", ErrClosed)
	}
	if f := s.w.fault.Load(); f != nil {
		return fmt.Errorf("store: %w", *f)
	}
	return nil
}

// Stats are the store's figures since it was opened.
type Stats struct {
	Waiting int    // writes that are not on the disk yet
	Commits uint64 // transactions
	Written uint64 // writes in them
	Lost    uint64 // writes that nobody waited for and that were given up
}

// Stats tells the figures.
func (s *Store) Stats() Stats {
	return Stats{
		Waiting: s.w.q.waiting(),
		Commits: s.w.commits.Load(),
		Written: s.w.written.Load(),
		Lost:    s.w.lost.Load(),
	}
}

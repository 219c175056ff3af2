package store

import (
	"context"
	"fmt"
)

// CheckQuery compiles a procedure's statement without running it. [ErrQuery]: it is wrong, or does
// what it may not.
func (s *Store) CheckQuery(ctx context.Context, query string) error {
	if _, err := parameters(query); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	statement, err := s.asked.PrepareContext(ctx, query)
	if err != nil {
		return queryFault(ctx, err)
	}
	return statement.Close()
}

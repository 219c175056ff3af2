package store

import (
	"context"
	"fmt"
)

// CheckQuery compiles a procedure's statement without running it. [ErrQuery]: it is wrong, or does
// what it may not.
func (s *Store) CheckQuery(ctx context.Context, query string) error {
	st, err := parse(query)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	compiled, err := s.asked.PrepareContext(ctx, st.sql)
	if err != nil {
		return queryFault(ctx, err)
	}
	return compiled.Close()
}

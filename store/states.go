package store

import (
	"context"
	"fmt"

	"github.com/octolink/octolink/pbx"
)

// SaveState keeps what of a user's state survives a log-out. It does not wait.
func (s *Store) SaveState(login string, st pbx.SavedState) {
	s.w.forget(op{what: "user's state", write: func(t *tx) error {
		_, err := t.exec(`INSERT OR REPLACE INTO user_states (who, login, callcenter, manual, redirect, dnd) VALUES (?, ?, ?, ?, ?, ?)`,
			fold(login), login, st.CallCenter, st.Manual, st.Redirect, st.DND)
		return err
	}})
}

// LoadStates are the kept states by login, in the spelling in which they were saved.
func (s *Store) LoadStates(ctx context.Context) (map[string]pbx.SavedState, error) {
	if err := s.settle(ctx); err != nil {
		return nil, err
	}
	rows, err := s.read.QueryContext(ctx, `SELECT login, callcenter, manual, redirect, dnd FROM user_states`)
	if err != nil {
		return nil, fmt.Errorf("store: states: %w", explain(err))
	}
	defer rows.Close()
	states := make(map[string]pbx.SavedState)
	for rows.Next() {
		var login string
		var st pbx.SavedState
		if err := rows.Scan(&login, &st.CallCenter, &st.Manual, &st.Redirect, &st.DND); err != nil {
			return nil, fmt.Errorf("store: states: %w", err)
		}
		states[login] = st
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("store: states: %w", explain(err))
	}
	return states, nil
}

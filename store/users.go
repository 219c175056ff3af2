package store

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
)

// A UserRow is a user who was added beside the configuration file. His password is kept by
// [Store.SetPassword]. A user of the same login in the file counts instead.
type UserRow struct {
	Login        string   `json:"login"`
	ID           string   `json:"id"` // GUID; the same for ever, CRMs store it
	Name         string   `json:"name"`
	Numbers      []string `json:"numbers,omitempty"` // the first is the main one
	Department   string   `json:"department,omitempty"`
	Subordinates []string `json:"subordinates,omitempty"`
	Supervisor   bool     `json:"supervisor,omitempty"`
	Operator     bool     `json:"operator,omitempty"`
	IgnoreCase   bool     `json:"ignorecase,omitempty"` // the password's lower-case form counts too
	Dial         []string `json:"dial,omitempty"`       // nil: the default
}

// SaveUser adds a user or replaces the one with his login.
func (s *Store) SaveUser(ctx context.Context, u UserRow) error {
	body, err := json.Marshal(u)
	if err != nil {
		return fmt.Errorf("store: save user: %w", err)
	}
	return s.write(ctx, "save user", func(t *tx) error {
		_, err := t.exec(`INSERT OR REPLACE INTO added_users (who, login, body) VALUES (?, ?, ?)`, fold(u.Login), u.Login, body)
		return err
	}, nil)
}

// DeleteUser takes back SaveUser; a user who was not added is no error.
func (s *Store) DeleteUser(ctx context.Context, login string) error {
	return s.write(ctx, "delete user", func(t *tx) error {
		_, err := t.exec(`DELETE FROM added_users WHERE who = ?`, fold(login))
		return err
	}, nil)
}

// Users are the added users, by login.
func (s *Store) Users(ctx context.Context) ([]UserRow, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT body FROM added_users ORDER BY who`)
	if err != nil {
		return nil, fmt.Errorf("store: users: %w", explain(err))
	}
	defer rows.Close()
	var users []UserRow
	for rows.Next() {
		var body []byte
		var u UserRow
		if err := rows.Scan(&body); err != nil {
			return nil, fmt.Errorf("store: users: %w", err)
		}
		if err := json.Unmarshal(body, &u); err != nil {
			return nil, fmt.Errorf("store: users: %w", err)
		}
		users = append(users, u)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("store: users: %w", explain(err))
	}
	return users, nil
}

// A loginSet has the disabled logins in memory, for the login path.
type loginSet struct {
	mu    sync.RWMutex
	byWho map[string]string // mu; spelling
}

func (s *Store) loadDisabled(ctx context.Context) error {
	rows, err := s.read.QueryContext(ctx, `SELECT who, login FROM disabled_users`)
	if err != nil {
		return err
	}
	defer rows.Close()
	s.disabled.byWho = make(map[string]string)
	for rows.Next() {
		var who, login string
		if err := rows.Scan(&who, &login); err != nil {
			return err
		}
		s.disabled.byWho[who] = login
	}
	return rows.Err()
}

// DisableUser keeps a user from logging in, or lets him again. His sessions are ended by EndSessions.
func (s *Store) DisableUser(ctx context.Context, login string, disabled bool) error {
	return s.write(ctx, "disable user", func(t *tx) error {
		query := `DELETE FROM disabled_users WHERE who = ? AND ? <> ''`
		if disabled {
			query = `INSERT OR REPLACE INTO disabled_users (who, login) VALUES (?, ?)`
		}
		_, err := t.exec(query, fold(login), login)
		return err
	}, func() { s.disabled.set(login, disabled) })
}

func (l *loginSet) set(login string, in bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if in {
		l.byWho[fold(login)] = login
		return
	}
	delete(l.byWho, fold(login))
}

// IsDisabled reports whether a user may not log in. It asks no disk.
func (s *Store) IsDisabled(login string) bool {
	s.disabled.mu.RLock()
	defer s.disabled.mu.RUnlock()
	_, ok := s.disabled.byWho[fold(login)]
	return ok
}

// Disabled are the logins that may not log in, in no order.
func (s *Store) Disabled(context.Context) ([]string, error) {
	s.disabled.mu.RLock()
	defer s.disabled.mu.RUnlock()
	logins := make([]string, 0, len(s.disabled.byWho))
	for _, l := range s.disabled.byWho {
		logins = append(logins, l)
	}
	return logins, nil
}

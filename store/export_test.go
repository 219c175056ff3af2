package store

import "context"

// What tests see of the inside.

// Pragma changes the writer's connection under the writer: "max_page_count = 20" fills the disk,
// "query_only = 1" makes it read-only.
func (s *Store) Pragma(text string) error {
	_, err := s.w.tx.conn.Exec("PRAGMA "+text, nil)
	return err
}

// Forget queues SQL that nobody waits for.
func (s *Store) Forget(query string) {
	s.w.forget(op{what: "test", write: func(t *tx) error {
		_, err := t.exec(query)
		return err
	}})
}

// OneByOne makes every write a transaction of its own.
func (s *Store) OneByOne() { s.w.batch = 1 }

// Statement is the filter as SQL.
func (f JournalFilter) Statement() (string, []any, error) { return f.statement() }

// Plan is how SQLite would run a query.
func (s *Store) Plan(query string, args ...any) ([]string, error) {
	rows, err := s.read.Query("EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var plan []string
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			return nil, err
		}
		plan = append(plan, detail)
	}
	return plan, rows.Err()
}

// Parse finds the parameters of a query, and the statement without what follows it.
func Parse(query string) (sql string, params []string, err error) {
	st, err := parse(query)
	return st.sql, st.params, err
}

// EventBlock is how many event numbers are reserved at a time.
const EventBlock = block

// ForgetSessions empties the cache of sessions, as a restart does.
func (s *Store) ForgetSessions() {
	s.sessions.mu.Lock()
	defer s.sessions.mu.Unlock()
	s.sessions.init()
}

// Exec runs SQL through the writer and waits.
func (s *Store) Exec(query string) error {
	return s.write(context.Background(), "test", func(t *tx) error {
		_, err := t.exec(query)
		return err
	}, nil)
}

// PruneOld deletes what Run deletes every hour.
func (s *Store) PruneOld(ctx context.Context) error { return s.pruneOld(ctx) }

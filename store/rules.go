package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/octolink/octolink/pbx"
)

// ruleKey makes ids of rules comparable: clients write one GUID with and without hyphens [P 6.3].
func ruleKey(id string) string { return strings.ReplaceAll(strings.ToLower(id), "-", "") }

// Rules are all redirect rules by login, lowest priority number first, older ones before newer ones.
// Logins are spelled as they were when the rule was saved.
func (s *Store) Rules(ctx context.Context) (map[string][]pbx.RedirectRule, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT id, login, destination, enabled, onlyin, priority, raw
 FROM redirect_rules ORDER BY who, priority, rowid`)
	if err != nil {
		return nil, fmt.Errorf("store: rules: %w", explain(err))
	}
	defer rows.Close()
	rules := make(map[string][]pbx.RedirectRule)
	for rows.Next() {
		var r pbx.RedirectRule
		if err := rows.Scan(&r.ID, &r.Login, &r.Destination, &r.Enabled, &r.OnlyInRedirect, &r.Priority, &r.Raw); err != nil {
			return nil, fmt.Errorf("store: rules: %w", err)
		}
		rules[r.Login] = append(rules[r.Login], r)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("store: rules: %w", explain(err))
	}
	return rules, nil
}

// SaveRule keeps a rule of r.Login, in the place of one with the same id.
func (s *Store) SaveRule(ctx context.Context, r pbx.RedirectRule) error {
	return s.write(ctx, "save redirect rule", func(t *tx) error {
		_, err := t.exec(`INSERT INTO redirect_rules (who, key, id, login, destination, enabled, onlyin, priority, raw)
 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
 ON CONFLICT (who, key) DO UPDATE SET id = excluded.id, login = excluded.login, destination = excluded.destination,
 enabled = excluded.enabled, onlyin = excluded.onlyin, priority = excluded.priority, raw = excluded.raw`,
			fold(r.Login), ruleKey(r.ID), r.ID, r.Login, r.Destination, r.Enabled, r.OnlyInRedirect, r.Priority, r.Raw)
		return err
	}, nil)
}

// DeleteRules deletes those rules of a user that exist, and tells how many that were.
func (s *Store) DeleteRules(ctx context.Context, login string, ids []string) (int, error) {
	var deleted int64
	err := s.write(ctx, "delete redirect rules", func(t *tx) error {
		deleted = 0
		for _, id := range ids {
			n, err := t.exec(`DELETE FROM redirect_rules WHERE who = ? AND key = ?`, fold(login), ruleKey(id))
			if err != nil {
				return err
			}
			deleted += n
		}
		return nil
	}, nil)
	if err != nil {
		return 0, err
	}
	return int(deleted), nil
}

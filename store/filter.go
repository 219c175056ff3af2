package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/octolink/octolink/pbx"
)

// A JournalFilter says which entries are wanted. Zero fields do not narrow.
type JournalFilter struct {
	Chain     string
	Talk      string
	Logins    []string      // whose, "" for queue entries that nobody took; nil means all, an empty list none
	From      time.Time     // begun then or later
	To        time.Time     // begun before
	Direction pbx.Direction // "" means any
	QueueOnly bool          // came through a queue
	MinTalk   time.Duration // talked at least that long
	EndedOnly bool          // without calls in progress
	Limit     int           // how many; zero means 100, at most 10 000
	Offset    int           // how many of the newest are left out
}

const (
	defaultLimit = 100
	maxLimit     = 10_000
)

// Journal finds entries, newest first. It shows what was told before the call.
func (s *Store) Journal(ctx context.Context, f JournalFilter) ([]pbx.CallRecord, error) {
	if f.Logins != nil && len(f.Logins) == 0 {
		return nil, nil
	}
	if err := s.settle(ctx); err != nil {
		return nil, err
	}
	query, args, err := f.statement()
	if err != nil {
		return nil, fmt.Errorf("store: journal: %w", err)
	}
	rows, err := s.read.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("store: journal: %w", explain(err))
	}
	defer rows.Close()
	var found []pbx.CallRecord
	for rows.Next() {
		var c callFields
		if err := rows.Scan(c.places()...); err != nil {
			return nil, fmt.Errorf("store: journal: %w", err)
		}
		found = append(found, c.done())
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("store: journal: %w", explain(err))
	}
	return found, nil
}

// statement makes the SQL. With logins each of them is walked along his own index, newest first,
// and only as far as the page reaches: a boss of hundreds costs little more than one user.
func (f JournalFilter) statement() (string, []any, error) {
	limit, offset := f.Limit, max(f.Offset, 0)
	if limit <= 0 {
		limit = defaultLimit
	}
	limit = min(limit, maxLimit)
	where, args := f.conditions()
	const page = ` ORDER BY c.started DESC, c.n DESC LIMIT ? OFFSET ?`
	if f.Logins == nil {
		return `SELECT ` + callColumns + ` FROM calls c` + join(` WHERE `, where) + page, append(args, limit, offset), nil
	}
	who, err := json.Marshal(folded(f.Logins))
	if err != nil {
		return "", nil, err
	}
	if f.Chain != "" || f.Talk != "" { // a few entries at most, whoever's they are
		where = append(where, `c.who IN (SELECT value FROM json_each(?))`)
		return `SELECT ` + callColumns + ` FROM calls c` + join(` WHERE `, where) + page, append(args, string(who), limit, offset), nil
	}
	args = append([]any{string(who)}, args...)
	own := `SELECT c.n FROM calls c WHERE c.who = w.value` + join(` AND `, where) + ` ORDER BY c.started DESC, c.n DESC LIMIT ?`
	query := `SELECT ` + callColumns + ` FROM json_each(?) w JOIN calls c ON c.n IN (` + own + `)` + page
	return query, append(args, limit+offset, limit, offset), nil
}

// conditions are constants of SQL with their arguments.
func (f JournalFilter) conditions() (where []string, args []any) {
	add := func(cond string, arg ...any) {
		where = append(where, cond)
		args = append(args, arg...)
	}
	if f.Chain != "" {
		add(`c.chain = ?`, f.Chain)
	}
	if f.Talk != "" {
		add(`c.talk = ? AND c.talk <> ''`, f.Talk)
	}
	if !f.From.IsZero() {
		add(`c.started >= ?`, f.From.UnixMilli())
	}
	if !f.To.IsZero() {
		add(`c.started < ?`, f.To.UnixMilli())
	}
	if f.Direction != "" {
		add(`c.direction = ?`, string(f.Direction))
	}
	if f.QueueOnly {
		add(`c.queue <> ''`)
	}
	if f.EndedOnly {
		add(`c.ended > 0`)
	}
	if f.MinTalk > 0 {
		add(`c.answered > 0 AND c.ended - c.answered >= ?`, f.MinTalk.Milliseconds())
	}
	return where, args
}

func join(before string, where []string) string {
	if len(where) == 0 {
		return ""
	}
	return before + strings.Join(where, ` AND `)
}

// folded makes logins comparable and drops those named twice.
func folded(logins []string) []string {
	seen := make(map[string]bool, len(logins))
	var out []string
	for _, l := range logins {
		if l = fold(l); !seen[l] {
			seen[l] = true
			out = append(out, l)
		}
	}
	return out
}

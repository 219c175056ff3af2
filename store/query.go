package store

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mattn/go-sqlite3"
)

// QueryLimits bound what a procedure may cost.
type QueryLimits struct {
	Time  time.Duration // Zero means 2 s.
	Rows  int           // Zero means 10 000.
	Bytes int           // of all values together. Zero means 8 MiB.
}

func (l QueryLimits) withDefaults() QueryLimits {
	if l.Time <= 0 {
		l.Time = 2 * time.Second
	}
	if l.Rows <= 0 {
		l.Rows = 10_000
	}
	if l.Bytes <= 0 {
		l.Bytes = 8 << 20
	}
	return l
}

// A Dataset is the result of a query. Values are nil, int64, float64 or string.
type Dataset struct {
	Columns []string
	Rows    [][]any
	Cut     bool // there were more rows or bytes than the limits allow
}

// Lists is the dataset as a list of result sets, of which each begins with its column names [P 6.8].
func (d Dataset) Lists() []any {
	columns := make([]any, len(d.Columns))
	for i, c := range d.Columns {
		columns[i] = c
	}
	set := make([]any, 0, 1+len(d.Rows))
	set = append(set, columns)
	for _, r := range d.Rows {
		set = append(set, r)
	}
	return []any{set}
}

// Query runs one read-only statement over the views described for the package. Parameters are named
// (:x, @x or $x) and found in args by name, with or without a mark; args that the statement does not
// name are ignored. [ErrQuery]: the statement is wrong or does what it may not. [ErrArgument]: a
// parameter is missing or neither a text, a number, a bool nor nil. context.DeadlineExceeded: it took
// too long.
func (s *Store) Query(ctx context.Context, query string, args map[string]any, limits QueryLimits) (Dataset, error) {
	limits = limits.withDefaults()
	st, err := parse(query)
	if err != nil {
		return Dataset{}, fmt.Errorf("store: %w", err)
	}
	bound, err := st.bind(args)
	if err != nil {
		return Dataset{}, fmt.Errorf("store: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, limits.Time)
	defer cancel()
	rows, err := s.asked.QueryContext(ctx, st.sql, bound...)
	if err != nil {
		return Dataset{}, queryFault(ctx, err)
	}
	defer rows.Close()
	d, err := collect(rows, limits)
	if err != nil {
		return Dataset{}, queryFault(ctx, err)
	}
	return d, nil
}

// bind finds the arguments of a statement.
func (st statement) bind(args map[string]any) ([]any, error) {
	given := make(map[string]any, len(args))
	for k, v := range args {
		given[strings.TrimLeft(k, ":@$")] = v
	}
	bound := make([]any, 0, len(st.params))
	for _, p := range st.params {
		name := p[1:]
		v, ok := given[name]
		if !ok {
			return nil, fmt.Errorf("%w %q is missing", ErrArgument, name)
		}
		if v, ok = plain(v); !ok {
			return nil, fmt.Errorf("%w %q: %T is not a plain value", ErrArgument, name, given[name])
		}
		bound = append(bound, sql.Named(name, v))
	}
	return bound, nil
}

// plain lets through what SQL has a type for.
func plain(v any) (any, bool) {
	switch v := v.(type) {
	case nil, string, bool, int64, float64:
		return v, true
	case int:
		return int64(v), true
	}
	return nil, false
}

// collect reads rows up to the limits.
func collect(rows *sql.Rows, limits QueryLimits) (Dataset, error) {
	columns, err := rows.Columns()
	if err != nil {
		return Dataset{}, err
	}
	d := Dataset{Columns: columns}
	places := make([]any, len(columns))
	for rows.Next() {
		row := make([]any, len(columns))
		for i := range row {
			places[i] = &row[i]
		}
		if err := rows.Scan(places...); err != nil {
			return Dataset{}, err
		}
		limits.Bytes -= tidy(row)
		if len(d.Rows) == limits.Rows || limits.Bytes < 0 {
			d.Cut = true
			return d, nil
		}
		d.Rows = append(d.Rows, row)
	}
	return d, rows.Err()
}

// tidy makes values fit for the wire and tells how many bytes they have: bytes that are no text
// become base64, what is not a number becomes nil.
func tidy(row []any) (bytes int) {
	for i, v := range row {
		switch v := v.(type) {
		case []byte:
			text := string(v)
			if !utf8.Valid(v) {
				text = base64.StdEncoding.EncodeToString(v)
			}
			row[i], bytes = text, bytes+len(text)
		case string:
			text := strings.ToValidUTF8(v, "\uFFFD")
			row[i], bytes = text, bytes+len(text)
		case float64:
			if math.IsInf(v, 0) || math.IsNaN(v) {
				row[i] = nil
			}
			bytes += 8
		default:
			bytes += 8
		}
	}
	return bytes
}

// queryFault tells a wrong statement from a fault of the store.
func queryFault(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("store: query: %w", ctx.Err())
	}
	var se sqlite3.Error
	if errors.As(err, &se) && (se.Code == sqlite3.ErrError || se.Code == sqlite3.ErrAuth || se.Code == sqlite3.ErrTooBig) {
		return fmt.Errorf("store: %w: %w", ErrQuery, err)
	}
	return fmt.Errorf("store: query: %w", explain(err))
}

package store

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// A FlowTrace is what one run of a call flow did.
type FlowTrace struct {
	Run     string // GUID
	Chain   string // of the call; "" for a run without one
	Flow    string
	Cause   string // what started it, in words
	Started time.Time
	Ended   time.Time
	Outcome string
	Body    []byte // the steps, as the one who saves them wrote them
}

// maxFlowTraces is how many traces are kept, however young they are: a timer that runs every second for
// ever must not fill the disk.
const maxFlowTraces = 500_000

// SaveFlowTrace keeps the trace of a run that has ended, and waits until it is on the disk.
func (s *Store) SaveFlowTrace(ctx context.Context, f FlowTrace) error {
	return s.write(ctx, "trace of a flow", func(t *tx) error {
		_, err := t.exec(`INSERT INTO flow_traces (run, chain, flow, cause, started, ended, outcome, body)
 VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (run) DO NOTHING`,
			f.Run, f.Chain, f.Flow, f.Cause, millis(f.Started), millis(f.Ended), f.Outcome, notNil(f.Body))
		return err
	}, nil)
}

// A TraceFilter chooses traces. Zero fields do not restrict.
type TraceFilter struct {
	Run, Chain, Flow string
	Limit            int // Zero means 100.
}

// FlowTraces gives traces, the newest first.
func (s *Store) FlowTraces(ctx context.Context, f TraceFilter) ([]FlowTrace, error) {
	if err := s.settle(ctx); err != nil {
		return nil, err
	}
	var where []string
	var args []any
	for _, c := range []struct{ column, value string }{{"run", f.Run}, {"chain", f.Chain}, {"flow", f.Flow}} {
		if c.value != "" {
			where, args = append(where, c.column+" = ? AND "+c.column+" <> ''"), append(args, c.value)
		}
	}
	query := `SELECT run, chain, flow, cause, started, ended, outcome, body FROM flow_traces`
	if len(where) > 0 {
		query += " WHERE " + strings.Join(where, " AND ")
	}
	if f.Limit <= 0 {
		f.Limit = 100
	}
	rows, err := s.read.QueryContext(ctx, query+` ORDER BY started DESC, n DESC LIMIT ?`, append(args, f.Limit)...)
	if err != nil {
		return nil, fmt.Errorf("store: traces: %w", explain(err))
	}
	defer rows.Close()
	var list []FlowTrace
	for rows.Next() {
		var one FlowTrace
		var started, ended int64
		if err := rows.Scan(&one.Run, &one.Chain, &one.Flow, &one.Cause, &started, &ended, &one.Outcome, &one.Body); err != nil {
			return nil, fmt.Errorf("store: traces: %w", err)
		}
		one.Started, one.Ended = instant(started), instant(ended)
		list = append(list, one)
	}
	return list, rows.Err()
}

// pruneTraces deletes traces of runs that began before a time, and the oldest of those that are too many.
func (s *Store) pruneTraces(ctx context.Context, before int64) error {
	err := s.prune(ctx, "traces", `DELETE FROM flow_traces WHERE n IN
 (SELECT n FROM flow_traces WHERE started < ? ORDER BY started LIMIT ?)`, before)
	if err != nil {
		return err
	}
	return s.prune(ctx, "traces that are too many", `DELETE FROM flow_traces WHERE n IN
 (SELECT n FROM flow_traces WHERE n <= (SELECT coalesce(max(n), 0) FROM flow_traces) - ? ORDER BY n LIMIT ?)`, maxFlowTraces)
}

package store_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/octolink/octolink/store"
)

// Ensure values of flows outlive a restart, do not mix, and are not too many.
func TestFlowValues(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	ctx := t.Context()
	if v, err := s.FlowValue(ctx, "a", "k"); v != nil || err != nil {
		t.Errorf("got %v, %v for a value that is not there", v, err)
	}
	for _, v := range []struct{ flow, key, value string }{
		{"a", "k", "1"}, {"a", "k", "2"}, {"a", "k%", "3"}, {"a", "l", ""}, {"b", "k", "4"}, {"a", "gone", "5"},
	} {
		must(t, s.SetFlowValue(ctx, v.flow, v.key, []byte(v.value)))
	}
	must(t, errors.Join(s.DeleteFlowValue(ctx, "a", "gone"), s.DeleteFlowValue(ctx, "a", "never")))
	must(t, s.Close())
	s = open(t, dir)
	for _, v := range []struct{ flow, key, value string }{{"a", "k", "2"}, {"a", "k%", "3"}, {"a", "l", ""}, {"b", "k", "4"}} {
		if got, err := s.FlowValue(ctx, v.flow, v.key); got == nil || string(got) != v.value || err != nil {
			t.Errorf("%s/%s: got %q, %v, want %q", v.flow, v.key, got, err, v.value)
		}
	}
	for prefix, want := range map[string][]string{"": {"k", "k%", "l"}, "k": {"k", "k%"}, "k%": {"k%"}, "x": nil} {
		if got, err := s.FlowKeys(ctx, "a", prefix); err != nil || !slices.Equal(got, want) {
			t.Errorf("keys of %q: got %q, %v, want %q", prefix, got, err, want)
		}
	}
}

func TestFlowValuesAreBounded(t *testing.T) {
	s := open(t, t.TempDir())
	ctx := t.Context()
	must(t, s.Exec(`WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 10000)
 INSERT INTO flow_values SELECT 'a', 'key' || n, x'31' FROM c`))
	if err := s.SetFlowValue(ctx, "a", "one more", []byte("1")); !errors.Is(err, store.ErrFlowFull) {
		t.Errorf("got %v, want %v", err, store.ErrFlowFull)
	}
	must(t, s.SetFlowValue(ctx, "a", "key1", []byte("2")))
	must(t, s.SetFlowValue(ctx, "b", "key", []byte("2")))
}

func trace(n int, flow, chain string) store.FlowTrace {
	at := time.UnixMilli(int64(1_000_000 + n)).UTC()
	return store.FlowTrace{
		Run: fmt.Sprintf("run%d", n), Chain: chain, Flow: flow, Cause: "number 700", Started: at, Ended: at.Add(time.Second),
		Outcome: "ended", Body: []byte(`[{"call":"answer"}]`),
	}
}

// Ensure traces are found by run, by call and by flow, the newest first.
func TestFlowTraces(t *testing.T) {
	s := open(t, t.TempDir())
	ctx := t.Context()
	for _, f := range []store.FlowTrace{trace(1, "a", "c1"), trace(2, "b", "c1"), trace(3, "a", ""), trace(4, "a", "c2")} {
		must(t, s.SaveFlowTrace(ctx, f))
	}
	must(t, s.SaveFlowTrace(ctx, trace(1, "other", "c9"))) // a run has one trace
	for _, tc := range []struct {
		name   string
		filter store.TraceFilter
		want   []string
	}{
		{"all", store.TraceFilter{}, []string{"run4", "run3", "run2", "run1"}},
		{"call", store.TraceFilter{Chain: "c1"}, []string{"run2", "run1"}},
		{"flow", store.TraceFilter{Flow: "a"}, []string{"run4", "run3", "run1"}},
		{"run", store.TraceFilter{Run: "run3"}, []string{"run3"}},
		{"some", store.TraceFilter{Limit: 2}, []string{"run4", "run3"}},
		{"none", store.TraceFilter{Chain: "c9"}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := s.FlowTraces(ctx, tc.filter)
			must(t, err)
			var runs []string
			for _, f := range got {
				runs = append(runs, f.Run)
			}
			if !slices.Equal(runs, tc.want) {
				t.Errorf("got %v, want %v", runs, tc.want)
			}
		})
	}
	got, err := s.FlowTraces(ctx, store.TraceFilter{Run: "run1"})
	if err != nil || len(got) != 1 || fmt.Sprint(got[0]) != fmt.Sprint(trace(1, "a", "c1")) {
		t.Errorf("got %v, %v, want %v", got, err, trace(1, "a", "c1"))
	}
}

// Ensure old traces go, and none is kept longer than the journal.
func TestFlowTracesGo(t *testing.T) {
	dir := t.TempDir()
	now := time.UnixMilli(1_000_000).Add(100 * time.Hour)
	s, err := store.Open(t.Context(), store.Options{
		Dir: dir, Now: func() time.Time { return now }, Retention: store.Retention{Journal: 50 * time.Hour, Traces: 90 * time.Hour},
	})
	must(t, err)
	t.Cleanup(func() { _ = s.Close() })
	old, young := trace(1, "a", "c1"), trace(2, "a", "c2")
	young.Started = now.Add(-49 * time.Hour)
	must(t, errors.Join(s.SaveFlowTrace(t.Context(), old), s.SaveFlowTrace(t.Context(), young)))
	must(t, s.PruneOld(t.Context()))
	got, err := s.FlowTraces(t.Context(), store.TraceFilter{})
	if err != nil || len(got) != 1 || got[0].Run != "run2" {
		t.Errorf("got %v, %v, want run2 alone", got, err)
	}
}

// Ensure a flow that runs all the time does not fill the disk.
func TestFlowTracesAreBounded(t *testing.T) {
	s := openWith(t, store.Options{Dir: t.TempDir(), Now: func() time.Time { return time.UnixMilli(2) }})
	must(t, errors.Join(
		s.Exec(`INSERT INTO flow_traces VALUES (1, 'first', '', 'a', '', 1, 1, '', x'')`),
		s.Exec(`INSERT INTO flow_traces VALUES (2, 'second', '', 'a', '', 1, 1, '', x'')`),
		s.Exec(`INSERT INTO flow_traces VALUES (500001, 'last', '', 'a', '', 1, 1, '', x'')`),
	))
	must(t, s.PruneOld(t.Context()))
	got, err := s.FlowTraces(t.Context(), store.TraceFilter{})
	if err != nil || len(got) != 2 || got[0].Run != "last" || got[1].Run != "second" {
		t.Errorf("got %v, %v, want the last and the second", got, err)
	}
}

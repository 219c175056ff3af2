package store_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/store"
)

// notice is an event that is kept as a notification.
func notice(text string) pbx.Notified {
	return pbx.Notified{Notice: pbx.Notice{ID: "1", Sender: "desk", Text: text}}
}

func tell(s *store.Store, n int64, at time.Time, what any) {
	s.SaveEvent(pbx.Event{Number: n, At: at, Login: "alice", What: what})
}

func numbers(events []store.StoredEvent) string {
	var all []string
	for _, e := range events {
		all = append(all, fmt.Sprint(e.Number))
	}
	return strings.Join(all, " ")
}

func next(t testing.TB, s *store.Store) int64 {
	t.Helper()
	n, err := s.NextEvent(t.Context())
	must(t, err)
	return n
}

func TestEventsAreKept(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	r := call("1", "alice", begin)
	s.CloseCall(r)
	tell(s, 1, begin, pbx.RingStarted{})
	tell(s, 2, begin.Add(time.Millisecond), pbx.CallRecorded{Record: r})
	tell(s, 3, begin, pbx.DirectoryChanged{})
	tell(s, 4, begin, notice("hello"))
	must(t, s.Close())
	s = open(t, dir)
	got, err := s.Events(t.Context(), 0, 0)
	must(t, err)
	if numbers(got) != "2 4" {
		t.Fatalf("got %s, want 2 4", numbers(got))
	}
	if e := got[0]; e.Kind != store.KindCallRecord || !reflect.DeepEqual(e.Record, r) || e.Login != "alice" || !e.At.Equal(begin.Add(time.Millisecond)) {
		t.Errorf("call record: got %+v", e)
	}
	if e := got[1]; e.Kind != store.KindNotification || e.Notice != notice("hello").Notice {
		t.Errorf("notification: got %+v", e)
	}
	if n := next(t, s); n != 5 {
		t.Errorf("next after a clean end: got %d, want 5", n)
	}
}

func TestEventsSince(t *testing.T) {
	s := open(t, t.TempDir())
	for n := int64(1); n <= 10; n++ {
		tell(s, n, begin, notice("x"))
	}
	tests := []struct {
		since int64
		limit int
		want  string
	}{
		{0, 3, "1 2 3"}, {3, 3, "4 5 6"}, {8, 100, "9 10"}, {10, 0, ""}, {1000, 0, ""},
	}
	for _, tt := range tests {
		got, err := s.Events(t.Context(), tt.since, tt.limit)
		must(t, err)
		if numbers(got) != tt.want {
			t.Errorf("since %d: got %q, want %q", tt.since, numbers(got), tt.want)
		}
	}
}

func TestEventsThatWerePruned(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	for n := int64(1); n <= 1000; n++ {
		tell(s, n, begin.Add(time.Duration(n)*time.Second), notice("x"))
	}
	sync(t, s)
	must(t, s.Prune(t.Context(), begin, begin.Add(501*time.Second)))
	var gone *store.GoneError
	if _, err := s.Events(t.Context(), 499, 0); !errors.As(err, &gone) || gone.Oldest != 501 {
		t.Errorf("got %v, want 501 as the oldest", err)
	}
	got, err := s.Events(t.Context(), 500, 1)
	must(t, err)
	if numbers(got) != "501" {
		t.Errorf("got %s, want 501", numbers(got))
	}
	must(t, s.Prune(t.Context(), begin, begin.Add(time.Hour)))
	must(t, s.Close())
	s = open(t, dir)
	if _, err := s.Events(t.Context(), 0, 0); !errors.As(err, &gone) || gone.Oldest != 1001 {
		t.Errorf("all pruned: got %v, want 1001 as the oldest", err)
	}
	if _, err := s.Events(t.Context(), 1000, 0); err != nil {
		t.Errorf("nothing is missing after 1000: %v", err)
	}
}

func TestEventOfPrunedEntryIsLeftOut(t *testing.T) {
	s := open(t, t.TempDir())
	r := call("1", "alice", begin)
	s.CloseCall(r)
	tell(s, 1, begin.Add(time.Hour), pbx.CallRecorded{Record: r})
	tell(s, 2, begin.Add(time.Hour), notice("x"))
	sync(t, s)
	must(t, s.Prune(t.Context(), begin.Add(time.Minute), begin))
	got, err := s.Events(t.Context(), 0, 0)
	must(t, err)
	if numbers(got) != "2" {
		t.Errorf("got %s, want 2", numbers(got))
	}
}

func TestNumbersBeginAtOne(t *testing.T) {
	if n := next(t, open(t, t.TempDir())); n != 1 {
		t.Errorf("got %d, want 1", n)
	}
}

func TestNumbersRunPastTheBlock(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	const last = 3 * store.EventBlock
	for n := int64(1); n <= last; n += 1000 {
		tell(s, n, begin, pbx.DirectoryChanged{})
	}
	sync(t, s)
	backup := t.TempDir() + "/octolink.db" // what a crash would leave
	must(t, s.Backup(t.Context(), backup))
	got := next(t, open(t, backup[:strings.LastIndex(backup, "/")]))
	if got <= last || got > last+2*store.EventBlock {
		t.Errorf("got %d after a crash, want a little more than %d", got, last)
	}
}

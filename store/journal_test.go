package store_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/store"
)

// call is a whole journal entry that ended.
func call(id, login string, start time.Time) pbx.CallRecord {
	return pbx.CallRecord{
		ID: id, Chain: "chain-" + id, Talk: "talk-" + id, Login: login, Number: "300", Peer: "79161234567",
		PeerName: "Иван", PeerLogin: "boris", External: true, Direction: pbx.Incoming, Queue: "700",
		Started: start, AnsweredAt: start.Add(5 * time.Second), Ended: start.Add(65 * time.Second),
		Outcome: pbx.Answered, Recorded: true, Conference: "conf", Flow: "incoming",
		Tags: []pbx.Tag{{Key: "topic", Value: "sales"}, {Key: "a \"mark\"", Value: "☎ <5>"}},
	}
}

func begun(r pbx.CallRecord) pbx.CallRecord {
	r.Talk, r.Conference, r.Recorded, r.Outcome = "", "", false, pbx.InProgress
	r.AnsweredAt, r.Ended, r.Tags = time.Time{}, time.Time{}, nil
	return r
}

func ids(records []pbx.CallRecord) string {
	var all []string
	for _, r := range records {
		all = append(all, r.ID)
	}
	return strings.Join(all, " ")
}

func TestEntryBeginsAndEnds(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	want := call("1", "Alice", begin)
	s.OpenCall(begun(want))
	got, err := s.RecordByID(t.Context(), "1")
	must(t, err)
	if !reflect.DeepEqual(got, begun(want)) {
		t.Errorf("begun: got %+v\nwant %+v", got, begun(want))
	}
	s.CloseCall(want)
	must(t, s.Close())
	s = open(t, dir)
	got, err = s.RecordByID(t.Context(), "1")
	must(t, err)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("ended: got %+v\nwant %+v", got, want)
	}
	if _, err := s.RecordByID(t.Context(), "2"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("unknown: got %v, want ErrNotFound", err)
	}
}

func TestEntryWhoseBeginningWasLost(t *testing.T) {
	s := open(t, t.TempDir())
	want := call("1", "alice", begin)
	s.CloseCall(want)
	got, err := s.RecordByID(t.Context(), "1")
	must(t, err)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestTakenEntryIsForgotten(t *testing.T) {
	s := open(t, t.TempDir())
	r := begun(call("1", "", begin))
	s.OpenCall(r)
	r.Outcome, r.Ended = pbx.Taken, begin.Add(time.Second)
	s.CloseCall(r)
	if _, err := s.RecordByID(t.Context(), "1"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
}

// fill writes the journal for the filter's tests: 1 to 6, a minute apart.
func fill(t *testing.T) *store.Store {
	s := open(t, t.TempDir())
	at := func(n int) time.Time { return begin.Add(time.Duration(n) * time.Minute) }
	entries := []pbx.CallRecord{
		call("1", "alice", at(1)), call("2", "boris", at(2)), call("3", "ALICE", at(3)),
		call("4", "", at(4)), begun(call("5", "alice", at(5))), call("6", "Вера", at(6)),
	}
	entries[1].Direction, entries[1].Queue = pbx.Outgoing, ""
	entries[2].AnsweredAt, entries[2].Outcome, entries[2].Talk = time.Time{}, pbx.Missed, ""
	entries[5].Chain = "chain-1"
	for _, r := range entries {
		s.CloseCall(r)
	}
	return s
}

func TestJournalFilter(t *testing.T) {
	s := fill(t)
	tests := []struct {
		name   string
		filter store.JournalFilter
		want   string
	}{
		{"everything", store.JournalFilter{}, "6 5 4 3 2 1"},
		{"nobody's", store.JournalFilter{Logins: []string{}}, ""},
		{"one user, any case", store.JournalFilter{Logins: []string{"Alice"}}, "5 3 1"},
		{"not only latin", store.JournalFilter{Logins: []string{"вера"}}, "6"},
		{"several users", store.JournalFilter{Logins: []string{"boris", "alice", "BORIS", "nobody"}}, "5 3 2 1"},
		{"several users, second page", store.JournalFilter{Logins: []string{"boris", "alice"}, Limit: 2, Offset: 1}, "3 2"},
		{"page", store.JournalFilter{Limit: 2, Offset: 3}, "3 2"},
		{"past the end", store.JournalFilter{Offset: 6}, ""},
		{"negative page", store.JournalFilter{Limit: -1, Offset: -1}, "6 5 4 3 2 1"},
		{"chain", store.JournalFilter{Chain: "chain-1"}, "6 1"},
		{"chain of a user", store.JournalFilter{Chain: "chain-1", Logins: []string{"alice", "boris"}}, "1"},
		{"talk", store.JournalFilter{Talk: "talk-2"}, "2"},
		{"talk of somebody else", store.JournalFilter{Talk: "talk-2", Logins: []string{"alice"}}, ""},
		{"from", store.JournalFilter{From: begin.Add(4 * time.Minute)}, "6 5 4"},
		{"to", store.JournalFilter{To: begin.Add(4 * time.Minute)}, "3 2 1"},
		{"from and to of a user", store.JournalFilter{Logins: []string{"alice"}, From: begin.Add(2 * time.Minute), To: begin.Add(4 * time.Minute)}, "3"},
		{"direction", store.JournalFilter{Direction: pbx.Outgoing}, "2"},
		{"queues only", store.JournalFilter{QueueOnly: true, EndedOnly: true}, "6 4 3 1"},
		{"talked for a minute", store.JournalFilter{MinTalk: time.Minute}, "6 4 2 1"},
		{"talked longer", store.JournalFilter{MinTalk: time.Minute + time.Millisecond}, ""},
		{"ended", store.JournalFilter{EndedOnly: true}, "6 4 3 2 1"},
		{"quotes are data", store.JournalFilter{Logins: []string{`' OR 1=1 --`, `"]`}, Chain: `'`}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := s.Journal(t.Context(), tt.filter)
			must(t, err)
			if ids(got) != tt.want {
				t.Errorf("got %q, want %q", ids(got), tt.want)
			}
		})
	}
}

func TestJournalLimits(t *testing.T) {
	s := open(t, t.TempDir())
	for i := range 150 {
		s.CloseCall(call(fmt.Sprint(i), "alice", begin.Add(time.Duration(i)*time.Second)))
	}
	for _, tt := range []struct{ limit, want int }{{0, 100}, {120, 120}, {1 << 40, 150}} {
		got, err := s.Journal(t.Context(), store.JournalFilter{Limit: tt.limit})
		must(t, err)
		if len(got) != tt.want {
			t.Errorf("limit %d: got %d entries, want %d", tt.limit, len(got), tt.want)
		}
	}
}

func TestJournalUsesIndices(t *testing.T) {
	s := fill(t)
	logins := []string{"alice", "boris"}
	tests := []struct {
		name   string
		filter store.JournalFilter
		want   string
	}{
		{"newest of all", store.JournalFilter{}, "calls_by_time"},
		{"newest of users", store.JournalFilter{Logins: logins}, "calls_by_user (who=?)"},
		{"users' day", store.JournalFilter{Logins: logins, From: begin, To: begin.Add(time.Hour)}, "calls_by_user (who=? AND started>? AND started<?)"},
		{"chain", store.JournalFilter{Chain: "x", Logins: logins}, "calls_by_chain"},
		{"talk", store.JournalFilter{Talk: "x"}, "calls_by_talk"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			query, args, err := tt.filter.Statement()
			must(t, err)
			plan, err := s.Plan(query, args...)
			must(t, err)
			if !strings.Contains(strings.Join(plan, "\n"), tt.want) {
				t.Errorf("plan without %q:\n%s", tt.want, strings.Join(plan, "\n"))
			}
			if i := slices.IndexFunc(plan, func(p string) bool { return p == "SCAN c" }); i >= 0 {
				t.Errorf("plan reads the whole journal:\n%s", strings.Join(plan, "\n"))
			}
		})
	}
}

// A tag whose text is JSON itself, or none that JSON can carry as it is, comes back as it was.
func TestTagsOfACall(t *testing.T) {
	s := open(t, t.TempDir())
	tests := []struct {
		name string
		tags []pbx.Tag
	}{
		{"none", nil},
		{"one", []pbx.Tag{{Key: "k", Value: ""}}},
		{"in their order", []pbx.Tag{{Key: "z", Value: "1"}, {Key: "a", Value: "2"}}},
		{"like JSON", []pbx.Tag{{Key: `{"a":`, Value: `[1,2]}`}, {Key: "\\", Value: "\x00\n\u2028"}}},
	}
	for _, tt := range tests {
		r := call(tt.name, "alice", begin)
		r.Tags = tt.tags
		s.CloseCall(r)
		got, err := s.RecordByID(t.Context(), tt.name)
		must(t, err)
		if !reflect.DeepEqual(got.Tags, tt.tags) {
			t.Errorf("%s: got %q, want %q", tt.name, got.Tags, tt.tags)
		}
	}
}

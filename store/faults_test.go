package store_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"database/sql"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/store"
)

// A listener hears what the store logs.
type listener struct {
	slog.Handler
	heard chan string
}

func newListener() listener { return listener{slog.DiscardHandler, make(chan string, 100)} }

func (l listener) Enabled(context.Context, slog.Level) bool { return true }

func (l listener) Handle(_ context.Context, r slog.Record) error {
	l.heard <- r.Message
	return nil
}

// wait waits for a message.
func (l listener) wait(t *testing.T, text string) {
	t.Helper()
	for {
		select {
		case m := <-l.heard:
			if strings.Contains(m, text) {
				return
			}
		case <-t.Context().Done():
			t.Fatalf("%q was not logged", text)
		}
	}
}

// fillDisk writes until there is no room.
func fillDisk(t *testing.T, s *store.Store) {
	t.Helper()
	must(t, s.Pragma("max_page_count = 1"))
	big := strings.Repeat("x", 100_000)
	for i := range 1000 {
		if err := s.SetPhoto(t.Context(), fmt.Sprint(i), big); err != nil {
			if !errors.Is(err, store.ErrFull) {
				t.Fatalf("got %v, want ErrFull", err)
			}
			return
		}
	}
	t.Fatal("the disk does not get full")
}

func makeRoom(t *testing.T, s *store.Store) {
	t.Helper()
	must(t, s.Pragma("max_page_count = 1000000"))
}

func TestFullDisk(t *testing.T) {
	l := newListener()
	s := openWith(t, store.Options{Dir: t.TempDir(), Log: slog.New(l)})
	fillDisk(t, s)
	l.wait(t, "cannot be written to")
	if err := s.Health(); !errors.Is(err, store.ErrFull) || !strings.Contains(err.Error(), "the disk is full") {
		t.Errorf("health: got %v, want ErrFull", err)
	}
	for i := range 500 { // calls go on
		s.CloseCall(call(fmt.Sprint(i), "alice", begin))
	}
	if _, err := s.NewSession(t.Context(), "alice", 1, 1); !errors.Is(err, store.ErrFull) {
		t.Errorf("session: got %v, want ErrFull", err)
	}
	if err := s.Sync(t.Context()); !errors.Is(err, store.ErrFull) {
		t.Errorf("sync: got %v, want ErrFull", err)
	}
	if _, err := s.Journal(t.Context(), store.JournalFilter{}); err != nil {
		t.Errorf("reading should go on: %v", err)
	}
	if st := s.Stats(); st.Waiting != 500 || st.Lost != 0 {
		t.Errorf("got %+v, want 500 waiting", st)
	}

	makeRoom(t, s)
	l.wait(t, "can be written to again")
	must(t, s.Health())
	got, err := s.Journal(t.Context(), store.JournalFilter{Limit: 1000})
	must(t, err)
	if len(got) != 500 {
		t.Errorf("got %d entries, want 500", len(got))
	}
	newSession(t, s, "alice")
}

func TestFullQueue(t *testing.T) {
	l := newListener()
	s := openWith(t, store.Options{Dir: t.TempDir(), Log: slog.New(l), Queue: 10})
	fillDisk(t, s)
	l.wait(t, "cannot be written to")
	for i := range 25 {
		s.CloseCall(call(fmt.Sprint(i), "alice", begin))
	}
	if st := s.Stats(); st.Waiting != 10 || st.Lost != 15 {
		t.Errorf("got %+v, want 10 waiting and 15 lost", st)
	}
	l.wait(t, "a write was lost")
	makeRoom(t, s)
	l.wait(t, "can be written to again")
	got, err := s.Journal(t.Context(), store.JournalFilter{})
	must(t, err)
	if want := "9 8 7 6 5 4 3 2 1 0"; ids(got) != want {
		t.Errorf("got %s, want %s", ids(got), want)
	}
}

func TestCloseWithFullDisk(t *testing.T) {
	s, err := store.Open(t.Context(), store.Options{Dir: t.TempDir()})
	must(t, err)
	fillDisk(t, s)
	for i := range 300 {
		s.CloseCall(call(fmt.Sprint(i), "alice", begin))
	}
	err = s.Close()
	if !errors.Is(err, store.ErrFull) || !strings.Contains(err.Error(), "301 writes were lost") { // with the event numbers
		t.Errorf("got %v, want 301 lost writes", err)
	}
}

func TestReadOnlyDatabase(t *testing.T) {
	l := newListener()
	s := openWith(t, store.Options{Dir: t.TempDir(), Log: slog.New(l)})
	must(t, s.Pragma("query_only = 1"))
	if err := s.SetPhoto(t.Context(), "alice", "a"); !errors.Is(err, store.ErrReadOnly) {
		t.Errorf("got %v, want ErrReadOnly", err)
	}
	must(t, s.Pragma("query_only = 0"))
	l.wait(t, "can be written to again")
	must(t, s.SetPhoto(t.Context(), "alice", "a"))
}

func TestDatabaseThatAnotherProgramHolds(t *testing.T) {
	l := newListener()
	dir := t.TempDir()
	s := openWith(t, store.Options{Dir: dir, Log: slog.New(l)})
	db, err := sql.Open("sqlite3", "file:"+filepath.Join(dir, "octolink.db")+"?_txlock=immediate")
	must(t, err)
	defer db.Close()
	tx, err := db.Begin()
	must(t, err)
	if err := s.SetPhoto(t.Context(), "alice", "a"); !errors.Is(err, store.ErrLocked) {
		t.Errorf("got %v, want ErrLocked", err)
	}
	must(t, tx.Rollback())
	l.wait(t, "can be written to again")
	must(t, s.SetPhoto(t.Context(), "alice", "a"))
}

func TestBadWriteTakesNoOtherDown(t *testing.T) {
	l := newListener()
	s := openWith(t, store.Options{Dir: t.TempDir(), Log: slog.New(l)})
	s.SaveState("alice", pbx.SavedState{DND: true})
	s.Forget("INSERT INTO photos (who) VALUES ('no path')")
	s.SaveState("boris", pbx.SavedState{DND: true})
	l.wait(t, "a write was lost")
	sync(t, s)
	states, err := s.LoadStates(t.Context())
	must(t, err)
	if len(states) != 2 || s.Stats().Lost != 1 {
		t.Errorf("got %v and %d lost, want alice, boris and one", states, s.Stats().Lost)
	}
	must(t, s.Health())
}

func TestCancelledWait(t *testing.T) {
	s := open(t, t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.SetPhoto(ctx, "alice", "a"); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	sync(t, s)
}

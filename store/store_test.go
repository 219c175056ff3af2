package store_test

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/store"
)

// begin is when the tests begin: a Monday morning.
var begin = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// open opens a store that the test closes at its end.
func open(t testing.TB, dir string) *store.Store {
	t.Helper()
	return openWith(t, store.Options{Dir: dir})
}

func openWith(t testing.TB, o store.Options) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func sync(t testing.TB, s *store.Store) {
	t.Helper()
	must(t, s.Sync(context.Background()))
}

func TestFilesAreTheOwnersOnly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "data")
	s := open(t, dir)
	s.SaveState("alice", pbx.SavedState{DND: true})
	sync(t, s)
	info, err := os.Stat(dir)
	must(t, err)
	if got := info.Mode().Perm(); got != 0o700 {
		t.Errorf("directory has mode %o, want 700", got)
	}
	files, err := os.ReadDir(dir)
	must(t, err)
	if len(files) < 4 {
		t.Errorf("got %d files, want database, log, lock and key", len(files))
	}
	for _, f := range files {
		info, err := f.Info()
		must(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o, want 600", f.Name(), info.Mode().Perm())
		}
	}
}

func TestDirectoryWithOddName(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "50% ?mode=memory #1 Данные")
	s := open(t, dir)
	s.SaveState("alice", pbx.SavedState{DND: true})
	must(t, s.Close())
	if _, err := os.Stat(filepath.Join(dir, "octolink.db")); err != nil {
		t.Error(err)
	}
	states, err := open(t, dir).LoadStates(t.Context())
	must(t, err)
	if !states["alice"].DND {
		t.Errorf("got %v, want alice with DND", states)
	}
}

func TestSecondServerIsRefused(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	_, err := store.Open(t.Context(), store.Options{Dir: dir})
	if !errors.Is(err, store.ErrLocked) {
		t.Fatalf("got %v, want ErrLocked", err)
	}
	if !strings.Contains(err.Error(), "in use by another process") {
		t.Errorf("error does not say why: %v", err)
	}
	must(t, s.Close())
	open(t, dir)
}

// newer marks a database as made by a later version, in its header.
func newer(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	must(t, err)
	binary.BigEndian.PutUint32(b[60:], 9999)
	must(t, os.WriteFile(path, b, 0o600))
	return b
}

func TestNewerDatabaseIsNotTouched(t *testing.T) {
	dir := t.TempDir()
	must(t, open(t, dir).Close())
	path := filepath.Join(dir, "octolink.db")
	want := newer(t, path)
	_, err := store.Open(t.Context(), store.Options{Dir: dir})
	if !errors.Is(err, store.ErrNewer) {
		t.Fatalf("got %v, want ErrNewer", err)
	}
	got, err := os.ReadFile(path)
	must(t, err)
	if string(got) != string(want) {
		t.Error("the database was changed")
	}
	if _, err := os.Stat(path + "-wal"); err == nil {
		t.Error("a write-ahead log was made")
	}
}

// The mark of a newer version may still be in the log of a killed server.
func TestNewerDatabaseWithLogIsNotTouched(t *testing.T) {
	dir, dead := t.TempDir(), t.TempDir()
	s := open(t, dir)
	must(t, s.Pragma("user_version = 9999"))
	before := make(map[string]string)
	for _, name := range []string{"octolink.db", "octolink.db-wal"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		must(t, err)
		before[name] = string(b)
		must(t, os.WriteFile(filepath.Join(dead, name), b, 0o600))
	}
	_, err := store.Open(t.Context(), store.Options{Dir: dead})
	if !errors.Is(err, store.ErrNewer) {
		t.Fatalf("got %v, want ErrNewer", err)
	}
	for name, want := range before {
		if got, err := os.ReadFile(filepath.Join(dead, name)); err != nil || string(got) != want {
			t.Errorf("%s was changed: %v", name, err)
		}
	}
}

func TestForeignFilesAreNotTouched(t *testing.T) {
	tests := []struct{ name, content string }{
		{"text", strings.Repeat("not a database. ", 100)},
		{"short", "x"},
		{"another program's", "SQLite format 3\x00" + strings.Repeat("\x01", 200)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "octolink.db")
			must(t, os.WriteFile(path, []byte(tt.content), 0o600))
			_, err := store.Open(t.Context(), store.Options{Dir: filepath.Dir(path)})
			if !errors.Is(err, store.ErrForeign) {
				t.Fatalf("got %v, want ErrForeign", err)
			}
			if got, _ := os.ReadFile(path); string(got) != tt.content {
				t.Error("the file was changed")
			}
		})
	}
}

func TestDirectoryThatCannotBe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, nil, 0o600))
	_, err := store.Open(t.Context(), store.Options{Dir: filepath.Join(file, "data")})
	if !errors.Is(err, store.ErrCannotOpen) || !strings.Contains(err.Error(), file) {
		t.Errorf("got %v, want ErrCannotOpen with the path", err)
	}
}

func TestEmptyDatabaseFileIsFilled(t *testing.T) {
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "octolink.db"), nil, 0o600))
	open(t, dir)
}

func TestDamagedKeyFile(t *testing.T) {
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "secret.key"), []byte("short"), 0o600))
	_, err := store.Open(t.Context(), store.Options{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), "5 bytes instead of 32") {
		t.Errorf("got %v, want the key's length", err)
	}
}

func TestClosedStore(t *testing.T) {
	s := open(t, t.TempDir())
	must(t, s.Close())
	must(t, s.Close())
	s.SaveState("alice", pbx.SavedState{})
	if err := s.Sync(t.Context()); !errors.Is(err, store.ErrClosed) {
		t.Errorf("sync: got %v, want ErrClosed", err)
	}
	if err := s.Health(); !errors.Is(err, store.ErrClosed) {
		t.Errorf("health: got %v, want ErrClosed", err)
	}
	if got := s.Stats().Lost; got != 1 {
		t.Errorf("got %d lost writes, want 1", got)
	}
}

func TestStatesSurvive(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	s.SaveState("Alice", pbx.SavedState{CallCenter: true, Manual: true})
	s.SaveState("boris", pbx.SavedState{Redirect: true})
	s.SaveState("alice", pbx.SavedState{DND: true})
	must(t, s.Close())
	states, err := open(t, dir).LoadStates(t.Context())
	must(t, err)
	if len(states) != 2 || states["alice"] != (pbx.SavedState{DND: true}) || states["boris"] != (pbx.SavedState{Redirect: true}) {
		t.Errorf("got %v", states)
	}
}

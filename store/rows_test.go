package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/store"
)

func TestRules(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	rule := func(login, id, to string, priority int) pbx.RedirectRule {
		return pbx.RedirectRule{ID: id, Login: login, Destination: to, Enabled: true, OnlyInRedirect: true, Priority: priority, Raw: []byte(`{"caption":"a"}`)}
	}
	const bare, hyphens = "3be2855bb866a036ea41cd4b5263a0e0", "3BE2855B-B866-A036-EA41-CD4B5263A0E0"
	want := []pbx.RedirectRule{rule("alice", "1", "301", 1), rule("alice", hyphens, "302", 2), rule("alice", "3", "303", 2)}
	for _, r := range []pbx.RedirectRule{rule("alice", bare, "300", 5), want[2], want[0], want[1], rule("boris", "1", "304", 1), rule("boris", bare, "305", 1)} {
		must(t, s.SaveRule(t.Context(), r))
	}
	n, err := s.DeleteRules(t.Context(), "BORIS", []string{"unknown", hyphens, "1"})
	must(t, err)
	if n != 2 {
		t.Errorf("got %d deleted, want 2", n)
	}
	must(t, s.Close())
	got, err := open(t, dir).Rules(t.Context())
	must(t, err)
	// The rule that was saved again under the other spelling of its id keeps its age.
	if !reflect.DeepEqual(got, map[string][]pbx.RedirectRule{"alice": want}) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func TestPhotos(t *testing.T) {
	s := open(t, t.TempDir())
	must(t, s.SetPhoto(t.Context(), "alice", "a/1.png"))
	must(t, s.SetPhoto(t.Context(), "Alice", "a/2.png"))
	must(t, s.SetPhoto(t.Context(), "boris", "b"))
	must(t, s.DeletePhoto(t.Context(), "BORIS"))
	if path, err := s.Photo(t.Context(), "ALICE"); err != nil || path != "a/2.png" {
		t.Errorf("got %q, %v", path, err)
	}
	if _, err := s.Photo(t.Context(), "boris"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
	got, err := s.Photos(t.Context())
	must(t, err)
	if !reflect.DeepEqual(got, map[string]string{"Alice": "a/2.png"}) {
		t.Errorf("got %v", got)
	}
}

func TestAddedUsers(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	zoe := store.UserRow{Login: "zoe", ID: "z", Name: "Зоя", Numbers: []string{"310", "7800"}, Department: "Sales",
		Subordinates: []string{"alice"}, Supervisor: true, Operator: true, IgnoreCase: true, Dial: []string{"8*"}}
	for _, u := range []store.UserRow{{Login: "Zoe", ID: "old"}, {Login: "adam", ID: "a"}, {Login: "yan"}, zoe} {
		must(t, s.SaveUser(t.Context(), u))
	}
	must(t, s.DeleteUser(t.Context(), "YAN"))
	must(t, s.Close())
	got, err := open(t, dir).Users(t.Context())
	must(t, err)
	if want := []store.UserRow{{Login: "adam", ID: "a"}, zoe}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func TestDisabledUsers(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	must(t, s.DisableUser(t.Context(), "Alice", true))
	must(t, s.DisableUser(t.Context(), "boris", true))
	must(t, s.DisableUser(t.Context(), "BORIS", false))
	check := func(s *store.Store) {
		t.Helper()
		if !s.IsDisabled("alice") || s.IsDisabled("boris") {
			t.Error("alice should be disabled, and boris not")
		}
		if got, err := s.Disabled(t.Context()); err != nil || !slices.Equal(got, []string{"Alice"}) {
			t.Errorf("got %v, %v", got, err)
		}
	}
	check(s)
	must(t, s.Close())
	check(open(t, dir))
}

func TestPruneJournal(t *testing.T) {
	s := open(t, t.TempDir())
	for i := range 1000 {
		s.CloseCall(call(fmt.Sprint(i), "alice", begin.Add(time.Duration(i)*time.Minute)))
	}
	s.OpenCall(begun(call("open", "alice", begin.Add(-time.Hour))))
	sync(t, s)
	must(t, s.Prune(t.Context(), begin.Add(990*time.Minute), begin))
	got, err := s.Journal(t.Context(), store.JournalFilter{})
	must(t, err)
	if want := "999 998 997 996 995 994 993 992 991 990 open"; ids(got) != want {
		t.Errorf("got %s, want %s", ids(got), want)
	}
}

func TestRunPrunesEveryHour(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s, err := store.Open(t.Context(), store.Options{Dir: dir, Retention: store.Retention{Journal: 90 * time.Minute}})
		must(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- s.Run(ctx) }()
		s.CloseCall(call("1", "alice", time.Now()))
		count := func() int {
			t.Helper()
			sync(t, s)
			got, err := s.Journal(t.Context(), store.JournalFilter{})
			must(t, err)
			return len(got)
		}
		<-time.After(61 * time.Minute)
		if got := count(); got != 1 {
			t.Errorf("after an hour: got %d entries, want 1", got)
		}
		<-time.After(61 * time.Minute)
		if got := count(); got != 0 {
			t.Errorf("after two hours: got %d entries, want none", got)
		}
		cancel()
		must(t, <-ended)
		must(t, s.Close())
	})
}

func TestBackup(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	s.CloseCall(call("1", "alice", begin))
	must(t, s.SetPassword(t.Context(), "alice", secretCased, ""))
	path := filepath.Join(t.TempDir(), "octolink.db")
	must(t, s.Backup(t.Context(), path))
	before, err := os.ReadFile(path)
	must(t, err)
	if err := s.Backup(t.Context(), path); !errors.Is(err, store.ErrExists) {
		t.Errorf("second backup: got %v, want ErrExists", err)
	}
	if after, _ := os.ReadFile(path); string(after) != string(before) {
		t.Error("the second backup changed the first")
	}
	if err := s.Backup(t.Context(), filepath.Join(dir, "none", "backup")); !errors.Is(err, store.ErrCannotOpen) {
		t.Errorf("no such directory: got %v, want ErrCannotOpen", err)
	}
	files, err := os.ReadDir(filepath.Dir(path))
	must(t, err)
	if info, _ := os.Stat(path); len(files) != 1 || info.Mode().Perm() != 0o600 {
		t.Errorf("got %d files, the backup's mode %o, want one with mode 600", len(files), info.Mode().Perm())
	}

	restored := open(t, filepath.Dir(path))
	if _, err := restored.RecordByID(t.Context(), "1"); err != nil {
		t.Error(err)
	}
	if !restored.HasPassword("alice") {
		t.Error("the password is not in the backup")
	}
}

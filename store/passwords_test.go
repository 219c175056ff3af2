package store_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	"github.com/octolink/octolink/store"
)

// The two md5 forms of "Secret" [P 5.2].
const (
	secretCased = "1e6947ac7fb3a9529a9726eb692c8cc5"
	secretLower = "5ebe2294ecd0e0f08eab7690d2a6ee69"
)

func TestPasswords(t *testing.T) {
	s := open(t, t.TempDir())
	must(t, s.SetPassword(t.Context(), "Alice", secretCased, ""))
	must(t, s.SetPassword(t.Context(), "boris", secretCased, secretLower))
	tests := []struct {
		name, login, cased, lower string
		want                      store.Verdict
	}{
		{"right", "alice", secretCased, "", store.RightPassword},
		{"login in any case", "ALICE", secretCased, "", store.RightPassword},
		{"hex digits in any case", "alice", "1E6947AC7FB3A9529A9726EB692C8CC5", "", store.RightPassword},
		{"wrong", "alice", secretLower, "", store.WrongPassword},
		{"empty", "alice", "", "", store.WrongPassword},
		{"lower-case form does not count", "alice", secretLower, secretLower, store.WrongPassword},
		{"lower-case form counts", "boris", "", secretLower, store.RightPassword},
		{"lower-case form wrong", "boris", "", secretCased, store.WrongPassword},
		{"forms are not each other", "boris", secretLower, "", store.WrongPassword},
		{"has none", "vera", secretCased, secretLower, store.NoPassword},
		{"nobody", "", "", "", store.NoPassword},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := s.CheckPassword(tt.login, tt.cased, tt.lower); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestPasswordChanges(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	must(t, s.SetPassword(t.Context(), "alice", secretCased, secretLower))
	must(t, s.SetPassword(t.Context(), "alice", secretLower, "")) // drops the lower-case form
	must(t, s.SetPassword(t.Context(), "boris", secretCased, ""))
	must(t, s.ResetPassword(t.Context(), "Boris"))
	check := func(s *store.Store) {
		t.Helper()
		if got := s.CheckPassword("alice", secretLower, ""); got != store.RightPassword {
			t.Errorf("new password: got %v", got)
		}
		if got := s.CheckPassword("alice", secretCased, secretLower); got != store.WrongPassword {
			t.Errorf("old password: got %v", got)
		}
		if !s.HasPassword("alice") || s.HasPassword("boris") {
			t.Error("alice should have a password, and boris none")
		}
	}
	check(s)
	must(t, s.Close())
	check(open(t, dir))
}

func TestLostKey(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	must(t, s.SetPassword(t.Context(), "alice", secretCased, ""))
	id := newSession(t, s, "alice")
	must(t, s.Close())
	key := filepath.Join(dir, "secret.key")
	must(t, os.Rename(key, key+".old"))

	s = open(t, dir)
	if got := s.CheckPassword("alice", secretCased, ""); got != store.WrongPassword {
		t.Errorf("without the key: got %v, want WrongPassword", got)
	}
	wantSession(t, s, id, "alice")
	must(t, s.Close())

	must(t, os.Rename(key+".old", key))
	if got := open(t, dir).CheckPassword("alice", secretCased, ""); got != store.RightPassword {
		t.Errorf("with the key again: got %v, want RightPassword", got)
	}
}

func TestCopiedDatabaseLetsNobodyIn(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	must(t, s.SetPassword(t.Context(), "alice", secretCased, secretLower))
	id := newSession(t, s, "alice")
	wantSession(t, s, id, "alice")
	must(t, s.Backup(t.Context(), filepath.Join(dir, "backup")))
	scan := func() {
		t.Helper()
		files, err := os.ReadDir(dir)
		must(t, err)
		for _, f := range files {
			b, err := os.ReadFile(filepath.Join(dir, f.Name()))
			must(t, err)
			for name, secret := range map[string]string{"md5": secretCased, "lower-case md5": secretLower, "session": id} {
				raw, err := hex.DecodeString(secret)
				must(t, err)
				plainHash := sha256.Sum256([]byte(secret))
				if bytes.Contains(b, []byte(secret)) || bytes.Contains(b, raw) {
					t.Errorf("%s contains the %s", f.Name(), name)
				}
				if name != "session" && bytes.Contains(b, plainHash[:]) {
					t.Errorf("%s contains a hash of the %s without the key", f.Name(), name)
				}
			}
		}
	}
	scan()
	must(t, s.Close())
	scan()

	// The copy is another server's now: it has its own key.
	stolen := t.TempDir()
	b, err := os.ReadFile(filepath.Join(dir, "backup"))
	must(t, err)
	must(t, os.WriteFile(filepath.Join(stolen, "octolink.db"), b, 0o600))
	if got := open(t, stolen).CheckPassword("alice", secretCased, secretLower); got != store.WrongPassword {
		t.Errorf("copied database: got %v, want WrongPassword", got)
	}
}

func TestMAC(t *testing.T) {
	a, b := open(t, t.TempDir()), open(t, t.TempDir())
	if !bytes.Equal(a.MAC("x"), a.MAC("x")) || bytes.Equal(a.MAC("x"), a.MAC("y")) {
		t.Error("equal texts should have equal MACs, and others not")
	}
	if bytes.Equal(a.MAC("x"), b.MAC("x")) {
		t.Error("two servers have the same key")
	}
}

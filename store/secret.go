package store

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
)

const keyBytes = 32

// loadKey reads the key file, or makes it on the first start.
func loadKey(path string, log *slog.Logger) ([]byte, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return makeKey(path)
	}
	if err != nil {
		return nil, fmt.Errorf("store: %w", openFault(err))
	}
	if info.Mode().Perm()&0o077 != 0 {
		log.Warn("others may read the key file; it should have mode 0600", "file", path)
	}
	key, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("store: %w", openFault(err))
	}
	if len(key) != keyBytes {
		return nil, fmt.Errorf("store: %s has %d bytes instead of %d; restore it, or remove it and reset the users' passwords",
			path, len(key), keyBytes)
	}
	return key, nil
}

// makeKey writes beside the place and renames, so that a crash leaves no half a key.
func makeKey(path string) ([]byte, error) {
	key := make([]byte, keyBytes)
	_, _ = rand.Read(key) // never fails
	f, err := os.CreateTemp(filepath.Dir(path), ".secret-*")
	if err != nil {
		return nil, fmt.Errorf("store: %w", openFault(err))
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if _, err := f.Write(key); err != nil {
		return nil, fmt.Errorf("store: %w", openFault(err))
	}
	if err := f.Sync(); err != nil {
		return nil, fmt.Errorf("store: %w", openFault(err))
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return nil, fmt.Errorf("store: %w", openFault(err))
	}
	return key, syncDir(filepath.Dir(path))
}

// syncDir makes a rename survive a loss of power.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("store: %w", openFault(err))
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("store: sync %s: %w", dir, err)
	}
	return nil
}

// MAC is the HMAC-SHA-256 of a text under the store's key: whoever compares secrets keeps this
// instead of them. Compare with hmac.Equal.
func (s *Store) MAC(text string) []byte { return s.mac("text", text) }

// mac keeps the uses of the key apart: the parts cannot run into each other.
func (s *Store) mac(parts ...string) []byte {
	h := hmac.New(sha256.New, s.key)
	for _, p := range parts {
		h.Write([]byte{byte(len(p) >> 8), byte(len(p))})
		h.Write([]byte(p))
	}
	return h.Sum(nil)
}

// keyID tells keys apart without telling anything about them.
func (s *Store) keyID() []byte { return s.mac("key id")[:8] }

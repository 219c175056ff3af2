package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Backup writes a copy of the database, whole as of one moment, while the server works. It takes
// along what was queued before, unless the disk refuses it. Sessions and passwords are in it only as
// described for the package; secret.key is not. [ErrExists]: path exists and is left alone.
func (s *Store) Backup(ctx context.Context, path string) error {
	if err := s.settle(ctx); err != nil {
		return err
	}
	claim, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("store: backup: %s: %w", path, ErrExists)
	}
	if err != nil {
		return fmt.Errorf("store: backup: %w", openFault(err))
	}
	claim.Close()
	if err := s.copyTo(ctx, path); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

// copyTo fills a file beside path and renames it: whatever is at path in the end is whole.
func (s *Store) copyTo(ctx context.Context, path string) error {
	part, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".part-*")
	if err != nil {
		return fmt.Errorf("store: backup: %w", openFault(err))
	}
	defer os.Remove(part.Name())
	defer part.Close()
	// The read-only pool refuses writes, this one included, so the copy has its own connection.
	db, err := openCopier(s.path())
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, `VACUUM INTO ?`, part.Name()); err != nil {
		return fmt.Errorf("store: backup to %s: %w", path, explain(err))
	}
	if err := part.Sync(); err != nil {
		return fmt.Errorf("store: backup to %s: %w", path, err)
	}
	if err := os.Rename(part.Name(), path); err != nil {
		return fmt.Errorf("store: backup: %w", openFault(err))
	}
	return syncDir(filepath.Dir(path))
}

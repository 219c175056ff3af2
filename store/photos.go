package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Photo is the path under which a user's photo is kept; the picture itself is a file elsewhere.
// ErrNotFound: he has none.
func (s *Store) Photo(ctx context.Context, login string) (path string, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT path FROM photos WHERE who = ?`, fold(login)).Scan(&path)
	if errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("store: photo of %s: %w", login, ErrNotFound)
	}
	if err != nil {
		return "", fmt.Errorf("store: photo: %w", explain(err))
	}
	return path, nil
}

// Photos are the paths of all photos by login, spelled as in SetPhoto.
func (s *Store) Photos(ctx context.Context) (map[string]string, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT login, path FROM photos`)
	if err != nil {
		return nil, fmt.Errorf("store: photos: %w", explain(err))
	}
	defer rows.Close()
	photos := make(map[string]string)
	for rows.Next() {
		var login, path string
		if err := rows.Scan(&login, &path); err != nil {
			return nil, fmt.Errorf("store: photos: %w", err)
		}
		photos[login] = path
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("store: photos: %w", explain(err))
	}
	return photos, nil
}

// SetPhoto keeps the path of a user's photo instead of the last one.
func (s *Store) SetPhoto(ctx context.Context, login, path string) error {
	return s.write(ctx, "set photo", func(t *tx) error {
		_, err := t.exec(`INSERT OR REPLACE INTO photos (who, login, path, updated) VALUES (?, ?, ?, ?)`,
			fold(login), login, path, s.now().UnixMilli())
		return err
	}, nil)
}

// DeletePhoto forgets a user's photo; one that does not exist is no error.
func (s *Store) DeletePhoto(ctx context.Context, login string) error {
	return s.write(ctx, "delete photo", func(t *tx) error {
		_, err := t.exec(`DELETE FROM photos WHERE who = ?`, fold(login))
		return err
	}, nil)
}

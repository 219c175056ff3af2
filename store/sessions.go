package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

const sessionIDBytes = 16

// A session as it is in the cache and in its row; times in milliseconds since 1970.
type session struct {
	login   string
	expires int64 // the end, unless it is used before
	ends    int64 // the end in any case
	life    int64 // how much longer each use makes it
	saved   int64 // what the disk has as expires
}

// NewSession begins a session and returns its id, 32 hex digits, once it is on the disk. It lives for
// life after its last use, and not longer than max altogether; a max of zero means no such bound.
func (s *Store) NewSession(ctx context.Context, login string, life, max time.Duration) (string, error) {
	var raw [sessionIDBytes]byte
	_, _ = rand.Read(raw[:]) // never fails
	id := hex.EncodeToString(raw[:])
	now := s.now().UnixMilli()
	n := session{login: login, life: life.Milliseconds(), ends: endOfTime}
	if max > 0 {
		n.ends = now + max.Milliseconds()
	}
	n.expires = min(now+n.life, n.ends)
	n.saved = n.expires
	hash := sessionHash(id)
	err := s.write(ctx, "new session", func(t *tx) error {
		_, err := t.exec(`INSERT INTO sessions (hash, who, login, created, expires, ends, life) VALUES (?, ?, ?, ?, ?, ?, ?)`,
			hash[:], fold(login), login, now, n.expires, n.ends, n.life)
		return err
	}, func() { s.sessions.put(hash, n) })
	if err != nil {
		return "", err
	}
	return id, nil
}

// endOfTime is later than any session; it fits into a JavaScript number.
const endOfTime = 1<<53 - 1

func sessionHash(id string) [sha256.Size]byte { return sha256.Sum256([]byte(id)) }

// Session is whose session an id is. It counts as a use: call it, too, when a channel of the
// session ends. ErrNoSession: there is none with that id, or it has ended.
func (s *Store) Session(ctx context.Context, id string) (login string, err error) {
	if len(id) != 2*sessionIDBytes {
		return "", fmt.Errorf("store: %w", ErrNoSession)
	}
	hash := sessionHash(id)
	now := s.now().UnixMilli()
	if n, ok, renew := s.sessions.use(hash, now); ok {
		return s.used(hash, n, now, renew)
	}
	generation := s.sessions.generation()
	n, err := s.readSession(ctx, hash)
	if err != nil {
		return "", err
	}
	if n.expires <= now {
		return s.used(hash, n, now, false)
	}
	renew := n.use(now)
	s.sessions.putIf(hash, n, generation)
	return s.used(hash, n, now, renew)
}

// used tells whose it is and writes the new end when it moved far enough.
func (s *Store) used(hash [sha256.Size]byte, n session, now int64, renew bool) (string, error) {
	if n.expires <= now {
		return "", fmt.Errorf("store: %w", ErrNoSession)
	}
	if renew {
		s.w.forget(op{what: "session's end", write: func(t *tx) error {
			_, err := t.exec(`UPDATE sessions SET expires = ? WHERE hash = ?`, n.expires, hash[:])
			return err
		}})
	}
	return n.login, nil
}

func (s *Store) readSession(ctx context.Context, hash [sha256.Size]byte) (session, error) {
	var n session
	err := s.read.QueryRowContext(ctx, `SELECT login, expires, ends, life FROM sessions WHERE hash = ?`, hash[:]).
		Scan(&n.login, &n.expires, &n.ends, &n.life)
	if errors.Is(err, sql.ErrNoRows) {
		return session{}, fmt.Errorf("store: %w", ErrNoSession)
	}
	if err != nil {
		return session{}, fmt.Errorf("store: session: %w", explain(err))
	}
	n.saved = n.expires
	return n, nil
}

// EndSession ends one session; one that does not exist is no error.
func (s *Store) EndSession(ctx context.Context, id string) error {
	hash := sessionHash(id)
	return s.write(ctx, "end session", func(t *tx) error {
		_, err := t.exec(`DELETE FROM sessions WHERE hash = ?`, hash[:])
		return err
	}, func() { s.sessions.remove(hash) })
}

// EndSessions ends all sessions of a user but one; exceptID "" means all.
func (s *Store) EndSessions(ctx context.Context, login, exceptID string) error {
	except := sessionHash(exceptID)
	return s.write(ctx, "end sessions", func(t *tx) error {
		_, err := t.exec(`DELETE FROM sessions WHERE who = ? AND hash <> ?`, fold(login), except[:])
		return err
	}, func() { s.sessions.removeAll(fold(login), except) })
}

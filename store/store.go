package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/octolink/octolink/pbx"
)

// Options say where the data is and how long it is kept.
type Options struct {
	// Dir is the data directory; it is made with mode 0700 when it is missing.
	Dir string
	// Log hears of faults. Zero means nobody does.
	Log *slog.Logger
	// Now is the clock. Zero means time.Now.
	Now func() time.Time
	// Zone is the time zone of the texts in the views of procedures. Zero means time.Local.
	Zone *time.Location
	// Retention is how long rows are kept by Run.
	Retention Retention
	// Queue is how many writes may wait. Zero means 65536.
	Queue int
}

const defaultQueue = 65536

// A Store is the database of one server. All methods may be called at any time from any goroutine.
type Store struct {
	dir       string
	log       *slog.Logger
	now       func() time.Time
	zone      *time.Location
	retention Retention

	lock   *os.File
	key    []byte
	w      *writer
	read   *sql.DB // what the program asks
	asked  *sql.DB // what procedures ask
	closed atomic.Bool

	sessions  sessionCache
	passwords passwordBook
	disabled  loginSet
	numbering numbering
	picture   atomic.Pointer[Picture]
}

var _ pbx.Memory = (*Store)(nil)

// Open opens the database of a data directory, or makes it, and closes the journal entries that a
// killed server left open as interrupted. It starts the goroutines that write; [Store.Close] ends them.
// Errors: [ErrNewer], [ErrForeign] and [ErrLocked] leave everything as it is; [ErrCannotOpen],
// [ErrReadOnly], [ErrFull], [ErrDamaged].
func Open(ctx context.Context, o Options) (*Store, error) {
	s, err := newStore(o)
	if err != nil {
		return nil, err
	}
	if err := s.open(ctx, o.Queue); err != nil {
		s.lock.Close()
		return nil, err
	}
	return s, nil
}

// newStore fills in the defaults and takes the lock.
func newStore(o Options) (*Store, error) {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	s := &Store{dir: dir, log: o.Log, now: o.Now, zone: o.Zone, retention: o.Retention.withDefaults()}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.zone == nil {
		s.zone = time.Local
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("store: %w", openFault(err))
	}
	s.lock, err = lockDir(dataFile(dir, "octolink.lock"))
	return s, err
}

func (s *Store) open(ctx context.Context, limit int) error {
	path := s.path()
	if err := probe(path); err != nil {
		return err
	}
	key, err := loadKey(dataFile(s.dir, "secret.key"), s.log)
	if err != nil {
		return err
	}
	s.key = key
	conn, err := openWriter(path)
	if err != nil {
		return err
	}
	t := newTx(conn)
	if err := s.prepare(t); err != nil {
		return errors.Join(err, t.close())
	}
	fold, err := newCheckpointer(path, conn, s.log)
	if err != nil {
		return errors.Join(fmt.Errorf("store: %s: %w", path, explain(err)), t.close())
	}
	if limit <= 0 {
		limit = defaultQueue
	}
	s.w = newWriter(t, fold, limit, s.log)
	s.w.start() // Close waits for its goroutines
	if err := s.openReads(ctx); err != nil {
		return errors.Join(err, s.w.close())
	}
	return nil
}

// prepare makes the database ready for work before anything else uses it.
func (s *Store) prepare(t *tx) error {
	if err := migrate(t.conn); err != nil {
		return fmt.Errorf("store: %s: %w", s.path(), err)
	}
	if err := s.recoverJournal(t); err != nil {
		return fmt.Errorf("store: %s: %w", s.path(), explain(err))
	}
	return nil
}

func (s *Store) openReads(ctx context.Context) error {
	var err error
	if s.read, err = openReaders(s.path()); err != nil {
		return err
	}
	s.asked = s.openProcedures()
	s.sessions.init()
	err = errors.Join(s.loadPasswords(ctx), s.loadDisabled(ctx))
	if err != nil {
		s.closeReads()
		return fmt.Errorf("store: %s: %w", s.path(), explain(err))
	}
	return nil
}

func (s *Store) path() string { return dataFile(s.dir, "octolink.db") }

func (s *Store) closeReads() {
	_ = s.asked.Close()
	_ = s.read.Close()
}

// Close writes everything that is queued and closes the database. The error says how many writes
// could not be kept. A second Close does nothing.
func (s *Store) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	s.closeNumbering()
	s.closeReads()
	err := s.w.close()
	s.lock.Close()
	if err != nil {
		return fmt.Errorf("store: close: %w", err)
	}
	return nil
}

// Sync waits until everything that was queued before is on the disk. An error says that it is not,
// or that ctx ended first.
func (s *Store) Sync(ctx context.Context) error {
	if err := s.w.do(ctx, op{what: "sync"}); err != nil {
		return fmt.Errorf("store: sync: %w", err)
	}
	return nil
}

// write queues a write and waits for it.
func (s *Store) write(ctx context.Context, what string, fn func(*tx) error, after func()) error {
	if err := s.w.do(ctx, op{write: fn, after: after, what: what}); err != nil {
		return fmt.Errorf("store: %s: %w", what, err)
	}
	return nil
}

// settle waits for the writes before a read, so that one reads what one wrote. What the disk
// refuses cannot be waited for.
func (s *Store) settle(ctx context.Context) error {
	if s.w.q.waiting() == 0 {
		return nil
	}
	if err := s.Sync(ctx); err != nil && ctx.Err() != nil {
		return err
	}
	return nil
}

// fold makes logins comparable.
func fold(login string) string { return strings.ToLower(login) }

// millis and instant keep times as milliseconds since 1970, none as 0.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func instant(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

package store

import (
	"errors"
	"fmt"

	"github.com/mattn/go-sqlite3"
)

// What the store fails with. Every one is wrapped with its circumstances.
var (
	// ErrNewer: the database was made by a newer version of the program. Nothing was touched.
	ErrNewer = errors.New("the database is from a newer version of octolink")
	// ErrForeign: the file is not a database of octolink. Nothing was touched.
	ErrForeign = errors.New("not a database of octolink")
	// ErrLocked: another server uses the data directory, or another program the database.
	ErrLocked = errors.New("in use by another process")
	// ErrFull: there is no room on the disk.
	ErrFull = errors.New("the disk is full")
	// ErrReadOnly: the database or its directory cannot be written to.
	ErrReadOnly = errors.New("read-only")
	// ErrCannotOpen: the file or its directory cannot be opened.
	ErrCannotOpen = errors.New("cannot be opened")
	// ErrDamaged: the database is damaged.
	ErrDamaged = errors.New("the database is damaged; restore a backup")
	// ErrPluginFull: a plugin may keep no more values.
	ErrPluginFull = errors.New("the plugin's storage is full")
	// ErrFlowFull: a flow may keep no more values.
	ErrFlowFull = errors.New("the flow's storage is full")
	// ErrBusy: too many writes wait.
	ErrBusy = errors.New("too many writes wait")
	// ErrClosed: the store is closed.
	ErrClosed = errors.New("closed")
	// ErrNotFound: there is no such row.
	ErrNotFound = errors.New("not found")
	// ErrNoSession: no such session, or it has ended.
	ErrNoSession = errors.New("no such session")
	// ErrExists: the file exists and is not overwritten.
	ErrExists = errors.New("exists already")
	// ErrQuery: a procedure's SQL is wrong or does what it may not.
	ErrQuery = errors.New("query refused")
	// ErrArgument: a procedure's parameter is missing or of a type that SQL does not know.
	ErrArgument = errors.New("argument")
)

// A GoneError says that events after the wanted number were pruned meanwhile.
type GoneError struct {
	// Oldest is the oldest number that is kept. Nothing is missing after Oldest-1.
	Oldest int64
}

// Error tells the oldest number that is kept.
func (e *GoneError) Error() string {
	return fmt.Sprintf("store: events before %d are no longer kept", e.Oldest)
}

// explain puts one of the errors above in front of what SQLite said, where one fits.
func explain(err error) error {
	var se sqlite3.Error
	if !errors.As(err, &se) {
		return err
	}
	kind := kindOf(se)
	if kind == nil {
		return err
	}
	return fmt.Errorf("%w (%w)", kind, err)
}

func kindOf(se sqlite3.Error) error {
	switch se.Code {
	case sqlite3.ErrFull:
		return ErrFull
	case sqlite3.ErrBusy, sqlite3.ErrLocked:
		return ErrLocked
	case sqlite3.ErrReadonly, sqlite3.ErrPerm:
		return ErrReadOnly
	case sqlite3.ErrCantOpen:
		return ErrCannotOpen
	case sqlite3.ErrNotADB:
		return ErrForeign
	case sqlite3.ErrCorrupt:
		return ErrDamaged
	}
	return nil
}

// ownFault reports whether a write failed because of itself: it would fail again, others would
// not. All else is the disk's fault, and the same write may succeed later.
func ownFault(err error) bool {
	var se sqlite3.Error
	if !errors.As(err, &se) {
		return true
	}
	switch se.Code {
	case sqlite3.ErrError, sqlite3.ErrConstraint, sqlite3.ErrMismatch, sqlite3.ErrTooBig,
		sqlite3.ErrRange, sqlite3.ErrMisuse:
		return true
	}
	return false
}

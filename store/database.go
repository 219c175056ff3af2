package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"

	"github.com/mattn/go-sqlite3"
)

// applicationID marks the file as ours: "OctL" at offset 68 of the header.
const applicationID = 0x4F63744C

// Offsets in the header of an SQLite file.
const (
	headerBytes   = 100
	versionOffset = 60
	idOffset      = 68
)

// probe looks at a database without opening it for writing, so that one that is not ours or from
// a newer version stays as it is.
func probe(path string) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("store: %w", openFault(err))
	}
	defer f.Close()
	var h [headerBytes]byte
	switch n, err := io.ReadFull(f, h[:]); {
	case n == 0 && errors.Is(err, io.EOF):
		return nil // made, but nothing was written yet
	case errors.Is(err, io.ErrUnexpectedEOF), err == nil && string(h[:16]) != "SQLite format 3\x00":
		return fmt.Errorf("store: %s: %w", path, ErrForeign)
	case err != nil:
		return fmt.Errorf("store: %w", openFault(err))
	}
	if err := judge(path, int64(binary.BigEndian.Uint32(h[idOffset:])), int64(binary.BigEndian.Uint32(h[versionOffset:]))); err != nil {
		return err
	}
	if wal, err := os.Stat(path + "-wal"); err != nil || wal.Size() == 0 {
		return nil
	}
	return probeLog(path)
}

// probeLog reads the version through the write-ahead log that a killed server left behind. A
// read-only connection does not fold the log into the database.
func probeLog(path string) error {
	db, err := sql.Open("sqlite3", dsn(path, "mode=ro"))
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	defer db.Close()
	var id, version int64
	err = db.QueryRow("SELECT application_id, user_version FROM pragma_application_id, pragma_user_version").Scan(&id, &version)
	if err != nil {
		return fmt.Errorf("store: %s: %w", path, explain(err))
	}
	return judge(path, id, version)
}

// judge decides by the marks in a database whether it is ours to open.
func judge(path string, id, version int64) error {
	if id != applicationID && (id != 0 || version != 0) {
		return fmt.Errorf("store: %s: %w", path, ErrForeign)
	}
	if version > newest() {
		return fmt.Errorf("store: %s: %w (its version is %d, this program knows %d)", path, ErrNewer, version, newest())
	}
	return nil
}

// dsn makes an SQLite URI; options are in its own notation, joined by &.
func dsn(path, options string) string {
	u := url.URL{Scheme: "file", Path: path, RawQuery: options}
	return u.String()
}

// openWriter makes the database with mode 0600 when it is missing, and the connection that writes.
func openWriter(path string) (*sqlite3.SQLiteConn, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("store: %w", openFault(err))
	}
	f.Close()
	c, err := (&sqlite3.SQLiteDriver{}).Open(dsn(path, "mode=rw&_journal_mode=WAL&_synchronous=FULL&_busy_timeout=2000&_cache_size=-32000"))
	if err != nil {
		return nil, fmt.Errorf("store: %s: %w", path, explain(err))
	}
	conn, ok := c.(*sqlite3.SQLiteConn)
	if !ok {
		return nil, fmt.Errorf("store: connection of type %T", c)
	}
	return conn, nil
}

// openReaders makes a pool of connections that only read.
func openReaders(path string) (*sql.DB, error) {
	db, err := sql.Open("sqlite3", dsn(path, "mode=ro&_query_only=1&_busy_timeout=2000&_stmt_cache_size=32"))
	if err != nil {
		return nil, fmt.Errorf("store: %s: %w", path, explain(err))
	}
	n := max(2, runtime.GOMAXPROCS(0))
	db.SetMaxOpenConns(n)
	db.SetMaxIdleConns(n)
	return db, nil
}

// openCopier makes a connection that reads the database and may write another file.
func openCopier(path string) (*sql.DB, error) {
	db, err := sql.Open("sqlite3", dsn(path, "mode=ro&_busy_timeout=2000"))
	if err != nil {
		return nil, fmt.Errorf("store: %s: %w", path, explain(err))
	}
	return db, nil
}

// number reads one integer over the writer's connection before the writer runs.
func number(conn *sqlite3.SQLiteConn, query string, args ...driver.NamedValue) (int64, error) {
	rows, err := conn.QueryContext(context.Background(), query, args)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	row := make([]driver.Value, 1)
	if err := rows.Next(row); err != nil {
		return 0, err
	}
	n, ok := row[0].(int64)
	if !ok {
		return 0, fmt.Errorf("%s: not a number", query)
	}
	return n, nil
}

// dataFile is a file of the data directory.
func dataFile(dir, name string) string { return filepath.Join(dir, name) }

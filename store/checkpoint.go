package store

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"

	"github.com/mattn/go-sqlite3"
)

const (
	// checkpointEvery so many writes the log is folded into the database.
	checkpointEvery = 500
	// longestLog is where the writer does it itself, in pages of 4 KiB: as long as it always adds to the
	// log, the log cannot begin anew. Little is left to do then.
	longestLog = 16384
)

// A checkpointer folds the write-ahead log into the database beside the writer. SQLite would do it
// within a commit, and those who wait for that one would wait for thousands of pages.
type checkpointer struct {
	db       *sql.DB
	log      *slog.Logger
	due      chan struct{} // has room for one
	finished chan struct{} // closed when run has returned
	written  int           // only the writer; since the last signal
}

// newCheckpointer takes the work away from the writer's connection.
func newCheckpointer(path string, writer *sqlite3.SQLiteConn, log *slog.Logger) (*checkpointer, error) {
	if _, err := writer.Exec(fmt.Sprintf("PRAGMA wal_autocheckpoint = %d", longestLog), nil); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite3", dsn(path, "mode=rw&_synchronous=FULL&_busy_timeout=2000"))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	return &checkpointer{db: db, log: log, due: make(chan struct{}, 1), finished: make(chan struct{})}, nil
}

// wrote counts writes. The writer calls it.
func (c *checkpointer) wrote(n int) {
	c.written += n
	if c.written < checkpointEvery {
		return
	}
	select {
	case c.due <- struct{}{}:
		c.written = 0
	default: // it is still busy with the last one
	}
}

// run works until close.
func (c *checkpointer) run() {
	defer close(c.finished)
	for range c.due {
		// What it leaves undone, after a fault too, the next one does.
		if _, err := c.db.ExecContext(context.Background(), "PRAGMA wal_checkpoint(PASSIVE)"); err != nil {
			c.log.Debug("checkpoint", "err", err)
		}
	}
}

// close ends run. The writer must have ended.
func (c *checkpointer) close() {
	close(c.due)
	<-c.finished
	_ = c.db.Close()
}

package store

import (
	"context"
	"database/sql/driver"
	"fmt"

	"github.com/mattn/go-sqlite3"
)

// A tx is the writer's connection with its prepared statements. One goroutine uses it.
type tx struct {
	conn  *sqlite3.SQLiteConn
	stmts map[string]driver.StmtExecContext
	args  []driver.NamedValue
}

func newTx(conn *sqlite3.SQLiteConn) *tx {
	return &tx{conn: conn, stmts: make(map[string]driver.StmtExecContext)}
}

// exec runs one statement and returns how many rows it changed. Statements are prepared once, so
// queries are constants, never made of data.
func (t *tx) exec(query string, args ...any) (int64, error) {
	stmt, err := t.prepare(query)
	if err != nil {
		return 0, err
	}
	t.args = t.args[:0]
	for i, a := range args {
		if n, ok := a.(int); ok {
			a = int64(n) // the driver knows no int
		}
		t.args = append(t.args, driver.NamedValue{Ordinal: i + 1, Value: a})
	}
	// A context without an end spares SQLite's driver a goroutine per statement.
	res, err := stmt.ExecContext(context.Background(), t.args)
	clear(t.args)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

func (t *tx) prepare(query string) (driver.StmtExecContext, error) {
	if stmt, ok := t.stmts[query]; ok {
		return stmt, nil
	}
	s, err := t.conn.Prepare(query)
	if err != nil {
		return nil, err
	}
	stmt, ok := s.(driver.StmtExecContext)
	if !ok {
		return nil, fmt.Errorf("store: statement of type %T", s)
	}
	t.stmts[query] = stmt
	return stmt, nil
}

// run writes ops in one transaction: all of them or none.
func (t *tx) run(ops []op) error {
	if !anyWrites(ops) {
		return nil
	}
	if _, err := t.exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	for i := range ops {
		if ops[i].write == nil {
			continue
		}
		if err := ops[i].write(t); err != nil {
			t.rollback()
			return err
		}
	}
	if _, err := t.exec("COMMIT"); err != nil {
		t.rollback()
		return err
	}
	return nil
}

func anyWrites(ops []op) bool {
	for i := range ops {
		if ops[i].write != nil {
			return true
		}
	}
	return false
}

// rollback leaves the transaction. After some faults SQLite has done so by itself.
func (t *tx) rollback() {
	if !t.conn.AutoCommit() {
		_, _ = t.exec("ROLLBACK")
	}
}

func (t *tx) close() error {
	for _, s := range t.stmts {
		if c, ok := s.(driver.Stmt); ok {
			_ = c.Close()
		}
	}
	return t.conn.Close()
}

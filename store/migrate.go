package store

import (
	"embed"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/mattn/go-sqlite3"
)

// Migrations are numbered from 1 without gaps, are never changed once they were released, and run in a
// transaction each. A database carries the number of the last one in user_version.
//
//go:embed migrations/*.sql
var migrations embed.FS

// newest is the version that this program makes of a database.
func newest() int64 { return int64(len(migrationFiles())) }

func migrationFiles() []string {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	return names
}

// migrate brings a database to the newest version, step by step; a step that fails leaves no trace.
func migrate(conn *sqlite3.SQLiteConn) error {
	have, err := number(conn, "PRAGMA user_version")
	if err != nil {
		return explain(err)
	}
	for i, name := range migrationFiles() {
		version := int64(i + 1)
		if err := checkName(name, version); err != nil {
			return err
		}
		if version <= have {
			continue
		}
		if err := apply(conn, name, version); err != nil {
			return fmt.Errorf("%s: %w", name, explain(err))
		}
	}
	return nil
}

func checkName(name string, version int64) error {
	digits, _, _ := strings.Cut(strings.TrimPrefix(name, "migrations/"), "_")
	if n, err := strconv.ParseInt(digits, 10, 64); err != nil || n != version {
		return fmt.Errorf("%s should begin with %04d_", name, version)
	}
	return nil
}

func apply(conn *sqlite3.SQLiteConn, name string, version int64) error {
	text, err := migrations.ReadFile(name)
	if err != nil {
		return err
	}
	script := fmt.Sprintf("BEGIN IMMEDIATE;\n%s\nPRAGMA application_id = %d;\nPRAGMA user_version = %d;\nCOMMIT", text, applicationID, version)
	if _, err := conn.Exec(script, nil); err != nil {
		if !conn.AutoCommit() {
			_, _ = conn.Exec("ROLLBACK", nil)
		}
		return err
	}
	return nil
}

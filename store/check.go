package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/mattn/go-sqlite3"
)

// CheckQuery compiles a procedure's statement without running it and without a store: for checking a
// configuration. [ErrQuery]: it is wrong, or does what it may not.
func CheckQuery(query string) error {
	st, err := parse(query)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	// An empty database in memory, which two connections of this process share.
	uri := "file:" + unguessable("check") + "?mode=memory&cache=shared"
	c, err := (&sqlite3.SQLiteDriver{}).Open(uri)
	if err != nil {
		return fmt.Errorf("store: check: %w", err)
	}
	defer c.Close()
	if conn, ok := c.(*sqlite3.SQLiteConn); ok {
		if err := migrate(conn); err != nil {
			return fmt.Errorf("store: check: %w", err)
		}
	}
	db := sql.OpenDB(procedureConnector{attach: uri, functions: (&Store{zone: time.UTC}).viewFunctions()})
	defer db.Close()
	ctx := context.Background()
	compiled, err := db.PrepareContext(ctx, st.sql)
	if err != nil {
		return queryFault(ctx, err)
	}
	return compiled.Close()
}

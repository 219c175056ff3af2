package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"database/sql/driver"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/mattn/go-sqlite3"

	"github.com/octolink/octolink/pbx"
)

// Procedures have connections of their own. The main database of such a connection is an empty one in
// memory; ours is attached read-only under a random name, and temporary views of the same names as
// the tables stand before it. So SQL that names a table gets the view, and cannot name what is behind.
const procedureConnections = 2

// The views; "%[1]s" is the name under which the database is attached.
const procedureViews = `
CREATE TEMP VIEW users AS SELECT id, login, name, number, numbers, department, departmentid, supervisor, operator
 FROM %[1]s.users;
CREATE TEMP VIEW numbers AS SELECT n.id, n.number, n.caption, n.kind, n.isgroup, u.id AS user, u.login,
 n.department, n.departmentid, number_state(n.number) AS state
 FROM %[1]s.numbers n LEFT JOIN %[1]s.users u ON u.who = n.who;
CREATE TEMP VIEW queues AS SELECT id, number, name, members, ring, retry, strategy, department, departmentid
 FROM %[1]s.queues;
CREATE TEMP VIEW calls AS SELECT c.id, c.chain, c.talk, u.id AS user, c.login, c.number, c.peer, c.peername, c.peerlogin,
 c.external, c.direction, c.queue, local_time(c.started) AS started, local_time(c.answered) AS answered,
 local_time(c.ended) AS ended, c.started AS started_ms, c.answered AS answered_ms, c.ended AS ended_ms,
 CASE WHEN c.answered > 0 AND c.ended > 0 THEN (c.ended - c.answered) / 1000 ELSE 0 END AS seconds,
 c.outcome, c.recorded, c.conference, c.flow, c.tags
 FROM %[1]s.calls c LEFT JOIN %[1]s.users u ON u.who = c.who;
CREATE TEMP VIEW states AS SELECT id AS user, login, number, user_state(login, 'state') AS state,
 user_state(login, 'statename') AS statename, user_state(login, 'callcenter') AS callcenter,
 user_state(login, 'manual') AS manual, user_state(login, 'lunch') AS lunch,
 user_state(login, 'redirect') AS redirect, user_state(login, 'task') AS task,
 user_state(login, 'breakid') AS breakid, user_state(login, 'breaktext') AS breaktext
 FROM %[1]s.users;
PRAGMA query_only = 1`

// openProcedures makes the pool; connections are made when they are needed first.
func (s *Store) openProcedures() *sql.DB {
	db := sql.OpenDB(procedureConnector{attach: dsn(s.path(), "mode=ro"), functions: s.viewFunctions()})
	db.SetMaxOpenConns(procedureConnections)
	return db
}

// A procedureConnector makes locked-down connections to the database at a URI.
type procedureConnector struct {
	attach    string
	functions map[string]any
}

// Driver is asked for by database/sql.
func (procedureConnector) Driver() driver.Driver { return &sqlite3.SQLiteDriver{} }

// Connect makes one connection.
func (p procedureConnector) Connect(context.Context) (driver.Conn, error) {
	c, err := (&sqlite3.SQLiteDriver{}).Open("file::memory:?_busy_timeout=2000&_cache_size=-4000")
	if err != nil {
		return nil, err
	}
	conn, ok := c.(*sqlite3.SQLiteConn)
	if !ok {
		return nil, fmt.Errorf("store: connection of type %T", c)
	}
	if err := p.lockDown(conn); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return conn, nil
}

// lockDown attaches the database, makes the views, and then takes away everything else.
func (p procedureConnector) lockDown(conn *sqlite3.SQLiteConn) error {
	for name, fn := range p.functions {
		if err := conn.RegisterFunc(name, fn, false); err != nil {
			return err
		}
	}
	schema := unguessable("p")
	if _, err := conn.Exec(`ATTACH ? AS `+schema, []driver.Value{p.attach}); err != nil {
		return err
	}
	if _, err := conn.Exec(fmt.Sprintf(procedureViews, schema), nil); err != nil {
		return err
	}
	limit(conn)
	conn.RegisterAuthorizer(authorizer(schema))
	return nil
}

// unguessable is a name with 128 random bits.
func unguessable(prefix string) string {
	var raw [16]byte
	_, _ = rand.Read(raw[:]) // never fails
	return prefix + hex.EncodeToString(raw[:])
}

// viewFunctions are what the views are made with.
func (s *Store) viewFunctions() map[string]any {
	return map[string]any{
		"local_time": func(ms int64) any {
			if ms == 0 {
				return nil
			}
			return time.UnixMilli(ms).In(s.zone).Format(time.DateTime)
		},
		"number_state": func(number string) int64 {
			if p := s.picture.Load(); p != nil {
				return int64((*p).NumberState(number))
			}
			return int64(pbx.Offline)
		},
		"user_state": func(login, field string) any {
			var st pbx.UserState
			if p := s.picture.Load(); p != nil {
				st = (*p).User(login)
			}
			return stateField(st, field)
		},
	}
}

// stateField is a column of the view states.
func stateField(st pbx.UserState, field string) any {
	switch strings.ToLower(field) {
	case "state":
		return int64(st.State)
	case "statename":
		return st.State.String()
	case "callcenter":
		return st.CallCenter
	case "manual":
		return st.Manual
	case "lunch":
		return st.Lunch
	case "redirect":
		return st.Redirect
	case "task":
		return st.Task
	case "breakid":
		return int64(st.BreakID)
	case "breaktext":
		return st.BreakText
	}
	return nil
}

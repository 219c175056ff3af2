package store

import (
	"strings"

	"github.com/mattn/go-sqlite3"
)

// Limits of SQLite that go-sqlite3 has no names for.
const (
	limitLength     = 0 // bytes of a text or a row
	limitSQLLength  = 1
	limitExprDepth  = 3
	limitAttached   = 7
	limitLikeLength = 8
)

// limit keeps accidents small: a text of a procedure is never longer than a mebibyte.
func limit(conn *sqlite3.SQLiteConn) {
	conn.SetLimit(limitLength, 1<<20)
	conn.SetLimit(limitSQLLength, maxSQL)
	conn.SetLimit(limitExprDepth, 200)
	conn.SetLimit(limitAttached, 1)
	conn.SetLimit(limitLikeLength, 1000)
}

// The tables that procedures read, which are also the names of the views on them.
var readable = map[string]bool{"users": true, "numbers": true, "queues": true, "calls": true, "states": true}

// The functions that procedures may call: those that only compute on a row or a group, and do not
// make long texts out of short ones.
var callable = set(`abs avg coalesce count cume_dist date datetime dense_rank first_value format glob
 group_concat ifnull iif instr julianday lag last_value lead length like local_time lower ltrim max min nth_value
 ntile nullif number_state octet_length percent_rank rank replace round row_number rtrim sign strftime string_agg
 substr substring sum time timediff total trim typeof unicode unixepoch upper user_state`)

func set(words string) map[string]bool {
	m := make(map[string]bool)
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}

// authorizer allows a SELECT over the views, and nothing else: no pragma, no attach, no other table,
// no recursion. schema is where the views read.
func authorizer(schema string) func(action int, a, b, db string) int {
	return func(action int, a, b, db string) int {
		switch action {
		case sqlite3.SQLITE_SELECT:
			return sqlite3.SQLITE_OK
		case sqlite3.SQLITE_READ:
			if readable[strings.ToLower(a)] && (db == "temp" || db == schema) {
				return sqlite3.SQLITE_OK
			}
		case sqlite3.SQLITE_FUNCTION:
			if callable[strings.ToLower(b)] {
				return sqlite3.SQLITE_OK
			}
		}
		return sqlite3.SQLITE_DENY
	}
}

package store_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/store"
)

// A picture in which everybody is ready and has told a break.
type picture struct{}

func (picture) User(login string) pbx.UserState {
	return pbx.UserState{State: pbx.OnBreak, CallCenter: true, Lunch: true, BreakID: 4, BreakText: "for " + login}
}

func (picture) NumberState(number string) pbx.StateID {
	if number == "300" {
		return pbx.Busy
	}
	return pbx.Ready
}

var sales = pbx.Department{ID: "00000000-0000-4000-8000-0000000000d1", Name: "Sales"}

func directory(t testing.TB) *pbx.Directory {
	t.Helper()
	d, err := pbx.NewDirectory(pbx.Config{
		Users: []pbx.User{
			{Login: "Alice", ID: "00000000-0000-4000-8000-000000000001", Name: "Alice Ivanova", Numbers: []string{"300", "78005550300"}, Department: sales, Supervisor: true},
			{Login: "boris", ID: "00000000-0000-4000-8000-000000000002", Name: "Boris", Numbers: []string{"301"}, Operator: true},
		},
		Departments: []pbx.Department{sales},
		Queues:      []pbx.Queue{{Number: "700", Name: "sales", Members: []string{"alice", "boris"}, Ring: 20 * time.Second, Retry: 2500 * time.Millisecond, Strategy: pbx.InOrder}},
	})
	must(t, err)
	return d
}

// procedures is a store with a directory, a picture and three calls.
func procedures(t testing.TB) *store.Store {
	s := openWith(t, store.Options{Dir: t.TempDir(), Zone: time.FixedZone("MSK", 3*3600)})
	must(t, s.SetDirectory(context.Background(), directory(t)))
	s.SetPicture(picture{})
	s.CloseCall(call("1", "alice", begin))
	s.CloseCall(call("2", "boris", begin.Add(time.Minute)))
	s.OpenCall(begun(call("3", "alice", begin.Add(2*time.Minute))))
	must(t, s.SetPassword(context.Background(), "alice", secretCased, ""))
	newSession(t, s, "alice")
	return s
}

func TestQuery(t *testing.T) {
	s := procedures(t)
	alice := map[string]any{"authorizeduserid": "00000000-0000-4000-8000-000000000001"}
	tests := []struct {
		name, sql string
		args      map[string]any
		want      string
	}{
		{"whole user", `select * from users where login = 'Alice'`, nil,
			"id login name number numbers department departmentid supervisor operator; 00000000-0000-4000-8000-000000000001 Alice Alice Ivanova 300 300,78005550300 Sales 00000000-0000-4000-8000-0000000000d1 1 0"},
		{"numbers", `select number, caption, kind, isgroup, user is null as free, login, department, state from numbers order by number`, nil,
			"number caption kind isgroup free login department state; 300 Alice Ivanova 0 0 0 Alice Sales 5; 301 Boris 0 0 0 boris  1; 700 sales 3 1 1 <nil>  1; 78005550300 Alice Ivanova 0 0 0 Alice Sales 1"},
		{"queues", `select number, name, members, ring, retry, strategy from queues`, nil, "number name members ring retry strategy; 700 sales Alice,boris 20 2.5 order"},
		{"states", `select * from states where login = 'boris'`, nil,
			"user login number state statename callcenter manual lunch redirect task breakid breaktext; 00000000-0000-4000-8000-000000000002 boris 301 2 usLunch 1 0 1 0 0 4 for boris"},
		{"own calls", `select id, started, answered, ended, started_ms, seconds, outcome from calls where user = :authorizeduserid order by started_ms`, alice,
			"id started answered ended started_ms seconds outcome; 1 2026-03-02 12:00:00 2026-03-02 12:00:05 2026-03-02 12:01:05 1772442000000 60 answered; 3 2026-03-02 12:02:00 <nil> <nil> 1772442120000 0 "},
		{"empty", `select id, peer from calls where id = 'none'`, nil, "id peer"},
		{"marks of parameters", `select @a, $b, :a`, map[string]any{"a": int64(1), "@b": "two"}, "@a $b :a; 1 two 1"},
		{"types", `select :n, :i, :f, :t, :nil, :small`, map[string]any{"n": int64(1 << 40), "i": 7, "f": 1.5, "t": true, "nil": nil, "small": "я"},
			":n :i :f :t :nil :small; 1099511627776 7 1.5 1 <nil> я"},
		{"infinity", `select 9e999, -9e999`, nil, "9e999 -9e999; <nil> <nil>"},
		{"bytes", `select x'ff00', x'41'`, nil, "x'ff00' x'41'; /wA= A"},
		{"join, group, window", `select u.login, count(*) as n, rank() over (order by count(*) desc) as place from calls c join users u on u.id = c.user group by u.login order by place`, nil,
			"login n place; Alice 2 1; boris 1 2"},
		{"common table", `with mine as (select * from calls where login = 'alice') select count(*) as n from mine`, nil, "n; 2"},
		{"semicolon and comments", "-- :no ?\nselect /* ; :no */ ';:no' as \";\", [id] from users where name = 'Boris' ; -- end", nil, "; id; ;:no 00000000-0000-4000-8000-000000000002"},
		{"dates", `select date(started_ms/1000, 'unixepoch') as day from calls where id = '1'`, nil, "day; 2026-03-02"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sync(t, s)
			got, err := s.Query(t.Context(), tt.sql, tt.args, store.QueryLimits{})
			must(t, err)
			if flat(got) != tt.want {
				t.Errorf("got  %s\nwant %s", flat(got), tt.want)
			}
		})
	}
}

// flat is a dataset as one line.
func flat(d store.Dataset) string {
	lines := []string{strings.Join(d.Columns, " ")}
	for _, r := range d.Rows {
		lines = append(lines, strings.TrimSuffix(fmt.Sprintln(r...), "\n"))
	}
	return strings.Join(lines, "; ")
}

func TestQueryRefuses(t *testing.T) {
	s := procedures(t)
	wrong := []string{
		``, ` -- nothing`, `selec`, `select * from nowhere`, `select nothing from users`,
		// other tables, by whatever name
		`select * from passwords`, `select * from sessions`, `select * from main.users`, `select * from meta`, `select * from events`,
		`select * from sqlite_master`, `select * from sqlite_schema`, `select * from sqlite_temp_master`, `select * from temp.sqlite_master`,
		`select (select hash from sessions) from users`, `select * from users where login in (select login from passwords)`,
		`select * from pragma_table_info('users')`, `select * from pragma_database_list`, `select name from pragma_function_list`,
		`select * from json_each('[1]')`, `select who from users`, `select who from calls`,
		// anything but reading
		`insert into users (id) values (1)`, `update calls set outcome = ''`, `delete from calls`, `drop view users`, `drop table users`,
		`create table x (a)`, `create temp table x (a)`, `create temp view x as select 1`, `create temp trigger x after insert on users begin select 1; end`,
		`attach 'file:/etc/passwd' as x`, `attach ':memory:' as x`, `detach main`, `vacuum`, `vacuum into '/tmp/x'`, `reindex`, `analyze`,
		`pragma query_only = 0`, `pragma database_list`, `begin`, `commit`, `rollback`, `savepoint x`, `explain select 1; drop table users`,
		`with recursive n(x) as (select 1 union all select x+1 from n) select * from n`,
		`with recursive n(x) as (values (1) union all select x+1 from n limit 10) select * from n`,
		// functions
		`select load_extension('x')`, `select randomblob(1000000000)`, `select zeroblob(1000000000)`, `select printf('%1000000000d', 1)`,
		`select hex(login) from users`, `select sqlite_version()`, `select fts3_tokenizer('x')`, `select writefile('x', 'y')`,
		`select replace('` + strings.Repeat("x", 2000) + `', 'x', '` + strings.Repeat("y", 2000) + `')`,
		// several statements, parameters without names
		`select 1; select 2`, `select 1;; select 2`, `select ?`, `select ?1`, `select : from users`, `select #x`, `select :a::b`, `select 'x`, "select 1 -- x\n; select 2",
		`select '` + strings.Repeat("x", 70_000) + `'`,
	}
	for _, sql := range wrong {
		t.Run(sql[:min(len(sql), 60)], func(t *testing.T) {
			got, err := s.Query(t.Context(), sql, nil, store.QueryLimits{})
			if !errors.Is(err, store.ErrQuery) {
				t.Errorf("got %v, %v, want ErrQuery", flat(got), err)
			}
		})
	}
}

func TestQueryArguments(t *testing.T) {
	s := procedures(t)
	const sql = `select :a as a`
	for name, args := range map[string]map[string]any{
		"missing": {}, "other name": {"b": 1}, "list": {"a": []any{1}}, "object": {"a": map[string]any{}}, "time": {"a": time.Now()},
	} {
		if _, err := s.Query(t.Context(), sql, args, store.QueryLimits{}); !errors.Is(err, store.ErrArgument) {
			t.Errorf("%s: got %v, want ErrArgument", name, err)
		}
	}
	got, err := s.Query(t.Context(), sql, map[string]any{"a": `'; drop table users`, "more": []any{}}, store.QueryLimits{})
	must(t, err)
	if flat(got) != `a; '; drop table users` {
		t.Errorf("got %s", flat(got))
	}
}

const endless = `select count(*) from calls a, calls b, calls c, calls d, calls e, calls f, calls g, calls h, calls i, calls j, calls k, calls l,
 calls m, calls n, calls o, calls p, calls q, calls r, calls s, calls t, calls u, calls v, calls w, calls x, calls y, calls z`

func TestQueryTime(t *testing.T) {
	s := procedures(t)
	start := time.Now()
	_, err := s.Query(t.Context(), endless, nil, store.QueryLimits{Time: 50 * time.Millisecond})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want DeadlineExceeded", err)
	}
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("stopped after %v", d)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Query(ctx, endless, nil, store.QueryLimits{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want Canceled", err)
	}
	if _, err := s.Query(t.Context(), `select 1`, nil, store.QueryLimits{}); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestQueryIsCut(t *testing.T) {
	s := procedures(t)
	const many = `select a.id from calls a, calls b, calls c`
	got, err := s.Query(t.Context(), many, nil, store.QueryLimits{Rows: 10})
	must(t, err)
	if len(got.Rows) != 10 || !got.Cut {
		t.Errorf("got %d rows, cut %v, want 10", len(got.Rows), got.Cut)
	}
	if got, err = s.Query(t.Context(), many, nil, store.QueryLimits{Rows: 27}); err != nil || got.Cut || len(got.Rows) != 27 {
		t.Errorf("exactly as many: got %d rows, cut %v, %v", len(got.Rows), got.Cut, err)
	}
	if got, err = s.Query(t.Context(), many, nil, store.QueryLimits{Bytes: 5}); err != nil || !got.Cut || len(got.Rows) != 5 {
		t.Errorf("bytes: got %d rows, cut %v, %v", len(got.Rows), got.Cut, err)
	}
	if got, err = s.Query(t.Context(), many+`, calls d, calls e, calls f, calls g, calls h, calls i`, nil, store.QueryLimits{}); err != nil || len(got.Rows) != 10_000 {
		t.Errorf("default: got %d rows, %v", len(got.Rows), err)
	}
}

func TestViewsUseIndices(t *testing.T) {
	s := procedures(t)
	user := map[string]any{"user": "x"}
	for query, want := range map[string]string{
		`select id from calls where user = :user and started_ms > 5 order by started_ms desc`: "calls_by_user (who=? AND started>?)",
		`select id from calls where started_ms > 5`:                                           "calls_by_time (started>?)",
		`select id from calls where chain = 'x'`:                                              "calls_by_chain",
	} {
		got, err := s.Query(t.Context(), `explain query plan `+query, user, store.QueryLimits{})
		must(t, err)
		if !strings.Contains(flat(got), want) {
			t.Errorf("%s: plan without %s: %s", query, want, flat(got))
		}
	}
}

func TestQuerySeesTheNewDirectory(t *testing.T) {
	s := procedures(t)
	d, err := pbx.NewDirectory(pbx.Config{Users: []pbx.User{{Login: "zoe"}}})
	must(t, err)
	must(t, s.SetDirectory(t.Context(), d))
	for sql, want := range map[string]string{
		`select login from users`: "login; zoe", `select count(*) as n from queues`: "n; 0", `select count(user) as n from calls`: "n; 0",
	} {
		got, err := s.Query(t.Context(), sql, nil, store.QueryLimits{})
		must(t, err)
		if flat(got) != want {
			t.Errorf("%s: got %s, want %s", sql, flat(got), want)
		}
	}
}

func TestDatasetOnTheWire(t *testing.T) {
	d := store.Dataset{Columns: []string{"id", "name"}, Rows: [][]any{{int64(1), "Sales"}, {int64(2), nil}}}
	want := []any{[]any{[]any{"id", "name"}, []any{int64(1), "Sales"}, []any{int64(2), nil}}}
	if got := d.Lists(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := (store.Dataset{Columns: []string{"id"}}).Lists(); !reflect.DeepEqual(got, []any{[]any{[]any{"id"}}}) {
		t.Errorf("empty: got %v", got)
	}
}

func TestCheckQuery(t *testing.T) {
	must(t, store.CheckQuery(`select id, started from calls where user = :authorizeduserid`))
	for _, sql := range []string{`select nothing from calls`, `delete from calls`, `select * from sessions`, `select 1; select 2`} {
		if err := store.CheckQuery(sql); !errors.Is(err, store.ErrQuery) {
			t.Errorf("%s: got %v, want ErrQuery", sql, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, sql := range []string{`select :a, @b, $c from x where y = ':no' and "?" = [?] -- ?`, `select 1; /* ? */ ;`, "select `a``:b`", `'`, `:`, `/*`, `/*/`, `--`, `[`, "\x00?"} {
		f.Add(sql)
	}
	f.Fuzz(func(t *testing.T, query string) {
		sql, params, err := store.Parse(query)
		if err != nil {
			if !errors.Is(err, store.ErrQuery) {
				t.Errorf("got %v, want ErrQuery", err)
			}
			return
		}
		if !strings.HasPrefix(query, sql) {
			t.Errorf("%q is not the beginning of %q", sql, query)
		}
		for _, p := range params {
			if len(p) < 2 || !strings.ContainsAny(p[:1], ":@$") || !strings.Contains(sql, p) {
				t.Errorf("%q is no parameter of %q", p, sql)
			}
		}
		if slices.Sort(params); len(slices.Compact(params)) != len(params) {
			t.Errorf("doubled parameters in %q", params)
		}
		if again, _, err := store.Parse(sql); err != nil || again != sql {
			t.Errorf("%q alone: got %q, %v", sql, again, err)
		}
	})
}

// FuzzQuery looks for SQL that brings the procedures' connection down or gets at secrets.
func FuzzQuery(f *testing.F) {
	s := procedures(f)
	for _, sql := range []string{`select * from users`, `select * from main.calls`, `select * from temp.calls`, `select hash from sessions`, `pragma x`} {
		f.Add(sql)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		d, err := s.Query(t.Context(), sql, nil, store.QueryLimits{Time: 200 * time.Millisecond, Rows: 100})
		if err != nil {
			return
		}
		for _, r := range d.Rows {
			for _, v := range r {
				switch v := v.(type) {
				case nil, int64, string:
				case float64:
					if math.IsInf(v, 0) || math.IsNaN(v) {
						t.Errorf("%v from %q", v, sql)
					}
				default:
					t.Errorf("a %T from %q", v, sql)
				}
			}
		}
	})
}

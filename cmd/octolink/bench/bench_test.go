package bench

import (
	"strings"
	"testing"
	"time"
)

func TestReadUsers(t *testing.T) {
	for _, tc := range []struct {
		name, file string
		want       []User
	}{
		{"both separators", "alice demo\n# nobody\n\nboris:pass word\n", []User{{"alice", "demo"}, {"boris", "pass word"}}},
		{"a login alone", "alice\n", nil},
		{"no login", " : demo\n:x", nil},
		{"nobody", "# only a comment\n", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := ReadUsers(strings.NewReader(tc.file))
			if (err == nil) != (tc.want != nil) || len(got) != len(tc.want) {
				t.Fatalf("got %v, %v, want %v", got, err, tc.want)
			}
			for i := range got {
				if got[i] != tc.want[i] {
					t.Errorf("got %v, want %v", got[i], tc.want[i])
				}
			}
		})
	}
}

// Ensure what prepare writes is what the loads read.
func TestSiteUsersCanBeRead(t *testing.T) {
	var file strings.Builder
	if err := (Site{Users: 3}).WriteUsers(&file); err != nil {
		t.Fatal(err)
	}
	users, err := ReadUsers(strings.NewReader(file.String()))
	if err != nil || len(users) != 3 || users[2].Login != siteLogin(2) || users[2].Password != sitePassword {
		t.Errorf("got %v, %v", users, err)
	}
}

// Ensure a percentile is never below the truth and at most 1.6 % and a microsecond above it.
func TestLatencyPercentiles(t *testing.T) {
	var l, other Latency
	for us := 1; us <= 200_000; us++ {
		d := time.Duration(us) * time.Microsecond
		if us%2 == 0 {
			l.Add(d)
		} else {
			other.Add(d)
		}
	}
	l.Merge(&other)
	for _, p := range []float64{1, 50, 90, 99, 99.9} {
		truth := time.Duration(p * 2000 * float64(time.Microsecond))
		if got := l.Percentile(p); got < truth || got > truth+truth/64+2*time.Microsecond {
			t.Errorf("p%v: got %v, want %v", p, got, truth)
		}
	}
	if got := l.Percentile(100); got != 200*time.Millisecond {
		t.Errorf("got %v, want the longest", got)
	}
}

func TestTableAndFigures(t *testing.T) {
	r := &Result{Load: "test"}
	r.add("requests", 12345, "")
	r.add("latency", 0.1234, "ms")
	r.addServer(Usage{CPU: time.Second, RSS: 1 << 20}, Usage{CPU: 3 * time.Second, RSS: 2 << 20}, 1000, "request", "requests")
	r.addServer(Usage{}, Usage{}, 1, "nothing", "nothing") // the server was not asked
	var table strings.Builder
	if err := r.WriteTable(&table); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"12345", "0.123 ms", "server CPU per request", "2000 µs", "500 /s", "failed"} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("the table has no %q:\n%s", want, table.String())
		}
	}
	if strings.Contains(table.String(), "nothing") {
		t.Errorf("the table tells of what was not measured:\n%s", table.String())
	}
}

// Ensure what grows steadily is seen, and what goes up and down is not taken for it.
func TestVerdicts(t *testing.T) {
	for _, tc := range []struct {
		name  string
		rss   func(minute int) int64
		grows bool
	}{
		{"flat", func(int) int64 { return 50 << 20 }, false},
		{"up and down", func(m int) int64 { return 50<<20 + int64(m%2)<<20 }, false},
		{"grew at the start", func(m int) int64 { return int64(min(m, 10)) << 20 }, false},
		{"grows", func(m int) int64 { return 50<<20 + int64(m)<<18 }, true},
		{"shrinks", func(m int) int64 { return 50<<20 - int64(m)<<18 }, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var lines []SoakLine
			for m := 1; m <= 30; m++ {
				lines = append(lines, SoakLine{At: time.Duration(m) * time.Minute, RSS: tc.rss(m), Goroutines: 100, Files: 300})
			}
			for _, v := range verdicts(lines) {
				if want := tc.grows && v.What == "memory"; v.Grows() != want {
					t.Errorf("got %v", v)
				}
			}
		})
	}
}

// Ensure a window in which nothing could be counted makes no ratio that JSON cannot carry.
func TestWindowsWithoutWork(t *testing.T) {
	var empty, free, work window
	free.latency.Add(time.Millisecond)
	work.latency.Add(time.Millisecond)
	work.cpu = 10 * time.Millisecond
	for _, pair := range [][2]*window{{&empty, &work}, {&work, &empty}, {&work, &free}, {&empty, &empty}} {
		if got := appendRatio(nil, pair[0].each(), pair[1].each()); len(got) > 0 {
			t.Errorf("got %v of %v and %v", got, pair[0].each(), pair[1].each())
		}
	}
	if got := appendRatio(nil, work.each(), work.each()); len(got) != 1 || got[0] != 1 {
		t.Errorf("got %v", got)
	}
}

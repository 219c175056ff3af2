package scripting_test

import (
	"context"
	"testing"
	"time"

	"github.com/octolink/octolink/scripting"
)

// stopped is a clock that stands.
type stopped time.Time

func (s stopped) Now() time.Time                             { return time.Time(s) }
func (s stopped) Sleep(context.Context, time.Duration) error { return nil }

func TestSchedules(t *testing.T) {
	for _, tc := range []struct {
		name, hours, zone string
		at                string // UTC; 2026-11-20 is a Friday
		want              bool
	}{
		{"within", "mon-fri 9-18", "", "2026-11-20T09:00:00Z", true},
		{"the end is not", "mon-fri 9-18", "", "2026-11-20T18:00:00Z", false},
		{"another day", "mon-fri 9-18", "", "2026-11-21T10:00:00Z", false},
		{"a second part", "mon-fri 9-18, sat 10:30-14", "", "2026-11-21T10:30:00Z", true},
		{"before its minute", "mon-fri 9-18, sat 10:30-14", "", "2026-11-21T10:29:59Z", false},
		{"over the week's end", "sat-mon 0-24", "", "2026-11-22T23:59:00Z", true},
		{"some days", "mon+wed+fri 9-18", "", "2026-11-19T10:00:00Z", false},
		{"every day", "* 0-24", "", "2026-11-20T00:00:00Z", true},
		{"over midnight, evening", "fri 22-6", "", "2026-11-20T23:00:00Z", true},
		{"over midnight, morning", "fri 22-6", "", "2026-11-21T05:59:00Z", true},
		{"over midnight, the morning before", "fri 22-6", "", "2026-11-20T05:00:00Z", false},
		{"in a zone", "mon-fri 9-18", "Europe/Moscow", "2026-11-20T15:30:00Z", false},
		{"in a zone, the next day", "sat 0-1", "Asia/Tokyo", "2026-11-20T15:30:00Z", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			at, err := time.Parse(time.RFC3339, tc.at)
			if err != nil {
				t.Fatal(err)
			}
			zone := ""
			if tc.zone != "" {
				zone = `, "` + tc.zone + `"`
			}
			e := engine(t, `export default () => schedule.open("`+tc.hours+`"`+zone+`)`, scripting.Options{Clock: stopped(at), Zone: time.UTC})
			if r, trace := result(t, e); r.Value != tc.want {
				t.Errorf("got %v (%s), want %v", r.Value, trace.Reason, tc.want)
			}
		})
	}
}

// FuzzSchedule: whatever is written, it is a schedule or said to be none.
func FuzzSchedule(f *testing.F) {
	for _, seed := range []string{"mon-fri 9-18, sat 10:30-14", "* 22-6", "mon+wed 0-24", "fri 9", "fri 25-26", ",", "mon-fri -"} {
		f.Add(seed)
	}
	e := engine(f, `export default (start: Start) => { try { return typeof schedule.open(start.params[0]!); } catch (e) { return (e as Error).name; } }`, scripting.Options{})
	f.Fuzz(func(t *testing.T, hours string) {
		g, err := e.Start(scripting.Trigger{Flow: "flow", Params: []string{hours}})
		if err != nil {
			t.Fatal(err)
		}
		if r, _ := g.Wait(context.Background()); r.Value != "boolean" && r.Value != "TypeError" {
			t.Errorf("%q: got %v: %v", hours, r.Value, r.Err)
		}
	})
}

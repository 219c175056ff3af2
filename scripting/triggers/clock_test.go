package triggers_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/octolink/octolink/scripting/triggers"
)

var everyDay = [7]bool{true, true, true, true, true, true, true}

func TestNextAt(t *testing.T) {
	workdays := [7]bool{false, true, true, true, true, true, false}
	sunday := [7]bool{true}
	for _, tc := range []struct {
		name    string
		zone    string
		after   string
		minutes []int
		days    [7]bool
		want    string
	}{
		{"today", "Europe/Moscow", "2026-11-20T08:59:59+03:00", []int{540}, everyDay, "2026-11-20T09:00:00+03:00"},
		{"not again", "Europe/Moscow", "2026-11-20T09:00:00+03:00", []int{540}, everyDay, "2026-11-21T09:00:00+03:00"},
		{"the next of several", "Europe/Moscow", "2026-11-20T09:00:00+03:00", []int{780, 540}, everyDay, "2026-11-20T13:00:00+03:00"},
		{"over the week's end", "Europe/Moscow", "2026-11-20T09:00:00+03:00", []int{540}, workdays, "2026-11-23T09:00:00+03:00"},
		{"in a week", "Europe/Moscow", "2026-11-22T09:00:00+03:00", []int{540}, sunday, "2026-11-29T09:00:00+03:00"},
		{"days of the zone", "Asia/Tokyo", "2026-11-21T20:00:00Z", []int{360}, sunday, "2026-11-22T06:00:00+09:00"},
		{"midnight", "UTC", "2026-12-31T23:59:00Z", []int{0}, everyDay, "2027-01-01T00:00:00Z"},
		{"put forward, east", "Europe/Berlin", "2026-03-29T00:00:00+01:00", []int{150}, everyDay, "2026-03-29T03:30:00+02:00"},
		{"put forward, west", "America/New_York", "2026-03-08T00:00:00-05:00", []int{150}, everyDay, "2026-03-08T03:30:00-04:00"},
		{"put forward at midnight", "Asia/Beirut", "2026-03-28T12:00:00+02:00", []int{0}, everyDay, "2026-03-29T01:00:00+03:00"},
		{"no day", "UTC", "2026-01-01T00:00:00Z", []int{0}, [7]bool{}, ""},
		{"no time", "UTC", "2026-01-01T00:00:00Z", nil, everyDay, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			zone, err := time.LoadLocation(tc.zone)
			if err != nil {
				t.Fatal(err)
			}
			after, err := time.Parse(time.RFC3339, tc.after)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if at := triggers.NextAt(after, tc.minutes, tc.days, zone); !at.IsZero() {
				got = at.Format(time.RFC3339)
			}
			if got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

// A time that comes twice when clocks are put back counts once.
func TestPutBack(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 10, 24, 12, 0, 0, 0, berlin)
	var all []string
	for range 3 {
		at = triggers.NextAt(at, []int{150}, everyDay, berlin)
		all = append(all, at.Format("02 15:04"))
	}
	if got := strings.Join(all, ", "); got != "25 02:30, 26 02:30, 27 02:30" {
		t.Errorf("got %s", got)
	}
}

func TestTimersOfTheDay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // it is 2000-01-01 00:00 UTC, a Saturday
		b := newBench(t, triggers.Config{Timers: []triggers.Timer{
			{At: []int{9 * 60, 13*60 + 30}, Days: [7]bool{false, true}, Zone: time.FixedZone("", 3*3600), Flow: "monday"},
		}})
		defer b.stop()
		b.pass(54*time.Hour - time.Second)
		b.want()
		b.pass(time.Second)
		b.want("monday: timer at 09:00, 13:30")
		b.end()
		b.pass(5 * time.Hour)
		b.want("monday: timer at 09:00, 13:30")
		b.pass(7*24*time.Hour - 6*time.Hour) // the afternoon's run goes on
		b.want()
	})
}

func ExampleNextAt() {
	weekdays := [7]bool{false, true, true, true, true, true, false}
	friday := time.Date(2026, 11, 20, 18, 0, 0, 0, time.UTC)
	fmt.Println(triggers.NextAt(friday, []int{9 * 60}, weekdays, time.UTC))
	// Output: 2026-11-23 09:00:00 +0000 UTC
}

package scripting

import (
	"testing"
	"time"
)

// Ensure a script is charged for its own part of what the process has worked: alone it comes to its limit,
// among thousands who also wait for a turn it does not.
func TestScriptsShareTheProcessor(t *testing.T) {
	const limit, looks = 100 * time.Millisecond, 12
	for _, tc := range []struct {
		name       string
		contenders int
		scripts    int
		ended      bool
	}{
		{"alone", 1, 1, true},
		{"beside some calls", 20, 1, true},
		{"beside goroutines that wait for a turn", 1000, 1, false},
		{"beside scripts that wait for a turn", 1, 1000, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := &watchdog{limit: limit, places: make([]place, tc.scripts)}
			runs := make([]Run, tc.scripts)
			for i := range runs {
				runs[i].cancel = func(error) {}
				w.places[i].run.Store(&runs[i])
				w.places[i].turns.Store(1)
			}
			for range looks {
				w.look(tick, 2*tick, tc.contenders) // two processors work all the time
			}
			for i := range runs {
				if runs[i].ended() != tc.ended {
					t.Fatalf("script %d: ended %v, want %v", i, runs[i].ended(), tc.ended)
				}
			}
		})
	}
}

package bench

import (
	"strings"
	"testing"
	"time"
)

// The measurement of call flows works, whatever the machine makes of its goals.
func TestFlows(t *testing.T) {
	r, err := Flows(t.Context(), FlowsOptions{Calls: 20, Others: 5, Duration: 20 * time.Millisecond, Progress: noBar})
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, l := range r.Lines {
		for _, name := range []string{"a call in a queue", "a call suspended in a flow", "starts", "short flows, goal 5000", "methods called"} {
			if l.Name == name && l.Value > 0 {
				found++
			}
		}
		if strings.Contains(l.Name, "ended after") && l.Value < 0 {
			t.Errorf("%s: got %v", l.Name, l.Value)
		}
	}
	if found != 5 {
		t.Errorf("got %+v", r.Lines)
	}
}

// noBar shows nothing.
func noBar(string, int) Bar { return silent{} }

type silent struct{}

func (silent) Add(int) error { return nil }
func (silent) Finish() error { return nil }

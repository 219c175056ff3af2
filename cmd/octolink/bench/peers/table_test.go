package peers

import (
	"strings"
	"testing"
)

func TestSpread(t *testing.T) {
	for _, tc := range []struct {
		values []float64
		want   Spread
	}{
		{nil, Spread{}},
		{[]float64{3}, Spread{3, 3, 3, 1}},
		{[]float64{3, 1, 2}, Spread{2, 1, 3, 3}},
		{[]float64{4, 1, 2, 3}, Spread{2.5, 1, 4, 4}},
	} {
		if got := spread(tc.values); got != tc.want {
			t.Errorf("%v: got %v, want %v", tc.values, got, tc.want)
		}
	}
}

// Ensure no line is said to be reached that is not, or was not measured.
func TestReached(t *testing.T) {
	value := func(v float64) *float64 { return &v }
	for _, tc := range []struct {
		name  string
		goals []Goal
		want  string
	}{
		{"more than the aim", []Goal{{Must: 1, Aim: 2, Value: value(2)}}, "aim"},
		{"more than the must", []Goal{{Must: 1, Aim: 2, Value: value(1.5)}}, "must"},
		{"less", []Goal{{Must: 1, Aim: 2, Value: value(0.9)}}, "no"},
		{"at most, less than the aim", []Goal{{Must: 2, Aim: 1, AtMost: true, Value: value(0.5)}}, "aim"},
		{"at most, more", []Goal{{Must: 2, Aim: 1, AtMost: true, Value: value(2.1)}}, "no"},
		{"not measured", []Goal{{Must: 1}}, "not measured"},
		{"one of two", []Goal{{Must: 1, Aim: 2, Value: value(3)}, {Must: 1, Value: value(0)}}, "no"},
		{"the other has no aim", []Goal{{Must: 1, Aim: 2, Value: value(3)}, {Must: 1, Value: value(1)}}, "aim"},
		{"one is not measured", []Goal{{Must: 1, Aim: 2, Value: value(3)}, {Must: 1}}, "not measured"},
		{"a latency", []Goal{{Must: 2, AtMost: true, Latency: true, Value: value(1)}}, "aim"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := (Line{Goals: tc.goals}).Reached(); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

// Ensure latencies are not judged where other programs used the processors, and the rest is.
func TestReachedOnABusyMachine(t *testing.T) {
	one := 1.0
	latency, ratio := Goal{Must: 2, AtMost: true, Latency: true, Value: &one}, Goal{Must: 0.5, Aim: 2, Value: &one}
	failed := Goal{Must: 2, Value: &one}
	for _, tc := range []struct {
		goals []Goal
		want  string
	}{
		{[]Goal{ratio}, "must"}, {[]Goal{latency}, "not judged"}, {[]Goal{ratio, latency}, "not judged"},
		{[]Goal{latency, ratio}, "not judged"}, {[]Goal{latency, failed}, "no"},
	} {
		r := &Report{OthersAfter: 50, Lines: []Line{{Goals: tc.goals}}}
		r.judge()
		if got := r.Lines[0].Reached(); got != tc.want {
			t.Errorf("%v: got %q, want %q", tc.goals, got, tc.want)
		}
	}
}

func TestTables(t *testing.T) {
	l := Line{Measure: "RPC", Unit: "/CPU-s", Goals: []Goal{{What: "× bun", Must: 0.9, Aim: 1.15}, {What: "× gobwas", Must: 1.6}}}
	l.put("bun", Spread{110_400, 1, 1, 5}, Spread{1.2, 1.1, 1.3, 5})
	l.put("gobwas", Spread{64_000, 1, 1, 5}, Spread{1.7, 1.5, 1.9, 5})
	l.put("octolink", Spread{1_234_567, 1, 1, 10}, Spread{})
	r := &Report{Machine: "a machine", Missing: []string{"bun is left out: it is only an example"}, Quick: true,
		Lines: []Line{l, {Measure: "broken", Error: "no server", Goals: []Goal{{Must: 3}}}}}
	var text, markdown, json strings.Builder
	for _, err := range []error{r.WriteText(&text), r.WriteMarkdown(&markdown), r.WriteJSON(&json)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	row := "| RPC | ≥ 0.9 × bun; ≥ 1.6 × gobwas | ≥ 1.15 × bun | 1 235 000 /CPU-s | bun 110 000; gobwas 64 000 | " +
		"bun 1.20 [1.10–1.30]; gobwas 1.70 [1.50–1.90] | aim |\n"
	for _, want := range []string{row, "a machine", "only an example", "quick", "failed: no server"} {
		if !strings.Contains(markdown.String(), want) {
			t.Errorf("no %q in\n%s", want, markdown.String())
		}
	}
	for _, want := range []string{"bun 1.20 [1.10–1.30]", "only an example", "not measured"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in\n%s", want, text.String())
		}
	}
}

func TestFigure(t *testing.T) {
	for v, want := range map[float64]string{0.123: "0.12", 12.34: "12.3", 123.4: "123", 1234: "1 234", 12_345: "12 000", 1_234_567: "1 235 000"} {
		if got := figure(v); got != want {
			t.Errorf("%v: got %q, want %q", v, got, want)
		}
	}
}

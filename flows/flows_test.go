package flows_test

import (
	"testing"

	"github.com/octolink/octolink/scripting/flowtest"
)

// Every test of the examples, and at each host function of each call a caller who hangs up there: the run
// ends for that reason, its trace says so, and the call goes nowhere else.
func TestExamples(t *testing.T) {
	files, err := flowtest.Files(".")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 4 {
		t.Fatalf("only %v", files)
	}
	everywhere := 0
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			tests, err := flowtest.Run(t.Context(), flowtest.Options{Dir: ".", Files: []string{file}, HangUps: true})
			if err != nil {
				t.Fatal(err)
			}
			hangUps := 0
			for _, one := range tests {
				hangUps += one.HangUps
				for _, f := range one.Failures {
					t.Errorf("%s: %s", one.Name, f)
				}
				for _, trace := range one.Traces {
					for _, step := range trace.Steps {
						if step.At+step.Took > trace.Took {
							t.Errorf("%s: %s began after %v and took %v of %v", one.Name, step.Name, step.At, step.Took, trace.Took)
						}
					}
					t.Logf("%s: %s %s %s", one.Name, trace.Flow, trace.Outcome, trace.Reason)
				}
			}
			everywhere += hangUps
			t.Logf("%d tests, %d hang-ups", len(tests), hangUps)
		})
	}
	if everywhere < 80 {
		t.Errorf("only %d hang-ups in all examples", everywhere)
	}
}

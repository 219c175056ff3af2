package scripting

import (
	"math"
	"runtime/debug"
	"time"
)

// Limits are what one run, and all together, may take.
type Limits struct {
	CPU      time.Duration // of the script between two host functions. Zero means 100 ms.
	Run      time.Duration // of a whole run. Zero means 4 hours.
	Depth    int           // of calls of functions. Zero means 1000.
	Nested   int           // runs by execFlow inside each other. Zero means 16.
	Called   int           // runs by execFlow in one run, and in those that it calls, all together. Zero means 10 000.
	Runs     int           // at once. Zero means 10 000. Full: a start fails with ErrFull. A run that was given up counts until its goroutine has ended.
	Heap     uint64        // bytes of the whole process, above which the youngest runs are ended. Zero means three quarters of GOMEMLIMIT, or 2 GiB.
	Steps    int           // of a trace; beyond it the middle is left out. Zero means 500.
	StepText int           // bytes of arguments and of a result in a trace. Zero means 1024.
	Value    int           // bytes of a value in KV, as JSON. Zero means 64 KiB.
	Lines    int           // of log in one run; further ones are left out. Zero means 1000.
}

// Bounds of what built-in functions make.
const (
	maxBytes    = 16 << 20
	maxElements = 1_000_000
)

func (l Limits) withDefaults() Limits {
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{{&l.CPU, 100 * time.Millisecond}, {&l.Run, 4 * time.Hour}} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	for _, d := range []struct {
		field *int
		value int
	}{{&l.Depth, 1000}, {&l.Nested, 16}, {&l.Called, 10_000}, {&l.Runs, 10_000}, {&l.Steps, 500}, {&l.StepText, 1024}, {&l.Value, 64 << 10}, {&l.Lines, 1000}} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	if l.Heap == 0 {
		l.Heap = 2 << 30
		if limit := debug.SetMemoryLimit(-1); limit < math.MaxInt64 {
			l.Heap = uint64(limit) / 4 * 3
		}
	}
	return l
}

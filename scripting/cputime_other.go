//go:build !unix

package scripting

import (
	"runtime"
	"time"
)

var began = time.Now()

// cpuTime stands for the processor time of the process, which nobody tells here: all of the machine's.
func cpuTime() time.Duration { return time.Since(began) * time.Duration(runtime.GOMAXPROCS(0)) }

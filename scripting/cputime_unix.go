//go:build unix

package scripting

import (
	"syscall"
	"time"
)

// cpuTime is the processor time that the process has had.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0 // it does not fail for oneself
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

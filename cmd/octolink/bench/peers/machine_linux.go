package peers

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// machine tells what this measurement runs on.
func machine() string {
	model := "an unknown processor"
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(info)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	var info unix.Sysinfo_t
	memory := ""
	if unix.Sysinfo(&info) == nil {
		memory = fmt.Sprintf(", %d GiB", info.Totalram*uint64(info.Unit)>>30)
	}
	var name unix.Utsname
	release := ""
	if unix.Uname(&name) == nil {
		release = " " + string(bytes.TrimRight(name.Release[:], "\x00"))
	}
	return fmt.Sprintf("%s with %d processors%s, Linux%s, %s", model, runtime.NumCPU(), memory, release, runtime.Version())
}

package peers

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

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
		version, _, _ := bytes.Cut(bytes.TrimRight(name.Release[:], "\x00"), []byte("-")) // without the maker's suffix
		release = " " + string(version)
	}
	return fmt.Sprintf("%s with %d processors%s, Linux%s, %s", model, runtime.NumCPU(), memory, release, runtime.Version())
}

// others is how much of all processors is in use now, while we do nothing, in percent.
func others(ctx context.Context) (float64, error) {
	busy, all, err := processorTimes()
	if err != nil {
		return 0, err
	}
	select {
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-time.After(2 * time.Second):
	}
	laterBusy, laterAll, err := processorTimes()
	if err != nil || laterAll == all {
		return 0, err
	}
	return 100 * float64(laterBusy-busy) / float64(laterAll-all), nil
}

// processorTimes is what Linux has counted since it was started.
func processorTimes() (busy, all int64, err error) {
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0, err
	}
	line, _, _ := strings.Cut(string(stat), "\n")
	for i, field := range strings.Fields(line)[1:] {
		const idle, wait, guest = 3, 4, 8 // what runs in guests is counted twice
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, 0, fmt.Errorf("/proc/stat: %w", err)
		}
		if i >= guest {
			break
		}
		all += n
		if i != idle && i != wait {
			busy += n
		}
	}
	return busy, all, nil
}

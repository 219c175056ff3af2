package bench

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// A Usage is what the server's process had used at one moment.
type Usage struct {
	CPU time.Duration
	RSS int64 // bytes of memory
	At  time.Time

	Goroutines, Files int64 // Files are open ones
}

// usage asks the server's metrics. The zero Usage means that it was not asked.
func usage(ctx context.Context, url string) (Usage, error) {
	if url == "" {
		return Usage{}, nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return Usage{}, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return Usage{}, fmt.Errorf("the server's metrics: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	u := Usage{At: time.Now()}
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), " ")
		v, err := strconv.ParseFloat(value, 64)
		switch {
		case err != nil:
		case name == "process_cpu_seconds_total":
			u.CPU = time.Duration(v * float64(time.Second))
		case name == "process_resident_memory_bytes":
			u.RSS = int64(v)
		case name == "go_goroutines":
			u.Goroutines = int64(v)
		case name == "process_open_fds":
			u.Files = int64(v)
		}
	}
	if u.RSS == 0 {
		return u, fmt.Errorf("the server's metrics: %s has no process_resident_memory_bytes", url)
	}
	return u, lines.Err()
}

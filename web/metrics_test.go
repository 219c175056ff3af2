package web_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/web"
)

func TestMetrics(t *testing.T) {
	waiting := int64(4096)
	m := web.NewMetrics(web.MetricsOptions{Methods: []string{"ping", "login"}, QueueBytes: func() int64 { return waiting }})
	m.Opened(protocol.Info{})
	m.Opened(protocol.Info{})
	m.Opened(protocol.Info{Link: "crm", Kind: protocol.ServerKind})
	m.Closed(protocol.Info{}, protocol.CloseSlow)
	m.Request("ping", 0, time.Millisecond)
	m.Request("ping", 0, time.Millisecond)
	m.Request("login", 401, time.Millisecond)
	m.Request("made-up-by-a-peer", 404, time.Millisecond)
	m.Request("", 400, 0)
	m.Event("userstatechanged", 10)
	m.Counter("octolink_dropped_total", "Things dropped.", func() float64 { return 3 })
	inc := m.Counters("octolink_runs_total", "Runs.", "flow", "outcome")
	inc("incoming", "returned")
	inc("incoming", "returned")
	inc("incoming", "threw")
	text := textOf(t, ask(t, web.New(web.Options{Metrics: m}).Metrics(), "GET", "/metrics", ""))
	for _, want := range []string{
		`octolink_channels{kind="client",link=""} 1`, `octolink_channels{kind="server",link="crm"} 1`,
		`octolink_closed_total{code="4429"} 1`,
		`octolink_requests_total{code="0",method="ping"} 2`, `octolink_requests_total{code="401",method="login"} 1`,
		`octolink_requests_total{code="404",method="other"} 1`, `octolink_requests_total{code="400",method="other"} 1`,
		`octolink_request_seconds_count 5`, `octolink_queue_bytes 4096`, `octolink_events_total 10`,
		`octolink_outbox_pending 0`, `octolink_dropped_total 3`,
		`octolink_runs_total{flow="incoming",outcome="returned"} 2`, `octolink_runs_total{flow="incoming",outcome="threw"} 1`, `go_goroutines `, `process_resident_memory_bytes `, `process_cpu_seconds_total `,
	} {
		if !strings.Contains(text, "\n"+want) {
			t.Errorf("no line %q", want)
		}
	}
	if strings.Contains(text, "made-up-by-a-peer") {
		t.Error("a peer made up a series")
	}
}

func TestProfilesOnlyWhenDebugging(t *testing.T) {
	for _, debug := range []bool{false, true} {
		r := ask(t, web.New(web.Options{Debug: debug}).Metrics(), "GET", "/debug/pprof/cmdline", "")
		if got := r.StatusCode == 200; got != debug {
			t.Errorf("debug %v: status %d", debug, r.StatusCode)
		}
	}
	if got := ask(t, web.New(web.Options{}).Metrics(), "GET", "/metrics", "", "Host", "evil.example").StatusCode; got != 421 {
		t.Errorf("foreign host: status %d, want 421", got)
	}
}

func TestRequestsCountWithoutAllocating(t *testing.T) {
	m := web.NewMetrics(web.MetricsOptions{Methods: []string{"ping"}})
	m.Request("ping", 409, 0)
	for _, code := range []int{0, 409} {
		if got := testing.AllocsPerRun(100, func() { m.Request("ping", code, time.Microsecond) }); got != 0 {
			t.Errorf("code %d: %v allocations per request", code, got)
		}
	}
}

func TestMetricsFromManyGoroutines(t *testing.T) {
	m := web.NewMetrics(web.MetricsOptions{Methods: []string{"ping"}})
	var all sync.WaitGroup
	for code := range 4 {
		all.Go(func() {
			for range 1000 {
				m.Request("ping", code, time.Microsecond)
			}
		})
	}
	all.Wait()
	text := textOf(t, ask(t, web.New(web.Options{Metrics: m}).Metrics(), "GET", "/metrics", ""))
	if !strings.Contains(text, `octolink_requests_total{code="3",method="ping"} 1000`) {
		t.Error("requests were lost")
	}
}

func BenchmarkRequest(b *testing.B) {
	m := web.NewMetrics(web.MetricsOptions{Methods: []string{"ping"}})
	for b.Loop() {
		m.Request("ping", 0, time.Microsecond)
	}
}

// Requests that were answered together are counted by their method and measured together.
func TestTally(t *testing.T) {
	m := web.NewMetrics(web.MetricsOptions{Methods: []string{"ping"}})
	ping, other := m.Of("ping"), m.Of("made-up")
	ping(0)
	ping(0)
	ping(409)
	other(0)
	m.Took(3, 60*time.Microsecond)
	m.Took(1, time.Minute)
	page := textOf(t, ask(t, web.New(web.Options{Metrics: m}).Metrics(), "GET", "/metrics", ""))
	for _, want := range []string{
		`octolink_requests_total{code="0",method="ping"} 2`, `octolink_requests_total{code="409",method="ping"} 1`,
		`octolink_requests_total{code="0",method="other"} 1`,
		`octolink_request_seconds_bucket{le="5e-05"} 0`, `octolink_request_seconds_bucket{le="0.0001"} 3`,
		`octolink_request_seconds_bucket{le="15"} 3`, `octolink_request_seconds_bucket{le="+Inf"} 4`,
		`octolink_request_seconds_sum 60.00018`, `octolink_request_seconds_count 4`,
	} {
		if !strings.Contains(page, want+"\n") {
			t.Errorf("%s is not in\n%s", want, page)
		}
	}
}

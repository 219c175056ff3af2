package web

import (
	"net/http"
	"net/http/pprof"
	"strconv"
	"sync"
	"time"

	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/transports"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// MetricsOptions say what a set of metrics counts.
type MetricsOptions struct {
	// Methods are the names that octolink_requests_total tells apart; all others count as "other", so
	// that a peer cannot make up new series.
	Methods []string
	// QueueBytes is how much waits to be sent to all channels. Nil means the metric is absent.
	QueueBytes func() int64
	// OutboxPending is how many confirmed deliveries are under way or wait. Nil means always 0.
	OutboxPending func() int64
	// Links are the links as they are now. Nil means the metrics of links are absent.
	Links func() []Link
}

// Metrics is what an operator sees of the running engine. It is the engine's [protocol.Meter], and its
// [protocol.Tally]: counting a request that is answered at once costs one atomic addition.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	seconds  *durations
	channels *prometheus.GaugeVec
	closed   *prometheus.CounterVec
	events   prometheus.Counter

	methods map[string]*codes // never changes
	other   *codes
}

var (
	_ protocol.Meter = (*Metrics)(nil)
	_ protocol.Tally = (*Metrics)(nil)
)

// codes are the counters of one method, found by reply code without building a label.
type codes struct {
	ok     prometheus.Counter
	failed sync.Map // int to prometheus.Counter
	make   func(code int) prometheus.Counter
}

func (c *codes) inc(code int) {
	if code == 0 {
		c.ok.Inc()
		return
	}
	n, found := c.failed.Load(code)
	if !found {
		n, _ = c.failed.LoadOrStore(code, c.make(code))
	}
	n.(prometheus.Counter).Inc()
}

// requestBuckets go from what is answered from memory to what waits for a telephone system.
var requestBuckets = []time.Duration{
	10 * time.Microsecond, 50 * time.Microsecond, 100 * time.Microsecond, 500 * time.Microsecond,
	time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, 500 * time.Millisecond, time.Second, 5 * time.Second, 15 * time.Second,
}

// NewMetrics makes a set of its own; nothing is registered globally.
func NewMetrics(o MetricsOptions) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "octolink_requests_total",
			Help: "Answered requests by method and reply code; code 0 is success."}, []string{"method", "code"}),
		seconds: newDurations("octolink_request_seconds", "Time from a request's arrival to its answer.", requestBuckets),
		channels: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "octolink_channels",
			Help: "Open channels by configured link and kind; client channels have no link."}, []string{"link", "kind"}),
		closed: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "octolink_closed_total",
			Help: "Closed channels by WebSocket close code; 0 when the peer went without one."}, []string{"code"}),
		events: prometheus.NewCounter(prometheus.CounterOpts{Name: "octolink_events_total",
			Help: "Events told, counted once per receiver."}),
		methods: make(map[string]*codes, len(o.Methods)),
	}
	for _, name := range o.Methods {
		m.methods[name] = m.codesOf(name)
	}
	m.other = m.codesOf("other")
	m.registry.MustRegister(m.requests, m.seconds, m.channels, m.closed, m.events, outbox(o),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if o.QueueBytes != nil {
		m.Gauge("octolink_queue_bytes", "Bytes that wait to be sent, over all channels.",
			func() float64 { return float64(o.QueueBytes()) })
	}
	if o.Links != nil {
		m.registry.MustRegister(newLinkMetrics(o.Links))
	}
	m.channels.WithLabelValues("", kindName(protocol.ClientKind))
	return m
}

func outbox(o MetricsOptions) prometheus.Collector {
	pending := o.OutboxPending
	if pending == nil {
		pending = func() int64 { return 0 }
	}
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "octolink_outbox_pending",
		Help: "Confirmed deliveries that are not yet confirmed."}, func() float64 { return float64(pending()) })
}

func (m *Metrics) codesOf(method string) *codes {
	return &codes{
		ok:   m.requests.WithLabelValues(method, "0"),
		make: func(code int) prometheus.Counter { return m.requests.WithLabelValues(method, strconv.Itoa(code)) },
	}
}

// Gauge adds a number that is asked for when somebody looks. The name must be new, it panics otherwise.
func (m *Metrics) Gauge(name, help string, value func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value))
}

// Counter adds a number that only grows and is asked for when somebody looks. The name must be new.
func (m *Metrics) Counter(name, help string, value func() float64) {
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, value))
}

// Counters adds numbers that only grow, told apart by labels, and gives what adds one. The name must be
// new; values come from a bounded set, or the series become too many.
func (m *Metrics) Counters(name, help string, labels ...string) (inc func(values ...string)) {
	v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	m.registry.MustRegister(v)
	return func(values ...string) { v.WithLabelValues(values...).Inc() }
}

// Opened counts a new channel.
func (m *Metrics) Opened(i protocol.Info) {
	m.channels.WithLabelValues(i.Link, kindName(i.Kind)).Inc()
}

// Closed counts its end.
func (m *Metrics) Closed(i protocol.Info, code protocol.CloseCode) {
	m.channels.WithLabelValues(i.Link, kindName(i.Kind)).Dec()
	m.closed.WithLabelValues(strconv.Itoa(int(code))).Inc()
}

// Request counts an answered request; code 0 is success, method "" one that reached no method.
func (m *Metrics) Request(method string, code int, took time.Duration) {
	m.of(method).inc(code)
	m.seconds.observe(1, took)
}

func (m *Metrics) of(method string) *codes {
	if c := m.methods[method]; c != nil {
		return c
	}
	return m.other
}

// Of implements [protocol.Tally].
func (m *Metrics) Of(method string) func(code int) { return m.of(method).inc }

// Took implements [protocol.Tally].
func (m *Metrics) Took(requests int, each time.Duration) { m.seconds.observe(requests, each) }

// Event counts an event once for each receiver.
func (m *Metrics) Event(_ string, receivers int) { m.events.Add(float64(receivers)) }

func kindName(k protocol.Kind) string {
	if k == protocol.ServerKind {
		return "server"
	}
	return "client"
}

func (s *Server) metricsHandler() http.Handler {
	m := s.o.Metrics
	if m == nil {
		m = NewMetrics(MetricsOptions{})
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	if s.o.Debug {
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	}
	return transports.CheckHost(s.o.Names, secured(mux))
}

package web

import "github.com/prometheus/client_golang/prometheus"

// linkMetrics tell how the links are when somebody looks. Links come and go with the configuration,
// and their series with them.
type linkMetrics struct {
	links              func() []Link
	up, users, refused *prometheus.Desc
}

func newLinkMetrics(links func() []Link) *linkMetrics {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, append([]string{"link"}, labels...), nil)
	}
	return &linkMetrics{
		links:   links,
		up:      desc("octolink_link_up", "1 when the CRM of the link has introduced itself."),
		users:   desc("octolink_link_users", "Users who work through the link."),
		refused: desc("octolink_refused_total", "Connections to the link that were not accepted, by reason.", "reason"),
	}
}

// Describe implements [prometheus.Collector].
func (m *linkMetrics) Describe(to chan<- *prometheus.Desc) {
	to <- m.up
	to <- m.users
	to <- m.refused
}

// Collect implements [prometheus.Collector].
func (m *linkMetrics) Collect(to chan<- prometheus.Metric) {
	for _, l := range m.links() {
		up := 0.0
		if l.State == LinkIntroduced {
			up = 1
		}
		to <- prometheus.MustNewConstMetric(m.up, prometheus.GaugeValue, up, l.Name)
		to <- prometheus.MustNewConstMetric(m.users, prometheus.GaugeValue, float64(l.Users), l.Name)
		for reason, n := range l.Refused {
			to <- prometheus.MustNewConstMetric(m.refused, prometheus.CounterValue, float64(n), l.Name, reason)
		}
	}
}

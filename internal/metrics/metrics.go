// Package metrics exposes the state of ClientCredentials and the results of token requests to
// Prometheus. docs/metrics.md describes each metric.
package metrics

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Metrics is a collector of all metrics of the operator.
type Metrics struct {
	buildInfo    prometheus.Gauge
	requests     *prometheus.CounterVec
	duration     *prometheus.HistogramVec
	waits        *prometheus.HistogramVec
	lifetimeLeft prometheus.Histogram

	servers *servers
	// objects is nil before ReadFrom.
	objects atomic.Pointer[objects]
}

// New returns the metrics of an operator of the given version. The caller must register them.
func New(version string) *Metrics {
	buildInfo := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "tokensync_build_info", Help: "The version of the operator. Always 1.",
		ConstLabels: prometheus.Labels{"version": version},
	})
	buildInfo.Set(1)
	return &Metrics{
		buildInfo: buildInfo,
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tokensync_token_requests_total",
			Help: "Token requests by the host of the token endpoint and by result: success, or the reason of the failure.",
		}, []string{"server", "result"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "tokensync_token_request_duration_seconds",
			Help:    "Time that token requests took, until the response was read.",
			Buckets: []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 20, 30},
		}, []string{"server"}),
		waits: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "tokensync_rate_limit_wait_seconds",
			Help:    "Time that token requests waited for a rate limit or a Retry-After. Requests that did not have to wait are not counted.",
			Buckets: []float64{1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600, 4 * 3600, 24 * 3600},
		}, []string{"server"}),
		lifetimeLeft: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "tokensync_token_lifetime_left_at_renewal_ratio",
			Help:    "Part of its lifetime that the old token had left when a new token replaced it. 0 if it had expired.",
			Buckets: []float64{0, .05, .1, .15, .2, .25, .3, .35, .4, .45, .5, .75, 1},
		}),
		servers: newServers(),
	}
}

// ReadFrom makes each scrape read the metrics of all ClientCredentials from a cache, once elected is
// closed.
func (m *Metrics) ReadFrom(cache client.Reader, elected <-chan struct{}) {
	m.objects.Store(&objects{cache: cache, elected: elected})
}

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(descriptions chan<- *prometheus.Desc) {
	for _, collector := range m.collectors() {
		collector.Describe(descriptions)
	}
	for _, description := range objectDescriptions {
		descriptions <- description
	}
}

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(metrics chan<- prometheus.Metric) {
	for _, collector := range m.collectors() {
		collector.Collect(metrics)
	}
	if objects := m.objects.Load(); objects != nil {
		objects.collect(metrics)
	}
}

func (m *Metrics) collectors() []prometheus.Collector {
	return []prometheus.Collector{m.buildInfo, m.requests, m.duration, m.waits, m.lifetimeLeft}
}

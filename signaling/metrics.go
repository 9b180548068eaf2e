package signaling

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are the figures of the edge. Labels come from closed lists of ours,
// never from what a stranger wrote.
type metrics struct {
	requests  *prometheus.CounterVec   // by route, method, status
	durations *prometheus.HistogramVec // by route
	messages  *prometheus.CounterVec   // by type
	failures  *prometheus.CounterVec   // by code: what clients were told
	closes    *prometheus.CounterVec   // by WebSocket close code
	panics    prometheus.Counter
	hello     prometheus.Histogram
	turnstile prometheus.Histogram
	open      prometheus.GaugeFunc
}

func newMetrics(registry prometheus.Registerer, open func() int) (*metrics, error) {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "palabre", Subsystem: "signaling", Name: name, Help: help}, labels)
	}
	m := &metrics{
		requests: counter("http_requests_total", "HTTP requests answered.", "route", "method", "status"),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "palabre", Subsystem: "signaling", Name: "http_request_seconds",
			Help: "Time to answer HTTP requests, WebSockets left out.", Buckets: prometheus.ExponentialBuckets(0.001, 4, 8),
		}, []string{"route"}),
		messages: counter("messages_total", "Messages of clients over WebSockets.", "type"),
		failures: counter("errors_total", "Errors clients were told of, over WebSockets and HTTP.", "code"),
		closes:   counter("websocket_closes_total", "WebSockets closed by the server or lost (1006), by close code.", "code"),
		panics:   prometheus.NewCounter(prometheus.CounterOpts{Namespace: "palabre", Subsystem: "signaling", Name: "panics_total", Help: "Requests that ended in a panic of ours."}),
		hello: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: "palabre", Subsystem: "signaling", Name: "hello_seconds",
			Help: "Time from a client's hello to its welcome.", Buckets: prometheus.ExponentialBuckets(0.0005, 4, 8),
		}),
		turnstile: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: "palabre", Subsystem: "signaling", Name: "turnstile_seconds",
			Help: "Time that hellos, joins and offers waited for the processors to keep up.", Buckets: prometheus.ExponentialBuckets(0.0005, 4, 8),
		}),
		open: prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Namespace: "palabre", Subsystem: "signaling", Name: "websockets", Help: "Open WebSockets.",
		}, func() float64 { return float64(open()) }),
	}
	var faults []error
	for _, c := range m.all() {
		faults = append(faults, registry.Register(c))
	}
	return m, errors.Join(faults...)
}

func (m *metrics) all() []prometheus.Collector {
	return []prometheus.Collector{m.requests, m.durations, m.messages, m.failures, m.closes, m.panics, m.hello, m.turnstile, m.open}
}

func (m *metrics) unregister(registry prometheus.Registerer) {
	for _, c := range m.all() {
		registry.Unregister(c)
	}
}

func (m *metrics) since(h prometheus.Observer, start time.Time) {
	h.Observe(time.Since(start).Seconds())
}

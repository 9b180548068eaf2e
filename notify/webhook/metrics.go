package webhook

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

type metrics struct {
	attempts *prometheus.CounterVec
	duration prometheus.Histogram
	disabled *prometheus.CounterVec
	waiting  prometheus.Gauge
	off      prometheus.Gauge
	dropped  prometheus.Gauge
}

func newMetrics(r prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "palabre_webhook_attempts_total", Help: "Attempts to deliver a webhook, by what came of them.",
		}, []string{"outcome"}),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "palabre_webhook_duration_seconds", Help: "Time until a receiver answered or was given up.",
			Buckets: []float64{.02, .05, .1, .25, .5, 1, 2.5, 5, 15},
		}),
		disabled: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "palabre_webhook_disabled_total", Help: "Webhooks that the server disabled, by reason.",
		}, []string{"why"}),
		waiting: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "palabre_webhook_waiting", Help: "Deliveries that wait, looked at every ten minutes.",
		}),
		off: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "palabre_webhook_off", Help: "Webhooks that are disabled, looked at every ten minutes.",
		}),
		dropped: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "palabre_webhook_dropped", Help: "Deliveries that found a full backlog, of the webhooks there are, looked at every ten minutes.",
		}),
	}
	if r == nil {
		return m, nil
	}
	return m, errors.Join(
		r.Register(m.attempts), r.Register(m.duration), r.Register(m.disabled),
		r.Register(m.waiting), r.Register(m.off), r.Register(m.dropped),
	)
}

func (m *metrics) attempt(d Delivery, took time.Duration) {
	outcome := map[State]string{Sent: "sent", Waiting: "retry", Failed: "failed"}[d.State]
	m.attempts.WithLabelValues(outcome).Inc()
	m.duration.Observe(took.Seconds())
}

func (m *metrics) totals(t Totals) {
	m.waiting.Set(float64(t.Waiting))
	m.off.Set(float64(t.Disabled))
	m.dropped.Set(float64(t.Dropped))
}

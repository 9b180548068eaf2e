package rooms

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are the figures of the rooms.
type metrics struct {
	// inside counts everyone visible in a room, for Stats and the gauge alike.
	inside     atomic.Int64
	spectators prometheus.Gauge
	joins      *prometheus.CounterVec
	leaves     *prometheus.CounterVec
	refusals   *prometheus.CounterVec
	resumes    *prometheus.CounterVec
	slow       prometheus.Counter
	faults     prometheus.Counter
}

func newMetrics(registerer prometheus.Registerer, rooms *Rooms) (*metrics, error) {
	vector := func(name, help, label string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "palabre", Name: name, Help: help}, []string{label})
	}
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Namespace: "palabre", Name: name, Help: help})
	}
	gauge := func(name, help string, value func() float64) prometheus.GaugeFunc {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "palabre", Name: name, Help: help}, value)
	}
	m := &metrics{
		spectators: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: "palabre", Name: "spectators", Help: "Hidden viewers watching a room now.",
		}),
		joins:    vector("joins_total", "People and programs that joined a room, by role.", "role"),
		leaves:   vector("leaves_total", "People and programs that left a room, by reason.", "reason"),
		refusals: vector("room_refusals_total", "Commands the rooms refused, by error code.", "code"),
		resumes:  vector("resumes_total", "Attempts to come back: resumed, fresh or failed.", "outcome"),
		slow:     counter("slow_readers_total", "Sessions detached because their reader fell too far behind."),
		faults:   counter("room_faults_total", "Commands that failed through a fault of the server."),
	}
	if registerer == nil {
		return m, nil
	}
	collectors := []prometheus.Collector{
		gauge("rooms", "Rooms alive now.", func() float64 { return float64(rooms.Stats().Rooms) }),
		gauge("participants", "Everyone visible in a room now.", func() float64 { return float64(m.inside.Load()) }),
		m.spectators, m.joins, m.leaves, m.refusals, m.resumes, m.slow, m.faults,
	}
	for _, collector := range collectors {
		if err := registerer.Register(collector); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *metrics) joined(p *person) {
	m.joins.WithLabelValues(string(p.role)).Inc()
	if p.kind == Spectator {
		m.spectators.Inc()
		return
	}
	m.inside.Add(1)
}

func (m *metrics) left(p *person, reason Reason) {
	m.leaves.WithLabelValues(string(reason)).Inc()
	if p.kind == Spectator {
		m.spectators.Dec()
		return
	}
	m.inside.Add(-1)
}

func (m *metrics) refused(err error) { m.refusals.WithLabelValues(string(CodeOf(err))).Inc() }

func (m *metrics) resumed(session *Session, err error) {
	outcome := "failed"
	if err == nil {
		outcome = "resumed"
		if session.welcome.Outcome == Fresh {
			outcome = "fresh"
		}
	}
	m.resumes.WithLabelValues(outcome).Inc()
}

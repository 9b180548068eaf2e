package store

import "github.com/prometheus/client_golang/prometheus"

// journalMetrics are the figures of the journal.
type journalMetrics struct {
	batch, commit prometheus.Histogram
	outages       prometheus.Counter
	dropped       *prometheus.CounterVec
}

func newJournalMetrics(j *journal, registerer prometheus.Registerer) (*journalMetrics, error) {
	m := &journalMetrics{
		batch: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: "palabre", Name: "store_batch_facts", Help: "Facts written in one transaction.",
			Buckets: prometheus.ExponentialBuckets(1, 2, 10),
		}),
		commit: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: "palabre", Name: "store_commit_seconds", Help: "How long a transaction of facts took.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 14),
		}),
		outages: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: "palabre", Name: "store_outages_total", Help: "How often the database went away.",
		}),
		dropped: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: "palabre", Name: "store_dropped_facts_total",
			Help: "Facts left out: superseded by newer ones, because the queue was full, faulty, or come after the end.",
		}, []string{"reason"}),
	}
	for _, reason := range []string{"superseded", "full", "faulty", "closed"} {
		m.dropped.WithLabelValues(reason)
	}
	if registerer == nil {
		return m, nil
	}
	gauge := func(name, help string, value func() int) prometheus.GaugeFunc {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "palabre", Name: name, Help: help}, func() float64 {
			j.mu.Lock()
			defer j.mu.Unlock()
			return float64(value())
		})
	}
	for _, collector := range []prometheus.Collector{
		m.batch, m.commit, m.outages, m.dropped,
		gauge("store_queue_facts", "Facts that wait to be written.", func() int { return j.backlog.facts }),
		gauge("store_queue_bytes", "What the facts that wait take in memory, about.", func() int { return j.backlog.bytes }),
		gauge("store_away", "1 while the database is away.", func() int {
			if j.away {
				return 1
			}
			return 0
		}),
	} {
		if err := registerer.Register(collector); err != nil {
			return nil, err
		}
	}
	return m, nil
}

package turn

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// collector shows the relay's counters to Prometheus.
type collector struct {
	connections, allocations atomic.Int64
	allocated, up, down      atomic.Uint64
	refused                  [len(refusals) + 1]atomic.Uint64

	held, made, refusing, bytes *prometheus.Desc
}

// refusals are the error codes a client may get, with their names in the metric;
// the last counter is for all others.
var refusals = [...]struct {
	code int
	name string
}{{401, "credentials"}, {403, "peer"}, {443, "family"}, {486, "quota"}, {508, "capacity"}}

func newCollector() *collector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("palabre_turn_"+name, help, labels, nil)
	}
	return &collector{
		held:     desc("open", "TURN connections and allocations now.", "what"),
		made:     desc("allocations_total", "TURN allocations made."),
		refusing: desc("refused_total", "TURN requests refused.", "reason"),
		bytes:    desc("bytes_total", "Bytes of media relayed.", "direction"),
	}
}

// refuse counts an error response by its code; 0 is none.
func (c *collector) refuse(code int) {
	if code == 0 {
		return
	}
	for i, r := range refusals {
		if r.code == code {
			c.refused[i].Add(1)
			return
		}
	}
	c.refused[len(refusals)].Add(1)
}

// Describe implements [prometheus.Collector].
func (c *collector) Describe(out chan<- *prometheus.Desc) { prometheus.DescribeByCollect(c, out) }

// Collect implements [prometheus.Collector].
func (c *collector) Collect(out chan<- prometheus.Metric) {
	show := func(d *prometheus.Desc, kind prometheus.ValueType, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, kind, v, labels...)
	}
	show(c.held, prometheus.GaugeValue, float64(c.connections.Load()), "connections")
	show(c.held, prometheus.GaugeValue, float64(c.allocations.Load()), "allocations")
	show(c.made, prometheus.CounterValue, float64(c.allocated.Load()))
	show(c.bytes, prometheus.CounterValue, float64(c.up.Load()), "in")
	show(c.bytes, prometheus.CounterValue, float64(c.down.Load()), "out")
	for i, r := range refusals {
		show(c.refusing, prometheus.CounterValue, float64(c.refused[i].Load()), r.name)
	}
	show(c.refusing, prometheus.CounterValue, float64(c.refused[len(refusals)].Load()), "other")
}

package bwe

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"
)

// bars are what a trace must keep to; 0 for none.
type bars struct {
	// under is in which time after a drop no more is sent than the line carries,
	// recover in which after a rise 90 % of it may be.
	under, recover time.Duration
	// use is which share of the capacity may at least be used in the end.
	use float64
	// queue is what 95 % of packets wait at most.
	queue time.Duration
}

const distance = 25 * time.Millisecond

// link is a bottleneck with a usual queue.
func link(capacity func(time.Duration) float64) network {
	return network{capacity: capacity, queue: 64 << 10, delay: distance}
}

func (n network) losing(loses func() func(*rand.Rand) bool) network {
	n.losses = loses
	return n
}

// stage is how long each capacity of a stepped trace lasts.
const stage = 20 * time.Second

// traces are the courses of events the estimator is judged by.
func traces() []trace {
	jittery, shallow, tcp := link(steady(3e6)), link(steps(stage, 3e6, 1e6, 3e6)), link(steady(4e6))
	jittery.jitter, shallow.queue = 200*time.Millisecond, 16<<10
	dark := link(func(at time.Duration) float64 {
		if at -= 10 * time.Second; at >= stage && at < stage+3*time.Second {
			return 0
		}
		return 3e6
	})
	layered := []float64{150e3, 500e3, 1.4e6}
	stepped := bars{under: 2 * time.Second, recover: 6 * time.Second, queue: 400 * time.Millisecond}
	return []trace{
		{name: "5 → 0.5 → 5 Mbit/s", network: link(steps(stage, 5e6, 0.5e6, 5e6)), bars: stepped},
		{name: "3 → 1.5 → 3 Mbit/s", network: link(steps(stage, 3e6, 1.5e6, 3e6)), bars: stepped},
		{name: "2 → 0.3 → 2 Mbit/s, in layers", network: link(steps(stage, 2e6, 0.3e6, 2e6)), layers: layered, wanted: 1.432e6, bars: stepped},
		{name: "3 → 1 → 3 Mbit/s, a queue of 16 kB", network: shallow, bars: bars{under: 3 * time.Second, recover: 10 * time.Second}},
		{name: "3 Mbit/s, nothing passes for 3 s", network: dark, bars: bars{recover: 6 * time.Second}},
		{name: "3 Mbit/s", network: link(steady(3e6)), bars: bars{use: 0.8, queue: 150 * time.Millisecond}},
		{name: "3 Mbit/s, 1 % lost by chance", network: link(steady(3e6)).losing(chance(0.01)), bars: bars{use: 0.8, queue: 150 * time.Millisecond}},
		{name: "3 Mbit/s, 5 % lost by chance", network: link(steady(3e6)).losing(chance(0.05)), bars: bars{use: 0.8, queue: 150 * time.Millisecond}},
		{name: "3 Mbit/s, 10 % lost by chance", network: link(steady(3e6)).losing(chance(0.10)), bars: bars{use: 0.8, queue: 150 * time.Millisecond}},
		{name: "3 Mbit/s, 5 % lost in bursts of 4", network: link(steady(3e6)).losing(gilbert(0.05, 4)), bars: bars{use: 0.75, queue: 150 * time.Millisecond}},
		{name: "3 Mbit/s, jitter of 200 ms", network: jittery, bars: bars{use: 0.6, queue: 250 * time.Millisecond}},
		{name: "4 Mbit/s, beside a TCP transfer", network: tcp, tcp: true, bars: bars{use: 0.15}},
		{name: "0.3 Mbit/s from the start, in layers", network: link(steady(0.3e6)), layers: layered, wanted: 1.432e6, bars: bars{under: 3 * time.Second}},
	}
}

// figures are what is measured of a trace.
type figures struct {
	under, recover, queue time.Duration
	use, lost             float64
}

// lasted is how long a trace goes on.
const lasted = 3 * stage

func (o outcome) figures(t trace) figures {
	f := figures{under: -1, recover: -1, queue: o.p95(), lost: float64(o.lost) / float64(o.count)}
	low := t.network.capacity(10*time.Second + stage + time.Second)
	if t.bars.under > 0 {
		from := stage
		if t.network.capacity(10*time.Second) == low {
			from = 0
		}
		f.under = o.first(from, func(m moment) bool { return m.target <= 1.05*low && m.sending <= 1.3*low })
	}
	if t.bars.recover > 0 {
		from := 2 * stage
		if low == 0 {
			from = stage + 3*time.Second
		}
		need := t.network.capacity(10*time.Second + lasted)
		if t.wanted > 0 {
			need = min(need, t.wanted)
		}
		f.recover = o.reached(from, 0.9*need)
	}
	target, _ := o.mean(lasted-stage/2, lasted)
	f.use = min(1, target/t.network.capacity(10*time.Second+lasted))
	return f
}

func (f figures) check(t *testing.T, b bars) {
	t.Helper()
	if b.under > 0 && (f.under < 0 || f.under > b.under) {
		t.Errorf("within the line only after %v, want %v", f.under, b.under)
	}
	if b.recover > 0 && (f.recover < 0 || f.recover > b.recover) {
		t.Errorf("at 90 %% only after %v, want %v", f.recover, b.recover)
	}
	if f.use < b.use {
		t.Errorf("uses %.0f %% of the line, want %.0f %%", f.use*100, b.use*100)
	}
	if b.queue > 0 && f.queue > b.queue {
		t.Errorf("95 %% of packets wait up to %v, want %v", f.queue, b.queue)
	}
}

// TestTraces plays every trace and prints the table of docs/media.md.
func TestTraces(t *testing.T) {
	t.Log("| line | within a drop's limit after | at 90 % after a rise | used in the end | 95 % wait at most |")
	t.Log("|---|---|---|---|---|")
	for _, tr := range traces() {
		t.Run(tr.name, func(t *testing.T) {
			o := run(tr)
			f := o.figures(tr)
			f.check(t, tr.bars)
			t.Logf("| %s | %s | %s | %.0f %% | %d ms |", tr.name, seconds(f.under), seconds(f.recover), f.use*100, f.queue.Milliseconds())
			if testing.Verbose() && os.Getenv("BWE_TRACE") != "" {
				o.print(t, 100*time.Millisecond)
			}
		})
	}
}

// TestTracesAtOtherPaces plays them with feedback as often as browsers send
// it, over a longer way, and with another seed.
func TestTracesAtOtherPaces(t *testing.T) {
	for name, change := range map[string]func(*trace){
		"feedback every 50 ms":   func(t *trace) { t.feedback = 50 * time.Millisecond },
		"a round trip of 150 ms": func(t *trace) { t.network.delay = 75 * time.Millisecond },
		"another seed":           func(t *trace) { t.seed = 5 },
	} {
		for _, tr := range traces() {
			t.Run(name+"/"+tr.name, func(t *testing.T) {
				change(&tr)
				o := run(tr)
				f := o.figures(tr)
				f.check(t, tr.bars)
				t.Logf("%v", f)
			})
		}
	}
}

func seconds(d time.Duration) string {
	if d < 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

package bwe

import (
	"math/rand/v2"
	"slices"
	"sort"
	"testing"
	"time"
)

// trace is one course of events on the way to a viewer.
type trace struct {
	name     string
	network  network
	layers   []float64     // what can be sent, bit/s; nil for anything up to wanted
	wanted   float64       // 8 Mbit/s by default
	feedback time.Duration // every so often; 100 ms by default
	tcp      bool
	seed     uint64
	bars     bars
}

const (
	tick     = time.Millisecond
	voice    = 32_000 // bit/s of sound beside the pictures
	frames   = 30     // a second
	mtu      = 1100
	overhead = 28 // of a packet, for the transport
)

// moment is the state at one time.
type moment struct {
	at                        time.Duration
	target, sending, capacity float64
	queue                     time.Duration // that the estimator sees
}

// outcome is what came of a trace.
type outcome struct {
	moments []moment
	waited  []time.Duration // of every packet, in the queue
	lost    int
	count   int
	padding int
	tcp     float64 // bit/s of the competing flow
	probes  uint64
	layer   []int // by moment
}

// viewer is the sender towards one viewer, in virtual time.
type viewer struct {
	trace
	*Estimator
	out      outcome
	rand     *rand.Rand
	sequence uint16
	level    int
	came     map[uint16]time.Duration
	reported uint16
	highest  uint16
	reports  []report
	stepped  time.Duration
}

// report is feedback on its way back.
type report struct {
	at       time.Duration
	from, to uint16
	came     map[uint16]time.Duration
}

// run plays a trace.
func run(t trace) outcome {
	t.network.rand = rand.New(rand.NewPCG(7, 11+t.seed))
	if t.network.losses != nil {
		t.network.loses = t.network.losses()
	}
	if t.feedback == 0 {
		t.feedback = 100 * time.Millisecond
	}
	if t.wanted == 0 {
		t.wanted = 8e6
	}
	v := &viewer{trace: t, Estimator: New(Config{}), rand: rand.New(rand.NewPCG(1, 2+t.seed)), came: map[uint16]time.Duration{}, sequence: 65000, reported: 65000, highest: 64999}
	v.Expect()
	v.Wanted(int(t.wanted))
	var tcp *reno
	if t.tcp {
		tcp = newReno(t.network.delay)
	}
	n := &v.trace.network
	for at := 10 * time.Second; at < 10*time.Second+lasted; at += tick {
		v.media(n, at)
		if tcp != nil {
			tcp.step(n, at)
		}
		n.step(tick, at)
		for _, p := range n.arrived(at) {
			if p.tcp > 0 {
				tcp.acks = append(tcp.acks, p)
				continue
			}
			v.came[p.sequence] = p.arrival + 12345*time.Second
			if int16(p.sequence-v.highest) > 0 {
				v.highest = p.sequence
			}
		}
		v.listen(at)
		if at%(50*time.Millisecond) == 0 {
			v.out.moments = append(v.out.moments, moment{at - 10*time.Second, float64(v.Target(at)), v.sending.rateAt(long, at), n.capacity(at), v.queue.delay()})
			v.out.layer = append(v.out.layer, v.level)
		}
	}
	v.out.waited = n.worst
	v.out.probes = v.prober.clusters
	if tcp != nil {
		v.out.tcp = float64(8*tcp.bytes) / lasted.Seconds()
	}
	return v.out
}

// send sends one packet.
func (v *viewer) send(n *network, size int, at time.Duration) {
	v.Sent(v.sequence, size, at)
	n.send(parcel{sequence: v.sequence, size: size, sent: at})
	v.sequence++
	v.out.count++
}

// media sends what is due: sound every 20 ms, pictures at once as they come, padding.
func (v *viewer) media(n *network, at time.Duration) {
	if at%(20*time.Millisecond) == 0 {
		v.send(n, voice/8/50, at)
	}
	if at%(time.Second/frames/tick*tick) == 0 {
		key := v.choose(at)
		bytes := v.rate(at) / 8 / frames * (0.7 + 0.6*v.rand.Float64())
		if key {
			bytes *= 4
		}
		for ; bytes > 1; bytes -= mtu {
			v.send(n, int(min(mtu, bytes))+overhead, at)
		}
	}
	if at-v.stepped >= stepTime {
		v.stepped = at
		for due := v.Padding(at); due > 0; due = v.Padding(at) {
			size := min(due, mtu) + overhead
			v.out.padding += size
			v.send(n, size, at)
		}
	}
}

// choose takes the highest layer that fits, a higher one only with room to
// spare, and says whether that begins with a key frame.
func (v *viewer) choose(at time.Duration) (key bool) {
	if v.layers == nil {
		return false
	}
	have := float64(v.Target(at)) - voice
	level := v.level
	for level > 0 && v.layers[level-1] > have*1.1 {
		level--
	}
	for level < len(v.layers) && v.layers[level]*1.15 < have {
		level++
	}
	key = level != v.level && level > 0
	v.level = level
	return key
}

// rate is what pictures take now; 0 while they are paused.
func (v *viewer) rate(at time.Duration) float64 {
	if v.layers == nil {
		return max(0, min(v.trace.wanted, float64(v.Target(at)))-voice)
	}
	if v.level == 0 {
		return 0
	}
	return v.layers[v.level-1]
}

// listen is the viewer's side: it reports what came, and the report takes its time.
func (v *viewer) listen(at time.Duration) {
	if at%v.feedback == 0 && v.highest != v.reported-1 {
		r := report{at: at + v.network.delay, from: v.reported, to: v.highest + 1, came: v.came}
		v.reports = append(v.reports, r)
		v.came, v.reported = map[uint16]time.Duration{}, v.highest+1
	}
	for len(v.reports) > 0 && v.reports[0].at <= at {
		r := v.reports[0]
		v.reports = v.reports[1:]
		v.Feedback(func(yield func(uint16, bool, time.Duration) bool) {
			for s := r.from; s != r.to; s++ {
				arrival, ok := r.came[s]
				if !ok {
					v.out.lost++
				}
				yield(s, ok, arrival.Round(250*time.Microsecond))
			}
		}, at)
	}
}

// Shapes of capacity.

func steady(bits float64) func(time.Duration) float64 {
	return func(time.Duration) float64 { return bits }
}

// steps has one capacity after another, each for so long.
func steps(each time.Duration, bits ...float64) func(time.Duration) float64 {
	return func(at time.Duration) float64 {
		return bits[min(int((at-10*time.Second)/each), len(bits)-1)]
	}
}

// first is when, after from, ok holds of the target and goes on to hold for a second; -1 for never.
func (o outcome) first(from time.Duration, ok func(m moment) bool) time.Duration {
	since := time.Duration(-1)
	for _, m := range o.moments {
		switch {
		case m.at < from:
		case !ok(m):
			since = -1
		case since < 0:
			since = m.at
		case m.at-since >= time.Second:
			return since - from
		}
	}
	return -1
}

// reached is when, after from, the target reached bits and kept them on the
// mean of a second; -1 for never.
func (o outcome) reached(from time.Duration, bits float64) time.Duration {
	for _, m := range o.moments {
		if m.at < from || m.target < bits {
			continue
		}
		if mean, _ := o.mean(m.at, m.at+time.Second); mean >= bits {
			return m.at - from
		}
	}
	return -1
}

// mean is the mean target from one time to another.
func (o outcome) mean(from, to time.Duration) (target, sending float64) {
	n := 0.0
	for _, m := range o.moments {
		if m.at >= from && m.at < to {
			target, sending, n = target+m.target, sending+m.sending, n+1
		}
	}
	return target / n, sending / n
}

func (o outcome) p95() time.Duration {
	w := slices.Clone(o.waited)
	sort.Slice(w, func(i, j int) bool { return w[i] < w[j] })
	return w[len(w)*95/100]
}

func (o outcome) print(t *testing.T, every time.Duration) {
	for i, m := range o.moments {
		if m.at%every == 0 {
			t.Logf("%6v capacity %6.0fk target %6.0fk sending %6.0fk queue %v layer %d", m.at, m.capacity/1e3, m.target/1e3, m.sending/1e3, m.queue, o.layer[i])
		}
	}
}

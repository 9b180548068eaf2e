// Package bwe estimates how much the line to one viewer carries, from the
// sender's side.
//
// Every packet that leaves gets a transport-wide sequence number; the viewer
// reports when each arrived (draft-holmer-rmcat-transport-wide-cc-extensions-01,
// or RFC 8888). What follows from that is, each idea in a type of its own:
//
//   - a growing one-way delay means a queue fills: send less (trend, queue),
//   - what arrives while a queue is there is what the line carries (meter),
//   - loss that falls when less is sent is congestion, other loss is not (losses),
//   - between these the rate rises carefully near the last known limit, faster
//     elsewhere (control),
//   - a line that is not filled shows nothing: short clusters of padding ask it
//     (prober), as long as the viewer could use more.
//
// The method is that of draft-ietf-rmcat-gcc-02 with what libwebrtc made public
// of its later years; trial by lowering, and draining by the measured queue, are
// our own. Clients that report only REMB or losses are served by a simpler
// type (reports).
//
// An [Estimator] has no goroutine and reads no clock: times are passed in, as
// durations since one common start. The same input gives the same output.
package bwe

import (
	"time"
	"unsafe"

	"palabre/sfu/prefetch"
)

// Config is what an [Estimator] starts with. The zero value takes the defaults.
type Config struct {
	// Start is what the line is taken to carry until something is known, in
	// bit/s; Least and Most bound every later estimate.
	Start, Least, Most int
}

const (
	// defaultStart lets a shared screen be read at once: an estimate that has
	// to grow from a few hundred kbit/s shows a blurred one for seconds.
	defaultStart = 2_000_000
	// defaultLeast is room for a voice and its repairs.
	defaultLeast = 60_000
	defaultMost  = 50_000_000
)

func (c Config) withDefaults() Config {
	if c.Start <= 0 {
		c.Start = defaultStart
	}
	if c.Least <= 0 {
		c.Least = defaultLeast
	}
	if c.Most <= 0 {
		c.Most = defaultMost
	}
	c.Start = min(max(c.Start, c.Least), c.Most)
	return c
}

const (
	// drainTime is in about which time a queue we filled is to be empty again;
	// while it lasts at least drainLeast of the estimate may be sent.
	drainTime  = 800 * time.Millisecond
	drainLeast = 0.2
	// drainQueue is a queue not worth draining faster than the rate control does.
	drainQueue = 60 * time.Millisecond
	// silence is how long feedback may be missing, while packets leave, before
	// less is sent; the target halves with every further silence.
	silence = time.Second
	// deaf is how long feedback may not begin at all before the client counts
	// as one that has none, whatever it agreed to.
	deaf = 3 * time.Second
	// Rates are looked at over brief while a queue tells that the line is
	// busy, else over long.
	brief, long = 200 * time.Millisecond, 500 * time.Millisecond
)

// Estimator estimates for one viewer. It is not safe for concurrent use: the
// viewer's shard owns it.
type Estimator struct {
	// What each packet that leaves needs is next to each other, and first in the prober.
	sending     meter
	history     history
	firstUnseen time.Duration // when the first packet left that no feedback followed yet
	unseen      bool
	agreed      bool // the client is to report arrivals
	resting     bool // nothing leaves that it could report
	prober      prober

	config  Config
	arrived meter
	slices  slicer
	trend   trend
	queue   queue
	losses  losses
	control control
	reports reports
	wanted  float64

	take    func(sequence uint16, received bool, arrival time.Duration) bool // e.arrival, made once
	at      time.Duration                                                    // of the feedback being taken in
	newest  time.Duration                                                    // when the newest packet that arrived was sent
	highest uint16                                                           // its number
	rtt     time.Duration

	trip      least // the round trip without queues
	feedbacks uint64
	heard     time.Duration // the last feedback
	draining  time.Duration // until when
}

// New makes an Estimator.
func New(c Config) *Estimator {
	c = c.withDefaults()
	e := &Estimator{config: c, trend: newTrend(), control: control{rate: float64(c.Start)}}
	e.take = e.arrival
	return e
}

// Expect says that the client agreed to report the arrival of every packet from
// now on. Without that nothing limits what is sent until other reports speak against it.
func (e *Estimator) Expect() { e.agreed = true }

// Sent notes that the packet with this transport-wide sequence number, of size
// bytes, left at at. Tell it of everything that leaves towards the viewer:
// retransmissions and padding too, in the order of their numbers.
func (e *Estimator) Sent(sequence uint16, size int, at time.Duration) {
	if at-e.sending.last > farTime {
		// The way may be another by now, and the two clocks have drifted apart.
		e.queue, e.trip = queue{}, least{}
	}
	e.sending.add(size, at)
	if !e.agreed {
		return // nobody will say whether it arrived
	}
	e.history.push(sequence, size, at, e.prober.sent(sequence, size, at))
	if !e.unseen {
		e.unseen, e.firstUnseen = true, at
	}
}

// Prefetch asks for the memory that [Estimator.Sent] of packets numbered from sequence on
// needs, in two steps: what the second asks for is found in what the first did.
func (e *Estimator) Prefetch(step int, sequence uint16, packets int) {
	if step > 0 {
		bucket := unsafe.Offsetof(e.sending) + e.sending.place()
		prefetch.Part(e, bucket, bucket+unsafe.Sizeof(e.sending.bytes[0]))
		e.history.prefetch(sequence, packets)
		return
	}
	prefetch.Part(e, unsafe.Offsetof(e.sending)+unsafe.Offsetof(e.sending.started), unsafe.Offsetof(e.prober)+unsafe.Sizeof(e.prober.state))
}

// Feedback takes in one report of arrivals, received at at. arrivals calls its
// argument for every packet the report speaks of, in order of their numbers,
// with its arrival on the viewer's own clock if it was received.
func (e *Estimator) Feedback(arrivals func(yield func(sequence uint16, received bool, arrival time.Duration) bool), at time.Duration) {
	e.at, e.newest = at, -1
	arrivals(e.take)
	if e.newest < 0 {
		return // nothing we sent, or nothing new
	}
	e.feedbacks++
	e.heard, e.unseen = at, false
	e.rtt = at - e.newest
	e.trip.add(point{at, e.rtt}, farTime)
	e.delayed(e.slices.close())
	e.delayed(e.late())
	e.judge(at)
}

// late is the delay of the first packet that has not arrived, as far as it is
// known: it left after the burst that arrives now, and is late by what has
// passed. When the line becomes narrow this tells long before the packet itself does.
func (e *Estimator) late() (point, bool) {
	for i := uint16(1); i <= lateReach; i++ {
		p := e.history.find(e.highest + i)
		if p == nil || p.state != pendingPacket {
			break
		}
		if p.at < e.newest+sliceTime {
			continue
		}
		now := e.arrived.last
		late := point{now, now - p.at}
		return late, !e.prober.disturbs(p) && late.delay > e.queue.far.value()
	}
	return point{}, false
}

// lateReach is how many packets a burst may have for [Estimator.late] to look behind it.
const lateReach = 256

// Repeated says that a packet was lost and is sent again under the number it
// had, as one that must be the same byte for byte.
func (e *Estimator) Repeated(sequence uint16) {
	p := e.history.find(sequence)
	if p == nil || p.state >= arrivedPacket {
		return
	}
	if p.state == pendingPacket {
		e.losses.lost++
	}
	p.state = repeatedPacket
}

// arrival takes in what a report says of one packet.
func (e *Estimator) arrival(sequence uint16, received bool, arrival time.Duration) bool {
	p := e.history.find(sequence)
	if p == nil || p.state >= arrivedPacket {
		return true
	}
	e.prober.reported(p, received, arrival)
	if !received {
		if p.state == pendingPacket {
			e.losses.lost++
		}
		p.state = lostPacket
		return true
	}
	if p.state == lostPacket { // it was only late
		e.losses.lost--
	}
	p.state = arrivedPacket
	e.losses.got++
	if p.at >= e.newest {
		e.newest, e.highest = p.at, sequence
	}
	e.arrived.add(int(p.size), arrival)
	if e.prober.disturbs(p) {
		return true // the delay of what stands behind a probe is the probe's
	}
	e.delayed(e.slices.add(p.at, arrival))
	return true
}

// delayed takes in a measured delay.
func (e *Estimator) delayed(p point, ok bool) {
	if ok {
		e.queue.add(p)
		e.trend.add(p)
	}
}

// judge draws the conclusions from one feedback.
func (e *Estimator) judge(at time.Duration) {
	delay := e.queue.delay()
	switch e.trend.signal {
	case overuse:
		e.congested(delay, at)
	case normal:
		if delay < drainQueue || at > e.draining {
			e.control.raise(e.arrived.rate(long), e.rtt, at)
		}
	}
	e.lossy(delay, at)
	if carries, filled, ok := e.prober.result(at); ok {
		e.control.probed(carries, filled, at)
	}
	e.control.bound(e.config)
}

// congested lowers the rate because a queue grows.
func (e *Estimator) congested(delay, at time.Duration) {
	if delay < drainQueue {
		// Hardly a queue yet, or none but jitter: careful, but no more.
		e.control.ease(e.rtt, at)
		return
	}
	carried := e.arrived.rate(long)
	if delay > drainQueue { // the line was busy lately
		carried = min(carried, e.arrived.rate(brief))
	}
	e.control.lower(carried, at)
	e.draining = at + 2*drainTime + max(delay, e.standing(at))
	e.prober.postpone(at)
}

// standing is for how long the line will be busy with what has left and not
// arrived, beyond the way itself: a queue that is yet to be measured.
func (e *Estimator) standing(at time.Duration) time.Duration {
	busy := float64(8*e.history.flying(e.highest, at)) / e.control.rate
	return time.Duration(busy*float64(time.Second)) - e.trip.value() - (at - e.heard)
}

// lossy judges the losses.
func (e *Estimator) lossy(delay, at time.Duration) {
	ratio, full := e.losses.window(at)
	if !full || at < e.draining {
		return
	}
	if delay > drainQueue {
		// No need to try: a queue that stands and overflows is congestion, be it
		// filled by somebody else.
		if e.losses.heavy(ratio) {
			e.control.lower(e.arrived.rate(long), at)
		}
		return
	}
	switch e.losses.judge(ratio, e.control.rate, e.idle()) {
	case tooMuch:
		e.control.lower(e.arrived.rate(long)/backoff, at)
		e.prober.postpone(at)
	case byChance:
		e.control.set(max(e.control.rate, e.losses.before), at)
	}
}

// idle says that the line is not filled: what is sent is far under the estimate.
func (e *Estimator) idle() bool { return e.sending.rate(long) < idleShare*e.control.rate }

// idleShare is under which share of the estimate a sender counts as
// application-limited.
const idleShare = 0.65

// REMB takes in a receiver's own estimate (draft-alvestrand-rmcat-remb), in
// bit/s. It counts only for clients without arrival feedback.
func (e *Estimator) REMB(bits int, at time.Duration) {
	e.reports.remb(float64(bits), e.sending.rateAt(long, at), at)
}

// Report takes in a reception report (RFC 3550 section 6.4.1): the fraction
// lost of so many packets. It counts only for clients without arrival feedback,
// and for all while the estimator rests.
func (e *Estimator) Report(fractionLost float64, packets uint32, at time.Duration) {
	e.reports.report(fractionLost, float64(packets), e.sending.rateAt(long, at), at)
}

// Wanted says what the viewer could use if the line carried anything, in
// bit/s. More than that, and what room to choose it takes, is never probed for.
func (e *Estimator) Wanted(bits int) { e.wanted = float64(bits) }

// Target is what may be sent now, in bit/s.
func (e *Estimator) Target(at time.Duration) int {
	if !e.guided(at) {
		return int(e.reports.limit(e.config, at))
	}
	rate := e.control.rate
	if at < e.draining {
		// What waited when the last report came has had time to pass since.
		if queue := max(e.queue.delay()-(at-e.heard), e.standing(at)); queue > drainQueue {
			rate *= max(drainLeast, 1-queue.Seconds()/drainTime.Seconds())
		}
	}
	if e.feedbacks > 0 && e.unseen {
		for missing := at - e.firstUnseen - e.rtt; missing > silence; missing -= silence {
			rate /= 2
		}
	}
	return int(max(rate, float64(e.config.Least)))
}

// Sending is what left lately, and no more than may be sent, in bit/s.
func (e *Estimator) Sending(at time.Duration) int {
	return min(int(e.sending.rateAt(long, at)), e.Target(at))
}

// Loss is the share of packets that did not arrive in the worst of the last few
// seconds: by the client's reports of arrivals or, while the estimator rests, of
// reception; 0 of a client that has only those.
func (e *Estimator) Loss() float64 {
	if e.resting {
		return e.reports.recent
	}
	return e.losses.recent
}

// guided says whether there is arrival feedback, or may still be.
func (e *Estimator) guided(at time.Duration) bool {
	if e.feedbacks > 0 {
		return true
	}
	return e.agreed && !(e.unseen && at-e.firstUnseen > deaf)
}

// Padding says how many bytes of padding to send now so that a probe cluster
// keeps its pace, 0 for none. Ask every few milliseconds while
// [Estimator.Probing], and now and then otherwise: that is when a cluster begins.
func (e *Estimator) Padding(at time.Duration) int {
	if e.resting || !e.guided(at) || e.feedbacks > 0 && e.unseen && at-e.firstUnseen > silence {
		return 0
	}
	busy := at < e.draining || e.trend.signal == overuse
	return e.prober.due(e.control.rate, min(e.wanted*room, float64(e.config.Most)), busy, at)
}

// room is what a choice of layers needs over what it uses: it takes a higher
// one only with something to spare.
const room = 1.25

// Probing says that a cluster is being sent.
func (e *Estimator) Probing() bool { return e.prober.state == sendingCluster }

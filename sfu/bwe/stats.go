package bwe

import "time"

// Stats is what an [Estimator] knows.
type Stats struct {
	// Estimate is what the line is thought to carry, 0 while nothing is known;
	// Target what may be sent, Acknowledged what arrived lately, 0 of a client
	// that does not report arrivals and while the estimator rests; Sending what left;
	// all in bit/s.
	Estimate, Target, Acknowledged, Sending int
	// Loss is the share of packets lost lately, 0 to 1.
	Loss float64
	// Queue is for how long packets wait on the way, RTT the round trip, the
	// wait for a feedback included.
	Queue, RTT time.Duration
	// Idle: what is sent does not fill the line, so that the estimate is old knowledge.
	Idle bool
	// Guided: the client reports arrivals.
	Guided bool
	// Overuse: the delay grows.
	Overuse bool
	// Probes counts the clusters sent, Found those that found more room.
	Probes, Found uint64
}

// Stats gives what is known at a moment.
func (e *Estimator) Stats(at time.Duration) Stats {
	s := Stats{
		Estimate: int(e.reports.bits), Target: e.Target(at), Sending: int(e.sending.rateAt(long, at)), Loss: e.reports.loss,
		Probes: e.prober.clusters, Found: e.prober.found,
	}
	if e.feedbacks > 0 {
		s.Guided, s.Estimate, s.RTT, s.Idle = true, int(e.control.rate), e.rtt, e.resting || e.idle()
	}
	if e.feedbacks > 0 && !e.resting {
		s.Acknowledged, s.Loss = int(e.arrived.rate(long)), e.losses.ratio
		s.Queue, s.Overuse = e.queue.delay(), e.trend.signal == overuse
	}
	return s
}

package shard

import "time"

// What one publisher may send.
const (
	// policedRate is 15 Mbit/s in bytes a second: three layers of camera and a
	// sharp screen take 8. policedBurst holds the key frames of all of them.
	policedRate  = 15e6 / 8
	policedBurst = 512 << 10
	// controlRate is RTCP packets a second: a viewer of 49 seats sends under 100.
	controlRate  = 400
	controlBurst = 400
)

// policer holds a publisher to its rate. It belongs to the connection's reader.
type policer struct{ bytes, control bucket }

type bucket struct {
	level float64
	last  time.Time
}

func (b *bucket) take(amount, rate, burst float64, at time.Time) bool {
	if b.last.IsZero() {
		b.level = burst
	} else {
		b.level = min(burst, b.level+at.Sub(b.last).Seconds()*rate)
	}
	b.last = at
	if b.level < amount {
		return false
	}
	b.level -= amount
	return true
}

func (p *policer) allow(bytes int, at time.Time) bool {
	return p.bytes.take(float64(bytes), policedRate, policedBurst, at)
}

func (p *policer) allowControl(at time.Time) bool {
	return p.control.take(1, controlRate, controlBurst, at)
}

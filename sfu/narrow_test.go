package sfu_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"palabre/internal/catalogue"
	"palabre/internal/simnet"
)

// meter notes what was put on a link, and how long its queue held what passed.
type meter struct {
	mu      sync.Mutex
	offered []offer
	waited  []time.Duration
}

type offer struct {
	at    time.Time
	bytes int
}

func measure(l *simnet.Link[simnet.Datagram]) *meter {
	m := &meter{}
	l.Tap(func(p simnet.Passage[simnet.Datagram]) {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.offered = append(m.offered, offer{time.Now().Add(-p.Waited), p.Size})
		if p.Fate == simnet.Delivered {
			m.waited = append(m.waited, p.Waited)
		}
	})
	return m
}

// under is how long it took from a moment until no more than bits a second
// were put on the link, over half a second and from then on for two.
func (m *meter) under(bits float64, from time.Time) time.Duration {
	const window, steady = 500 * time.Millisecond, 2 * time.Second
	m.mu.Lock()
	defer m.mu.Unlock()
	rate := func(end time.Time) (sum float64) {
		for _, o := range m.offered {
			if !o.at.After(end) && o.at.After(end.Add(-window)) {
				sum += float64(o.bytes*8) / window.Seconds()
			}
		}
		return sum
	}
	last := time.Duration(0)
	for t := window; t < last+steady || last == 0 && t < window+steady; t += 50 * time.Millisecond {
		if rate(from.Add(t)) > bits {
			last = t
		}
	}
	return last
}

// quantile is the wait that a share of the packets did not exceed.
func (m *meter) quantile(share float64) time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.waited) == 0 {
		return 0
	}
	slices.Sort(m.waited)
	return m.waited[int(share*float64(len(m.waited)-1))]
}

// TestN04_NarrowedDownlink has a viewer's line lose six sevenths of its
// capacity for a while.
func TestN04_NarrowedDownlink(t *testing.T) {
	const wide, narrow, queue = 2_000_000, 300_000, 64_000
	const during, after = 15 * time.Second, 15 * time.Second
	line := func(rate int) simnet.Shape { return simnet.Shape{Delay: halfTrip, Rate: rate, Queue: queue} }
	simulated(t, func(m *meeting) {
		c := m.begin(simnet.Shape{Delay: halfTrip}, layers3()...)
		c.bob.host.Down.Set(line(wide))
		until(m, "the best layer", func() bool { return c.bob.last(0) == 'f' })
		m.pass(5 * time.Second)
		tap := measure(c.bob.host.Down)
		c.from = time.Now()
		c.bob.host.Down.Set(line(narrow))
		m.pass(during)
		back := time.Now()
		c.bob.host.Down.Set(line(wide))
		m.pass(after)
		c.finish()
		reacted, waited := tap.under(1.1*narrow, c.from), tap.quantile(0.95)
		sound := c.bob.sound(0, c.from, c.to, time.Hour)
		_, frozen := c.bob.pictures(0).standstill(c.from, back)
		best := c.bob.pictures(0).first('f', back)
		catalogue.Report(t, catalogue.Item{
			ID:       "N4",
			Injected: fmt.Sprintf("a viewer's line of 2 Mbit/s has 300 kbit/s for %v, with a queue of 64 kB, then 2 Mbit/s again", during),
			Measured: fmt.Sprintf("sent within the line after %v, 95 %% of packets queued at most %v, audio loss %.2f %%, picture stood %v, best layer back after %v", reacted, waited.Round(time.Millisecond), sound.loss()*100, frozen.Round(time.Millisecond), best.Round(time.Millisecond)),
			Bar:      "2 s, 400 ms, 1 %, and 10 s for the best layer",
			Pass:     reacted <= 2*time.Second && waited <= 400*time.Millisecond && sound.loss() <= 0.01 && best <= 10*time.Second,
		})
	})
}

// last is the layer of the newest packet of a seat's picture.
func (c *client) last(seat int) byte {
	packets := c.video(seat)
	if len(packets) == 0 {
		return 0
	}
	s, _ := stampOf(packets[len(packets)-1].Payload)
	return s.layer
}

// first is how long after a moment a picture of a layer was shown.
func (f screening) first(layer byte, from time.Time) time.Duration {
	for _, s := range f {
		if s.layer == layer && s.at.After(from) {
			return s.at.Sub(from)
		}
	}
	return time.Hour
}

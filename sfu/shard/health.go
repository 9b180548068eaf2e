package shard

import (
	"time"

	"palabre/sfu/quality"
	"palabre/sfu/rtcp"
)

const (
	// gradeEvery is how often a peer's connection is graded.
	gradeEvery = time.Second
	// ignorance is how long the way to a peer is taken to be as it was while
	// nothing comes from it that could say otherwise: packets may well arrive
	// where feedback does not come back.
	ignorance = 15 * time.Second
	// settled is how long after the last packet nobody need say any more that it
	// arrived, if packets went unproved for no longer than tail before it.
	settled = 2 * time.Second
	tail    = 500 * time.Millisecond
	// sparse is how much later than arrival feedback the reports of a client
	// come that has nothing else: every five seconds, give or take a half (RFC
	// 3550 section 6.2).
	sparse = 6 * time.Second
	// seldom is how much later than media the reports of a client come.
	seldom = 4 * time.Second
	// recent is how lately something must have come of a client that owes
	// something, for what it says to count.
	recent = 2 * time.Second
	// climb is how long an estimate may take to grow to what a viewer who opens
	// more pictures wants, before the way counts as narrow.
	climb = 4 * time.Second
	// patience is how long a source may take to begin, or a layer that somebody
	// wants again, before it is missed.
	patience = 3 * time.Second
)

// health is what a peer's connection is graded by. Its shard owns it.
type health struct {
	// unproved is since when packets have left without a sign that any arrived,
	// pictures since when some of them were of pictures, left when one left last.
	unproved, pictures, left time.Time

	up, down quality.Grade
	told     [2]int
	graded   time.Time
	// heard is when anything came from the peer's client, due since when something is to come.
	heard, due time.Time
	// short is since when the estimate has been less than what is wanted.
	short time.Time
	// came, lost and repaired are the sums over all layers at the last look.
	came, lost, repaired uint64
	probes               uint64
}

// sent notes that a packet left.
func (h *health) sent(picture bool, now time.Time) {
	h.left = now
	if h.unproved.IsZero() {
		h.unproved = now
	}
	if picture && h.pictures.IsZero() {
		h.pictures = now
	}
}

// proved notes a sign that packets arrive.
func (h *health) proved() { h.unproved, h.pictures = time.Time{}, time.Time{} }

// arrivals takes in a report of arrivals: that one packet came is a sign for all.
func (h *health) arrivals(packet rtcp.Packet) {
	packet.Arrivals(func(_ uint16, received bool, _ time.Duration) bool {
		if received {
			h.proved()
		}
		return !received
	})
}

// grade looks at how the connection does, and tells when that changed.
func (p *Peer) grade(now time.Time) {
	h := &p.health
	if !p.entered.Load() || !p.up.Load() || now.Sub(h.graded) < gradeEvery-tickEvery/2 {
		return
	}
	h.graded = now
	p.settle(now)
	if now.Sub(h.left) > settled && h.left.Sub(h.unproved) < tail {
		h.proved() // the last packets were lost, and nobody will say
	}
	p.measureRates(now)
	at := p.engine.since(now)
	if p.cut.Load() { // ICE found that nothing comes
		h.up.See(quality.Lost, at)
	} else {
		h.up.See(p.measureUp(now).Bars(), at)
	}
	// What was never heard has been silent since it was due.
	switch silence := min(now.Sub(h.heard), now.Sub(h.due)); {
	case silence < recent || h.due.IsZero() && !p.cut.Load():
		h.down.See(p.measureDown(now).Bars(), at)
	case silence >= ignorance:
		h.down.See(quality.Lost, at)
	}
	if bars := [2]int{int(h.up.Shown()), int(h.down.Shown())}; bars != h.told {
		h.told = bars
		p.events.Quality(bars[0], bars[1])
	}
}

// measureUp is what was seen of what the peer sends since the last look.
func (p *Peer) measureUp(now time.Time) quality.Up {
	h := &p.health
	var u quality.Up
	var came, lost, repaired uint64
	for _, t := range p.tracks {
		u.Due = u.Due || t.due()
		missing, blank := t.missing(now)
		u.Missing += missing
		if blank {
			u.Blank++
		}
		for _, l := range t.layers {
			c := l.counts()
			came, lost, repaired = came+c.Packets, lost+c.Lost, repaired+c.Repaired
			if now.Sub(l.last) < gradeEvery {
				u.Jitter = max(u.Jitter, c.Jitter)
			}
		}
	}
	if expected := float64(came - h.came + lost - h.lost); expected > 0 {
		u.Loss = float64(lost-h.lost) / expected
		u.Asked = float64(lost-h.lost+repaired-h.repaired) / expected
	}
	p.engine.Metrics.LostIn.Add(lost - h.lost)
	h.came, h.lost, h.repaired = came, lost, repaired
	u.Silence = p.silence(u.Due, now)
	u.Due = !h.due.IsZero()
	return u
}

// silence is for how long nothing has come of what is due: media that is meant
// to be sent, or at least a report about what is sent to the peer, which may
// take longer.
func (p *Peer) silence(meant bool, now time.Time) time.Duration {
	h := &p.health
	switch {
	case !meant && p.unheard(now) == 0:
		h.due = time.Time{}
		return 0
	case h.due.IsZero():
		h.due = now
	}
	silence := min(now.Sub(h.heard), now.Sub(h.due))
	if !meant {
		silence = max(0, min(now.Sub(h.heard)-seldom, now.Sub(h.due)))
	}
	return silence
}

// due says that packets of the track, or at least its sender reports, are to
// come: its publisher means to send it, and somebody gets it. A screen's sound
// may be silent for good.
func (t *Track) due() bool {
	switch {
	case !t.sending.Load():
		return false
	case t.Video:
		return !t.wanted.IsZero()
	}
	return !t.Screen
}

// missing counts the layers of the track that somebody wants, that came once
// and come no more; blank says that none comes at all.
func (t *Track) missing(now time.Time) (missing int, blank bool) {
	if !t.Video || !t.sending.Load() || t.wanted.IsZero() || now.Sub(t.wished) < patience {
		return 0, false
	}
	alive := false
	for _, l := range t.layers {
		alive = alive || l.alive.Load()
		if l.ssrc != 0 && !l.alive.Load() && t.wants(l.rid) {
			missing++
		}
	}
	if t.Screen && !alive {
		return 0, false // it stands still
	}
	return missing, !alive && now.Sub(t.wanted) >= patience
}

// wants says whether somebody wants a layer of the track.
func (t *Track) wants(rid string) bool {
	for _, w := range t.wishes {
		if w.RID == rid {
			return true
		}
	}
	return false
}

// measureDown is what is known of what the peer receives.
func (p *Peer) measureDown(now time.Time) quality.Down {
	link := p.linkStats(now)
	p.engine.Metrics.Probes.Add(link.Probes - p.health.probes)
	p.health.probes = link.Probes
	d := quality.Down{Loss: link.Loss, Queue: link.QueueDelay, RTT: link.RTT}
	h := &p.health
	switch {
	case link.Estimate == 0 || link.Estimate >= link.Wanted || p.outlet.resting:
		h.short = time.Time{}
	case h.short.IsZero():
		h.short = now
	case now.Sub(h.short) >= climb:
		d.Estimate, d.Wanted = link.Estimate, link.Wanted
	}
	d.Unheard = p.unheard(now)
	for _, l := range p.lines {
		if l.video && l.track != nil && l.pause == pausedBandwidth {
			d.Paused++
		}
	}
	return d
}

// unheard is for how long the client should have said by now that packets
// arrive. Some clients report the arrival of pictures only; of sound they say
// something in their reports.
func (p *Peer) unheard(now time.Time) time.Duration {
	h := &p.health
	if h.unproved.IsZero() {
		return 0
	}
	silence := max(0, now.Sub(h.unproved)-sparse)
	if !h.pictures.IsZero() && p.estimator.Stats(p.engine.since(now)).Guided {
		silence = max(silence, now.Sub(h.pictures))
	}
	return silence
}

// measureRates looks at how fast the peer's counts grow.
func (p *Peer) measureRates(now time.Time) {
	for _, t := range p.tracks {
		for _, l := range t.layers {
			l.tally.rate.look(l.tally.bytes, l.tally.frames, now)
		}
	}
	for _, l := range p.lines {
		l.tally.rate.look(l.tally.bytes, 0, now)
	}
}

package clock

import (
	"slices"
	"time"
)

const (
	// early is by how much packets may seem to arrive before they were
	// captured: the shortest delay of reports is an estimate.
	early = 100 * time.Millisecond
	// contradiction is by how much the reports of one track may disagree:
	// senders compute the pairs from jittery clocks.
	contradiction = 100 * time.Millisecond
	// trial is how long a track must stay late after a gap until its
	// timestamps are said to have stood still when another track is on time;
	// patience, how long when there is none, and how late a packet may be at all.
	trial    = 500 * time.Millisecond
	patience = 10 * time.Second
	// eternity is by how much the network does not delay one packet more than
	// the one before.
	eternity = 3 * time.Second
	// floor is how long the shortest delay of packets is remembered while
	// there are no reports, twice that at most.
	floor = 5 * time.Second
	// span is how far, in ticks, the anchor may lie behind.
	span = 1 << 28
)

// Track is one RTP stream of a [Sender]; same owner.
type Track struct {
	sender *Sender
	rate   uint32

	// anchored says that there is a mapping: timestamp rtp was captured at.
	anchored bool
	rtp      int64 // extended
	at       time.Duration
	// pending is what the mapping is yet to be corrected by.
	pending time.Duration
	slewed  time.Duration
	// reported says that a report gave the mapping, loose that the timestamps
	// jumped since and arrivals give it until the next.
	reported, loose bool

	last    int64         // extended timestamp of the last packet
	arrived time.Duration // when it came
	late    time.Duration // how long after its capture
	lows    lows          // of late, while arrivals give the mapping
	// stall is a gap after which packets are late; begun is 0 when there is none.
	stall struct{ begun, low time.Duration }
}

// Packet notes the timestamp of a packet that arrived in order (no
// retransmissions), and says whether the [Mapping] changed.
func (t *Track) Packet(timestamp uint32, arrival time.Time) bool {
	now := t.sender.since(arrival)
	if !t.anchored {
		t.last = int64(timestamp)
		t.arrived, t.slewed = now, now
		t.anchor(t.last, now)
		t.lows.begin(now, 0)
		return true
	}
	rtp := t.extend(timestamp)
	changed := t.sender.slew(now)
	changed = t.slew(now) || changed
	changed = t.follow(rtp, now) || changed
	if rtp-t.rtp > span {
		// Only packets move it: a report may lie anywhere.
		t.anchor(rtp, t.captured(rtp))
	}
	t.last = max(t.last, rtp)
	t.arrived = now
	return changed
}

// Report notes a sender report: ntp and timestamp are the same instant. It
// says whether the [Mapping] changed. Reports without a wall clock (ntp 0) are
// passed over.
func (t *Track) Report(ntp uint64, timestamp uint32, arrival time.Time) bool {
	if ntp == 0 {
		return false
	}
	now, wall := t.sender.since(arrival), sinceEpoch(ntp)
	if !t.anchored {
		t.last = int64(timestamp)
		t.slewed = now
		t.anchor(t.last, now)
	}
	rtp := t.extend(timestamp)
	if !t.believe(rtp, wall, now) {
		return false
	}
	t.reported, t.loose, t.stall.begun = true, false, 0
	t.pending = wall + t.sender.offset - t.captured(rtp)
	return t.slew(now)
}

// believe tells the sender of a report and says whether it is to be followed.
func (t *Track) believe(rtp int64, wall, now time.Duration) bool {
	late := now - t.captured(rtp)
	if !t.sender.reported {
		// The packets so far know a shorter way than this first report.
		return t.sender.report(wall, now-min(max(late, 0), eternity), 0, 0)
	}
	most := step
	if t.reported && !t.loose {
		most = contradiction
	}
	return t.sender.report(wall, now, wall+t.sender.offset-t.captured(rtp), most)
}

// Close removes the track from its Sender.
func (t *Track) Close() {
	t.sender.tracks = slices.DeleteFunc(t.sender.tracks, func(o *Track) bool { return o == t })
}

// Mapping is the present relation between the track's timestamps and the
// server's clock.
func (t *Track) Mapping() Mapping {
	if !t.anchored {
		return Mapping{}
	}
	return Mapping{timestamp: uint32(t.rtp), rate: t.rate, at: t.sender.epoch.Add(t.at)}
}

// anchor says when a timestamp was captured.
func (t *Track) anchor(rtp int64, at time.Duration) {
	t.anchored, t.rtp, t.at = true, rtp, at
}

// captured is when what bears an extended timestamp was captured.
func (t *Track) captured(rtp int64) time.Duration {
	return t.at + duration(rtp-t.rtp, t.rate)
}

// extend counts a timestamp on from the last one over the wraps of 32 bits.
func (t *Track) extend(timestamp uint32) int64 {
	return t.last + int64(int32(timestamp-uint32(t.last)))
}

// slew applies the part of the pending correction that is due.
func (t *Track) slew(now time.Duration) bool {
	elapsed := min(now-t.slewed, time.Second)
	t.slewed = max(t.slewed, now)
	delta := part(t.pending, max(elapsed, 0))
	t.at += delta
	t.pending -= delta
	return delta != 0
}

// follow compares the arrival of a packet with the mapping. Packets do not
// arrive before they are captured; and they do not come late for long, when
// another track of the sender does not.
func (t *Track) follow(rtp int64, now time.Duration) bool {
	before, gap := t.late, now-t.arrived
	t.late = now - t.captured(rtp)
	guessed := !t.reported || t.loose
	switch {
	case t.late < -early, guessed && t.late < 0:
		// The timestamps jumped ahead, or this is the fastest packet so far.
		return t.rebase(t.late, now, t.late < -early)
	case t.late-before > eternity, t.late > patience:
		// They stood still, or began anew.
		return t.rebase(t.late, now, true)
	case t.late-before > step && gap > step:
		t.stall.begun, t.stall.low = now, t.late
	case t.stall.begun != 0:
		return t.standstill(now)
	case guessed:
		if t.lows.note(now, t.late, floor) && t.lows.low() > 0 {
			t.pending = t.lows.low()
			t.lows.begin(now, 0)
		}
	}
	return false
}

// standstill decides what a gap was: timestamps stood still during it when
// the track stays late while others are not, and it was the network otherwise.
func (t *Track) standstill(now time.Duration) bool {
	t.stall.low = min(t.stall.low, t.late)
	switch {
	case t.stall.low <= step:
		t.stall.begun = 0
	case now-t.stall.begun > trial && t.sender.onTime(t, now), now-t.stall.begun > patience:
		return t.rebase(t.stall.low, now, true)
	}
	return false
}

// rebase moves the mapping so that packets which were late by that much are
// not. Unless it is a mere refinement, only the next report is true again.
func (t *Track) rebase(late, now time.Duration, jumped bool) bool {
	t.at += late
	t.late -= late
	t.lows.begin(now, 0)
	t.stall.begun = 0
	if jumped {
		t.loose, t.pending = true, 0
	}
	return true
}

package shard

import (
	"sync/atomic"
	"time"

	"palabre/sfu/layers"
	"palabre/sfu/rtcp"
)

const (
	// allocateEvery is how often layers are chosen anew without a reason.
	allocateEvery = 500 * time.Millisecond
	// allocateSeldom is the same for who has all it wants and ample times the room
	// for it, until the rate of some layer has changed by as much.
	allocateSeldom = 2 * time.Second
	ample          = 1.25
	// senderReportEvery keeps lips and voices together; the first goes at once.
	senderReportEvery = time.Second
	// askEvery repeats the wish for a key frame while a line waits for one.
	askEvery = time.Second
	// minResendGap is the least time between two retransmissions of a packet.
	minResendGap = 20 * time.Millisecond
	// crossing is how long after a round trip a request may come that was made
	// before the packet it asks for was looked at.
	crossing = 5 * time.Millisecond
	// fillSize is about what a packet of padding takes, in bytes.
	fillSize = 40
)

// pause is why a line that could carry a picture does not.
type pause uint32

const (
	notPaused pause = iota
	pausedBandwidth
	pausedCodec
)

// Paused says why the line is paused, empty when it is not; for any goroutine.
func (l *Line) Paused() string {
	switch pause(atomic.LoadUint32((*uint32)(&l.pause))) {
	case pausedBandwidth:
		return layers.PausedBandwidth
	case pausedCodec:
		return "codec"
	}
	return ""
}

func (l *Line) setPause(p pause) {
	if pause(atomic.SwapUint32((*uint32)(&l.pause), uint32(p))) != p {
		l.peer.events.Changed()
	}
}

// sendReports says of every line that carries something what time its
// timestamps mean, all on the server's one clock.
func (p *Peer) sendReports(now time.Time) {
	if now.Sub(p.lastSR) < senderReportEvery-tickEvery/2 {
		return
	}
	p.lastSR = now
	space := p.shard.reports[:0]
	b := space
	ntp, at := p.engine.wall.NTP(now), p.engine.since(now)
	for _, l := range p.lines {
		if !l.sent {
			continue
		}
		l.sent = false
		b = rtcp.AppendSenderReport(b, rtcp.Sent{SSRC: l.ssrc, NTP: ntp, Timestamp: l.stream.Timestamp(at)}, uint32(l.tally.packets), uint32(l.tally.bytes))
		b = rtcp.AppendCNAME(b, l.ssrc, l.cname)
		if len(b) > 1000 {
			p.sendControl(b)
			b = space
		}
	}
	p.sendControl(b)
}

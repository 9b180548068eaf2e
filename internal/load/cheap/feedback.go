package cheap

import (
	"math/rand/v2"
	"time"

	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/rtcp"
)

// Feedback of a subscriber.
const (
	// feedbackEvery is between two transport-wide reports, as package client has it.
	feedbackEvery = 50 * time.Millisecond
	// reportEvery is between two receiver reports (RFC 3550 section 6.2: the
	// interval of a small session at video's bandwidth).
	reportEvery = time.Second
	// firstAsk and nextAsk: a decoder that cannot begin asks for a key frame
	// after the reordering a jitter buffer waits for, and again while none comes.
	firstAsk = 50 * time.Millisecond
	nextAsk  = 300 * time.Millisecond
)

// stream is what RTCP says of one received stream. The subscriber's lock guards it.
type stream struct {
	section
	ssrc  uint32
	watch Line

	started   bool
	base      uint32 // the first extended number
	highest   uint32
	received  uint32
	priorDue  uint32
	priorHave uint32
	lastSR    uint32 // the middle of the NTP time in the last sender report
	lastSRAt  time.Time

	waitsKey bool
	ask      time.Time // when to ask for a key frame
}

// note counts one packet for the next receiver report. step is how many it stands for.
func (l *stream) note(number uint16, step uint32) {
	if !l.started {
		l.started, l.base, l.highest, l.received = true, uint32(number), uint32(number), step
		return
	}
	l.received += step
	if ahead := int16(number - uint16(l.highest)); ahead > 0 {
		l.highest += uint32(ahead)
	}
}

// restart begins a new count, after which only a sample comes in.
func (l *stream) restart() {
	l.started, l.priorDue, l.priorHave = false, 0, 0
}

// report writes the stream's report block (RFC 3550 section 6.4.1, appendix A.3).
func (l *stream) report(now time.Time, step uint32) rtcp.ReceptionReport {
	due := l.highest - l.base + step
	r := rtcp.ReceptionReport{SSRC: l.ssrc, LastSequenceNumber: l.highest, LastSenderReport: l.lastSR}
	if due > l.received {
		r.TotalLost = min(due-l.received, 1<<23-1)
	}
	newDue, newHave := due-l.priorDue, l.received-l.priorHave
	if newDue > newHave && newDue > 0 {
		r.FractionLost = uint8(min(256*uint64(newDue-newHave)/uint64(newDue), 255))
	}
	l.priorDue, l.priorHave = due, l.received
	if !l.lastSRAt.IsZero() {
		r.Delay = uint32(now.Sub(l.lastSRAt).Seconds() * 65536)
	}
	return r
}

// feedback is a subscriber's outgoing RTCP.
type feedback struct {
	ssrc     uint32
	arrivals *twcc.Recorder // nil when not negotiated
	began    time.Time
	next     time.Time // receiver report
}

func newFeedback(arrivals bool, now time.Time) feedback {
	f := feedback{ssrc: rand.Uint32() | 1, began: now, next: now.Add(rand.N(reportEvery))}
	if arrivals {
		f.arrivals = twcc.NewRecorder(f.ssrc)
	}
	return f
}

// attend does what is due: consent, reports, requests for key frames, pings.
func (s *Subscriber) attend(now time.Time) {
	if now.After(s.nextPing) {
		s.nextPing = now.Add(pingEvery)
		s.signal.ping()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.keys == nil {
		return
	}
	s.consent(now)
	if s.feedback.arrivals != nil && s.feedback.arrivals.PacketsHeld() > 0 {
		s.control(s.feedback.arrivals.BuildFeedbackPacket())
	}
	if now.After(s.feedback.next) {
		s.feedback.next = now.Add(reportEvery)
		s.report(now)
	}
	for _, l := range s.streams {
		if l.waitsKey && now.After(l.ask) {
			l.ask = now.Add(nextAsk)
			s.control([]rtcp.Packet{&rtcp.PictureLossIndication{SenderSSRC: s.feedback.ssrc, MediaSSRC: l.ssrc}})
		}
	}
}

// report sends a receiver report on every stream that came.
func (s *Subscriber) report(now time.Time) {
	r := &rtcp.ReceiverReport{SSRC: s.feedback.ssrc}
	for _, l := range s.streams {
		if l.started && len(r.Reports) < 31 { // as many as a packet can hold
			r.Reports = append(r.Reports, l.report(now, s.step()))
		}
	}
	if len(r.Reports) > 0 {
		s.control([]rtcp.Packet{r})
	}
}

// control sends RTCP packets; one that cannot be is dropped, as on a line.
func (s *Subscriber) control(packets []rtcp.Packet) {
	if len(packets) == 0 {
		return
	}
	raw, err := rtcp.Marshal(packets)
	if err != nil {
		s.crowd.log.Warn("feedback could not be written", "error", err)
		return
	}
	sealed, err := s.keys.local.EncryptRTCP(nil, raw, nil)
	if err != nil {
		s.crowd.log.Warn("feedback could not be sealed", "error", err)
		return
	}
	s.send(sealed, s.path.to)
}

// controlled takes RTCP of the server's: its sender reports are answered in
// ours, from which it knows the round trip.
func (s *Subscriber) controlled(sealed []byte, at time.Time) {
	raw, err := s.keys.remote.DecryptRTCP(nil, sealed, nil)
	if err != nil {
		return
	}
	packets, err := rtcp.Unmarshal(raw)
	if err != nil {
		return
	}
	for _, p := range packets {
		report, ok := p.(*rtcp.SenderReport)
		if !ok {
			continue
		}
		if l := s.bySSRC[report.SSRC]; l != nil {
			l.lastSR, l.lastSRAt = uint32(report.NTPTime>>16), at
		}
	}
}

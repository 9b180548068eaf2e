package load

import (
	"errors"
	"fmt"
	"time"
)

// ErrLoss is wrapped by the verdict on a run in which packets were missing.
var ErrLoss = errors.New("media was lost")

// Report is what a run measured. Its JSON is stable for scripts.
type Report struct {
	URL string `json:"url"`
	// Workload is its name, where it has one.
	Workload    string `json:"workload,omitempty"`
	Room        string `json:"room"`
	Publishers  int    `json:"publishers"`
	Subscribers int    `json:"subscribers"`
	AllToAll    bool   `json:"allToAll"`
	Layout      string `json:"layout"`
	Simulcast   bool   `json:"simulcast"`
	AudioOnly   bool   `json:"audioOnly"`
	// Cheap is how many of the subscribers decrypt only some packets; Sample
	// says that one packet of theirs stands for so many.
	Cheap   int     `json:"cheap"`
	Sample  int     `json:"sample"`
	Seconds float64 `json:"seconds"`
	// SettleSeconds is how long it took, after everybody was in, until every
	// picture moved steadily. It is not measured.
	SettleSeconds float64     `json:"settleSeconds"`
	Sent          Flow        `json:"sent"`
	Received      Flow        `json:"received"`
	Loss          Loss        `json:"loss"`
	AudioLatency  Percentiles `json:"audioLatencyMs"`
	VideoLatency  Percentiles `json:"videoLatencyMs"`
	Join          Join        `json:"joinMs"`
	Streams       Streams     `json:"streams"`
	Server        Process     `json:"server"`
	// Generator is this process: above 90 % of a core it measures itself.
	Generator Process `json:"generator"`
	// Failures counts, by message, the participants that did not get in.
	Failures map[string]int `json:"failures,omitempty"`
}

// Flow counts packets: all that were sent, or those received while measuring.
type Flow struct {
	Audio         uint64  `json:"audio"`
	Video         uint64  `json:"video"`
	Bytes         uint64  `json:"bytes"` // of payload
	PacketsSecond float64 `json:"packetsPerSecond"`
	// Extra packets came to cheap subscribers beside the media:
	// retransmissions and probes. They count as nothing else.
	Extra uint64 `json:"extra,omitempty"`
	// Late is how many packets' time passed unused because this machine was
	// too busy to generate them.
	Late uint64 `json:"late,omitempty"`
}

// Packets is the sum of both kinds.
func (f Flow) Packets() uint64 { return f.Audio + f.Video }

// Loss says what subscribers did not get: lost packets from their joining to
// the end, withheld ones while it was measured.
type Loss struct {
	// Lost packets left a gap in the sequence numbers that was not repaired.
	// Those of Overflow are not among them.
	Lost uint64 `json:"lost"`
	// Overflow packets came, but found no room in the generator's own sockets,
	// which it read too late: no fault of the server's.
	Overflow uint64 `json:"overflow,omitempty"`
	// LostAudio are those of Lost that were sound, which nobody asks for again.
	LostAudio uint64 `json:"lostAudio"`
	// Withheld video packets left no gap: the server dropped them on purpose.
	Withheld uint64 `json:"withheld"`
	// Recovered packets came late or by retransmission.
	Recovered uint64 `json:"recovered"`
	Repeated  uint64 `json:"repeated"`
	// Foreign packets were not sent by this run.
	Foreign uint64  `json:"foreign"`
	Share   float64 `json:"share"` // of lost and withheld in all that was due
}

// own takes what did not fit into the generator's own sockets off what was
// lost. Not all of it was media.
func (l *Loss) own(overflow uint64) {
	l.Overflow = overflow
	l.Lost -= min(overflow, l.Lost)
	l.LostAudio = min(l.LostAudio, l.Lost)
}

// ownShare is the share of what overflowed in all that came.
func (l Loss) ownShare(received Flow) float64 {
	if l.Overflow == 0 {
		return 0
	}
	return float64(l.Overflow) / float64(l.Overflow+received.Packets())
}

// Join holds the times from a participant's first step to each milestone.
type Join struct {
	Joined        Percentiles `json:"joined"`
	Connected     Percentiles `json:"connected"`
	FirstPacket   Percentiles `json:"firstPacket"`
	FirstKeyFrame Percentiles `json:"firstKeyFrame"`
	AllPictures   Percentiles `json:"allPictures"`
}

// Streams counts the pictures subscribers were to see.
type Streams struct {
	Expected int `json:"expected"`
	Missing  int `json:"missing"` // never shown
	Stalled  int `json:"stalled"` // shown, then silent at the end
	Deaf     int `json:"deaf"`    // subscribers that heard nobody
}

// Verdict judges a report: nil when everything that was due arrived, but for
// the given share.
func (r Report) Verdict(maxLoss float64) error {
	var faults []error
	blame := func(bad bool, format string, args ...any) {
		if bad {
			faults = append(faults, fmt.Errorf("%w: "+format, append([]any{ErrLoss}, args...)...))
		}
	}
	blame(r.Loss.Share > maxLoss, "%.4f %% of the packets (%d lost, %d of them sound; %d withheld)",
		100*r.Loss.Share, r.Loss.Lost, r.Loss.LostAudio, r.Loss.Withheld)
	blame(r.Loss.ownShare(r.Received) > maxLoss, "%d packets came and found no room in the generator's own sockets; "+
		"this machine is too busy to read them: have fewer subscribers, or the kernel sample what they get", r.Loss.Overflow)
	blame(r.Streams.Missing > 0, "%d of %d pictures never came", r.Streams.Missing, r.Streams.Expected)
	blame(r.Streams.Stalled > 0, "%d of %d pictures stood still", r.Streams.Stalled, r.Streams.Expected)
	blame(r.Streams.Deaf > 0, "%d subscribers heard nobody", r.Streams.Deaf)
	blame(len(r.Failures) > 0, "participants did not get in: %v", r.Failures)
	blame(r.Received.Packets() == 0 && r.Streams.Expected > 0, "nothing was received")
	return errors.Join(faults...)
}

func (r *run) report() Report {
	o := r.options
	begin, end := r.window.begin.Load(), r.window.end.Load()
	report := Report{
		URL: o.URL, Workload: o.Workload, Room: o.Room, Publishers: len(r.publishers), Subscribers: len(r.viewers),
		Cheap: len(r.cheap), Sample: o.sample(), AllToAll: o.AllToAll, Layout: string(o.Layout), Simulcast: o.Simulcast, AudioOnly: o.AudioOnly,
		Seconds: time.Duration(end - begin).Seconds(),
	}
	for _, p := range r.publishers {
		report.Sent.Audio += p.packets[audioKind].Load()
		report.Sent.Video += p.packets[videoKind].Load()
		report.Sent.Bytes += p.bytes[audioKind].Load() + p.bytes[videoKind].Load()
		report.Sent.Late += p.late.Load()
	}
	if spent := time.Duration(r.clock.now()).Seconds(); spent > 0 {
		report.Sent.PacketsSecond = float64(report.Sent.Packets()) / spent
	}
	r.addReceived(&report, end)
	report.Loss.own(r.overflows() - r.overflow)
	for _, s := range r.cheap {
		report.Received.Extra += s.Extra()
	}
	r.addJoins(&report)
	if report.Seconds > 0 {
		report.Received.PacketsSecond = float64(report.Received.Packets()) / report.Seconds
	}
	if missing := report.Loss.Lost + report.Loss.Withheld; missing > 0 {
		report.Loss.Share = float64(missing) / float64(missing+report.Received.Packets())
	}
	if len(r.failures) > 0 {
		report.Failures = r.failures
	}
	return report
}

// addReceived sums up what the lines saw.
func (r *run) addReceived(report *Report, end int64) {
	var latency [2]histogram
	for _, v := range r.viewers {
		moving := v.moving(end - int64(stalled))
		v.each(func(kind int, l *line) {
			if kind == audioKind {
				report.Received.Audio += l.packets
			} else {
				report.Received.Video += l.packets
			}
			report.Received.Bytes += l.bytes
			lost := l.sequence.lostBefore(end) - l.before
			report.Loss.Lost += lost
			if kind == audioKind {
				report.Loss.LostAudio += lost
			} else {
				report.Loss.Withheld += uint64(max(l.visit.skipped, 0))
			}
			report.Loss.Recovered += l.sequence.recovered
			report.Loss.Repeated += l.sequence.repeated
			report.Loss.Foreign += l.foreign
			if l.latency != nil {
				latency[kind].merge(l.latency)
			}
		})
		expected := r.expectedPictures(v)
		seen := min(v.pictures(), expected)
		report.Streams.Expected += expected
		report.Streams.Missing += expected - seen
		report.Streams.Stalled += max(0, seen-moving)
		if r.expectsVoice(v) && !v.hears() {
			report.Streams.Deaf++
		}
	}
	report.AudioLatency, report.VideoLatency = latency[audioKind].percentiles(), latency[videoKind].percentiles()
}

// addJoins sums up how long joining took.
func (r *run) addJoins(report *Report) {
	var joined, connected, packet, key, all histogram
	for _, v := range r.viewers {
		times := v.times(r.expectedPictures(v))
		for _, m := range []struct {
			at int64
			to *histogram
		}{{times.joined, &joined}, {times.connected, &connected}, {times.packet, &packet}, {times.key, &key}, {times.all, &all}} {
			if m.at > 0 {
				m.to.add(m.at)
			}
		}
	}
	report.Join = Join{
		Joined: joined.percentiles(), Connected: connected.percentiles(), FirstPacket: packet.percentiles(),
		FirstKeyFrame: key.percentiles(), AllPictures: all.percentiles(),
	}
}

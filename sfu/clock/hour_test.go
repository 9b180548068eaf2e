package clock

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// scenario is one simulated hour of a sender with a voice and a camera.
type scenario struct {
	audioPPM, videoPPM float64 // media clocks against the sender's wall clock
	wallPPM            float64 // the sender's wall clock against ours
	stallAt, stallFor  float64 // the microphone delivers nothing, timestamps go on without a gap
	muteAt, muteFor    float64 // nothing is sent
	muteFreezes        bool    // timestamps stand still while muted
	setAt, setBy       float64 // the sender's wall clock is set
	videoLater         float64 // the camera comes later
	spikeAt            float64 // 400 ms of delay for 2 s
	slowAt             float64 // 400 ms of delay for 100 s
	restartAt          float64 // the video encoder begins its timestamps anew
	encode             float64 // delay of pictures before they are sent
	noReports          bool
	// blind is how long after a disturbance the skew does not count: until
	// the next report, when no packet could tell before.
	blind float64
}

// event is a packet or a sender report on its way to the server; seconds of our clock.
type event struct {
	truth, arrival float64
	timestamp      uint32
	ntp            uint64 // 0 for packets
	video          bool
}

var origin = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func at(seconds float64) time.Time {
	return origin.Add(time.Duration(seconds * float64(time.Second)))
}

// simulate makes the packets and reports of one track.
func (s scenario) simulate(rnd *rand.Rand, video bool) []event {
	rate, ppm, every, reports, start := 48000.0, s.audioPPM, 0.02, 5.0, 0.0
	if video {
		rate, ppm, every, reports, start = 90000, s.videoPPM, 1/30.0, 1, s.videoLater
	}
	first, lost := float64(rnd.Uint32()), 0.0
	timestamp := func(t float64) uint32 {
		x := first + (t-start-lost)*rate*(1+ppm*1e-6)
		if video && s.restartAt > 0 && t >= s.restartAt {
			x += 1e9
		}
		return uint32(int64(x))
	}
	var events []event
	next := start + reports*rnd.Float64()
	for t := start; t < 3600; t += every {
		if !video && s.stallFor > 0 && t >= s.stallAt && t < s.stallAt+s.stallFor {
			lost += every
			continue
		}
		muted := !video && s.muteFor > 0 && t >= s.muteAt && t < s.muteAt+s.muteFor
		if muted && s.muteFreezes {
			lost += every
			continue
		}
		if !muted {
			send := t
			if video {
				send += s.encode * (0.5 + rnd.Float64())
			}
			events = append(events, event{truth: t, arrival: send + s.delay(rnd, send), timestamp: timestamp(t), video: video})
		}
		if t >= next && !s.noReports {
			events = append(events, event{truth: t, arrival: t + s.delay(rnd, t), timestamp: timestamp(t), ntp: s.wall(t), video: video})
			next = t + reports
		}
	}
	return events
}

func (s scenario) delay(rnd *rand.Rand, t float64) float64 {
	d := 0.03 + math.Abs(rnd.NormFloat64())*0.006
	if s.spikeAt > 0 && t > s.spikeAt && t < s.spikeAt+2 || s.slowAt > 0 && t > s.slowAt && t < s.slowAt+100 {
		d += 0.4
	}
	return d
}

// wall is the sender's wall clock as an NTP timestamp.
func (s scenario) wall(t float64) uint64 {
	x := 3.9e9 + 37.2 + t*(1+s.wallPPM*1e-6)
	if s.setAt > 0 && t >= s.setAt {
		x += s.setBy
	}
	seconds, fraction := math.Modf(x)
	return uint64(seconds)<<32 | uint64(fraction*(1<<32))
}

// counts says whether the skew at t is held against the mapping.
func (s scenario) counts(t float64) bool {
	for _, from := range []float64{s.videoLater, s.stallAt + s.stallFor, s.muteAt + s.muteFor, s.setAt, s.spikeAt, s.slowAt, s.slowAt + 100, s.restartAt} {
		if t >= from && t < from+s.blind {
			return false
		}
	}
	return true
}

// skews runs the hour through a Sender and gives by how much the voice is
// displaced against the picture, in seconds, for every audio packet: the least
// of the last 100 ms, since nobody sees less.
func (s scenario) skews(seed uint64) []float64 {
	rnd := rand.New(rand.NewPCG(seed, 1))
	events := append(s.simulate(rnd, false), s.simulate(rnd, true)...)
	slices.SortStableFunc(events, func(a, b event) int { return int(math.Copysign(1, a.arrival-b.arrival)) })
	sender := NewSender()
	voice, camera := sender.Track(48000), sender.Track(90000)
	var skews []float64
	var recent [5]float64
	picture, pictureAt := 0.0, -1.0
	for _, e := range events {
		track := voice
		if e.video {
			track = camera
		}
		if e.ntp != 0 {
			track.Report(e.ntp, e.timestamp, at(e.arrival))
			continue
		}
		track.Packet(e.timestamp, at(e.arrival))
		off := track.Mapping().Captured(e.timestamp).Sub(at(e.truth)).Seconds()
		if e.video {
			picture, pictureAt = off, e.truth
		} else if math.Abs(e.truth-pictureAt) < 0.2 && s.counts(e.truth) {
			recent[len(skews)%len(recent)] = math.Abs(off - picture)
			skews = append(skews, slices.Min(recent[:]))
		}
	}
	return skews
}

func TestLipsAndVoicesStayTogetherForAnHour(t *testing.T) {
	const bar = 0.040
	tests := map[string]scenario{
		"clean":                                   {},
		"audio clock 100 ppm fast":                {audioPPM: 100},
		"video 7.3 s later":                       {videoLater: 7.3},
		"slow encoder":                            {encode: 0.06, blind: 6},
		"microphone stalls for 5 s":               {stallAt: 1800, stallFor: 5},
		"microphone stalls for 0.6 s":             {stallAt: 1800, stallFor: 0.6, blind: 0.6},
		"muted for a minute, timestamps go on":    {muteAt: 600, muteFor: 60},
		"muted for a minute, timestamps stop":     {muteAt: 600, muteFor: 60, muteFreezes: true},
		"wall clock drifts and is set ahead":      {wallPPM: 50, setAt: 2400, setBy: 2},
		"wall clock is set back by an hour":       {setAt: 2400, setBy: -3600},
		"wall clock is set back by a second":      {setAt: 2400, setBy: -1},
		"delay of 400 ms for 2 s":                 {spikeAt: 900},
		"delay of 400 ms for 100 s":               {slowAt: 900},
		"delay of 400 ms at the beginning":        {spikeAt: 0.001},
		"video timestamps begin anew":             {restartAt: 1000},
		"no reports, both clocks drift apart":     {audioPPM: 100, videoPPM: -30, noReports: true},
		"no reports, microphone stalls":           {noReports: true, stallAt: 1800, stallFor: 5},
		"no reports, microphone stalls for 0.7 s": {noReports: true, stallAt: 1800, stallFor: 0.7, blind: 0.6},
		"everything together":                     {audioPPM: 100, videoPPM: -30, wallPPM: 50, videoLater: 7.3, stallAt: 1800, stallFor: 5, muteAt: 600, muteFor: 60, muteFreezes: true, setAt: 2400, setBy: 2, spikeAt: 900, restartAt: 3000, encode: 0.02, blind: 6},
	}
	if raceEnabled || testing.Short() { // no goroutines here: one hour shows as much as twenty
		tests = map[string]scenario{"everything together": tests["everything together"]}
	}
	for name, s := range tests {
		t.Run(name, func(t *testing.T) {
			skews := s.skews(7)
			slices.Sort(skews)
			if len(skews) < 100_000 {
				t.Fatalf("only %d packets looked at", len(skews))
			}
			p50, p99, worst := skews[len(skews)/2], skews[len(skews)*99/100], skews[len(skews)-1]
			t.Logf("skew p50 %.1f, p99 %.1f, max %.1f ms", 1e3*p50, 1e3*p99, 1e3*worst)
			if worst > bar {
				t.Errorf("at most %.0f ms is accepted", 1e3*bar)
			}
		})
	}
}

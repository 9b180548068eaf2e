package sfu_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"palabre/internal/catalogue"
	"palabre/sfu"
)

// rate is in Mbit/s.
func rate(bytes uint64, took time.Duration) float64 { return float64(bytes) * 8 / took.Seconds() / 1e6 }

func TestP16_SimulcastLiar(t *testing.T) {
	s := server(t)
	honest := join(t, s, "room", "honest", person(1))
	stream, talk := honest.film(honest.camera, 50, 300), honest.talk(20)
	defer stream.end()
	defer talk.end()
	liar := newRaw(t, s, "room", "liar")
	viewer := join(t, s, "room", "viewer", shape{seats: 2, burst: 1})
	viewer.peer.SetLayout(sfu.Layout{Mode: sfu.LayoutTiles, Tiles: []sfu.Tile{
		{Participant: "honest", Source: sfu.Camera, Width: 640, Height: 360}, {Participant: "liar", Source: sfu.Camera, Width: 160, Height: 90},
	}})
	until(t, "the viewer to see the honest one", func() bool { return len(viewer.video(0)) > 30 })

	layers := []*film{{mid: "1", rid: "q", ssrc: 1, every: 200, size: 1100}, {mid: "1", rid: "f", ssrc: 2, every: 200, size: 1100}}
	sent := uint64(0)
	every := int64(250) // microseconds a packet: 36 Mbit/s
	if raceEnabled {
		every = 400 // 23 Mbit/s
	}
	lie := func(d time.Duration) time.Duration {
		tick, start := time.NewTicker(time.Millisecond), time.Now()
		defer tick.Stop()
		for due := 0; time.Since(start) < d; {
			<-tick.C
			if len(layers[0].rid) > 0 && time.Since(start) > d/2 { // the layers swap their names
				layers[0].rid, layers[1].rid = "f", "q"
			}
			for want := int(time.Since(start).Microseconds() / every); due < want; due++ {
				datagram := liar.rtp(layers[due%2].next(t))
				liar.write(datagram)
				sent += uint64(len(datagram))
			}
		}
		return time.Since(start)
	}
	lie(time.Second) // what the policer lets through at once is used up
	var item catalogue.Item
	undisturbed(t, func() bool {
		pictures, sounds := len(viewer.video(0)), len(viewer.audio(0))
		in, out, offered, limit := liar.peer.Stats().BytesIn, viewer.peer.Stats().BytesOut, sent, viewer.peer.Stats().Limit
		dropped := sfu.Dropped(s, "policer")
		took := lie(4 * time.Second)
		taken := rate(liar.peer.Stats().BytesIn-in, took)
		given := rate(viewer.peer.Stats().BytesOut-out, took)
		tried := rate(sent-offered, took)
		dropped = sfu.Dropped(s, "policer") - dropped
		<-time.NewTimer(300 * time.Millisecond).C // for repairs
		lost, _ := holes(viewer.video(0)[pictures:])
		lostVoice, _ := holes(viewer.audio(0)[sounds:])
		tolerated := 0
		if raceEnabled { // the slowed-down server's socket overflows
			tolerated = len(viewer.audio(0)[sounds:]) / 15
		}
		// What the policer lets through at once counts where the machine stood still before.
		bar := 15.1 + rate(512<<10, took)
		most := float64(max(limit, viewer.peer.Stats().Limit)) / 1e6
		item = catalogue.Item{
			ID: "P16", Injected: fmt.Sprintf("a publisher whose two layers send %.0f Mbit/s and swap their names", tried),
			Measured: fmt.Sprintf("%.1f Mbit/s taken in, %d packets dropped by the policer; a viewer was sent %.1f Mbit/s with a limit of %.1f; %d pictures and %d sounds of another publisher lost there",
				taken, dropped, given, most, lost, lostVoice),
			Bar:  fmt.Sprintf("15 Mbit/s and a burst of 512 KiB taken in, no more than that sent on, nothing of other publishers lost (%d under the race detector)", tolerated),
			Pass: tried > 18 && taken <= bar && dropped > 0 && given <= bar && lost <= tolerated && lostVoice <= tolerated && viewer.heard.failure() == "",
		}
		return item.Pass
	})
	catalogue.Report(t, item)
}

func TestP17_KeyFramesOnlyOrNone(t *testing.T) {
	s := server(t)
	one := person(1)
	one.rids = nil // one layer: a track is asked no more often than a layer
	none, only := join(t, s, "room", "none", one), join(t, s, "room", "only", one)
	var viewers []*client
	for i := range 3 {
		v := join(t, s, "room", fmt.Sprintf("viewer%d", i), shape{seats: 3, burst: 1})
		v.peer.SetLayout(sfu.Layout{Mode: sfu.LayoutTiles, Tiles: []sfu.Tile{
			{Participant: "none", Source: sfu.Camera, Width: 640, Height: 360}, {Participant: "only", Source: sfu.Camera, Width: 640, Height: 360},
		}})
		viewers = append(viewers, v)
	}
	start := time.Now()
	deltas, keys := none.film(none.camera, -1, 100), only.film(only.camera, 1, 100)
	defer deltas.end()
	defer keys.end()
	begged, told := 0, time.Duration(0)
	for time.Since(start) < 5*time.Second || told == 0 {
		for _, v := range viewers {
			begged += v.beg()
		}
		<-time.NewTimer(10 * time.Millisecond).C
		if seat, ok := viewers[0].heard.seat("none"); ok && seat.Paused == "no video" && !seat.Video && told == 0 {
			told = time.Since(start)
		}
		if time.Since(start) > wait {
			t.Fatal("the viewer was never told that there is no video")
		}
	}
	elapsed := time.Since(start)
	seat, _ := viewers[0].heard.seat("only")
	pli := &rtcp.PictureLossIndication{}
	asked, askedOnly := none.counted(pli), only.counted(pli)
	most := int(elapsed/(500*time.Millisecond)) + 2
	catalogue.Report(t, catalogue.Item{
		ID: "P17", Injected: fmt.Sprintf("one publisher without any key frame, one with nothing else, three viewers that send %d PLIs in %.1f s", begged, elapsed.Seconds()),
		Measured: fmt.Sprintf("told after %.1f s; %d PLIs to the one without, %d to the other; the other shown: %v", told.Seconds(), asked, askedOnly, seat.Video),
		Bar:      fmt.Sprintf("no video within 5 s, at most one PLI in 500 ms (%d)", most),
		Pass:     told <= 5*time.Second && begged > 300 && asked > 0 && asked <= most && askedOnly <= most && seat.Video,
	})
}

// beg asks for a key frame on all seats that came up, and of streams it guesses.
func (c *client) beg() (sent int) {
	for _, tr := range c.pc.GetTransceivers() {
		for _, track := range tr.Receiver().Tracks() {
			if track.SSRC() == 0 {
				continue
			}
			if c.pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: uint32(track.SSRC())}}) == nil {
				sent++
			}
		}
	}
	return sent
}

func TestP18_CodecMismatch(t *testing.T) {
	s := server(t)
	viewer := join(t, s, "room", "viewer", shape{seats: 3, stages: 3, burst: 1})
	sh := person(1)
	sh.mime, sh.rids = webrtc.MimeTypeH264, nil
	mismatch := join(t, s, "room", "mismatch", sh)
	vp8AsH264 := mismatch.film(mismatch.camera, 10, 100)
	defer vp8AsH264.end()
	headless, unknown := newInsider(t, s, "room", "headless"), newInsider(t, s, "room", "unknown")
	start := time.Now()
	told := map[string]time.Duration{}
	reasons := map[string]string{}
	for n := uint16(0); len(told) < 3; n++ {
		headless.put(h264IDR(t, n))
		unknown.put(unagreed(t, n))
		<-time.NewTimer(10 * time.Millisecond).C
		for id, kind := range map[string]sfu.SeatKind{"mismatch": sfu.SeatPerson, "headless": sfu.SeatStage, "unknown": sfu.SeatPerson} {
			for _, seat := range viewer.heard.seatsOf(id) {
				if _, known := told[id]; !known && seat.Kind == kind && !seat.Video && (seat.Paused == "codec" || seat.Paused == "no video") {
					told[id], reasons[id] = time.Since(start), seat.Paused
				}
			}
		}
		if time.Since(start) > wait {
			t.Fatalf("told only %v: %v", reasons, told)
		}
	}
	passed := 0
	for i := range 3 {
		passed += len(viewer.video(i)) + len(viewer.inbox(viewer.stageLines[i][1].Mid()).all())
	}
	truthful := reasons["mismatch"] == "codec" && reasons["headless"] == "codec" && reasons["unknown"] == "codec"
	catalogue.Report(t, catalogue.Item{
		ID: "P18", Injected: "VP8 payloads under a payload type agreed as H.264; H.264 key frames without parameter sets; a payload type nobody agreed to",
		Measured: fmt.Sprintf("muted as %q after %.1f s, %q after %.1f s, %q after %.1f s; %d packets passed, %d panics, failures %q",
			reasons["mismatch"], told["mismatch"].Seconds(), reasons["headless"], told["headless"].Seconds(), reasons["unknown"], told["unknown"].Seconds(),
			passed, sfu.Panics(s), mismatch.heard.failure()+headless.heard.failure()+unknown.heard.failure()),
		Bar:  "each muted as \"codec\", no crash",
		Pass: truthful && passed == 0 && sfu.Panics(s) == 0 && mismatch.heard.failure() == "",
	})
}

// seatsOf are all seats a participant sits in.
func (l *listener) seatsOf(participant string) (seats []sfu.Seat) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.seats {
		if s.Participant == participant {
			seats = append(seats, s)
		}
	}
	return seats
}

// h264IDR is a picture of a shared screen that no decoder can start with.
func h264IDR(t testing.TB, n uint16) []byte {
	return marshal(t, "2", "", &rtp.Packet{
		Header:  rtp.Header{Version: 2, PayloadType: 102, SequenceNumber: n, Timestamp: uint32(n) * 1800, SSRC: 77, Marker: true},
		Payload: []byte{0x65, 0x88, 0x84, 1, 2, 3},
	})
}

// unagreed has a payload type that was not negotiated.
func unagreed(t testing.TB, n uint16) []byte {
	return marshal(t, "1", "q", &rtp.Packet{
		Header:  rtp.Header{Version: 2, PayloadType: 120, SequenceNumber: n, Timestamp: uint32(n) * 1800, SSRC: 78, Marker: true},
		Payload: vp8(true, true, n, 20),
	})
}

func marshal(t testing.TB, mid, rid string, p *rtp.Packet) []byte {
	t.Helper()
	err := p.SetExtension(1, []byte(mid))
	if rid != "" {
		err = errors.Join(err, p.SetExtension(3, []byte(rid)))
	}
	b, merr := p.Marshal()
	if err = errors.Join(err, merr); err != nil {
		t.Fatal(err)
	}
	return b
}

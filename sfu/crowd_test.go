package sfu_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtcp"

	"palabre/internal/catalogue"
	"palabre/internal/simnet"
	"palabre/sfu"
)

// crowd has one person show herself to many.
func (m *meeting) crowd(viewers int, encodings ...encoding) (alice *attendee, all []*attendee) {
	m.Helper()
	var rids []string
	for _, e := range encodings {
		rids = append(rids, e.rid)
	}
	alice = m.join("alice", shape{microphone: true, camera: true, rids: rids})
	camera, voice := alice.record(encodings...), alice.speak()
	end := sync.OnceFunc(func() { camera.end(); voice.end() })
	m.Cleanup(end)
	for i := range viewers {
		a := m.join(fmt.Sprintf("viewer%d", i), shape{seats: 1})
		a.links(simnet.Shape{Delay: halfTrip})
		a.peer.SetLayout(sfu.Layout{Mode: sfu.LayoutTiles, Tiles: []sfu.Tile{{Participant: "alice", Source: sfu.Camera, Width: 1280, Height: 720}}})
		all = append(all, a)
	}
	for _, a := range all {
		until(m, a.id+" to see", func() bool { return len(a.video(0)) > 0 })
	}
	return alice, all
}

// TestN05_OneNarrowViewer has one of twenty viewers on a line of 200 kbit/s.
func TestN05_OneNarrowViewer(t *testing.T) {
	const viewers, span = 20, 8 * time.Second
	simulated(t, func(m *meeting) {
		_, all := m.crowd(viewers, encoding{"q", 180, 100_000}, encoding{"h", 360, 250_000}, encoding{"f", 720, 600_000})
		for _, a := range all {
			v := a.view(0)
			m.Cleanup(v.end)
		}
		m.pass(2 * time.Second)
		received := func() (bytes []float64) {
			before := make([]int, viewers)
			for i, a := range all {
				before[i] = a.host.Down.Counts().Bytes
			}
			m.pass(span)
			for i, a := range all {
				bytes = append(bytes, float64(a.host.Down.Counts().Bytes-before[i]))
			}
			return bytes
		}
		before := received()
		all[0].host.Down.Set(simnet.Shape{Delay: halfTrip, Rate: 200_000})
		after := received()
		changes := make([]float64, viewers)
		for i := range changes {
			changes[i] = after[i]/before[i] - 1
		}
		most := max(slices.Max(changes[1:]), -slices.Min(changes[1:]))
		catalogue.Report(t, catalogue.Item{
			ID:       "N5",
			Injected: fmt.Sprintf("one of %d viewers of a picture in three layers gets a line of 200 kbit/s", viewers),
			Measured: fmt.Sprintf("what the others received changed by at most %.1f %% over %v, and by %.0f %% for the one", most*100, span, changes[0]*100),
			Bar:      "at most 2 % for the others",
			Pass:     most <= 0.02 && changes[0] < -0.5,
		})
	})
}

// TestN14_EverybodyWantsAKeyFrame has a hundred viewers ask at once, then each
// of them once a second.
func TestN14_EverybodyWantsAKeyFrame(t *testing.T) {
	const viewers, seconds, turns = 100, 5, 10
	simulated(t, func(m *meeting) {
		alice, all := m.crowd(viewers, encoding{"f", 180, 50_000})
		m.pass(2 * time.Second)
		before, sent := alice.counted(&rtcp.PictureLossIndication{}), 0
		ask := func(some []*attendee) {
			for _, a := range some {
				ssrc := uint32(a.seatLines[0][1].Receiver().Track().SSRC())
				if a.pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: ssrc}}) == nil {
					sent++
				}
			}
		}
		ask(all)
		for n := range seconds * turns {
			first := n % turns * viewers / turns
			ask(all[first : first+viewers/turns])
			m.pass(time.Second / turns)
		}
		reached := alice.counted(&rtcp.PictureLossIndication{}) - before
		catalogue.Report(t, catalogue.Item{
			ID:       "N14",
			Injected: fmt.Sprintf("%d viewers ask for a key frame at once, then each once a second for %d s: %d times in all", viewers, seconds, sent),
			Measured: fmt.Sprintf("%d requests reached the publisher", reached),
			Bar:      "1 or 2 a second",
			Pass:     reached >= seconds && reached <= 2*seconds,
		})
	})
}

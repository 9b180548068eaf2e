package sfu_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"palabre/sfu"
)

// perform sends voice and picture of the same moments until stopped, with a
// letter and the moment's count at the end of every payload.
func (c *client) perform(letter byte, audioStart, videoStart uint32) *source {
	s := &source{stop: make(chan struct{})}
	s.done.Go(func() {
		tick := time.NewTicker(frame)
		defer tick.Stop()
		start := time.Now()
		for n := uint16(0); ; {
			select {
			case <-s.stop:
				return
			case <-tick.C:
			}
			// A ticker drops what it is late for; a camera's clock goes on. Half a
			// frame away from the ticks it does not matter which came first.
			for ; time.Duration(n)*frame+frame/2 <= time.Since(start); n++ {
				c.show(letter, n, audioStart, videoStart)
			}
		}
	})
	return s
}

// show sends the moment n of a performance, voice and picture.
func (c *client) show(letter byte, n uint16, audioStart, videoStart uint32) {
	mark := []byte{letter, byte(n >> 8), byte(n)}
	_ = c.microphone.WriteRTP(&rtp.Packet{
		Header:  rtp.Header{Version: 2, SequenceNumber: n, Timestamp: audioStart + uint32(n)*960},
		Payload: append([]byte{0x78, 1, 2}, mark...),
	})
	_ = c.camera[""].WriteRTP(&rtp.Packet{
		Header:  rtp.Header{Version: 2, SequenceNumber: n, Timestamp: videoStart + uint32(n)*1800, Marker: true},
		Payload: append(vp8(n%25 == 0, true, n, 20), mark...),
	})
}

// moments gives when, on the wall clock of a line's sender reports, what it
// carried of a performance from packet from on was captured, by the
// performance's count.
func (i *inbox) moments(letter byte, rate float64, from int) map[uint16]float64 {
	packets := i.all()[from:]
	i.mu.Lock()
	defer i.mu.Unlock()
	found := map[uint16]float64{}
	for _, p := range packets {
		mark := p.Payload[len(p.Payload)-3:]
		if mark[0] != letter || len(i.reports) == 0 {
			continue
		}
		// A player uses the report it has, the last before.
		report := i.reports[0]
		for _, r := range i.reports {
			if int32(p.Timestamp-r.RTPTime) >= 0 {
				report = r
			}
		}
		found[uint16(mark[1])<<8|uint16(mark[2])] = seconds(report) + float64(int32(p.Timestamp-report.RTPTime))/rate
	}
	return found
}

// seconds is the wall clock of a sender report.
func seconds(r rtcp.SenderReport) float64 {
	return float64(r.NTPTime>>32) + float64(r.NTPTime&0xFFFFFFFF)/(1<<32)
}

// TestLipsKeepToTheVoice has two people sit in one seat in turns: what
// they said and showed at one moment is played at one moment.
func TestLipsKeepToTheVoice(t *testing.T) {
	venues(t, func(v *venue) {
		viewer := v.join("viewer", shape{seats: 1})
		people := map[string]byte{"alice": 'a', "bob": 'b'}
		for id, letter := range people {
			c := v.join(id, shape{microphone: true, camera: true})
			show := c.perform(letter, uint32(letter)<<24, uint32(letter)<<20)
			defer show.end()
		}
		audio, video := viewer.seatLines[0][0].Mid(), viewer.seatLines[0][1].Mid()
		for _, id := range []string{"alice", "bob", "alice", "bob", "alice", "bob"} {
			viewer.peer.SetLayout(sfu.Layout{Mode: sfu.LayoutTiles, Tiles: []sfu.Tile{{Participant: id, Source: sfu.Camera, Width: 640, Height: 360}}})
			before := len(viewer.inbox(video).all())
			var apart []float64
			until(v, id+" to be seen and heard", func() bool {
				if len(viewer.inbox(video).all()) < before+150 || viewer.inbox(audio) == nil {
					return false // the clients' reports, by which a player knows, come every second
				}
				heard, seen := viewer.inbox(audio).moments(people[id], 48000, 0), viewer.inbox(video).moments(people[id], 90000, before)
				apart = apart[:0]
				for n, at := range seen {
					if said, ok := heard[n]; ok {
						apart = append(apart, math.Abs(at-said))
					}
				}
				return len(apart) >= 50
			})
			slices.Sort(apart)
			worst := time.Duration(apart[len(apart)-1] * float64(time.Second))
			v.Logf("%s: %d moments seen and heard, %.1f ms apart (median), %v at most", id, len(apart), apart[len(apart)/2]*1000, worst)
			v.between(id+"'s lips move", worst, 0, 40*time.Millisecond)
		}
	})
}

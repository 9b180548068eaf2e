package sfu_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/pion/rtp"

	"palabre/sfu"
)

// voice sends audio whose level can change, with a count in every payload.
type voice struct {
	client *client
	id     uint8
	n      uint16
}

func newVoice(c *client) *voice {
	v := &voice{client: c}
	for _, e := range c.mids.microphone.Sender().GetParameters().HeaderExtensions {
		if e.URI == "urn:ietf:params:rtp-hdrext:ssrc-audio-level" {
			v.id = uint8(e.ID)
		}
	}
	return v
}

// say sends one packet and gives its count.
func (v *voice) say(level uint8) uint16 { return v.sayAt(uint32(v.n+1)*960, level) }

// sayAt does at a moment of the sender's clock.
func (v *voice) sayAt(timestamp uint32, level uint8) uint16 {
	v.n++
	p := &rtp.Packet{
		Header:  rtp.Header{Version: 2, SequenceNumber: v.n, Timestamp: timestamp},
		Payload: []byte{0x78, v.client.id[1], byte(v.n >> 8), byte(v.n)},
	}
	heard := byte(0)
	if level < 100 {
		heard = 0x80
	}
	if err := p.SetExtension(v.id, []byte{heard | level}); err != nil {
		v.client.t.Error(err)
	}
	if err := v.client.microphone.WriteRTP(p); err != nil {
		v.client.t.Error(err)
	}
	return v.n
}

// heardOf gives the counts of all packets that a client got of somebody's voice.
func (c *client) heardOf(who *client) (counts []uint16) {
	c.mu.Lock()
	boxes := make([]*inbox, 0, len(c.got))
	for _, box := range c.got {
		boxes = append(boxes, box)
	}
	c.mu.Unlock()
	for _, box := range boxes {
		for _, p := range box.all() {
			if len(p.Payload) == 4 && p.Payload[1] == who.id[1] {
				counts = append(counts, uint16(p.Payload[2])<<8|uint16(p.Payload[3]))
			}
		}
	}
	return counts
}

// chorus is seven people with microphones, and somebody who has seats for
// two of them and hears the others on voice lines.
func chorus(h *venue) (*client, []*voice) {
	listener := h.join("listener", shape{seats: 2, voices: 5})
	voices := make([]*voice, 7)
	for i := range voices {
		voices[i] = newVoice(h.join(fmt.Sprintf("v%d", i), shape{microphone: true}))
	}
	listener.peer.SetLayout(sfu.Layout{Mode: sfu.LayoutTiles, Tiles: []sfu.Tile{
		{Participant: "v0", Source: sfu.Camera, Width: 320, Height: 180}, {Participant: "v1", Source: sfu.Camera, Width: 320, Height: 180},
	}})
	return listener, voices
}

// TestNobodyHearsMoreThanFive has seven people talk at once.
func TestNobodyHearsMoreThanFive(t *testing.T) {
	venues(t, func(h *venue) {
		listener, voices := chorus(h)
		tick := time.NewTicker(frame)
		defer tick.Stop()
		var from, to [7]uint16
		for n := range 150 {
			for i, v := range voices {
				count := v.say(uint8(20 + 2*i))
				if n == 75 {
					from[i] = count
				}
				to[i] = count
			}
			<-tick.C
		}
		// heard is how many packets of each came of the second half of it.
		heard := func() (people int, packets [7]int) {
			for i, v := range voices {
				for _, count := range listener.heardOf(v.client) {
					if count >= from[i] {
						packets[i]++
					}
				}
				if packets[i] > 0 {
					people++
				}
			}
			return people, packets
		}
		until(h, "all of what five say", func() bool {
			whole := 0
			_, packets := heard()
			for i, n := range packets {
				if n == int(to[i]-from[i])+1 {
					whole++
				}
			}
			return whole == 5
		})
		if people, packets := heard(); people != 5 {
			h.Errorf("%d voices are heard, want 5: %v packets", people, packets)
		}
	})
}

// TestFirstSyllableIsHeard has people who sat silent speak up one after the
// other, some with a seat and most without: nothing of what they say is lost,
// and each has the floor 200 ms after the first syllable.
func TestFirstSyllableIsHeard(t *testing.T) {
	venues(t, func(h *venue) {
		listener, voices := chorus(h)
		tick := time.NewTicker(frame)
		defer tick.Stop()
		// round has somebody say so much, and go on until they have the floor.
		round := func(speaker int, packets int) (first, last uint16, took time.Duration) {
			began := time.Now()
			for n := 0; n < packets || speaker >= 0 && took == 0 && time.Since(began) < wait; n++ {
				for i, v := range voices {
					level := uint8(127)
					if i == speaker {
						level = 15
					}
					count := v.say(level)
					if i == speaker && first == 0 {
						first = count
					}
					if i == speaker {
						last = count
					}
				}
				<-tick.C
				listener.heard.mu.Lock()
				if took == 0 && speaker >= 0 && listener.heard.dominant == voices[speaker].client.id {
					took = time.Since(began)
				}
				listener.heard.mu.Unlock()
			}
			return first, last, took
		}
		round(-1, 50)
		for speaker, v := range voices {
			first, last, took := round(speaker, 60)
			until(h, fmt.Sprintf("all %d packets of what v%d says", last-first+1, speaker), func() bool {
				got := map[uint16]bool{}
				for _, count := range listener.heardOf(v.client) {
					got[count] = count >= first
				}
				for count := first; count <= last; count++ {
					if !got[count] {
						return false
					}
				}
				return true
			})
			if took == 0 {
				h.Errorf("v%d never had the floor", speaker)
			}
			h.between(fmt.Sprintf("v%d had the floor", speaker), took, 0, 250*time.Millisecond) // a report is up to a tick late
		}
	})
}

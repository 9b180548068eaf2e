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
func chorus(t *testing.T) (*client, []*voice) {
	s := server(t)
	listener := join(t, s, "room", "listener", shape{seats: 2, voices: 5})
	voices := make([]*voice, 7)
	for i := range voices {
		voices[i] = newVoice(join(t, s, "room", fmt.Sprintf("v%d", i), shape{microphone: true}))
	}
	listener.peer.SetLayout(sfu.Layout{Mode: sfu.LayoutTiles, Tiles: []sfu.Tile{
		{Participant: "v0", Source: sfu.Camera, Width: 320, Height: 180}, {Participant: "v1", Source: sfu.Camera, Width: 320, Height: 180},
	}})
	return listener, voices
}

// TestNobodyHearsMoreThanFive has seven people talk at once.
func TestNobodyHearsMoreThanFive(t *testing.T) {
	listener, voices := chorus(t)
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
	<-time.NewTimer(200 * time.Millisecond).C
	heard := 0
	for i, v := range voices {
		n := 0
		for _, count := range listener.heardOf(v.client) {
			if count >= from[i] {
				n++
			}
		}
		if n > 0 {
			heard++
			if want := int(to[i]-from[i]) + 1; n < want {
				t.Errorf("only %d of %d packets of %s came", n, want, v.client.id)
			}
		}
	}
	if heard != 5 {
		t.Errorf("%d voices are heard, want 5", heard)
	}
}

// TestFirstSyllableIsHeard has people who sat silent speak up one after the
// other, some with a seat and most without: nothing of what they say is lost,
// and each has the floor 200 ms after the first syllable.
func TestFirstSyllableIsHeard(t *testing.T) {
	listener, voices := chorus(t)
	tick := time.NewTicker(frame)
	defer tick.Stop()
	round := func(speaker int, packets int) (first, last uint16, took time.Duration) {
		began := time.Now()
		for range packets {
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
	for speaker := range voices {
		first, last, took := round(speaker, 60)
		<-time.NewTimer(50 * time.Millisecond).C
		got := map[uint16]bool{}
		for _, count := range listener.heardOf(voices[speaker].client) {
			got[count] = true
		}
		for count := first; count <= last; count++ {
			if !got[count] {
				t.Errorf("packet %d of %d that v%d said was not heard", count-first, last-first+1, speaker)
			}
		}
		if took == 0 || took > 250*time.Millisecond { // a report is up to a tick late
			t.Errorf("v%d had the floor after %v", speaker, took)
		}
	}
}

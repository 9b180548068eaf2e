package sfu_test

import (
	"context"
	"sync"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"palabre/sfu"
)

// negotiate makes an offer and takes the answer.
func (c *client) negotiate() {
	c.t.Helper()
	c.negotiateWith(nil)
}

func (c *client) negotiateWith(options *webrtc.OfferOptions) {
	c.t.Helper()
	offer, err := c.pc.CreateOffer(options)
	if err != nil {
		c.t.Fatal(err)
	}
	if err := c.pc.SetLocalDescription(offer); err != nil {
		c.t.Fatal(err)
	}
	c.offer = c.describe(offer.SDP)
	if c.answer, err = c.peer.Answer(context.Background(), c.offer); err != nil {
		c.t.Fatalf("%s: %v\n%s", c.id, err, offer.SDP)
	}
	if err := c.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: c.answer}); err != nil {
		c.t.Fatalf("%s: %v\n%s", c.id, err, c.answer)
	}
}

func (c *client) describe(text string) sfu.Offer {
	mid := func(tr *webrtc.RTPTransceiver) string {
		if tr == nil {
			return ""
		}
		return tr.Mid()
	}
	o := sfu.Offer{SDP: text, Microphone: mid(c.mids.microphone), Camera: mid(c.mids.camera), Screen: mid(c.mids.screen), ScreenAudio: mid(c.mids.screenAudio), KeepTwo: c.shape.keepTwo}
	for _, l := range c.seatLines {
		o.Seats = append(o.Seats, sfu.Pair{Audio: l[0].Mid(), Video: l[1].Mid()})
	}
	for _, l := range c.stageLines {
		o.Stages = append(o.Stages, sfu.Pair{Audio: l[0].Mid(), Video: l[1].Mid()})
	}
	for _, l := range c.voiceLines {
		o.Voices = append(o.Voices, l.Mid())
	}
	return o
}

// receive keeps what comes in on one track.
func (c *client) receive(track *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
	mid := ""
	for _, tr := range c.pc.GetTransceivers() {
		if tr.Receiver() == receiver {
			mid = tr.Mid()
		}
	}
	box := &inbox{stream: track.StreamID()}
	c.mu.Lock()
	c.got[mid] = box
	c.mu.Unlock()
	c.pending.Go(func() {
		for {
			packets, _, err := receiver.ReadRTCP()
			if err != nil {
				return
			}
			box.report(packets)
		}
	})
	c.pending.Go(func() {
		for {
			p, _, err := track.ReadRTP()
			if err != nil {
				return
			}
			box.mu.Lock()
			box.packets, box.arrived = append(box.packets, p), append(box.arrived, time.Now())
			box.mu.Unlock()
		}
	})
}

// vp8 makes the payload of one packet of a VP8 frame.
func vp8(key, start bool, picture uint16, fill int) []byte {
	b := []byte{0x80, 0x80, 0x80 | byte(picture>>8), byte(picture)}
	if start {
		b[0] |= 0x10
	}
	frame := byte(1)
	if key {
		frame = 0
	}
	b = append(b, frame, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01) // 640x360
	return append(b, make([]byte, fill)...)
}

// source sends video and audio until stopped.
type source struct {
	stop chan struct{}
	done sync.WaitGroup
}

func (s *source) end() { close(s.stop); s.done.Wait() }

const frame = 20 * time.Millisecond

// talk sends audio at a level, -1 for none in the header.
func (c *client) talk(level int) *source {
	s := &source{stop: make(chan struct{})}
	id := uint8(0)
	for _, e := range c.mids.microphone.Sender().GetParameters().HeaderExtensions {
		if e.URI == "urn:ietf:params:rtp-hdrext:ssrc-audio-level" {
			id = uint8(e.ID)
		}
	}
	s.done.Go(func() {
		tick := time.NewTicker(frame)
		defer tick.Stop()
		for n := uint16(0); ; n++ {
			select {
			case <-s.stop:
				return
			case <-tick.C:
			}
			p := &rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: n, Timestamp: uint32(n) * 960}, Payload: []byte{0x78, 1, 2, 3, byte(n)}}
			if level >= 0 && id != 0 {
				_ = p.SetExtension(id, []byte{0x80 | byte(level)})
			}
			_ = c.microphone.WriteRTP(p)
		}
	})
	return s
}

// film sends VP8 on all layers: a key frame every keyEvery frames, 0 for only
// the first, -1 for none; size bytes a packet.
func (c *client) film(tracks map[string]*webrtc.TrackLocalStaticRTP, keyEvery, size int) *source {
	s := &source{stop: make(chan struct{})}
	for _, track := range tracks {
		s.done.Go(func() {
			tick := time.NewTicker(frame)
			defer tick.Stop()
			sequence := uint16(0)
			for n := 0; ; n++ {
				select {
				case <-s.stop:
					return
				case <-tick.C:
				}
				key := keyEvery > 0 && n%keyEvery == 0 || keyEvery == 0 && n == 0
				for i := range c.shape.burst {
					p := &rtp.Packet{
						Header:  rtp.Header{Version: 2, SequenceNumber: sequence, Timestamp: uint32(n) * 1800, Marker: i == c.shape.burst-1},
						Payload: vp8(key, i == 0, uint16(n)&0x7FFF, size),
					}
					sequence++
					_ = track.WriteRTP(p)
				}
			}
		})
	}
	return s
}

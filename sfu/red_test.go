package sfu_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"palabre/sfu"
	"palabre/sfu/red"
)

// redundantly lets a client send and take redundant audio, before Opus alone,
// under these payload types.
func redundantly(opus, redundant webrtc.PayloadType) func(*webrtc.MediaEngine) error {
	return func(m *webrtc.MediaEngine) error {
		plain := webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2, SDPFmtpLine: "minptime=10;useinbandfec=1"}
		both := webrtc.RTPCodecCapability{MimeType: "audio/red", ClockRate: 48000, Channels: 2, SDPFmtpLine: fmt.Sprintf("%d/%d", opus, opus)}
		if err := m.RegisterCodec(webrtc.RTPCodecParameters{RTPCodecCapability: both, PayloadType: redundant}, webrtc.RTPCodecTypeAudio); err != nil {
			return err
		}
		return m.RegisterCodec(webrtc.RTPCodecParameters{RTPCodecCapability: plain, PayloadType: opus}, webrtc.RTPCodecTypeAudio)
	}
}

// utter sends a packet of sound n with that of the packet before.
func utter(t *testing.T, track *webrtc.TrackLocalStaticRTP, pt uint8, n uint16) {
	t.Helper()
	blocks := []red.Block{{Data: []byte{0x78, byte(n)}}}
	if n > 0 {
		blocks = slices.Insert(blocks, 0, red.Block{Data: []byte{0x78, byte(n - 1)}, Offset: 960})
	}
	p := &rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: n, Timestamp: uint32(n) * 960}, Payload: red.Append(nil, pt, blocks)}
	if err := track.WriteRTP(p); err != nil {
		t.Error(err)
	}
}

// TestRedundantAudio has somebody speak with redundancy and lose every tenth
// packet. Who takes redundancy gets it, under numbers of its own; others get the
// sound alone; and to everybody the losses are mended.
func TestRedundantAudio(t *testing.T) {
	const lossy, packets = 10, 100
	s := server(t)
	sh := shape{seats: 1}
	taker := join(t, s, "room", "taker", shape{seats: 1, api: able(t, nil, redundantly(109, 110))})
	other := join(t, s, "room", "other", sh)
	speaker := dial(t, s, "room", "speaker", shape{api: able(t, nil, redundantly(111, 63))})
	track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: "audio/red", ClockRate: 48000, Channels: 2}, "microphone", "speaker")
	if err != nil {
		t.Fatal(err)
	}
	speaker.mids.microphone = speaker.transceiver(track)
	speaker.negotiate()
	until(t, "the speaker to connect", speaker.heard.isConnected)
	speaker.peer.SetSending(sfu.Sending{Microphone: true})
	if err := speaker.peer.Enter(t.Context()); err != nil {
		t.Fatal(err)
	}
	tick := time.NewTicker(frame)
	defer tick.Stop()
	for n := range uint16(packets) {
		if n%lossy != lossy-1 {
			utter(t, track, 111, n)
		}
		<-tick.C
	}
	until(t, "everybody to hear the end", func() bool {
		a, b := taker.audio(0), other.audio(0)
		return len(a) > 0 && len(b) > 0 && ends(a[len(a)-1], packets-2) && ends(b[len(b)-1], packets-2)
	})
	for name, c := range map[string]struct {
		client *client
		pt     uint8
		blocks uint8 // payload type of what is in the packets; 0 for sound alone
	}{"who takes it": {taker, 110, 109}, "another": {other, 111, 0}} {
		got := c.client.audio(0)
		contiguous(t, got)
		if len(got) < packets-lossy {
			t.Errorf("%s heard %d packets", name, len(got))
		}
		for i, p := range got {
			if p.PayloadType != c.pt || i > 0 && p.Payload[len(p.Payload)-1] != got[i-1].Payload[len(got[i-1].Payload)-1]+1 {
				t.Fatalf("%s: packet %d of payload type %d is %x", name, i, p.PayloadType, p.Payload)
			}
			var blocks [red.MaxBlocks]red.Block
			if c.blocks == 0 && len(p.Payload) != 2 {
				t.Fatalf("%s: packet %d is %x, want the sound alone", name, i, p.Payload)
			}
			if c.blocks == 0 {
				continue
			}
			if n, err := red.Read(p.Payload, c.blocks, &blocks); err != nil || n == 0 {
				t.Fatalf("%s: packet %d is %x: %v", name, i, p.Payload, err)
			}
		}
	}
}

func ends(p *rtp.Packet, n byte) bool { return p.Payload[len(p.Payload)-1] == n }

func (l *listener) speakers() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.speaking)
}

// TestSilenceIsNoLoss has somebody stop sending while nothing is said, as
// encoders do: what follows comes on time, nothing is asked for again, and who
// is silent is not taken to speak.
func TestSilenceIsNoLoss(t *testing.T) {
	simulated(t, func(m *meeting) {
		listener := m.join("listener", shape{seats: 1})
		speaker := m.join("speaker", shape{microphone: true})
		v := newVoice(speaker.client)
		tick := time.NewTicker(frame)
		defer tick.Stop()
		var spoke []time.Time
		clock := uint32(0)
		words := func(packets int) {
			for range packets {
				spoke = append(spoke, time.Now())
				v.sayAt(clock, 20)
				<-tick.C
				clock += 960
			}
		}
		words(30)
		until(m, "the voice to be seen", func() bool { return len(listener.heard.speakers()) == 1 })
		until(m, "the silence to be seen", func() bool { return len(listener.heard.speakers()) == 0 })
		clock += uint32(time.Since(spoke[len(spoke)-1])/frame) * 960 // nothing was sent meanwhile
		words(30)
		until(m, "all of it to be heard", func() bool { return len(listener.audio(0)) >= 60 })
		until(m, "the voice to be seen again", func() bool { return len(listener.heard.speakers()) == 1 })
		packets := listener.audio(0)
		contiguous(t, packets)
		gap := time.Duration(packets[30].Timestamp-packets[29].Timestamp) * time.Second / 48000
		if want := spoke[30].Sub(spoke[29]); gap < want-100*time.Millisecond || gap > want+100*time.Millisecond {
			t.Errorf("the silence of %v lasts %v", want, gap)
		}
		if n := speaker.counted(&rtcp.TransportLayerNack{}); n > 0 {
			t.Errorf("silence was asked for again %d times", n)
		}
	})
}

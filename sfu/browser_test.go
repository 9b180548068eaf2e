package sfu_test

import (
	"io"
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/logging"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

func newAPI(t testing.TB, careful bool, settings ...setting) *webrtc.API {
	t.Helper()
	se := webrtc.SettingEngine{LoggerFactory: &logging.DefaultLoggerFactory{Writer: io.Discard}}
	se.SetIncludeLoopbackCandidate(true)
	se.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	se.SetInterfaceFilter(func(name string) bool { return name == "lo" })
	for _, f := range settings {
		f(&se)
	}
	m := &webrtc.MediaEngine{}
	if err := m.RegisterDefaultCodecs(); err != nil {
		t.Fatal(err)
	}
	for _, uri := range []string{"urn:ietf:params:rtp-hdrext:ssrc-audio-level", "urn:ietf:params:rtp-hdrext:sdes:mid"} {
		if err := m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: uri}, webrtc.RTPCodecTypeAudio); err != nil {
			t.Fatal(err)
		}
	}
	for _, uri := range []string{"http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time", "urn:3gpp:video-orientation"} {
		if err := m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: uri}, webrtc.RTPCodecTypeVideo); err != nil {
			t.Fatal(err)
		}
	}
	ir := &interceptor.Registry{}
	if careful {
		if err := webrtc.ConfigureRTCPReports(ir); err != nil {
			t.Fatal(err)
		}
	} else if err := webrtc.RegisterDefaultInterceptors(m, ir); err != nil {
		t.Fatal(err)
	}
	if err := webrtc.ConfigureTWCCHeaderExtensionSender(m, ir); err != nil {
		t.Fatal(err)
	}
	return webrtc.NewAPI(webrtc.WithMediaEngine(m), webrtc.WithSettingEngine(se), webrtc.WithInterceptorRegistry(ir))
}

// repair asks for what is lost, every 40 ms until it is there.
func (c *client) repair() {
	c.pending.Go(func() {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		asked := map[uint32]time.Time{}
		for {
			select {
			case <-c.over:
				return
			case <-tick.C:
			}
			for _, l := range c.seatLines {
				packets := c.inbox(l[1].Mid()).all()
				if len(packets) == 0 {
					continue
				}
				var ask []uint16
				for _, n := range lostOf(packets) {
					key := uint32(l[1].Receiver().Track().SSRC())<<16 | uint32(n)
					if time.Since(asked[key]) > 40*time.Millisecond {
						asked[key] = time.Now()
						ask = append(ask, n)
					}
				}
				if len(ask) > 0 {
					_ = c.pc.WriteRTCP([]rtcp.Packet{&rtcp.TransportLayerNack{
						MediaSSRC: uint32(l[1].Receiver().Track().SSRC()), Nacks: rtcp.NackPairsFromSequenceNumbers(ask),
					}})
				}
			}
		}
	})
}

// lostOf gives the numbers between the first and the last packet that are not there.
func lostOf(packets []*rtp.Packet) (lost []uint16) {
	have := map[uint16]bool{}
	first, last := packets[0].SequenceNumber, packets[0].SequenceNumber
	for _, p := range packets {
		have[p.SequenceNumber] = true
		if int16(p.SequenceNumber-last) > 0 {
			last = p.SequenceNumber
		}
	}
	for n := first; n != last; n++ {
		if !have[n] {
			lost = append(lost, n)
		}
	}
	return lost
}

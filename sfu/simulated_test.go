package sfu_test

import (
	"io"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/nack"
	"github.com/pion/logging"
	"github.com/pion/webrtc/v4"

	"palabre/internal/simnet"
	"palabre/sfu"
)

// meeting is a server and its clients on a simulated network.
type meeting struct {
	*testing.T
	sfu *sfu.SFU
	// server is the server's machine, whose links have no limits.
	server *simnet.Host
	net    *simnet.Network
	hosts  byte
	plain  simnet.Shape // of the links of those who join
}

// simulated runs a meeting in virtual time: a minute takes as long as its
// packets take to compute, and a busy machine changes nothing. What wraps
// stands between the server and the network.
func simulated(t *testing.T, do func(m *meeting), wraps ...func(net.PacketConn) net.PacketConn) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		m := &meeting{T: t, net: simnet.New(1)}
		t.Cleanup(func() {
			if err := m.net.Close(); err != nil {
				t.Error(err)
			}
		})
		m.server = m.host()
		m.sfu = server(t, func(c *sfu.Config) {
			var err error
			if c.UDP, err = m.server.Listen(0); err != nil {
				t.Fatal(err)
			}
			for _, wrap := range wraps {
				c.UDP = wrap(c.UDP)
			}
		})
		do(m)
	})
}

func (m *meeting) host() *simnet.Host {
	m.hosts++
	return m.net.Host(netip.AddrFrom4([4]byte{10, 0, 0, m.hosts}))
}

// pass lets time go by.
func (m *meeting) pass(d time.Duration) { <-time.NewTimer(d).C }

// attendee is a client with a machine of its own.
type attendee struct {
	*client
	host *simnet.Host
}

// join has a client enter that treats media as browsers do.
func (m *meeting) join(id string, sh shape) *attendee {
	m.Helper()
	h := m.host()
	h.Up.Set(m.plain)
	h.Down.Set(m.plain)
	sh.api = browserAPI(m.T, over(m.T, h))
	return &attendee{client: join(m.T, m.sfu, "room", id, sh), host: h}
}

// links gives a client's machine the same links both ways.
func (a *attendee) links(s simnet.Shape) {
	a.host.Up.Set(s)
	a.host.Down.Set(s)
}

// over has a client send over a simulated machine's links, and nothing else.
func over(t *testing.T, h *simnet.Host) setting {
	t.Helper()
	conn, err := h.Listen(0)
	if err != nil {
		t.Fatal(err)
	}
	mux := webrtc.NewICEUDPMux(nil, conn)
	t.Cleanup(func() {
		if err := mux.Close(); err != nil {
			t.Error(err)
		}
		_ = conn.Close()
	})
	return func(e *webrtc.SettingEngine) {
		e.SetICEUDPMux(mux)
		e.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	}
}

// browserAPI makes clients that negotiate what browsers do, repairs of sound
// among it, and answer requests for packets. What they ask for themselves is
// the [viewer]'s.
func browserAPI(t *testing.T, settings ...setting) *webrtc.API {
	t.Helper()
	e := webrtc.SettingEngine{LoggerFactory: &logging.DefaultLoggerFactory{Writer: io.Discard}}
	e.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	for _, f := range settings {
		f(&e)
	}
	m, r := &webrtc.MediaEngine{}, &interceptor.Registry{}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	register := func(kind webrtc.RTPCodecType, pt webrtc.PayloadType, c webrtc.RTPCodecCapability) {
		t.Helper()
		must(m.RegisterCodec(webrtc.RTPCodecParameters{RTPCodecCapability: c, PayloadType: pt}, kind))
	}
	register(webrtc.RTPCodecTypeAudio, 111, webrtc.RTPCodecCapability{
		MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2, SDPFmtpLine: "minptime=10;useinbandfec=1",
		RTCPFeedback: []webrtc.RTCPFeedback{{Type: "transport-cc"}, {Type: "nack"}},
	})
	register(webrtc.RTPCodecTypeVideo, 96, webrtc.RTPCodecCapability{
		MimeType: webrtc.MimeTypeVP8, ClockRate: 90000,
		RTCPFeedback: []webrtc.RTCPFeedback{{Type: "goog-remb"}, {Type: "transport-cc"}, {Type: "ccm", Parameter: "fir"}, {Type: "nack"}, {Type: "nack", Parameter: "pli"}},
	})
	register(webrtc.RTPCodecTypeVideo, 97, webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeRTX, ClockRate: 90000, SDPFmtpLine: "apt=96"})
	for uri, kinds := range map[string][]webrtc.RTPCodecType{
		"urn:ietf:params:rtp-hdrext:ssrc-audio-level":                {webrtc.RTPCodecTypeAudio},
		"urn:ietf:params:rtp-hdrext:sdes:mid":                        {webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeVideo},
		"http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time": {webrtc.RTPCodecTypeVideo},
	} {
		for _, kind := range kinds {
			must(m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: uri}, kind))
		}
	}
	must(webrtc.ConfigureSimulcastExtensionHeaders(m))
	responder, err := nack.NewResponderInterceptor()
	must(err)
	r.Add(responder)
	must(webrtc.ConfigureRTCPReports(r))
	must(webrtc.ConfigureTWCCHeaderExtensionSender(m, r))
	must(webrtc.ConfigureTWCCSender(m, r))
	return webrtc.NewAPI(webrtc.WithMediaEngine(m), webrtc.WithSettingEngine(e), webrtc.WithInterceptorRegistry(r))
}

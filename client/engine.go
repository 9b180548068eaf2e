package client

import (
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/nack"
	"github.com/pion/interceptor/pkg/report"
	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/logging"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"
)

// audioLevelURI is the client-to-mixer audio level extension (RFC 6464).
const audioLevelURI = sdp.AudioLevelURI

// ICE and DTLS timing. Consent is checked every second; a path silent for
// 5 s is worth an ICE restart, one silent for 25 s more is given up.
const (
	iceDisconnected = 5 * time.Second
	iceFailed       = 25 * time.Second
	iceKeepAlive    = time.Second
	dtlsRetransmit  = 120 * time.Millisecond
	feedbackEvery   = 50 * time.Millisecond
	// nackEvery is longer than a picture lasts: Pion hands a repaired packet
	// over together with the next ordinary one.
	nackEvery = 50 * time.Millisecond
)

// codecTable is what browsers offer, with their usual payload types.
func codecTable() []webrtc.RTPCodecParameters {
	opus := webrtc.RTPCodecCapability{
		MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2,
		SDPFmtpLine: "minptime=10;useinbandfec=1",
	}
	video := func(mime, fmtp string) webrtc.RTPCodecCapability {
		return webrtc.RTPCodecCapability{
			MimeType: mime, ClockRate: 90000, SDPFmtpLine: fmtp,
			RTCPFeedback: []webrtc.RTCPFeedback{
				{Type: "ccm", Parameter: "fir"}, {Type: "nack"}, {Type: "nack", Parameter: "pli"},
			},
		}
	}
	h264 := "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"
	return []webrtc.RTPCodecParameters{
		{PayloadType: 111, RTPCodecCapability: opus},
		{PayloadType: 96, RTPCodecCapability: video(webrtc.MimeTypeVP8, "")},
		{PayloadType: 98, RTPCodecCapability: video(webrtc.MimeTypeVP9, "profile-id=0")},
		{PayloadType: 102, RTPCodecCapability: video(webrtc.MimeTypeH264, h264)},
		{PayloadType: 45, RTPCodecCapability: video(webrtc.MimeTypeAV1, "level-idx=5;profile=0;tier=0")},
	}
}

// newAPI builds the Pion of one PeerConnection.
func newAPI(c Config) (*webrtc.API, error) {
	engine := &webrtc.MediaEngine{}
	if err := registerCodecs(engine, c.codecs()); err != nil {
		return nil, err
	}
	if err := registerExtensions(engine); err != nil {
		return nil, err
	}
	chain, err := interceptors(engine, logFactory{c.logger()})
	if err != nil {
		return nil, err
	}
	network, err := newNet()
	if err != nil {
		return nil, err
	}
	tuned := settings(c)
	tuned.SetNet(network)
	return webrtc.NewAPI(
		webrtc.WithMediaEngine(engine),
		webrtc.WithInterceptorRegistry(chain),
		webrtc.WithSettingEngine(tuned),
	), nil
}

func registerCodecs(engine *webrtc.MediaEngine, wanted []string) error {
	for _, codec := range codecTable() {
		if !containsFold(wanted, codec.MimeType) {
			continue
		}
		kind := webrtc.RTPCodecTypeAudio
		if strings.HasPrefix(codec.MimeType, "video/") {
			kind = webrtc.RTPCodecTypeVideo
		}
		if err := engine.RegisterCodec(codec, kind); err != nil {
			return fmt.Errorf("offering %s: %w", codec.MimeType, err)
		}
		if kind != webrtc.RTPCodecTypeVideo {
			continue
		}
		rtx := webrtc.RTPCodecParameters{
			PayloadType: codec.PayloadType + 1,
			RTPCodecCapability: webrtc.RTPCodecCapability{
				MimeType: webrtc.MimeTypeRTX, ClockRate: 90000,
				SDPFmtpLine: fmt.Sprintf("apt=%d", codec.PayloadType),
			},
		}
		if err := engine.RegisterCodec(rtx, kind); err != nil {
			return fmt.Errorf("offering retransmission of %s: %w", codec.MimeType, err)
		}
	}
	return nil
}

func registerExtensions(engine *webrtc.MediaEngine) error {
	both := []webrtc.RTPCodecType{webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeVideo}
	video := both[1:]
	for _, x := range []struct {
		uri   string
		kinds []webrtc.RTPCodecType
	}{
		{sdp.SDESMidURI, both},
		{sdp.SDESRTPStreamIDURI, video},
		{sdp.SDESRepairRTPStreamIDURI, video},
		{audioLevelURI, both[:1]},
		{sdp.TransportCCURI, both},
	} {
		for _, kind := range x.kinds {
			if err := engine.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: x.uri}, kind); err != nil {
				return fmt.Errorf("offering header extension %s: %w", x.uri, err)
			}
		}
	}
	return nil
}

// interceptors answers and sends feedback as a browser does. What is added
// first stands nearest to the wire: the transport-wide number is the last
// thing written, so that retransmissions get their own.
func interceptors(engine *webrtc.MediaEngine, log logging.LoggerFactory) (*interceptor.Registry, error) {
	engine.RegisterFeedback(webrtc.RTCPFeedback{Type: webrtc.TypeRTCPFBTransportCC}, webrtc.RTPCodecTypeVideo)
	engine.RegisterFeedback(webrtc.RTCPFeedback{Type: webrtc.TypeRTCPFBTransportCC}, webrtc.RTPCodecTypeAudio)
	number, err := twcc.NewHeaderExtensionInterceptor()
	if err != nil {
		return nil, fmt.Errorf("preparing transport-wide numbers: %w", err)
	}
	arrivals, err := twcc.NewSenderInterceptor(twcc.SendInterval(feedbackEvery), twcc.WithLoggerFactory(log))
	if err != nil {
		return nil, fmt.Errorf("preparing transport-wide feedback: %w", err)
	}
	responder, err := nack.NewResponderInterceptor(nack.WithResponderLoggerFactory(log))
	if err != nil {
		return nil, fmt.Errorf("preparing retransmission: %w", err)
	}
	generator, err := nack.NewGeneratorInterceptor(
		nack.GeneratorInterval(nackEvery), nack.WithGeneratorLoggerFactory(log))
	if err != nil {
		return nil, fmt.Errorf("preparing loss detection: %w", err)
	}
	receiver, err := report.NewReceiverInterceptor(report.WithReceiverLoggerFactory(log))
	if err != nil {
		return nil, fmt.Errorf("preparing receiver reports: %w", err)
	}
	sender, err := report.NewSenderInterceptor(report.WithSenderLoggerFactory(log))
	if err != nil {
		return nil, fmt.Errorf("preparing sender reports: %w", err)
	}
	chain := &interceptor.Registry{}
	for _, f := range []interceptor.Factory{number, repairFactory{}, responder, generator, receiver, sender, arrivals} {
		chain.Add(f)
	}
	return chain, nil
}

func settings(c Config) webrtc.SettingEngine {
	var s webrtc.SettingEngine
	s.SetSRTPProtectionProfiles(
		dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AEAD_AES_256_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80)
	s.SetICETimeouts(iceDisconnected, iceFailed, iceKeepAlive)
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	s.SetDTLSRetransmissionInterval(dtlsRetransmit)
	// Seats hold an SSRC from the answer on; their readers start at once.
	s.SetFireOnTrackBeforeFirstRTP(true)
	// A server on this machine may be reachable on its loopback address alone.
	s.SetIncludeLoopbackCandidate(isLocal(c.URL))
	if c.MediaRelay {
		s.SetRelayAcceptanceMinWait(0) // there is nothing better to wait for
	}
	if c.MediaTCP {
		s.SetNetworkTypes([]webrtc.NetworkType{
			webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6, webrtc.NetworkTypeTCP4, webrtc.NetworkTypeTCP6,
		})
	}
	s.LoggerFactory = logFactory{c.logger()}
	return s
}

// isLocal says whether the server's address is this machine's loopback.
func isLocal(raw string) bool {
	u, err := endpoint(raw)
	if err != nil {
		return false
	}
	if u.Hostname() == "localhost" {
		return true
	}
	ip := net.ParseIP(u.Hostname())
	return ip != nil && ip.IsLoopback()
}

// logFactory sends Pion's log to ours, one level lower: what Pion warns of is
// seldom news to the program.
type logFactory struct{ to *slog.Logger }

func (f logFactory) NewLogger(scope string) logging.LeveledLogger {
	return pionLog{f.to.With("pion", scope)}
}

type pionLog struct{ to *slog.Logger }

func (l pionLog) Trace(string)          {}
func (l pionLog) Tracef(string, ...any) {}
func (l pionLog) Debug(string)          {}
func (l pionLog) Debugf(string, ...any) {}
func (l pionLog) Info(m string)         { l.to.Debug(m) }
func (l pionLog) Infof(m string, a ...any) {
	l.to.Debug(fmt.Sprintf(m, a...))
}
func (l pionLog) Warn(m string)             { l.to.Debug(m) }
func (l pionLog) Warnf(m string, a ...any)  { l.to.Debug(fmt.Sprintf(m, a...)) }
func (l pionLog) Error(m string)            { l.to.Warn(m) }
func (l pionLog) Errorf(m string, a ...any) { l.to.Warn(fmt.Sprintf(m, a...)) }

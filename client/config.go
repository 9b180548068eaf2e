package client

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"palabre/signaling/protocol"
)

// Timing of a session.
const (
	// DefaultResumeWindow is how long a lost session is looked for. The server
	// keeps it for 30 s; what comes later is a new participant.
	DefaultResumeWindow = 30 * time.Second
	// callTimeout bounds one question to the server.
	callTimeout = 15 * time.Second
	// writeTimeout bounds one frame on its way out.
	writeTimeout = 5 * time.Second
	// pingInterval and silenceLimit find a dead WebSocket: the server answers
	// every ping, so two lost answers in a row mean the path is gone.
	pingInterval = 5 * time.Second
	silenceLimit = 12 * time.Second
)

// ErrConfig is wrapped by every complaint about a [Config].
var ErrConfig = errors.New("client configuration")

// Config says where to go, as whom, and what to send and receive.
type Config struct {
	// URL is the server: http, https, ws or wss. Without a path it means /ws.
	URL string
	// Room is the room's name.
	Room string
	// Token is a join token; empty means to come as a guest.
	Token string
	// Name is the display name; the token's name goes before it.
	Name string
	// Client names this program in the server's log, "bot/1.2".
	Client string

	// Send declares what will be published, at most one entry a source.
	Send []Send
	// Receive says how many receive-only lines the first offer holds.
	// The zero value receives nothing.
	Receive Receive
	// Layout says what is shown; the zero value means the grid.
	Layout protocol.Layout
	// Codecs limits what is offered, by MIME type; empty means all of
	// [SupportedCodecs].
	Codecs []string
	// OnPacket is called with every received packet, in order of arrival, from
	// one goroutine a line. The packet is valid during the call only. Packets
	// are read and answered with feedback even when OnPacket is nil.
	OnPacket func(*Receiver, *rtp.Packet)

	// MediaTCP tries media over TCP too (RFC 6544), for networks that block UDP.
	MediaTCP bool
	// MediaRelay sends media through the server's TURN relay alone, as a
	// network does that lets nothing but TLS through.
	MediaRelay bool

	// ResumeWindow is how long a lost connection is tried again;
	// 0 means [DefaultResumeWindow].
	ResumeWindow time.Duration
	// TLS is the configuration of the WebSocket's TLS; nil means the system's.
	TLS *tls.Config
	// Header is sent with the WebSocket's opening request.
	Header http.Header
	// Logger gets what a person debugging would like to know; nil means silence.
	Logger *slog.Logger
}

// Send declares one source to publish.
type Send struct {
	Source protocol.Source
	// Codec is the MIME type; empty means Opus or VP8.
	Codec string
	// RIDs are the simulcast layers (RFC 8853), lowest first, such as
	// q, h, f. Empty means a single stream.
	RIDs []string
}

// Receive counts receive-only lines.
type Receive struct {
	// Seats receive one person each, voice and camera.
	Seats int
	// Stages receive one shared screen each, with its sound.
	Stages int
	// Voices receive the loudest people who sit in no seat.
	Voices int
}

// DefaultReceive is what the meeting page starts with.
func DefaultReceive() Receive { return Receive{Seats: 4, Stages: 1, Voices: 3} }

// SeatSteps are the numbers of seats that offers grow through, so that a
// meeting of n people needs about log n negotiations.
func SeatSteps() []int { return []int{4, 9, 16, 25, 49} }

// SeatsFor returns the smallest step of [SeatSteps] that seats n people, or
// the largest step.
func SeatsFor(n int) int {
	steps := SeatSteps()
	i, _ := slices.BinarySearch(steps, n)
	return steps[min(i, len(steps)-1)]
}

// SupportedCodecs are the MIME types a session can negotiate.
func SupportedCodecs() []string {
	return []string{
		webrtc.MimeTypeOpus, webrtc.MimeTypeVP8, webrtc.MimeTypeVP9,
		webrtc.MimeTypeH264, webrtc.MimeTypeAV1,
	}
}

// Validate returns everything that is wrong with the configuration.
func (c Config) Validate() error {
	var faults []error
	complain := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("%w: "+format, append([]any{ErrConfig}, args...)...))
	}
	if _, err := endpoint(c.URL); err != nil {
		faults = append(faults, err)
	}
	if c.Room == "" {
		complain("Room is empty; name the room to join")
	}
	largest := slices.Max(SeatSteps())
	for name, n := range map[string]int{"Seats": c.Receive.Seats, "Stages": c.Receive.Stages, "Voices": c.Receive.Voices} {
		if n < 0 || n > largest {
			complain("Receive.%s is %d; use 0 to %d", name, n, largest)
		}
	}
	seen := map[protocol.Source]bool{}
	for _, s := range c.Send {
		if seen[s.Source] {
			complain("source %q is declared twice in Send", s.Source)
		}
		seen[s.Source] = true
		faults = append(faults, s.validate(c.codecs())...)
	}
	for _, codec := range c.Codecs {
		if !containsFold(SupportedCodecs(), codec) {
			complain("codec %q is unknown; use one of %s", codec, strings.Join(SupportedCodecs(), ", "))
		}
	}
	return errors.Join(faults...)
}

func (s Send) validate(offered []string) []error {
	var faults []error
	kind, ok := kindOf(s.Source)
	switch {
	case !ok:
		return []error{fmt.Errorf("%w: source %q is unknown", ErrConfig, s.Source)}
	case !strings.HasPrefix(strings.ToLower(s.codec()), kind.String()+"/"):
		faults = append(faults, fmt.Errorf("%w: %s cannot be sent as %s", ErrConfig, s.Source, s.codec()))
	case !containsFold(offered, s.codec()):
		faults = append(faults, fmt.Errorf("%w: codec %s of %s is not among Codecs", ErrConfig, s.codec(), s.Source))
	}
	if len(s.RIDs) > 0 && kind != webrtc.RTPCodecTypeVideo {
		faults = append(faults, fmt.Errorf("%w: %s cannot have simulcast layers", ErrConfig, s.Source))
	}
	for i, rid := range s.RIDs {
		if rid == "" || slices.Contains(s.RIDs[:i], rid) {
			faults = append(faults, fmt.Errorf("%w: simulcast rid %q of %s is empty or repeated", ErrConfig, rid, s.Source))
		}
	}
	return faults
}

func (s Send) codec() string {
	if s.Codec != "" {
		return s.Codec
	}
	if kind, _ := kindOf(s.Source); kind == webrtc.RTPCodecTypeAudio {
		return webrtc.MimeTypeOpus
	}
	return webrtc.MimeTypeVP8
}

func (c Config) codecs() []string {
	if len(c.Codecs) > 0 {
		return c.Codecs
	}
	return SupportedCodecs()
}

func (c Config) resumeWindow() time.Duration {
	if c.ResumeWindow > 0 {
		return c.ResumeWindow
	}
	return DefaultResumeWindow
}

func (c Config) logger() *slog.Logger {
	if c.Logger != nil {
		return c.Logger
	}
	return slog.New(slog.DiscardHandler)
}

// media says what the declared lines send, as join tells it.
func (c Config) media() protocol.Media {
	var m protocol.Media
	for _, s := range c.Send {
		switch s.Source {
		case protocol.SourceMicrophone:
			m.Microphone = true
		case protocol.SourceCamera:
			m.Camera = true
		case protocol.SourceScreen:
			m.Screen = true
		case protocol.SourceScreenAudio:
			m.ScreenAudio = true
		}
	}
	return m
}

// endpoint turns what people paste into the WebSocket's address.
func endpoint(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("%w: URL: %w", ErrConfig, err)
	}
	switch u.Scheme {
	case "http", "ws":
		u.Scheme = "ws"
	case "https", "wss":
		u.Scheme = "wss"
	default:
		return nil, fmt.Errorf("%w: URL %q: begin with http://, https://, ws:// or wss://", ErrConfig, raw)
	}
	if u.Host == "" {
		return nil, fmt.Errorf("%w: URL %q names no host", ErrConfig, raw)
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/ws"
	}
	u.Fragment = ""
	return u, nil
}

func kindOf(source protocol.Source) (webrtc.RTPCodecType, bool) {
	switch source {
	case protocol.SourceMicrophone, protocol.SourceScreenAudio:
		return webrtc.RTPCodecTypeAudio, true
	case protocol.SourceCamera, protocol.SourceScreen:
		return webrtc.RTPCodecTypeVideo, true
	default:
		return 0, false
	}
}

func containsFold(list []string, s string) bool {
	return slices.ContainsFunc(list, func(have string) bool { return strings.EqualFold(have, s) })
}

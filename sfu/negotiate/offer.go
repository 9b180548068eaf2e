// Package negotiate reads a client's SDP offer and writes the server's answer
// (RFC 3264, RFC 8829, RFC 9143). It decides codecs, header extensions,
// simulcast and feedback by media section and holds no connection: text in,
// text and facts out. The size of what it is given is checked by package sdp.
package negotiate

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"

	"palabre/sfu/rtp"
)

// ErrOffer is wrapped by every refusal of this package.
var ErrOffer = errors.New("unusable offer")

// Kind is what a media section carries.
type Kind uint8

// The kinds of media.
const (
	Other Kind = iota // a section the server knows nothing of and rejects
	Audio
	Video
	Data // data channels over SCTP (RFC 8841)
)

// Offer is a client's offer, reduced to what the server can use.
type Offer struct {
	Ufrag, Pwd   string
	Fingerprints []Fingerprint
	// ICELite says that the client is an ICE-lite agent, which two servers may be.
	ICELite bool
	// MixedExtensions says that one- and two-byte extensions may be mixed (RFC 8285 section 6).
	MixedExtensions bool
	Lines           []Line
}

// Fingerprint is a certificate's hash (RFC 8122).
type Fingerprint struct{ Algorithm, Value string }

// Line is one media section of an offer.
type Line struct {
	Mid  string
	Kind Kind
	// Media and Protocol are echoed in the answer.
	Media, Protocol string
	Formats         []string
	// Sends and Receives are the client's view.
	Sends, Receives bool
	// Bundled says that the section shares the one transport.
	Bundled bool
	// Codecs are those both sides know, in the client's order.
	Codecs []Codec
	// Extensions are those both sides know.
	Extensions []Extension
	// RIDs are the simulcast layers the client may send, in its order.
	RIDs []string
	// SSRCs are the streams the client declares (RFC 5576); RTX maps each to its repair stream.
	SSRCs []uint32
	RTX   map[uint32]uint32
	// CNAME is the client's name for its clock.
	CNAME string
	// MaxMessage is the largest message the client takes over a data channel, in bytes (RFC 8841 section 6).
	MaxMessage int
}

// Extension is a header extension with the client's id for it.
type Extension struct {
	ID   uint8
	Kind rtp.Extension
	// way is the direction the client uses it in, empty for both (RFC 8285 section 5).
	way string
}

// use says whether the client uses the extension in a section that sends or receives.
func (e Extension) use(sends, receives bool) bool {
	switch e.way {
	case "", "sendrecv":
		return true
	case "sendonly":
		return sends
	case "recvonly":
		return receives
	default:
		return false
	}
}

// answer is the direction an answer gives it.
func (e Extension) answer() string {
	switch e.way {
	case "sendonly":
		return "/recvonly"
	case "recvonly":
		return "/sendonly"
	}
	return ""
}

// Parse reads an offer. Every error wraps [ErrOffer].
func Parse(text string) (*Offer, error) {
	var d sdp.SessionDescription
	if err := d.UnmarshalString(text); err != nil {
		return nil, fmt.Errorf("%w: not an SDP: %w", ErrOffer, err)
	}
	if len(d.MediaDescriptions) == 0 {
		return nil, fmt.Errorf("%w: no media section", ErrOffer)
	}
	o := &Offer{}
	_, o.MixedExtensions = d.Attribute(sdp.AttrKeyExtMapAllowMixed)
	_, o.ICELite = d.Attribute(sdp.AttrKeyICELite)
	bundle := bundleMids(&d)
	seen := make(map[string]bool, len(d.MediaDescriptions))
	for i, m := range d.MediaDescriptions {
		l, err := parseLine(m, sessionDirection(&d))
		if err != nil {
			return nil, fmt.Errorf("%w: media section %d: %w", ErrOffer, i, err)
		}
		if l.Mid == "" && len(d.MediaDescriptions) == 1 {
			l.Mid = "0" // a lone section of an old encoder
		}
		if l.Mid == "" || seen[l.Mid] {
			return nil, fmt.Errorf("%w: media section %d has no mid of its own", ErrOffer, i)
		}
		seen[l.Mid] = true
		l.Bundled = len(d.MediaDescriptions) == 1 || slices.Contains(bundle, l.Mid)
		l.Codecs = o.shared(l.Codecs)
		o.Lines = append(o.Lines, l)
	}
	if err := o.transport(&d); err != nil {
		return nil, err
	}
	return o, nil
}

// shared gives the codecs of a section before that has the same: clients have a
// dozen alike, and what is kept of them is kept as long as the meeting lasts.
func (o *Offer) shared(codecs []Codec) []Codec {
	for i := range o.Lines {
		if slices.EqualFunc(o.Lines[i].Codecs, codecs, Codec.equal) {
			return o.Lines[i].Codecs
		}
	}
	return codecs
}

// transport finds the one transport's credentials: those of the session or of
// the first section that has them.
func (o *Offer) transport(d *sdp.SessionDescription) error {
	setup := ""
	take := func(attributes []sdp.Attribute) {
		for _, a := range attributes {
			switch a.Key {
			case "ice-ufrag":
				o.Ufrag = first(o.Ufrag, a.Value)
			case "ice-pwd":
				o.Pwd = first(o.Pwd, a.Value)
			case "setup":
				setup = first(setup, a.Value)
			case "fingerprint":
				if alg, value, ok := strings.Cut(a.Value, " "); ok && len(o.Fingerprints) < maxFingerprints {
					f := Fingerprint{Algorithm: strings.ToLower(alg), Value: strings.ToUpper(value)}
					if !slices.Contains(o.Fingerprints, f) {
						o.Fingerprints = append(o.Fingerprints, f)
					}
				}
			}
		}
	}
	for _, m := range d.MediaDescriptions {
		take(m.Attributes)
	}
	take(d.Attributes)
	switch {
	case !credential(o.Ufrag, 4) || !credential(o.Pwd, 22):
		return fmt.Errorf("%w: ICE user fragment or password missing or malformed (RFC 8839 section 5.4)", ErrOffer)
	case len(o.Fingerprints) == 0:
		return fmt.Errorf("%w: no DTLS fingerprint", ErrOffer)
	case setup == "passive" || setup == "holdconn":
		return fmt.Errorf("%w: a=setup:%s, but the server is the DTLS server", ErrOffer, setup)
	}
	return nil
}

// maxFingerprints bounds what one offer may make us remember.
const maxFingerprints = 8

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// credential checks an ice-char string's length and alphabet.
func credential(s string, least int) bool {
	if len(s) < least || len(s) > 256 {
		return false
	}
	return strings.IndexFunc(s, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '+' && r != '/'
	}) < 0
}

func bundleMids(d *sdp.SessionDescription) []string {
	for _, a := range d.Attributes {
		if a.Key == sdp.AttrKeyGroup && strings.HasPrefix(a.Value, "BUNDLE") {
			return strings.Fields(a.Value)[1:]
		}
	}
	return nil
}

func sessionDirection(d *sdp.SessionDescription) string {
	for _, a := range d.Attributes {
		switch a.Key {
		case "sendrecv", "sendonly", "recvonly", "inactive":
			return a.Key
		}
	}
	return "sendrecv"
}

func parseLine(m *sdp.MediaDescription, direction string) (Line, error) {
	l := Line{
		Media:    m.MediaName.Media,
		Protocol: strings.Join(m.MediaName.Protos, "/"),
		Formats:  m.MediaName.Formats,
		RTX:      map[uint32]uint32{},
	}
	switch {
	case l.Media == "application" && strings.HasSuffix(l.Protocol, "DTLS/SCTP") && slices.Contains(l.Formats, "webrtc-datachannel"):
		l.Kind, l.MaxMessage = Data, silentMaxMessage
	case !strings.HasSuffix(l.Protocol, "RTP/SAVPF"):
	case l.Media == "audio":
		l.Kind = Audio
	case l.Media == "video":
		l.Kind = Video
	}
	for _, a := range m.Attributes {
		switch a.Key {
		case "mid":
			l.Mid = a.Value
		case "sendrecv", "sendonly", "recvonly", "inactive":
			direction = a.Key
		case "extmap":
			l.extension(a.Value)
		case "simulcast":
			l.simulcast(a.Value)
		case "ssrc":
			l.ssrc(a.Value)
		case "ssrc-group":
			l.group(a.Value)
		case "max-message-size":
			l.maxMessage(a.Value)
		}
	}
	if !token(l.Mid) {
		return l, errors.New("the mid is not a token")
	}
	l.Sends = direction == "sendrecv" || direction == "sendonly"
	l.Receives = direction == "sendrecv" || direction == "recvonly"
	l.Extensions = slices.DeleteFunc(l.Extensions, func(e Extension) bool { return !e.use(l.Sends, l.Receives) })
	l.Codecs = parseCodecs(m, l.Kind)
	if !slices.ContainsFunc(l.Extensions, func(e Extension) bool { return e.Kind == rtp.TransportSequence }) {
		for i := range l.Codecs { // without numbers no arrival can be reported
			l.Codecs[i].Feedback = slices.DeleteFunc(l.Codecs[i].Feedback, func(f string) bool { return f == "transport-cc" })
		}
	}
	return l, nil
}

// silentMaxMessage is what a client takes that says nothing of it, and
// maxMaxMessage stands for one that takes any size (RFC 8841 section 6.1).
const silentMaxMessage, maxMaxMessage = 64 << 10, 1 << 30

func (l *Line) maxMessage(value string) {
	n, err := strconv.ParseUint(value, 10, 63)
	if err != nil {
		return
	}
	if l.MaxMessage = int(min(n, maxMaxMessage)); n == 0 {
		l.MaxMessage = maxMaxMessage
	}
}

// token accepts what may stand in an a=mid or a=rid line without harm.
func token(s string) bool {
	return len(s) <= 32 && strings.IndexFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]`, r) }) < 0
}

func (l *Line) extension(value string) {
	head, uri, ok := strings.Cut(value, " ")
	if !ok {
		return
	}
	uri, _, _ = strings.Cut(uri, " ")
	head, way, _ := strings.Cut(head, "/")
	id, err := strconv.ParseUint(head, 10, 8)
	if err != nil || id == 0 || id == 15 {
		return
	}
	kind, ok := rtp.ExtensionByURI(uri)
	if !ok || slices.ContainsFunc(l.Extensions, func(e Extension) bool { return e.Kind == kind || e.ID == uint8(id) }) {
		return
	}
	l.Extensions = append(l.Extensions, Extension{ID: uint8(id), Kind: kind, way: way})
}

// maxRIDs bounds the layers of one track; browsers send three.
const maxRIDs = 4

func (l *Line) simulcast(value string) {
	fields := strings.Fields(value)
	for i := 0; i+1 < len(fields); i += 2 {
		if fields[i] != "send" {
			continue
		}
		for alternatives := range strings.SplitSeq(fields[i+1], ";") {
			rid, _, _ := strings.Cut(alternatives, ",")
			rid = strings.TrimPrefix(rid, "~")
			if rid == "" || len(rid) > 16 || !token(rid) || len(l.RIDs) == maxRIDs || slices.Contains(l.RIDs, rid) {
				continue
			}
			l.RIDs = append(l.RIDs, rid)
		}
	}
}

// maxSSRCs bounds the streams declared for one section.
const maxSSRCs = 16

func (l *Line) ssrc(value string) {
	head, attribute, _ := strings.Cut(value, " ")
	n, err := strconv.ParseUint(head, 10, 32)
	if err != nil || n == 0 {
		return
	}
	if name, ok := strings.CutPrefix(attribute, "cname:"); ok && l.CNAME == "" {
		l.CNAME = name
	}
	if len(l.SSRCs) < maxSSRCs && !slices.Contains(l.SSRCs, uint32(n)) {
		l.SSRCs = append(l.SSRCs, uint32(n))
	}
}

func (l *Line) group(value string) {
	fields := strings.Fields(value)
	if len(fields) != 3 || fields[0] != "FID" || len(l.RTX) == maxSSRCs {
		return
	}
	media, err1 := strconv.ParseUint(fields[1], 10, 32)
	repair, err2 := strconv.ParseUint(fields[2], 10, 32)
	if err1 == nil && err2 == nil && media != repair {
		l.RTX[uint32(media)] = uint32(repair)
	}
}

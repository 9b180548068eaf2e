package negotiate

import (
	"slices"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"
)

// Codec is one payload type of a media section.
//
// Lists of them are read by many: they are not written to once the offer is parsed.
type Codec struct {
	PayloadType uint8
	// RTX is the payload type of its retransmissions (RFC 4588), 0 for none.
	RTX uint8
	// MIME is "video/VP8" and the like, in the spelling of the registry.
	MIME      string
	ClockRate uint32
	Channels  uint8
	Fmtp      string
	Feedback  []string
	// Blocks is, for redundant audio (RFC 2198), the payload type of what its
	// blocks carry: Opus.
	Blocks uint8
	// Variant tells apart what one decoder cannot take for the other: the
	// profile and, for H.264, the packetisation mode. Empty for most.
	Variant string
}

func (c Codec) equal(o Codec) bool {
	return c.PayloadType == o.PayloadType && c.RTX == o.RTX && c.MIME == o.MIME && c.ClockRate == o.ClockRate && c.Channels == o.Channels &&
		c.Fmtp == o.Fmtp && slices.Equal(c.Feedback, o.Feedback) && c.Blocks == o.Blocks && c.Variant == o.Variant
}

// mimes are the codecs the server forwards.
func mimes(kind Kind, name string) (string, uint32) {
	switch strings.ToLower(name) {
	case "opus", "red": // of video redundancy is another thing
		if kind == Audio {
			return "audio/" + strings.ToLower(name), 48000
		}
	case "vp8", "vp9", "h264", "av1":
		if kind == Video {
			return "video/" + strings.ToUpper(name), 90000
		}
	}
	return "", 0
}

// raw is what the attributes of one payload type say.
type raw struct {
	name     string
	rate     uint32
	channels uint8
	fmtp     string
	feedback []string
}

func parseCodecs(m *sdp.MediaDescription, kind Kind) []Codec {
	if kind == Other {
		return nil
	}
	table := payloadTypes(m)
	var codecs []Codec
	for _, format := range m.MediaName.Formats {
		pt, err := strconv.ParseUint(format, 10, 7)
		if err != nil {
			continue
		}
		r, ok := table[uint8(pt)]
		if !ok {
			continue
		}
		mime, rate := mimes(kind, r.name)
		if mime == "" || rate != r.rate || slices.ContainsFunc(codecs, func(c Codec) bool { return c.PayloadType == uint8(pt) }) {
			continue
		}
		codecs = append(codecs, Codec{
			Blocks: blocks(mime, r.fmtp), PayloadType: uint8(pt), RTX: repair(table, m.MediaName.Formats, uint8(pt)), MIME: mime, ClockRate: rate,
			Channels: r.channels, Fmtp: r.fmtp, Feedback: wanted(kind, r.feedback), Variant: variant(mime, r.fmtp),
		})
	}
	// Redundancy is of use only for a codec that both sides know.
	return slices.DeleteFunc(codecs, func(c Codec) bool {
		return c.MIME == redundant && !slices.ContainsFunc(codecs, func(o Codec) bool { return o.PayloadType == c.Blocks && o.MIME == opus })
	})
}

const (
	opus      = "audio/opus"
	redundant = "audio/red"
)

// blocks reads what redundant audio is made of, as in "111/111"; 0 when its
// blocks are of several kinds.
func blocks(mime, fmtp string) uint8 {
	first, rest, _ := strings.Cut(fmtp, "/")
	pt, err := strconv.ParseUint(first, 10, 7)
	if mime != redundant || err != nil {
		return 0
	}
	for other := range strings.SplitSeq(rest, "/") {
		if other != first {
			return 0
		}
	}
	return uint8(pt)
}

func payloadTypes(m *sdp.MediaDescription) map[uint8]*raw {
	table := make(map[uint8]*raw, len(m.MediaName.Formats))
	var everyone []string // rtcp-fb for all payload types
	for _, a := range m.Attributes {
		if a.Key != "rtpmap" && a.Key != "fmtp" && a.Key != "rtcp-fb" {
			continue
		}
		head, rest, _ := strings.Cut(a.Value, " ")
		if a.Key == "rtcp-fb" && head == "*" {
			everyone = append(everyone, rest)
			continue
		}
		pt, err := strconv.ParseUint(head, 10, 7)
		if err != nil {
			continue
		}
		r := table[uint8(pt)]
		if r == nil {
			r = &raw{}
			table[uint8(pt)] = r
		}
		switch a.Key {
		case "rtpmap":
			r.name, r.rate, r.channels = rtpmap(rest)
		case "fmtp":
			r.fmtp = rest
		case "rtcp-fb":
			r.feedback = append(r.feedback, rest)
		}
	}
	for _, r := range table {
		r.feedback = append(r.feedback, everyone...)
	}
	return table
}

func rtpmap(value string) (name string, rate uint32, channels uint8) {
	parts := strings.Split(value, "/")
	name = parts[0]
	if len(parts) > 1 {
		n, _ := strconv.ParseUint(parts[1], 10, 32)
		rate = uint32(n)
	}
	if len(parts) > 2 {
		n, _ := strconv.ParseUint(parts[2], 10, 8)
		channels = uint8(n)
	}
	return name, rate, channels
}

// repair finds the rtx payload type associated with pt.
func repair(table map[uint8]*raw, formats []string, pt uint8) uint8 {
	for _, format := range formats {
		n, err := strconv.ParseUint(format, 10, 7)
		if err != nil {
			continue
		}
		r := table[uint8(n)]
		if r != nil && strings.EqualFold(r.name, "rtx") && parameter(r.fmtp, "apt") == strconv.Itoa(int(pt)) {
			return uint8(n)
		}
	}
	return 0
}

// wanted keeps the feedback the server gives or understands.
func wanted(kind Kind, offered []string) []string {
	var keep []string
	for _, f := range offered {
		switch f {
		case "transport-cc", "ack ccfb", "nack":
		case "nack pli", "ccm fir", "goog-remb":
			if kind != Video {
				continue
			}
		default:
			continue
		}
		if !slices.Contains(keep, f) {
			keep = append(keep, f)
		}
	}
	return keep
}

// ReportsArrivals says that the client reports when each packet arrived.
func (c Codec) ReportsArrivals() bool { return slices.Contains(c.Feedback, "transport-cc") }

// ReportsCongestion says that the client reports the same by stream (RFC 8888 section 6).
func (c Codec) ReportsCongestion() bool { return slices.Contains(c.Feedback, "ack ccfb") }

// parameter reads one value of an fmtp line.
func parameter(fmtp, key string) string {
	for p := range strings.SplitSeq(fmtp, ";") {
		if k, v, ok := strings.Cut(strings.TrimSpace(p), "="); ok && strings.EqualFold(k, key) {
			return v
		}
	}
	return ""
}

func variant(mime, fmtp string) string {
	switch mime {
	case "video/VP9":
		return or(parameter(fmtp, "profile-id"), "0")
	case "video/AV1":
		return or(parameter(fmtp, "profile"), "0")
	case "video/H264":
		level := strings.ToLower(or(parameter(fmtp, "profile-level-id"), "42e01f"))
		if len(level) != 6 {
			return "?"
		}
		// Constraint bits tell constrained baseline (e0 or 40 set) from baseline.
		profile := level[:2]
		if profile == "42" && (level[2] >= '4' && level[2] <= '7' || level[2] >= 'c') {
			profile = "42c"
		}
		return profile + "/" + or(parameter(fmtp, "packetization-mode"), "0")
	}
	return ""
}

func or(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

// Match finds the payload type a viewer's section has for a publisher's codec:
// the same variant, or for H.264 the same packetisation mode. Of redundant
// audio a viewer who does not take it gets the sound alone.
func Match(viewer []Codec, published Codec) (Codec, bool) {
	if published.MIME == redundant && !slices.ContainsFunc(viewer, func(c Codec) bool { return c.MIME == redundant }) {
		published = Codec{MIME: opus}
	}
	var near *Codec
	for i := range viewer {
		c := &viewer[i]
		if c.MIME != published.MIME {
			continue
		}
		if c.Variant == published.Variant {
			return *c, true
		}
		if near == nil && c.MIME == "video/H264" && tail(c.Variant) == tail(published.Variant) {
			near = c
		}
	}
	if near == nil {
		return Codec{}, false
	}
	return *near, true
}

func tail(variant string) string {
	_, mode, _ := strings.Cut(variant, "/")
	return mode
}

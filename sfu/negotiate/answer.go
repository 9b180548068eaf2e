package negotiate

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"palabre/sfu/rtp"
)

// Local is the server's side of one connection.
type Local struct {
	SessionID, Version uint64
	Ufrag, Pwd         string
	// Fingerprint is the server's certificate in SHA-256.
	Fingerprint string
	// Candidates are whole candidate attributes, without "a=".
	Candidates []string
	Lite       bool
	// Uses says what the server does with each section; others are answered inactive.
	Uses map[string]Use
}

// Use is what the server does with one media section.
type Use struct {
	// Receive takes what the client sends there; Send feeds what it receives.
	Receive, Send bool
	// Stream is the MediaStream id that binds a seat's audio and video.
	Stream string
	// SSRC and RTX are the server's streams in that section.
	SSRC, RTX uint32
	// MaxMessage takes a section of data channels, with messages of up to so many bytes.
	MaxMessage int
	// Stereo asks an Opus publisher for music: two channels, no DTX. A client
	// whose offer says that it sends so (sprop-stereo=1) is asked for it, too.
	Stereo bool
}

// Answer writes the server's answer.
//
// Who can report when each packet arrived is asked for that, both ways. Only a
// viewer that cannot is asked for an estimate of its own (goog-remb).
func (o *Offer) Answer(local Local) string {
	var b strings.Builder
	b.Grow(1024 + len(o.Lines)*1200)
	fmt.Fprintf(&b, "v=0\r\no=- %d %d IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n", local.SessionID, local.Version)
	var mids []string
	for _, l := range o.Lines {
		if !l.rejected(local.Uses[l.Mid]) {
			mids = append(mids, l.Mid)
		}
	}
	if len(mids) > 0 {
		line(&b, "group:BUNDLE ", strings.Join(mids, " "))
	}
	if o.MixedExtensions {
		b.WriteString("a=extmap-allow-mixed\r\n")
	}
	b.WriteString("a=msid-semantic: WMS *\r\n")
	if local.Lite {
		b.WriteString("a=ice-lite\r\n")
	}
	b.WriteString("a=fingerprint:sha-256 " + local.Fingerprint + "\r\n")
	candidates := local.Candidates
	for i := range o.Lines {
		l := &o.Lines[i]
		if l.rejected(local.Uses[l.Mid]) {
			fmt.Fprintf(&b, "m=%s 0 %s %s\r\nc=IN IP4 0.0.0.0\r\na=mid:%s\r\na=inactive\r\n", l.Media, l.Protocol, l.formats(), l.Mid)
			continue
		}
		if l.Kind == Data {
			l.channels(&b, local)
		} else {
			l.answer(&b, local)
		}
		gathered(&b, candidates)
		candidates = nil // bundled sections share those of the first
	}
	return b.String()
}

// rejected says that the server takes no part in the section. Data channels
// cost memory, so they are taken where they have a use; media is answered in any case.
func (l *Line) rejected(use Use) bool {
	if l.Kind == Data {
		return !l.Bundled || use.MaxMessage == 0
	}
	return l.Kind == Other || !l.Bundled || len(l.Codecs) == 0
}

// channels answers a section of data channels (RFC 8841 section 10): SCTP
// over the one DTLS connection, which begins when the client begins it.
func (l *Line) channels(b *strings.Builder, local Local) {
	fmt.Fprintf(b, "m=%s 9 %s webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=setup:passive\r\n", l.Media, l.Protocol)
	line(b, "mid:", l.Mid)
	line(b, "ice-ufrag:", local.Ufrag)
	line(b, "ice-pwd:", local.Pwd)
	line(b, "sctp-port:", strconv.Itoa(sctpPort))
	line(b, "max-message-size:", strconv.Itoa(local.Uses[l.Mid].MaxMessage))
}

// sctpPort is what everybody uses over DTLS, where it means nothing (RFC 8841 section 5.1).
const sctpPort = 5000

// formats echoes the offered formats, as a rejected section must name at least one.
func (l *Line) formats() string {
	if len(l.Formats) == 0 {
		return "0"
	}
	return l.Formats[0]
}

func (l *Line) answer(b *strings.Builder, local Local) {
	use := local.Uses[l.Mid]
	send, receive := use.Send && l.Receives, use.Receive && l.Sends
	fmt.Fprintf(b, "m=%s 9 %s", l.Media, l.Protocol)
	for _, c := range l.Codecs {
		fmt.Fprintf(b, " %d", c.PayloadType)
		if c.RTX != 0 {
			fmt.Fprintf(b, " %d", c.RTX)
		}
	}
	b.WriteString("\r\nc=IN IP4 0.0.0.0\r\na=setup:passive\r\n")
	line(b, "mid:", l.Mid)
	line(b, "ice-ufrag:", local.Ufrag)
	line(b, "ice-pwd:", local.Pwd)
	b.WriteString("a=rtcp-mux\r\na=rtcp-rsize\r\n")
	for _, c := range l.Codecs {
		c.answer(b, use, receive)
	}
	for _, e := range l.Extensions {
		if !receive && publishers().Has(e.Kind) {
			continue
		}
		line(b, "extmap:", strconv.Itoa(int(e.ID))+e.answer()+" "+e.Kind.URI())
	}
	b.WriteString("a=" + direction(send, receive) + "\r\n")
	if receive && len(l.RIDs) > 0 {
		for _, rid := range l.RIDs {
			line(b, "rid:", rid+" recv")
		}
		line(b, "simulcast:recv ", strings.Join(l.RIDs, ";"))
	}
	if send {
		l.streams(b, use)
	}
}

// gathered writes the candidates, of the first section that is not rejected.
func gathered(b *strings.Builder, candidates []string) {
	for _, c := range candidates {
		line(b, "", c)
	}
	if len(candidates) > 0 {
		b.WriteString("a=end-of-candidates\r\n")
	}
}

// publishers are the header extensions that only a publisher's packets bear:
// what names and describes its layers.
func publishers() rtp.Set {
	return rtp.SetOf(rtp.RID, rtp.RepairedRID, rtp.LayersAllocation)
}

func (l *Line) streams(b *strings.Builder, use Use) {
	track := use.Stream + "-" + l.Media
	line(b, "msid:", use.Stream+" "+track)
	if use.RTX != 0 && slices.ContainsFunc(l.Codecs, func(c Codec) bool { return c.RTX != 0 }) {
		line(b, "ssrc-group:FID ", fmt.Sprintf("%d %d", use.SSRC, use.RTX))
		source(b, use.SSRC, use.Stream, track)
		source(b, use.RTX, use.Stream, track)
		return
	}
	source(b, use.SSRC, use.Stream, track)
}

// source declares one stream. The CNAME is the seat's: one clock for its two
// streams (RFC 8834 section 4.9).
func source(b *strings.Builder, ssrc uint32, stream, track string) {
	fmt.Fprintf(b, "a=ssrc:%d cname:%s\r\na=ssrc:%d msid:%s %s\r\n", ssrc, stream, ssrc, stream, track)
}

func (c Codec) answer(b *strings.Builder, use Use, receive bool) {
	_, name, _ := strings.Cut(c.MIME, "/")
	fmt.Fprintf(b, "a=rtpmap:%d %s/%d", c.PayloadType, name, c.ClockRate)
	if c.Channels > 1 {
		fmt.Fprintf(b, "/%d", c.Channels)
	}
	b.WriteString("\r\n")
	for _, f := range c.Feedback {
		switch {
		case f == "goog-remb" && (receive || c.ReportsArrivals() || c.ReportsCongestion()),
			f == "ack ccfb" && (receive || c.ReportsArrivals()): // one way to report is enough
			continue
		}
		fmt.Fprintf(b, "a=rtcp-fb:%d %s\r\n", c.PayloadType, f)
	}
	if fmtp := c.parameters(use, receive); fmtp != "" {
		fmt.Fprintf(b, "a=fmtp:%d %s\r\n", c.PayloadType, fmtp)
	}
	if c.RTX != 0 {
		fmt.Fprintf(b, "a=rtpmap:%d rtx/%d\r\na=fmtp:%d apt=%d\r\n", c.RTX, c.ClockRate, c.RTX, c.PayloadType)
	}
}

// parameters are what the server asks of the sender: for Opus, speech with
// in-band correction and silence left out, or music in stereo.
func (c Codec) parameters(use Use, receive bool) string {
	switch {
	case c.MIME == redundant:
		return c.Fmtp
	case c.MIME != opus:
		return c.video(receive)
	case receive && (use.Stereo || parameter(c.Fmtp, "sprop-stereo") == "1"):
		return "minptime=10;useinbandfec=1;stereo=1;sprop-stereo=1;maxaveragebitrate=" + strconv.Itoa(c.musicBitrate())
	case receive:
		return "minptime=10;useinbandfec=1;usedtx=1"
	default:
		return "minptime=10;useinbandfec=1;stereo=1;sprop-stereo=1"
	}
}

// Music in stereo takes what the client asks for within these bounds, else
// musicDefault; in bit/s.
const musicLeast, musicDefault, musicMost = 128_000, 192_000, 256_000

func (c Codec) musicBitrate() int {
	asked, err := strconv.Atoi(parameter(c.Fmtp, "maxaveragebitrate"))
	if err != nil {
		return musicDefault
	}
	return min(max(asked, musicLeast), musicMost)
}

// startBitrate is what a browser begins to send with, in kbit/s, until its
// estimator knows better. Its own 300 leave the best layer out for seconds.
const startBitrate = "x-google-start-bitrate=1500"

func (c Codec) video(receive bool) string {
	switch {
	case !receive:
		return c.Fmtp
	case c.Fmtp == "":
		return startBitrate
	}
	return c.Fmtp + ";" + startBitrate
}

func direction(send, receive bool) string {
	switch {
	case send && receive:
		return "sendrecv"
	case send:
		return "sendonly"
	case receive:
		return "recvonly"
	}
	return "inactive"
}

func line(b *strings.Builder, key, value string) {
	b.WriteString("a=")
	b.WriteString(key)
	b.WriteString(value)
	b.WriteString("\r\n")
}

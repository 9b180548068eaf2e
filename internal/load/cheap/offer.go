package cheap

import (
	"fmt"
	"strconv"
	"strings"

	"palabre/client"
	"palabre/signaling/protocol"
)

// What is offered: the codecs of the load's publishers, with the payload types
// and the header extensions that package client offers.
const (
	opus, vp8, repair = 111, 96, 97
	midID, arrivalsID = 1, 5
	arrivalsURI       = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
	midURI            = "urn:ietf:params:rtp-hdrext:sdes:mid"
)

// section is one receive-only media section of the offer.
type section struct {
	seat  protocol.SeatKind
	index int
	video bool
}

// sections lists the media sections in their order; the index of one is its mid.
func sections(r client.Receive) []section {
	var list []section
	for i := range r.Seats {
		list = append(list, section{protocol.SeatPerson, i, false}, section{protocol.SeatPerson, i, true})
	}
	for i := range r.Stages {
		list = append(list, section{protocol.SeatStage, i, false}, section{protocol.SeatStage, i, true})
	}
	for i := range r.Voices {
		list = append(list, section{protocol.SeatVoice, i, false})
	}
	return list
}

// named says which mid is what, as the signalling wants it.
func named(list []section) protocol.Lines {
	lines := protocol.Lines{Seats: []protocol.Pair{}, Stages: []protocol.Pair{}, Voices: []string{}}
	for i, s := range list {
		mid := strconv.Itoa(i)
		pair := protocol.Pair{Audio: mid, Video: strconv.Itoa(i + 1)}
		switch {
		case s.seat == protocol.SeatVoice:
			lines.Voices = append(lines.Voices, mid)
		case s.video: // named with its sound
		case s.seat == protocol.SeatStage:
			lines.Stages = append(lines.Stages, pair)
		default:
			lines.Seats = append(lines.Seats, pair)
		}
	}
	return lines
}

// credentials are one side's ICE user fragment and password.
type credentials struct{ ufrag, pwd string }

// offer writes the SDP of one subscriber (RFC 8829 section 5.2.1).
func (c *Crowd) offer(own credentials) protocol.Offer {
	var b strings.Builder
	b.Grow(512 + 700*len(c.lines))
	b.WriteString("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE")
	for i := range c.lines {
		b.WriteString(" " + strconv.Itoa(i))
	}
	b.WriteString("\r\na=extmap-allow-mixed\r\na=msid-semantic:WMS *\r\na=fingerprint:sha-256 " + c.fingerprint + "\r\n")
	for i, s := range c.lines {
		s.write(&b, i, own, c.config.Arrivals)
	}
	return protocol.Offer{SDP: b.String(), Lines: named(c.lines)}
}

func (s section) write(b *strings.Builder, mid int, own credentials, arrivals bool) {
	codec := opus
	if s.video {
		codec = vp8
		fmt.Fprintf(b, "m=video 9 UDP/TLS/RTP/SAVPF %d %d\r\n", vp8, repair)
	} else {
		fmt.Fprintf(b, "m=audio 9 UDP/TLS/RTP/SAVPF %d\r\n", opus)
	}
	fmt.Fprintf(b, "c=IN IP4 0.0.0.0\r\na=setup:actpass\r\na=mid:%d\r\na=ice-ufrag:%s\r\na=ice-pwd:%s\r\n"+
		"a=rtcp-mux\r\na=rtcp-rsize\r\na=recvonly\r\n", mid, own.ufrag, own.pwd)
	if s.video {
		fmt.Fprintf(b, "a=rtpmap:%d VP8/90000\r\na=rtcp-fb:%[1]d ccm fir\r\na=rtcp-fb:%[1]d nack\r\na=rtcp-fb:%[1]d nack pli\r\n"+
			"a=rtpmap:%d rtx/90000\r\na=fmtp:%[2]d apt=%[1]d\r\n", vp8, repair)
	} else {
		fmt.Fprintf(b, "a=rtpmap:%d opus/48000/2\r\na=fmtp:%[1]d minptime=10;useinbandfec=1\r\n", opus)
	}
	fmt.Fprintf(b, "a=extmap:%d %s\r\n", midID, midURI)
	if arrivals {
		fmt.Fprintf(b, "a=rtcp-fb:%d transport-cc\r\na=extmap:%d %s\r\n", codec, arrivalsID, arrivalsURI)
	}
}

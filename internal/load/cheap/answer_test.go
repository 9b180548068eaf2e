package cheap

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pion/sdp/v3"

	"palabre/client"
)

const goodAnswer = "v=0\r\no=- 7 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\na=fingerprint:sha-256 ab:CD\r\n" +
	"m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\na=ssrc:10 cname:x\r\na=ssrc:10 msid:x y\r\n" +
	"a=candidate:1 1 udp 2130706431 10.0.0.1 7882 typ host\r\na=candidate:2 1 tcp 1 10.0.0.1 7882 typ host tcptype passive\r\n" +
	"a=candidate:3 1 UDP 5 fd00::1 7882 typ host\r\na=end-of-candidates\r\n" +
	"m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\na=mid:1\r\na=extmap:5/sendonly " + arrivalsURI + "\r\n" +
	"a=ssrc-group:FID 20 21\r\na=ssrc:20 cname:x\r\na=ssrc:21 cname:x\r\n"

func TestAnswerIsRead(t *testing.T) {
	a, err := readAnswer(goodAnswer, 2)
	if err != nil {
		t.Fatal(err)
	}
	if a.remote != (credentials{"abcd", "0123456789012345678901"}) || a.fingerprint != "AB:CD" || a.arrivals != 5 {
		t.Errorf("read %+v", a)
	}
	if diff := cmp.Diff(map[uint32]int{10: 0, 20: 1}, a.media); diff != "" {
		t.Error("streams:", diff)
	}
	if diff := cmp.Diff(map[uint32]int{21: 1}, a.repairs); diff != "" {
		t.Error("retransmissions:", diff)
	}
	network, to := a.network()
	if network != "udp4" || len(to) != 1 || to[0] != netip.MustParseAddrPort("10.0.0.1:7882") {
		t.Errorf("would go to %v by %s", to, network)
	}
}

func TestServerWithoutIPv4IsReachedByIPv6(t *testing.T) {
	a, err := readAnswer(strings.ReplaceAll(goodAnswer, "10.0.0.1", "fd00::2"), 2)
	if err != nil {
		t.Fatal(err)
	}
	if network, to := a.network(); network != "udp6" || len(to) != 2 {
		t.Errorf("would go to %v by %s", to, network)
	}
}

func TestUselessAnswersAreRefused(t *testing.T) {
	for name, spoil := range map[string][2]string{
		"no user fragment": {"a=ice-ufrag:abcd", "a=x:y"},
		"no password":      {"a=ice-pwd:", "a=x:"},
		"no fingerprint":   {"sha-256", "sha-1"},
		"TCP alone":        {" udp ", " tcp "},
		"no address":       {"10.0.0.1", "server.example"},
		"more sections":    {"m=video", "m=video 9 x 1\r\nm=video"},
	} {
		text := strings.ReplaceAll(goodAnswer, spoil[0], spoil[1])
		text = strings.ReplaceAll(text, " UDP ", " tcp ")
		if a, err := readAnswer(text, 2); err == nil {
			t.Errorf("%s: read %+v", name, a)
		}
	}
}

// The offer is for other people's parsers, so another one must read it.
func TestOfferIsSDP(t *testing.T) {
	c := &Crowd{fingerprint: "AB:CD", lines: sections(client.Receive{Seats: 4, Stages: 1, Voices: 3}), config: Config{Arrivals: true}}
	o := c.offer(credentials{"abcdefgh", "0123456789012345678901"})
	var d sdp.SessionDescription
	if err := d.UnmarshalString(o.SDP); err != nil {
		t.Fatalf("%v\n%s", err, o.SDP)
	}
	if len(d.MediaDescriptions) != 13 || len(o.Lines.Seats) != 4 || len(o.Lines.Stages) != 1 || len(o.Lines.Voices) != 3 {
		t.Fatalf("%d sections, lines %+v", len(d.MediaDescriptions), o.Lines)
	}
	kind := map[string]string{}
	for _, m := range d.MediaDescriptions {
		mid, _ := m.Attribute("mid")
		kind[mid] = m.MediaName.Media
	}
	for _, p := range append(o.Lines.Seats, o.Lines.Stages...) {
		if kind[p.Audio] != "audio" || kind[p.Video] != "video" {
			t.Errorf("pair %+v is %s and %s", p, kind[p.Audio], kind[p.Video])
		}
	}
	c.config.Arrivals = false
	if strings.Contains(c.offer(credentials{}).SDP, "transport-cc") {
		t.Error("arrivals are offered though they are not reported")
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add(goodAnswer, 2)
	f.Add("m=audio\r\na=ssrc-group:FID 1 1\na=ssrc:1", 1)
	f.Fuzz(func(t *testing.T, text string, sections int) {
		a, err := readAnswer(text, sections)
		if err != nil {
			return
		}
		for ssrc, at := range a.media {
			if _, both := a.repairs[ssrc]; both || at < 0 || at >= sections {
				t.Fatalf("SSRC %d of section %d of %d", ssrc, at, sections)
			}
		}
		if len(a.candidates) == 0 || len(a.candidates) > maxCandidates {
			t.Fatalf("%d candidates", len(a.candidates))
		}
	})
}

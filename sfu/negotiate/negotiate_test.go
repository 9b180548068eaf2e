package negotiate_test

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"

	"palabre/sfu/negotiate"
)

const head = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1 2\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\n" +
	"a=fingerprint:sha-256 AA:BB\r\na=setup:actpass\r\n"

const camera = "m=video 9 UDP/TLS/RTP/SAVPF 96 97 98 99 45\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\na=sendonly\r\na=rtcp-mux\r\n" +
	"a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\na=extmap:5 urn:unknown\r\na=extmap:15 urn:3gpp:video-orientation\r\n" +
	"a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\na=rtcp-fb:96 transport-cc\r\na=rtcp-fb:96 goog-remb\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n" +
	"a=rtpmap:98 H264/90000\r\na=fmtp:98 packetization-mode=1;profile-level-id=42e01f\r\na=rtpmap:99 rtx/90000\r\na=fmtp:99 apt=98\r\na=rtpmap:45 H265/90000\r\n" +
	"a=rid:q send\r\na=rid:f send\r\na=simulcast:send q;~f\r\n"

const seat = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:2\r\na=recvonly\r\na=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 transport-cc\r\na=rtcp-fb:96 goog-remb\r\n" +
	"a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\na=extmap:6 urn:3gpp:video-orientation\r\n" +
	"a=extmap:7 https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension\r\n"

const microphone = "m=audio 9 UDP/TLS/RTP/SAVPF 111 63\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=sendonly\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10\r\na=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\n"

func TestParse(t *testing.T) {
	o, err := negotiate.Parse(head + microphone + camera + seat)
	if err != nil {
		t.Fatal(err)
	}
	c := o.Lines[1]
	if !slices.Equal(c.RIDs, []string{"q", "f"}) || !c.Sends || c.Receives || !c.Bundled {
		t.Errorf("camera %+v", c)
	}
	if len(c.Codecs) != 2 || c.Codecs[0].RTX != 97 || c.Codecs[1].MIME != "video/H264" || c.Codecs[1].Variant != "42c/1" {
		t.Errorf("codecs %+v", c.Codecs)
	}
	if len(c.Extensions) != 1 || c.Extensions[0].ID != 4 {
		t.Errorf("extensions %+v, want only the mid: 15 is reserved and the other unknown", c.Extensions)
	}
}

func TestAnswer(t *testing.T) {
	o, err := negotiate.Parse(head + microphone + camera + seat + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:3\r\n")
	if err != nil {
		t.Fatal(err)
	}
	text := o.Answer(negotiate.Local{
		Ufrag: "ufrag", Pwd: "pwd", Fingerprint: "CC:DD", Candidates: []string{"candidate:1 1 udp 1 192.0.2.1 9 typ host"},
		Uses: map[string]negotiate.Use{"0": {Receive: true}, "1": {Receive: true}, "2": {Send: true, Stream: "seat0", SSRC: 5, RTX: 6}},
	})
	for _, want := range []string{
		"a=group:BUNDLE 0 1 2\r\n", "a=setup:passive\r\n", "a=simulcast:recv q;f\r\n", "a=rid:f recv\r\n", "a=msid:seat0 seat0-video\r\n",
		"a=ssrc:5 cname:seat0\r\n", "usedtx=1", "a=fmtp:96 x-google-start-bitrate=1500\r\n", "profile-level-id=42e01f;x-google-start-bitrate=1500\r\n", "m=application 0 ", "a=end-of-candidates\r\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in the answer", want)
		}
	}
	_, viewer, _ := strings.Cut(text, "a=mid:2\r\n")
	if !strings.Contains(viewer, "transport-cc") || !strings.Contains(viewer, "a=extmap:3 ") || strings.Contains(viewer, "goog-remb") {
		t.Errorf("a viewer that can report arrivals is to do that, and no more:\n%s", viewer)
	}
	if !strings.Contains(viewer, "dependency-descriptor") || strings.Contains(viewer, "x-google") || !strings.Contains(viewer, "a=extmap:6 ") {
		t.Errorf("a viewer's section names what viewers get, and no more:\n%s", viewer)
	}
	if strings.Count(text, "a=candidate:") != 1 {
		t.Error("candidates belong to the first section only")
	}
}

// TestExtensionsHaveADirection takes an extension only for the way the client
// means it: Firefox sends dependency descriptors and does not read them.
func TestExtensionsHaveADirection(t *testing.T) {
	const uri = "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"
	for way, want := range map[string]struct{ sending, receiving string }{
		"":          {"a=extmap:13 ", "a=extmap:13 "},
		"/sendonly": {"a=extmap:13/recvonly ", ""},
		"/recvonly": {"", "a=extmap:13/sendonly "},
		"/inactive": {"", ""},
	} {
		extension := "a=extmap:13" + way + " " + uri + "\r\n"
		answer := func(section, mid string, use negotiate.Use) string {
			o, err := negotiate.Parse(strings.Replace(head, "BUNDLE 0 1 2 3", "BUNDLE "+mid, 1) + strings.ReplaceAll(section, "a=extmap:7 "+uri+"\r\n", "") + extension)
			if err != nil {
				t.Fatal(err)
			}
			return o.Answer(negotiate.Local{Uses: map[string]negotiate.Use{mid: use}})
		}
		for what, got := range map[string][2]string{
			"sends":    {answer(camera, "1", negotiate.Use{Receive: true}), want.sending},
			"receives": {answer(seat, "2", negotiate.Use{Send: true, Stream: "seat0", SSRC: 5, RTX: 6}), want.receiving},
		} {
			if got[1] == "" && strings.Contains(got[0], "extmap:13") || !strings.Contains(got[0], got[1]) {
				t.Errorf("of %q a client that %s is answered, want %q:\n%s", way, what, got[1], got[0])
			}
		}
	}
}

// TestAnswerToWhoCannotReportArrivals leaves the estimate to a viewer that does
// not offer what arrivals are reported by, or only half of it.
func TestAnswerToWhoCannotReportArrivals(t *testing.T) {
	for name, without := range map[string]string{
		"no feedback": "a=rtcp-fb:96 transport-cc\r\n",
		"no numbers":  "a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			o, err := negotiate.Parse(strings.Replace(head, "BUNDLE 0 1 2 3", "BUNDLE 2", 1) + strings.Replace(seat, without, "", 1))
			if err != nil {
				t.Fatal(err)
			}
			text := o.Answer(negotiate.Local{Uses: map[string]negotiate.Use{"2": {Send: true, Stream: "seat0", SSRC: 5, RTX: 6}}})
			if strings.Contains(text, "transport-cc") || !strings.Contains(text, "goog-remb") {
				t.Errorf("answered with\n%s", text)
			}
		})
	}
}

func TestMatch(t *testing.T) {
	h264 := func(variant string, pt uint8) negotiate.Codec {
		return negotiate.Codec{MIME: "video/H264", Variant: variant, PayloadType: pt}
	}
	viewer := []negotiate.Codec{{MIME: "video/VP8", PayloadType: 96}, h264("64/0", 100), h264("64/1", 101), {MIME: "video/VP9", Variant: "0", PayloadType: 98}, {MIME: "audio/opus", PayloadType: 111}}
	for name, c := range map[string]struct {
		published negotiate.Codec
		want      uint8
	}{
		"the same":                       {negotiate.Codec{MIME: "video/VP8", PayloadType: 120}, 96},
		"another profile, the same mode": {h264("42c/1", 1), 101},
		"redundancy nobody takes":        {negotiate.Codec{MIME: "audio/red", Blocks: 9, PayloadType: 8}, 111},
		"a profile nobody decodes":       {negotiate.Codec{MIME: "video/VP9", Variant: "2"}, 0},
		"a codec nobody has":             {negotiate.Codec{MIME: "video/AV1", Variant: "0"}, 0},
	} {
		if got, _ := negotiate.Match(viewer, c.published); got.PayloadType != c.want {
			t.Errorf("%s: payload type %d, want %d", name, got.PayloadType, c.want)
		}
	}
}

func TestRefusals(t *testing.T) {
	good := head + microphone
	for name, text := range map[string]string{
		"garbage": "x", "no sections": head, "passive client": strings.Replace(good, "actpass", "passive", 1),
		"no password": strings.Replace(good, "a=ice-pwd", "a=x", 1), "a short password": strings.Replace(good, "mnopqrstuvwx", "", 1),
		"no fingerprint": strings.Replace(good, "a=fingerprint", "a=x", 1), "a mid twice": good + strings.Replace(camera, "mid:1", "mid:0", 1),
		"a mid that is no token": strings.Replace(good, "mid:0", "mid:a b", 1),
	} {
		if _, err := negotiate.Parse(text); !errors.Is(err, negotiate.ErrOffer) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(head + microphone + camera + seat)
	f.Add(head + seat)
	f.Fuzz(func(t *testing.T, text string) {
		o, err := negotiate.Parse(text)
		if err != nil {
			return
		}
		uses := map[string]negotiate.Use{}
		for _, l := range o.Lines {
			uses[l.Mid] = negotiate.Use{Send: true, Receive: true, Stream: "s", SSRC: 1, RTX: 2}
		}
		answer := o.Answer(negotiate.Local{Ufrag: "u", Pwd: "p", Fingerprint: "f", Uses: uses})
		if got := strings.Count(answer, "\r\nm="); got != len(o.Lines) {
			t.Errorf("%d sections answered of %d", got, len(o.Lines))
		}
	})
}

func TestDataChannelsAreAnsweredWhereTheyAreUsed(t *testing.T) {
	const data = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:3\r\na=sctp-port:5000\r\na=max-message-size:262144\r\n"
	o, err := negotiate.Parse(strings.Replace(head, "BUNDLE", "BUNDLE 3", 1) + microphone + data)
	if err != nil {
		t.Fatal(err)
	}
	if l := o.Lines[1]; l.Kind != negotiate.Data || l.MaxMessage != 262144 || !l.Bundled {
		t.Fatalf("read as %+v", l)
	}
	local := negotiate.Local{Ufrag: "u", Pwd: "p", Fingerprint: "f"}
	if answer := o.Answer(local); !strings.Contains(answer, "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n") {
		t.Errorf("without a use it is not rejected:\n%s", answer)
	}
	local.Uses = map[string]negotiate.Use{"3": {MaxMessage: 4096}}
	_, section, _ := strings.Cut(o.Answer(local), "m=application ")
	for _, want := range []string{"9 UDP/DTLS/SCTP webrtc-datachannel\r\n", "a=mid:3\r\n", "a=setup:passive\r\n", "a=sctp-port:5000\r\n", "a=max-message-size:4096\r\n", "a=ice-ufrag:u\r\n"} {
		if !strings.Contains(section, want) {
			t.Errorf("the answer lacks %q:\n%s", want, section)
		}
	}
}

// TestCodecsThatAreTheSameAreKeptOnce parses twenty seats alike, and one that takes no repairs.
func TestCodecsThatAreTheSameAreKeptOnce(t *testing.T) {
	text := head + microphone + camera
	for mid := range 20 {
		text += strings.Replace(seat, "a=mid:2", "a=mid:"+strconv.Itoa(10+mid), 1)
	}
	text += strings.Replace(strings.Replace(seat, "a=mid:2", "a=mid:40", 1), "a=rtcp-fb:96 goog-remb\r\n", "", 1)
	o, err := negotiate.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	seats := o.Lines[2:22]
	for _, l := range seats {
		if len(l.Codecs) != 1 || &l.Codecs[0] != &seats[0].Codecs[0] {
			t.Errorf("section %s has a list of its own: %+v", l.Mid, l.Codecs)
		}
	}
	if other := o.Lines[22].Codecs; len(other) != 1 || len(other[0].Feedback) != 1 || len(seats[0].Codecs[0].Feedback) != 2 {
		t.Errorf("%+v has the feedback of %+v", other, seats[0].Codecs)
	}
}

package negotiate_test

import (
	"slices"
	"strings"
	"testing"

	"palabre/sfu/negotiate"
)

// answered is the answer to an offer of one microphone, or to that of a
// section to hear on.
func answered(t *testing.T, section string, use negotiate.Use) (negotiate.Line, string) {
	t.Helper()
	o, err := negotiate.Parse(head + section)
	if err != nil {
		t.Fatal(err)
	}
	return o.Lines[0], o.Answer(negotiate.Local{Fingerprint: "CC:DD", Uses: map[string]negotiate.Use{"0": use}})
}

func TestRedundantAudio(t *testing.T) {
	first := strings.Replace(microphone, "111 63", "63 111", 1)
	for name, c := range map[string]struct {
		section string
		types   []uint8
	}{
		"as a browser offers it":      {microphone, []uint8{111, 63}},
		"before the codec":            {first, []uint8{63, 111}},
		"of a codec nobody knows":     {strings.Replace(microphone, "63 111/111", "63 9/9", 1), []uint8{111}},
		"of two codecs":               {strings.Replace(microphone, "63 111/111", "63 111/9", 1), []uint8{111}},
		"of itself":                   {strings.Replace(microphone, "63 111/111", "63 63/63", 1), []uint8{111}},
		"that does not say of what":   {strings.Replace(microphone, "a=fmtp:63 111/111\r\n", "", 1), []uint8{111}},
		"with more than one fallback": {strings.Replace(microphone, "63 111/111", "63 111/111/111", 1), []uint8{111, 63}},
	} {
		line, text := answered(t, c.section, negotiate.Use{Receive: true})
		var types []uint8
		for _, codec := range line.Codecs {
			types = append(types, codec.PayloadType)
			if codec.MIME == "audio/red" && codec.Blocks != 111 {
				t.Errorf("%s: made of %d", name, codec.Blocks)
			}
		}
		if !slices.Equal(types, c.types) {
			t.Errorf("%s: payload types %v, want %v", name, types, c.types)
		}
		taken := slices.Contains(c.types, 63)
		if strings.Contains(text, "a=rtpmap:63 red/48000/2\r\n") != taken || strings.Contains(text, "a=fmtp:63 111/111") != taken {
			t.Errorf("%s is answered\n%s", name, text)
		}
	}
}

func TestSpeechAndMusic(t *testing.T) {
	offering := func(parameters string) string {
		return strings.Replace(microphone, "a=fmtp:111 minptime=10", "a=fmtp:111 minptime=10;"+parameters, 1)
	}
	hearing := strings.Replace(microphone, "sendonly", "recvonly", 1)
	for name, c := range map[string]struct {
		section string
		use     negotiate.Use
		want    string
	}{
		"a voice":                        {microphone, negotiate.Use{Receive: true}, "minptime=10;useinbandfec=1;usedtx=1"},
		"a voice of who hears in stereo": {offering("stereo=1"), negotiate.Use{Receive: true}, "minptime=10;useinbandfec=1;usedtx=1"},
		"music":                          {offering("stereo=1;sprop-stereo=1"), negotiate.Use{Receive: true}, "minptime=10;useinbandfec=1;stereo=1;sprop-stereo=1;maxaveragebitrate=192000"},
		"music as good as it gets":       {offering("sprop-stereo=1;maxaveragebitrate=510000"), negotiate.Use{Receive: true}, "minptime=10;useinbandfec=1;stereo=1;sprop-stereo=1;maxaveragebitrate=256000"},
		"music for a thin line":          {offering("sprop-stereo=1; maxaveragebitrate=32000"), negotiate.Use{Receive: true}, "minptime=10;useinbandfec=1;stereo=1;sprop-stereo=1;maxaveragebitrate=128000"},
		"a screen's sound":               {microphone, negotiate.Use{Receive: true, Stereo: true}, "minptime=10;useinbandfec=1;stereo=1;sprop-stereo=1;maxaveragebitrate=192000"},
		"what a viewer hears":            {hearing, negotiate.Use{Send: true, Stream: "s", SSRC: 1}, "minptime=10;useinbandfec=1;stereo=1;sprop-stereo=1"},
	} {
		if _, text := answered(t, c.section, c.use); !strings.Contains(text, "a=fmtp:111 "+c.want+"\r\n") {
			t.Errorf("%s is answered\n%s\nwant %s", name, text, c.want)
		}
	}
}

package sdptext_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"palabre/signaling/sdptext"
)

const offer = "v=0\r\n" +
	"o=- 42 1 IN IP4 127.0.0.1\r\n" +
	"s=-\r\nt=0 0\r\n" +
	"a=group:BUNDLE 0 1\r\n" +
	"a=sendonly\r\n" +
	"m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n" +
	"a=mid:0\r\na=ice-ufrag:old1\r\na=ice-pwd:oldoldoldoldoldoldoldold\r\n" +
	"a=candidate:1 1 UDP 1 192.0.2.1 9 typ host\r\n" +
	"m=video 0 UDP/TLS/RTP/SAVPF 96\r\n" +
	"a=mid:1\r\na=bundle-only\r\na=sendrecv\r\na=ice-ufrag:old1\r\na=ice-pwd:oldoldoldoldoldoldoldold\r\n" +
	"m=video 0 UDP/TLS/RTP/SAVPF 96\r\n"

func TestSections(t *testing.T) {
	want := []sdptext.Section{
		{Kind: "audio", MID: "0", Sends: true},
		{Kind: "video", MID: "1", Sends: true, Accepts: true},
	}
	for _, text := range []string{offer, strings.ReplaceAll(offer, "\r\n", "\n")} {
		got, err := sdptext.Sections(text)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestSectionsRefuse(t *testing.T) {
	for name, c := range map[string]struct {
		sdp  string
		want error
	}{
		"nothing":        {"", sdptext.ErrNotSDP},
		"JSON":           {"{}", sdptext.ErrNotSDP},
		"no media":       {"v=0\r\n", sdptext.ErrNotSDP},
		"all refused":    {"v=0\nm=audio 0 UDP/TLS/RTP/SAVPF 0\na=mid:0\n", sdptext.ErrNotSDP},
		"a short m line": {"v=0\nm=audio\n", sdptext.ErrNotSDP},
		"no mid":         {"v=0\nm=audio 9 UDP/TLS/RTP/SAVPF 0\n", sdptext.ErrNoMID},
	} {
		if _, err := sdptext.Sections(c.sdp); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

const fresh = "a=ice-ufrag:new1\r\na=ice-pwd:newnewnewnewnewnewnewnew\r\n"

func TestParseFragment(t *testing.T) {
	got, err := sdptext.ParseFragment(fresh + "m=audio 9 RTP/AVP 0\r\na=mid:0\r\na=candidate:1 1 UDP 1 192.0.2.1 9 typ host\r\na=end-of-candidates\r\n")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sdptext.Fragment{Ufrag: "new1", Pwd: "newnewnewnewnewnewnewnew", Candidates: 1}, got); diff != "" {
		t.Error(diff)
	}
	for name, text := range map[string]string{
		"nothing":          "",
		"no password":      "a=ice-ufrag:new1\r\n",
		"short":            "a=ice-ufrag:n\r\na=ice-pwd:n\r\n",
		"long":             "a=ice-ufrag:new1\r\na=ice-pwd:" + strings.Repeat("n", 300) + "\r\n",
		"other characters": "a=ice-ufrag:new1\r\na=ice-pwd:newnewnewnewnewnewnew new\r\n",
		"two names":        fresh + "a=ice-ufrag:new2\r\n",
		"two passwords":    fresh + "a=ice-pwd:wenwenwenwenwenwenwenwen\r\n",
	} {
		if _, err := sdptext.ParseFragment(text); !errors.Is(err, sdptext.ErrNotFragment) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRestart(t *testing.T) {
	f, err := sdptext.ParseFragment(fresh)
	if err != nil {
		t.Fatal(err)
	}
	got := sdptext.Restart(offer, f)
	if strings.Contains(got, "old") || strings.Contains(got, "candidate") || strings.Count(got, "a=ice-ufrag:new1\r\n") != 2 {
		t.Errorf("restarted offer:\n%s", got)
	}
	if !strings.Contains(got, "o=- 42 2 IN IP4") {
		t.Error("the session version did not count up")
	}
	if ufrag, pwd := sdptext.Credentials(got); ufrag != f.Ufrag || pwd != f.Pwd {
		t.Errorf("credentials %q %q", ufrag, pwd)
	}
}

func TestFragmentOf(t *testing.T) {
	want := "a=ice-ufrag:old1\r\na=ice-pwd:oldoldoldoldoldoldoldold\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n" +
		"a=mid:0\r\na=candidate:1 1 UDP 1 192.0.2.1 9 typ host\r\n"
	if diff := cmp.Diff(want, sdptext.FragmentOf(offer)); diff != "" {
		t.Error(diff)
	}
}

func FuzzSections(f *testing.F) {
	f.Add(offer)
	f.Fuzz(func(t *testing.T, text string) {
		sections, err := sdptext.Sections(text)
		if err == nil && len(sections) == 0 {
			t.Error("nothing offered and no error")
		}
		for _, s := range sections {
			if s.MID == "" {
				t.Error("a section without mid")
			}
		}
	})
}

func FuzzFragment(f *testing.F) {
	f.Add(fresh, offer)
	f.Fuzz(func(t *testing.T, text, whole string) {
		fragment, err := sdptext.ParseFragment(text)
		if err != nil {
			return
		}
		restarted := sdptext.Restart(whole, fragment)
		if ufrag, _ := sdptext.Credentials(restarted); ufrag != "" && ufrag != fragment.Ufrag {
			t.Errorf("restarted with %q, want %q", ufrag, fragment.Ufrag)
		}
		sdptext.FragmentOf(restarted)
	})
}

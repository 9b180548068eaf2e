package sdp

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	pion "github.com/pion/sdp/v3"
)

// browser reads an offer that a browser made: microphone, camera in three
// layers, four seats.
func browser(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name + ".sdp")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// head is a minimal description up to its first media section.
const head = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n" +
	"a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\na=fingerprint:sha-256 AB:CD\r\na=setup:actpass\r\n"

// audio is a minimal media section.
func audio(mid string) string {
	return "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:" + mid + "\r\na=rtpmap:111 opus/48000/2\r\n"
}

func TestBrowsersOffersPass(t *testing.T) {
	for _, name := range []string{"chromium", "firefox"} {
		t.Run(name, func(t *testing.T) {
			text := browser(t, name)
			d, err := Scan(text, Meeting())
			if err != nil {
				t.Fatal(err)
			}
			if len(d.Sections) != 10 {
				t.Fatalf("%d sections", len(d.Sections))
			}
			for i, s := range d.Sections {
				want := Section{MID: fmt.Sprint(i), Kind: []string{"audio", "video"}[i%2], Direction: RecvOnly}
				if i < 2 {
					want.Direction = SendOnly
				}
				if i == 1 {
					want.RIDs = []string{"q", "h", "f"}
				}
				if s.MID != want.MID || s.Kind != want.Kind || s.Direction != want.Direction || s.Rejected || !slices.Equal(s.RIDs, want.RIDs) {
					t.Errorf("section %d: got %+v, want %+v", i, s, want)
				}
			}
			if d.Ufrag == "" || d.Pwd == "" || d.Setup != "actpass" || !strings.HasPrefix(d.Fingerprint, "sha-256 ") {
				t.Errorf("facts: %q %q %q %q", d.Ufrag, d.Pwd, d.Setup, d.Fingerprint)
			}
			if n := strings.Count(text, "a=candidate:"); d.Candidates != n || n == 0 {
				t.Errorf("%d candidates taken out of %d", d.Candidates, n)
			}
		})
	}
}

func TestOnlyCandidatesAreTakenOut(t *testing.T) {
	text := browser(t, "firefox")
	d, err := Scan(text, Meeting())
	if err != nil {
		t.Fatal(err)
	}
	want := slices.DeleteFunc(strings.SplitAfter(text, "\r\n"), func(line string) bool {
		return strings.HasPrefix(line, "a=candidate:") || strings.HasPrefix(line, "a=end-of-candidates")
	})
	if d.Text != strings.Join(want, "") {
		t.Error("the text lost more or less than its candidates")
	}
	var parsed pion.SessionDescription
	if err := parsed.UnmarshalString(d.Text); err != nil {
		t.Errorf("the full parser refuses what is left: %v", err)
	}
}

func TestLargestLayoutPasses(t *testing.T) {
	text := browser(t, "chromium")
	parts := strings.Split(text, "m=")
	var b strings.Builder
	b.WriteString(parts[0])
	mid := 0
	for range 55 {
		for _, p := range parts[1:3] {
			b.WriteString("m=" + strings.Replace(short(p), fmt.Sprintf("a=mid:%d\r\n", mid%2), fmt.Sprintf("a=mid:%d\r\n", mid), 1))
			mid++
		}
	}
	if _, err := Scan(b.String(), Meeting()); err != nil {
		t.Errorf("110 sections in %d bytes: %v", b.Len(), err)
	}
}

// short leaves out what a client that chooses its codecs does not offer, and
// candidates: they stand in the first section of a bundle alone.
func short(section string) string {
	kept := 0
	return strings.Join(slices.DeleteFunc(strings.SplitAfter(section, "\r\n"), func(line string) bool {
		codec := strings.HasPrefix(line, "a=rtpmap:") || strings.HasPrefix(line, "a=rtcp-fb:") || strings.HasPrefix(line, "a=fmtp:")
		if codec {
			kept++
		}
		return codec && kept > 20 || strings.HasPrefix(line, "a=candidate:")
	}), "")
}

func TestFacts(t *testing.T) {
	section := "m=video 0 UDP/TLS/RTP/SAVPF 96\r\n"
	tests := []struct {
		name, text string
		want       Section
	}{
		{"no direction is sendrecv", head + audio("a"), Section{MID: "a", Kind: "audio", Direction: SendRecv}},
		{"direction of the session", head + "a=recvonly\r\n" + audio("a"), Section{MID: "a", Kind: "audio", Direction: RecvOnly}},
		{"its own direction", head + "a=recvonly\r\n" + audio("a") + "a=inactive\r\n", Section{MID: "a", Kind: "audio", Direction: Inactive}},
		{"port 0 is rejected", head + section + "a=mid:v\r\n", Section{MID: "v", Kind: "video", Direction: SendRecv, Rejected: true}},
		{"bundle-only is not", head + section + "a=mid:v\r\na=bundle-only\r\n", Section{MID: "v", Kind: "video", Direction: SendRecv}},
		{"of alternative rids the first, paused or not", head + audio("a") + "a=simulcast:recv x;y send ~q;h,f;g\r\n", Section{MID: "a", Kind: "audio", Direction: SendRecv, RIDs: []string{"q", "h", "g"}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			// A used section first, so that the description has credentials.
			d, err := Scan(strings.Replace(test.text, "m=", audio("first")+"m=", 1), Meeting())
			if err != nil {
				t.Fatal(err)
			}
			got := d.Sections[len(d.Sections)-1]
			if got.MID != test.want.MID || got.Kind != test.want.Kind || got.Direction != test.want.Direction ||
				got.Rejected != test.want.Rejected || !slices.Equal(got.RIDs, test.want.RIDs) {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestLineEndsMayBeBare(t *testing.T) {
	d, err := Scan(strings.ReplaceAll(head+audio("a"), "\r\n", "\n"), Meeting())
	if err != nil {
		t.Fatal(err)
	}
	if d.Text != head+audio("a") {
		t.Errorf("got %q", d.Text)
	}
}

func TestRefusals(t *testing.T) {
	tests := map[string]struct{ text, says string }{
		"empty":                {"", "no media section"},
		"not a description":    {"GET / HTTP/1.1\r\n", "line 1"},
		"no version":           {"o=- 1 1 IN IP4 0.0.0.0\r\n", "v=0"},
		"an empty line":        {head + "\r\n" + audio("a"), "line 10"},
		"a null":               {head + "a=x\x00\r\n" + audio("a"), "control character"},
		"a lone return":        {head + "a=x\ra=y\r\n" + audio("a"), "control character"},
		"not UTF-8":            {head + "s=\xff\r\n" + audio("a"), "UTF-8"},
		"no section":           {head, "no media section"},
		"no credentials":       {strings.Replace(head, "ice-ufrag", "x", 1) + audio("a"), "ICE credentials"},
		"no fingerprint":       {strings.Replace(head, "fingerprint", "x", 1) + audio("a"), "fingerprint"},
		"no mid":               {head + strings.Replace(audio("a"), "a=mid", "a=x", 1), "no a=mid"},
		"a mid twice":          {head + audio("a") + audio("a"), "two sections"},
		"two mids":             {head + audio("a") + "a=mid:b\r\n", "second a=mid"},
		"a mid of the session": {head + "a=mid:0\r\n" + audio("a"), "outside"},
		"a long mid":           {head + audio(strings.Repeat("a", 17)), "no mid"},
		"a strange kind":       {head + "m=text 9 X 1\r\n", "kind"},
		"a strange port":       {head + "m=audio 70000 X 1\r\n", "not a media section"},
		"a payload type 128":   {head + "m=audio 9 X 128\r\n", "no payload type"},
		"a payload type twice": {head + "m=audio 9 X 1 2 1\r\n", "twice"},
		"a short ufrag":        {strings.Replace(head, "abcd", "abc", 1) + audio("a"), "a=ice-ufrag"},
		"a strange password":   {strings.Replace(head, "0123456789012345678901", "012345678901234567890 ", 1) + audio("a"), "a=ice-pwd"},
		"a strange role":       {head + "a=setup:holdconn\r\n" + audio("a"), "setup"},
		"a strange direction":  {head + "a=recvonly:1\r\n" + audio("a"), "direction"},
		"a bad fingerprint":    {head + "a=fingerprint:sha-256 XY\r\n" + audio("a"), "fingerprint"},
		"a bad rtpmap":         {head + audio("a") + "a=rtpmap:999 x/1\r\n", "payload mapping"},
		"a bare fmtp":          {head + audio("a") + "a=fmtp\r\n", "a=fmtp"},
		"fmtp of nothing":      {head + audio("a") + "a=fmtp:999 a=b\r\n", "a=fmtp"},
		"fmtp without a key":   {head + audio("a") + "a=fmtp:111 =b\r\n", "format parameter"},
		"fmtp of semicolons":   {head + audio("a") + "a=fmtp:111 ;;;;\r\n", "format parameter"},
		"fmtp apt of letters":  {head + audio("a") + "a=fmtp:111 apt=abc\r\n", "payload type"},
		"five layers":          {head + audio("a") + "a=simulcast:send a;b;c;d;e\r\n", "simulcast layers"},
		"a layer without rid":  {head + audio("a") + "a=simulcast:send a;;b\r\n", "rid"},
		"two simulcasts":       {head + audio("a") + "a=simulcast:send a\r\na=simulcast:send b\r\n", "second"},
		"many sources":         {head + audio("a") + strings.Repeat("a=ssrc:1 cname:x\r\n", 49), "SSRC"},
		"many fmtp":            {head + audio("a") + strings.Repeat("a=fmtp:1 a\r\n", 129), "a=fmtp"},
		"many mappings":        {head + audio("a") + strings.Repeat("a=rtpmap:1 a/1\r\n", 129), "a=rtpmap"},
		"many candidates":      {head + audio("a") + strings.Repeat("a=candidate:1\r\n", 33), "candidates"},
		"a long line":          {head + "a=" + strings.Repeat("x", 2047) + "\r\n" + audio("a"), "bytes"},
		"many lines":           {head + strings.Repeat("a=x\r\n", 8000), "lines"},
		"many sections":        {head + sections(161), "media sections"},
		"many bytes":           {head + strings.Repeat("a=xxxxxxxxxxxxx\r\n", 20000), "bytes"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Scan(test.text, Meeting())
			if !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, want a refusal about %q", err, test.says)
			}
			if err != nil && len(err.Error()) > 300 {
				t.Errorf("the message has %d bytes", len(err.Error()))
			}
		})
	}
}

// sections makes n sections with distinct mids.
func sections(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(audio(fmt.Sprint(i)))
	}
	return b.String()
}

func FuzzScan(f *testing.F) {
	f.Add(head + audio("a") + "a=simulcast:send q;h,f recv x\r\na=fmtp:111 a=b;c\r\n")
	f.Add(browser(f, "chromium"))
	f.Add(browser(f, "firefox"))
	f.Fuzz(func(t *testing.T, text string) {
		l := Meeting()
		d, err := Scan(text, l)
		if err != nil {
			if !errors.Is(err, ErrRefused) {
				t.Fatalf("%v is no refusal", err)
			}
			return
		}
		if strings.Contains(d.Text, "\na=candidate:") || strings.Contains(d.Text, "\na=remote-candidates:") {
			t.Error("a candidate is left")
		}
		if len(d.Sections) > l.Sections || d.Candidates > l.Candidates {
			t.Error("more than the limits allow")
		}
		again, err := Scan(d.Text, Limits{Bytes: len(d.Text), Lines: l.Lines, Line: l.Line, Sections: l.Sections})
		if err != nil || again.Text != d.Text || len(again.Sections) != len(d.Sections) {
			t.Errorf("its own output is not accepted unchanged: %v", err)
		}
	})
}

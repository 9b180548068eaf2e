package doctor

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

func find(t *testing.T, findings []Finding, what string) Finding {
	t.Helper()
	for _, f := range findings {
		if strings.HasPrefix(f.What, what) {
			return f
		}
	}
	t.Fatalf("no finding about %q in %v", what, findings)
	return Finding{}
}

func TestExamine(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	healthy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer healthy.Close()
	good := Subject{DataDir: t.TempDir(), HTTP: "127.0.0.1:0", UDP: "127.0.0.1:0", ICETCP: true, TLS: "off"}

	for _, c := range []struct {
		name   string
		change func(*Subject)
		what   string
		level  Level
	}{
		{"free ports are fine", func(*Subject) {}, "HTTP port", Fine},
		{"free UDP is fine", func(*Subject) {}, "UDP port", Fine},
		{"somebody else's port", func(s *Subject) { s.HTTP = taken.Addr().String() }, "HTTP port", Problem},
		{"our own port", func(s *Subject) { s.HTTP = healthy.Listener.Addr().String() }, "HTTP port", Fine},
		{"a data folder that is a file", func(s *Subject) { s.DataDir = "/dev/null/x" }, "data folder", Problem},
		{"no public URL", func(*Subject) {}, "public URL", Warning},
		{"a name that is nowhere", func(s *Subject) { s.PublicURL = "https://nowhere.invalid" }, "public URL", Problem},
		{"a name that leads here", func(s *Subject) { s.PublicURL = "http://127.0.0.1" }, "public URL", Fine},
		{"only private media addresses", func(s *Subject) {
			s.PublicURL, s.NodeAddrs = "http://127.0.0.1", []netip.Addr{netip.MustParseAddr("10.1.2.3")}
		}, "media addresses", Warning},
		{"certificate files that are not there", func(s *Subject) { s.TLS, s.TLSCert = "file", "/nowhere" }, "certificate", Problem},
		{"media over TCP off", func(s *Subject) { s.ICETCP = false }, "media over TCP", Warning},
	} {
		t.Run(c.name, func(t *testing.T) {
			subject := good
			c.change(&subject)
			f := find(t, Examine(t.Context(), subject), c.what)
			if f.Level != c.level {
				t.Errorf("%+v, want %v", f, c.level)
			}
			if f.Level != Fine && f.Do == "" {
				t.Errorf("%+v does not say what to do", f)
			}
		})
	}
}

func TestWriteTellsTheWorst(t *testing.T) {
	var b strings.Builder
	worst, err := Write(&b, []Finding{{What: "a", Saw: "good"}, {Level: Problem, What: "b", Saw: "bad", Do: "mend it"}})
	if err != nil || worst != Problem || !strings.Contains(b.String(), "→ mend it") {
		t.Errorf("%v %v:\n%s", worst, err, b.String())
	}
}

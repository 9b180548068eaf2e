package main

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"palabre/client"
	"palabre/web"
)

func TestServesWithNothingConfigured(t *testing.T) {
	t.Chdir(t.TempDir())
	s := start(t, "--http", "127.0.0.1:0", "--udp", "127.0.0.1:0") // the default ports may be somebody's
	if !strings.HasPrefix(s.url, "http://localhost:") {
		t.Errorf("the link is %q", s.url)
	}
	if info, err := os.Stat(filepath.Join("data", "keys")); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("the keys: %v, %v", info, err)
	}
	answers := map[string]string{"/healthz": `"ok"`, "/metrics": "palabre_", "/api/v1/config": `"openRooms":true`}
	if web.Built() {
		answers["/readyz"], answers["/"], answers["/r/some-room"] = `"ready"`, "<script", "<script"
	}
	for path, wanted := range answers {
		if res, body := s.get(path); res.StatusCode != http.StatusOK || !strings.Contains(body, wanted) {
			t.Errorf("%s: %d %.200s", path, res.StatusCode, body)
		}
	}
	code, took := s.stop()
	if code != 0 || took > 2*time.Second {
		t.Errorf("an idle server stopped with %d after %v", code, took)
	}
}

func TestTakenPortsStopTheStart(t *testing.T) {
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tcp.Close() }()
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = udp.Close() }()
	for name, c := range map[string]struct{ http, udp, says string }{
		"HTTP":    {tcp.Addr().String(), "127.0.0.1:0", "--http"},
		"media":   {"127.0.0.1:0", udp.LocalAddr().String(), "--udp"},
		"ICE-TCP": {"127.0.0.1:0", tcp.Addr().String(), "--no-ice-tcp"},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, said := command(t, "serve", "--data-dir", t.TempDir(), "--http", c.http, "--udp", c.udp)
			lines := strings.Split(strings.TrimSpace(said), "\n")
			last := lines[len(lines)-1]
			if code != 1 || out != "" || !strings.Contains(last, c.says) || !strings.Contains(last, "address already in use") {
				t.Errorf("exit %d, printed %q, said %q", code, out, said)
			}
			for _, line := range lines[:len(lines)-1] {
				if !strings.Contains(line, "level=WARN") { // no pages, small buffers
					t.Errorf("said %q besides", line)
				}
			}
		})
	}
}

func TestStrangersDoNotHoldUpTheStop(t *testing.T) {
	s := serve(t)
	for _, said := range []string{
		"", // nothing at all
		"GET / HT",
		"POST /api/v1/rooms HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
	} {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", "127.0.0.1:"+s.port())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		if _, err := conn.Write([]byte(said)); err != nil {
			t.Fatal(err)
		}
	}
	open(t, s.config("garden", "Ana")) // stands at the door
	if code, took := s.stop(); code != 0 || took > 5*time.Second {
		t.Errorf("stopped with %d after %v", code, took)
	}
}

func TestRestartKeepsTheMeeting(t *testing.T) {
	s := serve(t)
	ana, bob := enter(t, s.config("garden", "Ana")), enter(t, s.config("garden", "Bob"))
	ana.seesAndHears(bob)
	bob.seesAndHears(ana)
	ids := []string{ana.ID(), bob.ID()}
	slices.Sort(ids)

	code, took := s.stop()
	if code != 0 || took > 10*time.Second {
		t.Errorf("the server stopped with %d after %v, want 0 within 10 s", code, took)
	}
	s.again()
	for _, p := range []*person{ana, bob} {
		await(p, "restarting", func(client.Restarting) bool { return true })
		await(p, "coming back", func(r client.Resumed) bool { return r.Fresh && slices.Contains(ids, r.Participant) })
		until(t, "both and no ghost", func() bool { return slices.Equal(p.ids(), ids) })
	}
	ana.seesAndHears(bob)
	bob.seesAndHears(ana)
	for _, p := range []*person{ana, bob} {
		if !slices.Equal(p.ids(), ids) {
			t.Errorf("after the restart the room holds %v, want %v", p.ids(), ids)
		}
		for _, left := range happened[client.ParticipantLeft](p) {
			t.Errorf("somebody left: %+v", left)
		}
	}
	gap := max(ana.of(bob.ID(), webrtc.RTPCodecTypeAudio).gap, bob.of(ana.ID(), webrtc.RTPCodecTypeAudio).gap)
	t.Logf("stopped in %v; without sound for %v", took.Round(time.Millisecond), gap.Round(time.Millisecond))
}

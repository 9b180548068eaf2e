package sfu_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"palabre/internal/catalogue"
	"palabre/sfu"
)

func TestP10_HostileSDP(t *testing.T) {
	s := server(t)
	good := rawOffer("a=ice-ufrag:abcdefgh\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\na=fingerprint:sha-256 AA:BB\r\na=setup:actpass\r\n")
	cases := map[string]string{
		"10 000 media sections":  good + strings.Repeat("m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n", 10_000),
		"a line of 1 MiB":        good + "a=" + strings.Repeat("x", 1<<20) + "\r\n",
		"5 000 candidates":       good + strings.Repeat("a=candidate:1 1 udp 1 10.0.0.1 1 typ host\r\n", 5000),
		"one mid twice":          strings.ReplaceAll(good, "a=mid:1", "a=mid:0"),
		"no fingerprint":         strings.ReplaceAll(good, "a=fingerprint", "a=x"),
		"no credentials":         strings.ReplaceAll(good, "a=ice-pwd", "a=x"),
		"nothing":                "",
		"only a passive client":  strings.ReplaceAll(good, "actpass", "passive"),
		"a fmtp of nothing":      good + "a=fmtp:96 apt=;;;\x00=\r\n",
		"8 000 lines":            good + strings.Repeat("a=ssrc:1 cname:x\r\n", 8000),
		"600 layers":             good + "a=simulcast:send " + strings.Repeat("a;", 600) + "\r\n",
		"not UTF-8":              good + "a=x:\xff\xfe\r\n",
		"a mid with a line feed": strings.ReplaceAll(good, "a=mid:1", "a=mid:1 \n2"),
	}
	const rounds = 5
	var slowest time.Duration
	before := heap()
	accepted := []string{}
	for name, text := range cases {
		took := make([]time.Duration, rounds)
		for i := range took {
			p, err := s.Open("room", name, &listener{})
			if err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			_, err = p.Answer(context.Background(), sfu.Offer{SDP: text, Microphone: "0", Camera: "1"})
			took[i] = time.Since(start)
			if !errors.Is(err, sfu.ErrBadOffer) {
				accepted = append(accepted, name)
			}
			if err := p.Close(); err != nil {
				t.Error(err)
			}
		}
		// The quickest of them did not wait for the processor.
		slowest = max(slowest, slices.Min(took))
	}
	growth := int64(heap()) - int64(before)
	answered, refused, most := renegotiate(t, s, good)
	const bound = 5 * time.Millisecond
	catalogue.Report(t, catalogue.Item{
		ID: "P10", Injected: fmt.Sprintf("%d hostile offers, %d times each: 10 k sections, 1 MiB line, 5 k candidates, mids twice, bad fmtp; 200 renegotiations at 100 a second", len(cases), rounds),
		Measured: fmt.Sprintf("accepted %v, slowest refusal %v (each the quickest of %d), heap %+d kB, %d renegotiations answered and %d refused", accepted, slowest.Round(time.Microsecond), rounds, growth/1024, answered, refused),
		Bar:      fmt.Sprintf("each refused within %v, heap within 4 MB, 12 renegotiations at once and then one in 2 s (%d)", bound, most),
		Pass:     len(accepted) == 0 && slowest <= bound && growth < 4<<20 && answered > 0 && answered <= most && answered+refused == 200,
	})
}

// renegotiate repeats an offer a hundred times a second for two seconds.
func renegotiate(t *testing.T, s *sfu.SFU, text string) (answered, refused, most int) {
	t.Helper()
	p, err := s.Open("room", "looper", &listener{})
	if err != nil {
		t.Fatal(err)
	}
	tick, start := time.NewTicker(10*time.Millisecond), time.Now()
	defer tick.Stop()
	for range 200 {
		switch _, err := p.Answer(context.Background(), sfu.Offer{SDP: text, Microphone: "0"}); {
		case err == nil:
			answered++
		case errors.Is(err, sfu.ErrBadOffer):
			refused++
		default:
			t.Fatal(err)
		}
		<-tick.C
	}
	most = 12 + int(time.Since(start)/(2*time.Second)) + 1
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	return answered, refused, most
}

func TestP11_ICECandidates(t *testing.T) {
	hostile := []string{
		"1 1 udp 2113937151 somebody.example.com 9 typ host", "2 1 udp 2113937151 0aa1bb2c-0000-4000-8000-000000000000.local 9 typ host",
		"3 1 udp 2113937151 127.0.0.1 %d typ host", "4 1 udp 2113937151 169.254.169.254 80 typ host", "5 1 udp 2113937151 224.0.0.1 5353 typ host",
		"6 1 tcp 1518280447 127.0.0.1 %d typ host tcptype passive",
	}
	bait, err := newBait()
	if err != nil {
		t.Fatal(err)
	}
	defer bait.close()
	lookups := watchNames(t)
	var lines strings.Builder
	for _, c := range hostile {
		if strings.Contains(c, "%d") {
			c = fmt.Sprintf(c, bait.port)
		}
		lines.WriteString("a=candidate:" + c + "\r\n")
	}
	s := server(t)
	c := dial(t, s, "room", "attacker", person(1))
	offer, err := c.pc.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.pc.SetLocalDescription(offer); err != nil {
		t.Fatal(err)
	}
	o := c.describe(strings.Replace(offer.SDP, "a=mid:0\r\n", "a=mid:0\r\n"+lines.String(), 1))
	answer, err := c.peer.Answer(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		t.Fatal(err)
	}
	until(t, "the client to connect all the same", c.heard.isConnected)
	bait.wait(500 * time.Millisecond)
	catalogue.Report(t, catalogue.Item{
		ID: "P11", Injected: "an offer with host names, mDNS names, loopback, metadata and multicast candidates, UDP and TCP",
		Measured: fmt.Sprintf("%d names looked up, %d packets and %d connections to the addresses named; connected by its own checks", lookups.Load(), bait.packets.Load(), bait.conns.Load()),
		Bar:      "no name looked up, none dialled", Pass: lookups.Load() == 0 && bait.packets.Load() == 0 && bait.conns.Load() == 0,
	})
}

// watchNames counts the names that this process looks up while the test runs.
func watchNames(t *testing.T) *atomic.Int64 {
	t.Helper()
	lookups := &atomic.Int64{}
	before := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		lookups.Add(1)
		return nil, errors.New("no names are looked up here")
	}}
	t.Cleanup(func() { net.DefaultResolver = before })
	return lookups
}

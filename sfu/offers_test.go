package sfu_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

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
		"a mid with a line feed": strings.ReplaceAll(good, "a=mid:1", "a=mid:1 \n2"),
	}
	var slowest time.Duration
	before := heap()
	accepted := []string{}
	for name, text := range cases {
		p, err := s.Open("room", name, &listener{})
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		_, err = p.Answer(context.Background(), sfu.Offer{SDP: text, Microphone: "0", Camera: "1"})
		slowest = max(slowest, time.Since(start))
		if !errors.Is(err, sfu.ErrBadOffer) {
			accepted = append(accepted, name)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
	growth := int64(heap()) - int64(before)
	refused := renegotiate(t, s, good, 100)
	bound := 5 * time.Millisecond
	if raceEnabled {
		bound *= 10
	}
	catalogue.Report(t, catalogue.Item{
		ID: "P10", Injected: "10 k sections, 1 MiB line, 5 k candidates, mids twice and more; 100 renegotiations at once",
		Measured: fmt.Sprintf("accepted %v, slowest refusal %v, heap %+d kB, %d of 100 renegotiations refused", accepted, slowest, growth/1024, refused),
		Bar:      "each refused within 5 ms, heap within 4 MB, rate limited", Pass: len(accepted) == 0 && slowest <= bound && growth < 4<<20 && refused >= 80,
	})
}

// renegotiate repeats an offer and counts the refusals.
func renegotiate(t *testing.T, s *sfu.SFU, text string, times int) (refused int) {
	t.Helper()
	p, err := s.Open("room", "looper", &listener{})
	if err != nil {
		t.Fatal(err)
	}
	for range times {
		if _, err := p.Answer(context.Background(), sfu.Offer{SDP: text, Microphone: "0"}); errors.Is(err, sfu.ErrBadOffer) {
			refused++
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	return refused
}

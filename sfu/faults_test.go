package sfu_test

import (
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"palabre/internal/catalogue"
	"palabre/sfu"
)

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
		Measured: fmt.Sprintf("%d packets and %d connections to the addresses named; connected by its own checks", bait.packets.Load(), bait.conns.Load()),
		Bar:      "no name looked up, none dialled", Pass: bait.packets.Load() == 0 && bait.conns.Load() == 0,
	})
}

func TestF18_PanicInOneTrack(t *testing.T) {
	s := server(t)
	sfu.Trap(s, "victim", 100)
	people := map[string]*client{}
	for _, id := range []string{"victim", "alice", "bob"} {
		people[id] = join(t, s, "room", id, person(4))
	}
	for _, id := range []string{"alice", "bob", "victim"} {
		talk, film := people[id].talk(20), people[id].film(people[id].camera, 25, 100)
		defer talk.end()
		defer film.end()
	}
	until(t, "the victim to be told", func() bool { return people["victim"].heard.failure() != "" })
	seat, _ := people["alice"].heard.seat("bob")
	gap, packets := silence(people["alice"], seat.Index, time.Second)
	catalogue.Report(t, catalogue.Item{
		ID: "F18", Injected: "a panic at the 100th packet of one participant's track",
		Measured: fmt.Sprintf("victim: %q; panics counted %d; others: %d packets in the next second, longest gap %v", people["victim"].heard.failure(), sfu.Panics(s), packets, gap),
		Bar:      "that participant fails, others go on, counted", Pass: people["alice"].heard.failure() == "" && sfu.Panics(s) == 1 && packets > 25 && gap < 300*time.Millisecond,
	})
}

// silence watches one seat's sound and gives the longest time without a packet.
func silence(c *client, seat int, during time.Duration) (longest time.Duration, packets int) {
	start := time.Now()
	have, last := len(c.audio(seat)), start
	first := have
	for time.Since(start) < during {
		<-time.NewTimer(2 * time.Millisecond).C
		if n := len(c.audio(seat)); n > have {
			have, last = n, time.Now()
		}
		longest = max(longest, time.Since(last))
	}
	return longest, have - first
}

func TestW18_OnlyServerAddresses(t *testing.T) {
	s := server(t)
	texts := ""
	for _, id := range []string{"alice", "bob", "carol"} {
		c := join(t, s, "room", id, person(9))
		texts += c.answer
		c.grow(16, 1, 1)
		c.negotiate()
		texts += c.answer
	}
	found := map[string]int{}
	for _, address := range regexp.MustCompile(`\b\d+\.\d+\.\d+\.\d+\b`).FindAllString(texts, -1) {
		found[address]++
	}
	names := regexp.MustCompile(`\.local\b`).FindAllString(texts, -1)
	foreign := 0
	for address, n := range found {
		if address != "127.0.0.1" && address != "0.0.0.0" {
			foreign += n
		}
	}
	catalogue.Report(t, catalogue.Item{
		ID: "W18", Injected: "all answers three participants get, six of them, searched for addresses",
		Measured: fmt.Sprintf("addresses %v, %d mDNS names, in %d kB", found, len(names), len(texts)/1024),
		Bar:      "only the server's own", Pass: foreign == 0 && len(names) == 0 && found["127.0.0.1"] > 0,
	})
}

func abs(n int) int { return max(n, -n) }

// settle waits until closed connections are gone and measures what is left.
func settle(t *testing.T) (goroutines int, memory uint64, files int) {
	t.Helper()
	goroutines = runtime.NumGoroutine()
	for range 20 {
		<-time.NewTimer(50 * time.Millisecond).C
		goroutines = min(goroutines, runtime.NumGoroutine())
	}
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Logf("open files are not counted on this system: %v", err)
	}
	return goroutines, heap(), len(entries)
}

package sfu_test

import (
	"fmt"
	"os"
	"regexp"
	"runtime"
	"testing"
	"time"

	"palabre/internal/catalogue"
	"palabre/sfu"
)

func TestF18_PanicInOneTrack(t *testing.T) {
	var packets, panics int
	var gap time.Duration
	var victim string
	pass := true
	venues(t, func(v *venue) {
		sfu.Trap(v.sfu, "victim", 100)
		people := map[string]*client{}
		for _, id := range []string{"victim", "alice", "bob"} {
			people[id] = v.join(id, person(4))
		}
		for _, id := range []string{"alice", "bob", "victim"} {
			talk, film := people[id].talk(20), people[id].film(people[id].camera, 25, 100)
			defer talk.end()
			defer film.end()
		}
		until(v, "the victim to be told", func() bool { return people["victim"].heard.failure() != "" })
		seat, _ := people["alice"].heard.seat("bob")
		stood, n := silence(people["alice"], seat.Index, time.Second)
		until(v, "the others to go on", func() bool { return len(people["alice"].audio(seat.Index)) > 25+n })
		victim, panics = people["victim"].heard.failure(), panics+int(sfu.Panics(v.sfu))
		pass = pass && victim != "" && people["alice"].heard.failure() == "" && sfu.Panics(v.sfu) == 1
		if v.timed {
			gap, packets = stood, n
		}
	})
	catalogue.Report(t, catalogue.Item{
		ID: "F18", Injected: "a panic at the 100th packet of one participant's track, on loopback and in virtual time",
		Measured: fmt.Sprintf("victim: %q; panics counted %d; others: %d packets in the next second, longest gap %v of virtual time", victim, panics, packets, gap),
		Bar:      "that participant fails, others go on, each counted", Pass: pass && panics == 2 && packets > 25 && gap < 300*time.Millisecond,
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

// footprint is what the process holds.
type footprint struct {
	goroutines, files int
	heap              uint64
}

// settle waits until closed connections are gone and measures what is left:
// for a second, and on until there are so few goroutines, if they become so few.
func settle(t *testing.T, few int) (f footprint) {
	t.Helper()
	f.goroutines = runtime.NumGoroutine()
	for start := time.Now(); time.Since(start) < time.Second || few > 0 && f.goroutines > few && time.Since(start) < wait; {
		<-time.NewTimer(50 * time.Millisecond).C
		f.goroutines = min(f.goroutines, runtime.NumGoroutine())
	}
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Logf("open files are not counted on this system: %v", err)
	}
	f.files, f.heap = len(entries), heap()
	return f
}

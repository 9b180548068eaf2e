package sdp

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// hostile are descriptions made to cost the reader time or memory. Each stays
// within the byte limit as well as beyond it, so that no single check hides the others.
func hostile() map[string]string {
	line := "a=fmtp:111 " + strings.Repeat("x", 1<<20)
	many := func(n int, text string) string { return head + audio("a") + strings.Repeat(text, n) }
	return map[string]string{
		"10k m-lines":                 head + sections(10_000),
		"10k m-lines, short":          head + strings.Repeat("m=audio 0 X 1\r\n", 10_000),
		"1 MiB line":                  head + line + "\r\n" + audio("a"),
		"1 MiB without a line end":    line,
		"200 KiB line":                head + line[:200<<10] + "\r\n" + audio("a"),
		"5k candidates":               many(5_000, "a=candidate:1 1 udp 2122260223 a.example 9 typ host\r\n"),
		"5k candidates, short":        many(5_000, "a=candidate:\r\n"),
		"duplicate mids":              head + audio("a") + audio("b") + audio("a"),
		"bad fmtp":                    many(1, "a=fmtp:111 apt=;;;\x00=\r\n"),
		"a fmtp of semicolons":        many(1, "a=fmtp:111 "+strings.Repeat(";", 1900)+"\r\n"),
		"fmtp of 100 payload types":   many(50, "a=fmtp:111 "+strings.Repeat("a=b;", 450)+"=\r\n"),
		"8k distinct sources":         many(7_900, "a=ssrc:1 cname:x\r\n"),
		"9k lines of nothing":         many(9_000, "a=x\r\n"),
		"invalid text of full length": strings.Repeat("a", 255<<10) + "\xff",
		"a simulcast of 600 layers":   many(1, "a=simulcast:send "+strings.Repeat("a;", 600)+"\r\n"),
	}
}

func TestHostileDescriptionsAreRefusedQuickly(t *testing.T) {
	const (
		bar    = 5 * time.Millisecond
		factor = 4 // the race detector, a busy machine
		rounds = 9
		heap   = 4 << 20
	)
	var slowest time.Duration
	var most uint64
	accepted := ""
	for name, text := range hostile() {
		took := make([]time.Duration, rounds)
		for i := range took {
			before := allocated()
			start := time.Now()
			_, err := Scan(text, Meeting())
			took[i] = time.Since(start)
			most = max(most, allocated()-before)
			if err == nil {
				accepted += " " + name
			}
		}
		slices.Sort(took)
		slowest = max(slowest, took[rounds/2])
	}
	if accepted != "" || slowest > factor*bar || most > heap {
		t.Errorf("slowest refusal %v (median of %d), most allocated %d kB, accepted:%s", slowest, rounds, most>>10, accepted)
	}
}

// allocated is how many bytes were ever allocated.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

func TestCandidatesAreTakenOut(t *testing.T) {
	hosts := []string{
		"attacker.example", "localhost", "0e2a4336-0fd6-4ff1-b6d8-a9a873c8bc11.local", "127.0.0.1", "169.254.169.254",
		"224.0.0.1", "10.0.0.1", "::1", "fe80::1", "::ffff:127.0.0.1", "255.255.255.255",
	}
	text := head
	for i, h := range hosts {
		text += audio(fmt.Sprint(i)) +
			fmt.Sprintf("a=candidate:1 1 udp 2122260223 %s 9 typ host\r\n", h) +
			fmt.Sprintf("a=candidate:2 1 tcp 1518214911 %s 22 typ srflx raddr %s rport 9 tcptype passive\n", h, h) +
			fmt.Sprintf("a=remote-candidates:1 %s 9\r\na=end-of-candidates\r\n", h)
	}
	d, err := Scan(text, Meeting())
	left := ""
	for _, h := range hosts {
		if strings.Contains(strings.ReplaceAll(d.Text, head, ""), h) {
			left += " " + h
		}
	}
	if err != nil || left != "" || d.Candidates != 2*len(hosts) || strings.Contains(d.Text, "candidate") {
		t.Errorf("%d candidates taken out of %d, left:%s, %v", d.Candidates, 2*len(hosts), left, err)
	}
}

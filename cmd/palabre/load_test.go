package main

import (
	"strings"
	"testing"
)

// TestLoadLosesNothing is the promise of the load command: no packet missing
// in a lecture of one to twenty and in a meeting of six.
func TestLoadLosesNothing(t *testing.T) {
	for name, flags := range map[string][]string{
		"one to twenty": {"--publishers", "1", "--subscribers", "20"},
		"six to six":    {"--publishers", "6", "--subscribers", "6"},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t)
			// Small pictures: the race detector watches both the server and its dozens of clients.
			args := append([]string{"load", "--url", s.url, "--duration", "3s", "--video-bitrate", "150000"}, flags...)
			// A machine that starves both sides proves nothing: it gets two more tries.
			for try := 1; ; try++ {
				code, report, said := command(t, args...)
				if code == 0 && strings.TrimSpace(report) != "" {
					return
				}
				t.Logf("try %d: exit %d: %s\n%s", try, code, said, report)
				if try == 3 {
					t.Fatal("packets were lost every time")
				}
			}
		})
	}
}

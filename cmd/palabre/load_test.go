package main

import (
	"encoding/json"
	"runtime"
	"strings"
	"testing"

	"palabre/internal/load"
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

// TestCheapSubscribersStay lets cheap subscribers watch for longer than the
// server waits for a client that says nothing (5 s), among full ones.
func TestCheapSubscribersStay(t *testing.T) {
	s := serve(t)
	var report load.Report
	// A machine that starves both sides proves nothing: it gets two more tries.
	for try := 1; ; try++ {
		code, out, said := command(t, "load", "--url", s.url, "--duration", "8s", "--video-bitrate", "150000",
			"--subscribers", "12", "--cheap", "10", "--storm", "--json")
		if err := json.Unmarshal([]byte(out), &report); err != nil {
			t.Fatalf("%v in %s: %s", err, out, said)
		}
		if code == 0 {
			break
		}
		t.Logf("try %d: exit %d: %s\n%s", try, code, said, out)
		if try == 3 {
			t.Fatal("packets were lost every time")
		}
	}
	mustEqual(t, "cheap subscribers", report.Cheap, 10)
	mustEqual(t, "pictures that stopped", report.Streams.Stalled, 0)
	mustEqual(t, "connected", report.Join.Connected.Count, 12)
	mustEqual(t, "first key frames", report.Join.FirstKeyFrame.Count, 12)
}

// TestSampledWorkload runs the smallest sample of a large workload.
func TestSampledWorkload(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the kernel samples on Linux alone")
	}
	s := serve(t)
	code, out, said := command(t, "load", "--url", s.url, "--duration", "2s", "--video-bitrate", "150000",
		"--subscribers", "4", "--cheap", "4", "--sample", "8", "--json", "--max-loss", "0.2")
	var report load.Report
	if err := json.Unmarshal([]byte(out), &report); err != nil || code != 0 {
		t.Fatalf("exit %d, %v: %s\n%s", code, err, said, out)
	}
	if report.Sample != 8 || report.VideoLatency.Count*8 != report.Received.Video {
		t.Errorf("%d packets looked at stand for %d", report.VideoLatency.Count, report.Received.Video)
	}
}

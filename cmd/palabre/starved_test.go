//go:build linux && !race

// The race detector would not watch the server, which is another process here.

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"palabre/client"
	"palabre/internal/catalogue"
	"palabre/internal/load"
)

// quota makes a control group that gets a share of one core, in percent, and
// gives the file that takes its processes. It skips where that is not allowed.
func quota(t *testing.T, percent int) (processes string) {
	t.Helper()
	const period = 100_000 // microseconds
	name := fmt.Sprintf("palabre-test-%d", os.Getpid())
	for _, kind := range []struct{ folder, file, value string }{
		{"/sys/fs/cgroup/cpu", "cpu.cfs_quota_us", fmt.Sprint(period * percent / 100)},
		{"/sys/fs/cgroup", "cpu.max", fmt.Sprintf("%d %d", period*percent/100, period)},
	} {
		folder := filepath.Join(kind.folder, name)
		if os.Mkdir(folder, 0o755) != nil {
			continue
		}
		t.Cleanup(func() { _ = os.Remove(folder) })
		if os.WriteFile(filepath.Join(folder, kind.file), []byte(kind.value), 0o600) == nil {
			return filepath.Join(folder, "cgroup.procs")
		}
	}
	t.Skip("control groups for the processor cannot be made here: run as root")
	return ""
}

// starved builds the server and runs it within a share of one core.
func starved(t *testing.T, percent int) (s *server, binary string) {
	t.Helper()
	processes := quota(t, percent)
	binary = filepath.Join(t.TempDir(), "palabre")
	if said, err := exec.CommandContext(t.Context(), "go", "build", "-tags", "nomsgpack", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("build the server: %v\n%s", err, said)
	}
	s = &server{t: t, out: &output{}, log: &output{}, http: &http.Client{Timeout: patience}}
	// It is in the control group only once it runs, whose limit would not hold.
	c := exec.Command(binary, "serve", "--no-realtime", "--http", "127.0.0.1:0", "--udp", "127.0.0.1:0", "--data-dir", t.TempDir())
	c.Stdout, c.Stderr = s.out, s.log
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Signal(syscall.SIGTERM)
		if err := c.Wait(); err != nil {
			t.Errorf("the server ended with %v:\n%s", err, s.log)
		}
	})
	if err := os.WriteFile(processes, []byte(fmt.Sprint(c.Process.Pid)), 0o600); err != nil {
		t.Fatal(err)
	}
	until(t, "the server's link", func() bool {
		_, link, found := strings.Cut(s.out.String(), "is ready: ")
		s.url = strings.TrimSuffix(strings.TrimSpace(link), "/")
		return found && strings.HasSuffix(link, "\n")
	})
	return s, binary
}

// answered says something until done, and gives how long the server took to
// tell it, in order.
func answered(p *person, done <-chan struct{}) (took []time.Duration) {
	p.t.Helper()
	for n := 0; ; n++ {
		select {
		case <-done:
			slices.Sort(took)
			return took
		default:
		}
		text, start := fmt.Sprintf("line %d", n), time.Now()
		if err := p.Say(text, text); err != nil {
			p.t.Fatal(err)
		}
		await(p, text, func(m client.ChatReceived) bool { return m.Text == text })
		took = append(took, time.Since(start))
		<-time.NewTimer(100 * time.Millisecond).C
	}
}

// TestF17_TooLittleProcessor gives the server a fifth of a core and more to
// forward than that carries.
func TestF17_TooLittleProcessor(t *testing.T) {
	const percent, publishers, subscribers = 20, 6, 50
	s, binary := starved(t, percent)
	ana := enter(t, s.config("garden", "Ana"))
	var said, complaints bytes.Buffer
	crowd := exec.CommandContext(t.Context(), binary, "load", "--url", s.url, "--json", "--max-loss", "1", "--simulcast",
		"--publishers", fmt.Sprint(publishers), "--subscribers", fmt.Sprint(subscribers), "--video-bitrate", "1000000", "--duration", "5s")
	crowd.Stdout, crowd.Stderr = &said, &complaints
	if err := crowd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = crowd.Wait() // it complains of the pictures that stand
	}()
	took := answered(ana, done)
	var r load.Report
	if err := json.Unmarshal(said.Bytes(), &r); err != nil {
		t.Fatalf("read the load's report: %v\n%s%s", err, said.Bytes(), complaints.Bytes())
	}
	loss := float64(r.Loss.LostAudio) / float64(max(1, r.Received.Audio+r.Loss.LostAudio))
	shown := r.Streams.Expected - r.Streams.Missing - r.Streams.Stalled
	slowest := took[len(took)*99/100]
	catalogue.Report(t, catalogue.Item{
		ID:       "F17",
		Injected: fmt.Sprintf("a control group of %d %% of a core for the server, %d people heard and seen in three layers by %d", percent, publishers, subscribers),
		Measured: fmt.Sprintf("%.0f %% of a core used, audio loss %.2f %% and late by %.0f ms at the 99th percentile, %d of %d pictures still shown with %d packets, 99 %% of %d chat lines told within %v",
			r.Server.CorePercent, loss*100, r.AudioLatency.P99, shown, r.Streams.Expected, r.Received.Video, len(took), slowest.Round(time.Millisecond)),
		Bar:  "audio loss at most 1 %, pictures given up first, chat within 500 ms",
		Pass: loss <= 0.01 && slowest <= 500*time.Millisecond && len(took) > 20 && r.Received.Audio > 0,
	})
}

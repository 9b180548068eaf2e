//go:build linux && !race

// The race detector's own memory would fill the control group.

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"palabre/client"
	"palabre/internal/catalogue"
	"palabre/internal/load"
)

// confine makes a control group of that much memory, and gives what a shell
// does to be in it. It skips where that is not allowed.
func confine(t *testing.T, bytes int) (enter string, killed func() string) {
	t.Helper()
	name := fmt.Sprintf("palabre-memory-%d", os.Getpid())
	for _, kind := range []struct{ folder, file, events string }{
		{"/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.oom_control"},
		{"/sys/fs/cgroup", "memory.max", "memory.events"},
	} {
		folder := filepath.Join(kind.folder, name)
		if os.Mkdir(folder, 0o755) != nil {
			continue
		}
		t.Cleanup(func() { _ = os.Remove(folder) })
		if os.WriteFile(filepath.Join(folder, kind.file), []byte(fmt.Sprint(bytes)), 0o600) != nil {
			continue
		}
		return "echo $$ >" + filepath.Join(folder, "cgroup.procs") + " && ", func() string {
			text, _ := os.ReadFile(filepath.Join(folder, kind.events))
			for line := range strings.Lines(string(text)) {
				if n, found := strings.CutPrefix(line, "oom_kill "); found {
					return strings.TrimSpace(n)
				}
			}
			return "unknown"
		}
	}
	t.Skip("control groups for memory cannot be made here: run as root")
	return "", nil
}

// used is the part of its memory limit a server says it uses.
func (p *process) used() float64 {
	p.t.Helper()
	_, text := p.get("/metrics")
	_, rest, _ := strings.Cut(text, `palabre_capacity_used_ratio{what="memory"} `)
	line, _, _ := strings.Cut(rest, "\n")
	f, err := strconv.ParseFloat(line, 64)
	if err != nil {
		p.t.Fatalf("the server says its memory is %q", line)
	}
	return f
}

// most is the largest part used until something has ended.
func (p *process) most(ended <-chan struct{}) (most float64) {
	p.t.Helper()
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			most = max(most, p.used())
		case <-ended:
			return most
		}
	}
}

// TestF16_LittleMemory runs twenty people on 256 MB, and lets people into a
// server with next to nothing until it refuses them.
func TestF16_LittleMemory(t *testing.T) {
	const group, people = 256 << 20, 20
	enterGroup, killed := confine(t, group)
	first := spawn(t, enterGroup, nil)
	start := first.used()
	var said, complaints bytes.Buffer
	crowd := exec.CommandContext(t.Context(), os.Args[0], "load", "--url", first.url, "--json", "--max-loss", "1",
		"--publishers", "4", "--subscribers", fmt.Sprint(people-4), "--video-bitrate", "1000000", "--duration", "5s")
	crowd.Env = append(os.Environ(), asServer+"=1")
	crowd.Stdout, crowd.Stderr = &said, &complaints
	if err := crowd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = crowd.Wait() // it complains of pictures a busy machine does not carry
	}()
	full := first.most(ended)
	var r load.Report
	if err := json.Unmarshal(said.Bytes(), &r); err != nil {
		t.Fatalf("read the load's report: %v\n%s%s", err, said.Bytes(), complaints.Bytes())
	}
	kills, failed := killed(), 0
	for _, n := range r.Failures {
		failed += n
	}

	// What is there without anybody, and 12 MiB.
	limit := int(start*group) + 12<<20
	small := spawn(t, "", []string{fmt.Sprintf("GOMEMLIMIT=%d", limit)})
	ana, bob := enter(t, small.config("garden", "Ana")), enter(t, small.config("garden", "Bob"))
	ana.seesAndHears(bob)
	var refusal error
	guests := 0
	for ; refusal == nil && guests < 200; guests++ {
		refusal = small.visit(t, guests)
	}
	held, answer := small.held(), small.turnsAway(refusal)
	ana.seesAndHears(bob)
	bob.seesAndHears(ana)
	told := ana.Say("still here", "") == nil
	await(bob, "the chat to go on", func(m client.ChatReceived) bool { return m.Text == "still here" })
	catalogue.Report(t, catalogue.Item{
		ID: "F16", Injected: fmt.Sprintf("a control group of 256 MB with %d people in a call; GOMEMLIMIT of %d MiB and people until they are refused", people, limit>>20),
		Measured: fmt.Sprintf("256 MB: at most %.0f %% in use with %d of %d people inside, killed %s times; %d MiB: refused after %d people with a heap of %.1f MiB: %v; over HTTP with %d; the call goes on, chat too: %v",
			full*100, people-failed, people, kills, limit>>20, guests+1, float64(held.Heap)/(1<<20), refusal, answer.status, told),
		Bar:  "no kill with 20 people; new ones refused from 85 % on, calls go on",
		Pass: kills == "0" && failed == 0 && first.alive() && answer.clear() && told && small.alive() && guests > 5,
	})
}

// visit has somebody come, see two people and stay.
func (p *process) visit(t *testing.T, n int) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s, err := client.Open(ctx, client.Config{URL: p.url, Room: "garden", Name: fmt.Sprint("Guest ", n), Receive: client.DefaultReceive()})
	if err != nil {
		return err
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := s.Join(ctx); err != nil {
		return err
	}
	return s.WaitMedia(ctx)
}

//go:build linux

package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"palabre/internal/realtime"
)

// before says of how many threads a process has, and how many of them go before
// those of other programs.
func (p *process) before() (first, all int) {
	p.t.Helper()
	threads, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", p.command.Process.Pid))
	if err != nil {
		p.t.Fatal(err)
	}
	for _, entry := range threads {
		thread, err := strconv.Atoi(entry.Name())
		if err != nil {
			p.t.Fatal(err)
		}
		a, err := unix.SchedGetAttr(thread, 0)
		if err != nil {
			continue // it has ended
		}
		all++
		if a.Policy == unix.SCHED_RR {
			first++
		}
	}
	return first, all
}

func TestMediaGoesBeforeOtherPrograms(t *testing.T) {
	if err := realtime.Permitted(); err != nil {
		t.Skipf("not permitted here: %v", err)
	}
	s := spawn(t, "", nil)
	until(t, "all threads to go first", func() bool {
		first, all := s.before()
		return first == all
	})
	if _, text := s.get("/metrics"); !strings.Contains(text, "\npalabre_realtime 1\n") {
		t.Error("/metrics does not say so")
	}
	ordinary := spawn(t, "", []string{"PALABRE_REALTIME=false"})
	if first, _ := ordinary.before(); first > 0 {
		t.Errorf("told not to, %d threads go first", first)
	}
	if _, text := ordinary.get("/metrics"); !strings.Contains(text, "\npalabre_realtime 0\n") {
		t.Error("/metrics does not say so")
	}
}

func TestWhoStartsTheServerMayChoose(t *testing.T) {
	s := spawn(t, `exec chrt --batch 0 "$@"; `, nil)
	threads, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", s.command.Process.Pid))
	if err != nil || len(threads) < 2 {
		t.Fatalf("%d threads: %v", len(threads), err)
	}
	a, err := unix.SchedGetAttr(s.command.Process.Pid, 0)
	if err != nil {
		t.Fatal(err)
	}
	if first, _ := s.before(); first > 0 || a.Policy != unix.SCHED_BATCH {
		t.Errorf("%d threads go first, and the policy is %d, not the one chosen", first, a.Policy)
	}
}

func TestWithoutPermissionTheServerRunsAmongOthers(t *testing.T) {
	if err := realtime.Permitted(); err != nil {
		t.Skipf("there is no permission to take away: %v", err)
	}
	s := spawn(t, `exec setpriv --bounding-set=-sys_nice -- "$@"; `, nil)
	until(t, "the log to say so", func() bool { return strings.Contains(s.log.String(), "LimitRTPRIO=2") })
	if first, all := s.before(); first > 0 || all == 0 {
		t.Errorf("%d of %d threads go first", first, all)
	}
}

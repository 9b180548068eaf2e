package realtime

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"golang.org/x/sys/unix"
)

// policies counts the threads of this process by how they are scheduled.
func policies(t *testing.T) map[uint32]int {
	t.Helper()
	count := map[uint32]int{}
	for _, a := range attributes(t) {
		count[a.Policy]++
	}
	return count
}

// attributes are those of the threads there are, the first one's first.
func attributes(t *testing.T) (found []*unix.SchedAttr) {
	t.Helper()
	all, err := list()
	if err != nil {
		t.Fatal(err)
	}
	for _, thread := range all {
		if a, err := unix.SchedGetAttr(thread, 0); err == nil {
			found = append(found, a)
		}
	}
	return found
}

// permitted skips where the system does not let this process go before others.
func permitted(t *testing.T) {
	t.Helper()
	if err := Permitted(); errors.Is(err, unix.EPERM) || errors.Is(err, errLimited) {
		t.Skipf("not permitted here: %v", err)
	} else if err != nil {
		t.Fatal(err)
	}
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s: %v", what, policies(t))
		}
	}
}

// kept has the priority kept until the test ends, or stop.
func kept(t *testing.T, p *Priority) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); p.Keep(ctx) }()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return stop
}

func TestEveryThreadGoesBeforeOthersUntilTheEnd(t *testing.T) {
	permitted(t)
	registry := prometheus.NewRegistry()
	p, err := New(slog.New(slog.DiscardHandler), registry)
	if err != nil {
		t.Fatal(err)
	}
	stop := kept(t, p)
	until(t, "all threads to go first", func() bool { return p.raised.Load() && policies(t)[unix.SCHED_NORMAL] == 0 })
	if err := testutil.GatherAndCompare(registry, strings.NewReader(`
# HELP palabre_realtime 1 while the process goes before others (SCHED_RR), 0 while it is one among them.
# TYPE palabre_realtime gauge
palabre_realtime 1
`)); err != nil {
		t.Error(err)
	}
	until(t, "only Go's monitor to be above the others", func() bool {
		if err := again(); err != nil { // one that the monitor has made is as it
			t.Fatal(err)
		}
		for i, a := range attributes(t) {
			if monitor := i == 1; monitor != (a.Priority == above) {
				return false
			}
		}
		return true
	})
	policy := make(chan uint32)
	go func() { // a thread of its own, which ends with this
		runtime.LockOSThread()
		a, err := unix.SchedGetAttr(0, 0)
		if err != nil {
			t.Error(err)
		}
		policy <- a.Policy
	}()
	if got := <-policy; got != unix.SCHED_RR {
		t.Errorf("a later thread has policy %d, want %d", got, unix.SCHED_RR)
	}
	stop()
	if got := policies(t); got[unix.SCHED_RR] != 0 {
		t.Errorf("at the end %d threads still go before others", got[unix.SCHED_RR])
	}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_RTTIME, &limit); err != nil || limit.Cur != limit.Max {
		t.Errorf("the limit is %d of %d at the end (%v)", limit.Cur, limit.Max, err)
	}
}

func TestWhoRunsForLongIsOneAmongOthersForAWhile(t *testing.T) {
	permitted(t)
	var said bytes.Buffer
	p, err := New(slog.New(slog.NewTextHandler(&said, nil)), nil)
	if err != nil {
		t.Fatal(err)
	}
	p.spell, p.rest = 100*time.Millisecond, 200*time.Millisecond
	stop := kept(t, p)
	until(t, "the process to go first", p.raised.Load)
	var busy atomic.Bool
	busy.Store(true)
	spun := make(chan struct{})
	go func() {
		defer close(spun)
		for busy.Load() {
		}
	}()
	until(t, "the process to be one among others", func() bool { return !p.raised.Load() && policies(t)[unix.SCHED_RR] == 0 })
	busy.Store(false)
	<-spun
	until(t, "the process to go first again", func() bool { return p.raised.Load() && policies(t)[unix.SCHED_NORMAL] == 0 })
	stop()
	if !strings.Contains(said.String(), "busy for long") {
		t.Errorf("the log says %q", said.String())
	}
}

func TestALimitOfTheControlGroupIsKept(t *testing.T) {
	for text, want := range map[string]bool{"max 100000": false, "50000 100000": true, "": false, "-1": false} {
		root := fstest.MapFS{
			"proc/self/cgroup":        {Data: []byte("0::/a\n")},
			"sys/fs/cgroup/a/cpu.max": {Data: []byte(text)},
		}
		if got := limited(root); got != want {
			t.Errorf("with %q: limited %v, want %v", text, got, want)
		}
	}
}

func TestTheLogSaysWhyNot(t *testing.T) {
	var said bytes.Buffer
	p := &Priority{log: slog.New(slog.NewTextHandler(&said, nil))}
	p.explain(errUnsupported)
	if said.Len() > 0 {
		t.Errorf("where it is not known at all the log says %q", said.String())
	}
	for cause, advice := range map[error]string{unix.EPERM: "LimitRTPRIO=2", errLimited: "CPUWeight"} {
		said.Reset()
		p.explain(cause)
		if got := said.String(); !strings.Contains(got, advice) || !strings.Contains(got, cause.Error()) {
			t.Errorf("of %v the log says %q", cause, got)
		}
	}
}

package realtime

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"palabre/internal/cgroup"
)

const (
	// lowest is the least priority before everybody, see sched(7), and above that
	// of the thread by which Go ends the turns of goroutines that compute for long:
	// on a single core it would come too late.
	lowest, above = 1, 2
	// rounds is how often threads are looked for that have come meanwhile.
	rounds = 100
)

// threads are what the threads of the process were before they were raised. A new
// one is as the thread that made it, which may be the one above all.
type threads struct {
	nice  int32
	limit unix.Rlimit
}

// raise has all threads of the process go before others; overruns tells of
// those that run for longer than spell.
func raise(spell time.Duration) (t threads, err error) {
	if limited(os.DirFS("/")) {
		return t, errLimited
	}
	was, err := unix.SchedGetAttr(os.Getpid(), 0)
	if err != nil {
		return t, fmt.Errorf("read how the process is scheduled: %w", err)
	}
	if was.Policy != unix.SCHED_NORMAL {
		return t, errChosen
	}
	t.nice = was.Nice
	if err := unix.Getrlimit(unix.RLIMIT_RTTIME, &t.limit); err != nil {
		return t, fmt.Errorf("read how long real-time threads may run: %w", err)
	}
	// At the hard limit the kernel would kill the process.
	soft := min(uint64(spell.Microseconds()), t.limit.Max/2)
	if err := unix.Setrlimit(unix.RLIMIT_RTTIME, &unix.Rlimit{Cur: soft, Max: t.limit.Max}); err != nil {
		return t, fmt.Errorf("bound how long real-time threads may run: %w", err)
	}
	if err := again(); err != nil {
		return t, errors.Join(err, t.lower())
	}
	return t, nil
}

// again has all threads go before others, new ones too.
func again() error {
	return schedule(func(monitor bool) unix.SchedAttr {
		if monitor {
			return unix.SchedAttr{Policy: unix.SCHED_RR, Priority: above}
		}
		return unix.SchedAttr{Policy: unix.SCHED_RR, Priority: lowest}
	})
}

// lower makes the threads what they were.
func (t threads) lower() error {
	err := schedule(func(bool) unix.SchedAttr { return unix.SchedAttr{Policy: unix.SCHED_NORMAL, Nice: t.nice} })
	if limit := unix.Setrlimit(unix.RLIMIT_RTTIME, &t.limit); limit != nil {
		err = errors.Join(err, fmt.Errorf("restore how long real-time threads may run: %w", limit))
	}
	return err
}

// schedule sets how each thread is scheduled. New ones may come meanwhile, so it is
// done when a look at all finds none that is not as it should be.
func schedule(wanted func(monitor bool) unix.SchedAttr) error {
	for range rounds {
		all, err := list()
		if err != nil {
			return err
		}
		changed := false
		for i, thread := range all {
			has, err := unix.SchedGetAttr(thread, 0)
			// Go starts its monitor thread before all others, so its number is the next
			// after the first one's; had they begun anew in between, another would go above.
			want := wanted(i == 1)
			if err != nil || has.Policy == want.Policy && has.Priority == want.Priority {
				continue // it has ended, or is already
			}
			if err := unix.SchedSetAttr(thread, &want, 0); err != nil && !errors.Is(err, unix.ESRCH) {
				return fmt.Errorf("schedule a thread of the process: %w", err)
			}
			changed = true
		}
		if !changed {
			return nil
		}
	}
	return errors.New("schedule the threads of the process: new ones come all the time")
}

// list gives the numbers of the threads there are, lowest first.
func list() (all []int, err error) {
	entries, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return nil, fmt.Errorf("list the threads of the process: %w", err)
	}
	for _, entry := range entries {
		if n, err := strconv.Atoi(entry.Name()); err == nil {
			all = append(all, n)
		}
	}
	slices.Sort(all)
	return all, nil
}

// overruns tells when a thread has run for too long.
func overruns() (c <-chan os.Signal, stop func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, unix.SIGXCPU)
	return signals, func() { signal.Stop(signals) }
}

// limited says whether a control group limits the processor time of the process.
func limited(root fs.FS) bool {
	for value := range cgroup.Values(root, cgroup.File{Controller: "cpu", First: "cpu.cfs_quota_us", Second: "cpu.max"}) {
		quota, _, _ := strings.Cut(value, " ")
		if n, err := strconv.Atoi(quota); err == nil && n > 0 {
			return true
		}
	}
	return false
}

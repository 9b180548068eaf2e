package realtime

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"palabre/internal/cgroup"
)

const (
	// lowest is the least priority before everybody, see sched(7).
	lowest = 1
	// rounds is how often threads are looked for that have come meanwhile.
	rounds = 100
)

// threads are what the threads of the process were before they were raised.
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
	t.nice = was.Nice
	if err := unix.Getrlimit(unix.RLIMIT_RTTIME, &t.limit); err != nil {
		return t, fmt.Errorf("read how long real-time threads may run: %w", err)
	}
	// At the hard limit the kernel would kill the process.
	soft := min(uint64(spell.Microseconds()), t.limit.Max/2)
	if err := unix.Setrlimit(unix.RLIMIT_RTTIME, &unix.Rlimit{Cur: soft, Max: t.limit.Max}); err != nil {
		return t, fmt.Errorf("bound how long real-time threads may run: %w", err)
	}
	if err := schedule(unix.SchedAttr{Policy: unix.SCHED_RR, Priority: lowest}); err != nil {
		return t, errors.Join(err, t.lower())
	}
	return t, nil
}

// lower makes the threads what they were.
func (t threads) lower() error {
	err := schedule(unix.SchedAttr{Policy: unix.SCHED_NORMAL, Nice: t.nice})
	if limit := unix.Setrlimit(unix.RLIMIT_RTTIME, &t.limit); limit != nil {
		err = errors.Join(err, fmt.Errorf("restore how long real-time threads may run: %w", limit))
	}
	return err
}

// schedule sets the policy of every thread. A new one has that of the thread which
// made it, so it is done when a look at all finds none of another.
func schedule(attributes unix.SchedAttr) error {
	for range rounds {
		all, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return fmt.Errorf("list the threads of the process: %w", err)
		}
		changed := false
		for _, entry := range all {
			thread, err := strconv.Atoi(entry.Name())
			if err != nil {
				continue
			}
			has, err := unix.SchedGetAttr(thread, 0)
			if err != nil || has.Policy == attributes.Policy {
				continue // it has ended, or has it already
			}
			wanted := attributes
			if err := unix.SchedSetAttr(thread, &wanted, 0); err != nil && !errors.Is(err, unix.ESRCH) {
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

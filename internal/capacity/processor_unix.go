//go:build unix

package capacity

import (
	"time"

	"golang.org/x/sys/unix"
)

// processorTime is how long this process ran so far, in user and system time of all its threads.
func processorTime() time.Duration {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

package player

import (
	"time"

	"golang.org/x/sys/unix"
)

// rest sleeps; by the runtime's timers it would be whole milliseconds.
func rest(d time.Duration) {
	t := unix.NsecToTimespec(int64(d))
	_ = unix.Nanosleep(&t, nil) // a signal may cut it short
}

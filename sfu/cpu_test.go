package sfu_test

import (
	"syscall"
	"testing"
	"time"
)

// cpuTime is what this process has used so far.
func cpuTime(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Skipf("no CPU time on this system: %v", err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

package alarm

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// timer is a timer of the kernel's, waited for in Go's poller.
type timer struct {
	file    *os.File
	raw     syscall.RawConn
	expired func()
	done    chan struct{}
	// Made once, so that start allocates nothing.
	wind func(fd uintptr)
	next unix.ItimerSpec
}

func system(expired func()) (clock, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("alarm: make a timer: %w", err)
	}
	t := &timer{file: os.NewFile(uintptr(fd), "timer"), expired: expired, done: make(chan struct{})}
	t.wind = func(fd uintptr) { setTimer(fd, &t.next) }
	if t.raw, err = t.file.SyscallConn(); err == nil {
		err = t.file.SetReadDeadline(time.Time{}) // says whether the poller has it
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("alarm: wait for a timer: %w", err), t.file.Close())
	}
	go t.run()
	return t, nil
}

// run waits for the timer until that is closed.
func (t *timer) run() {
	defer close(t.done)
	for t.raw.Read(readTimer) == nil {
		t.expired()
	}
}

func (t *timer) start(d time.Duration) {
	t.next.Value = unix.NsecToTimespec(int64(d))
	_ = t.raw.Control(t.wind) // fails on a closed timer, which nobody waits for
}

func (t *timer) stop() {
	_ = t.file.Close() // there is nothing in it to lose
	<-t.done
}

// setTimer is timerfd_settime(2), readTimer read(2) without waiting. They are raw
// calls: one that the scheduler knows of wakes its monitor thread.
func setTimer(fd uintptr, next *unix.ItimerSpec) {
	_, _, _ = syscall.RawSyscall6(unix.SYS_TIMERFD_SETTIME, fd, 0, uintptr(unsafe.Pointer(next)), 0, 0, 0)
}

// readTimer says whether the timer has expired since the last time.
func readTimer(fd uintptr) bool {
	var times [8]byte
	_, _, errno := syscall.RawSyscall(unix.SYS_READ, fd, uintptr(unsafe.Pointer(&times)), uintptr(len(times)))
	return errno != unix.EAGAIN && errno != unix.EINTR
}

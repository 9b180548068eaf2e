package capacity

import (
	"os"

	"golang.org/x/sys/unix"
)

const descriptors = "/proc/self/fd"

// filesOpen is how many file descriptors are open; 0 where that cannot be known.
func filesOpen() uint64 {
	// Linux says it as the folder's size since 6.2.
	if info, err := os.Stat(descriptors); err == nil && info.Size() > 0 {
		return uint64(info.Size())
	}
	folder, err := os.Open(descriptors)
	if err != nil {
		return 0
	}
	defer func() { _ = folder.Close() }()
	names, err := folder.Readdirnames(-1)
	if err != nil {
		return 0
	}
	return uint64(len(names) - 1) // without the folder itself
}

func filesLimit() uint64 {
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &l); err != nil || l.Cur == unix.RLIM_INFINITY {
		return 0
	}
	return l.Cur
}

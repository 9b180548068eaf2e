package doctor

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"palabre/internal/realtime"
)

func freeDisk(dir string) (uint64, error) {
	var stat unix.Statfs_t
	if err := unix.Statfs(dir, &stat); err != nil {
		return 0, fmt.Errorf("statfs %s: %w", dir, err)
	}
	return stat.Bavail * uint64(stat.Bsize), nil
}

// clock asks the kernel whether something keeps its clock in step (adjtimex(2)).
func clock() Finding {
	var t unix.Timex
	state, err := unix.Adjtimex(&t)
	if err != nil {
		return Finding{Level: Warning, What: "clock", Saw: "cannot be asked: " + err.Error(), Do: "see that a time service runs"}
	}
	const timeError = 5 // TIME_ERROR: not synchronised
	if state == timeError {
		return Finding{Level: Warning, What: "clock", Saw: "not kept in step",
			Do: "install chrony or systemd-timesyncd; tokens are refused when clocks differ by more than a minute"}
	}
	return Finding{What: "clock", Saw: "kept in step"}
}

func udpBuffers() Finding {
	what := "UDP buffers (net.core.rmem_max, wmem_max)"
	for _, name := range []string{"rmem_max", "wmem_max"} {
		text, err := os.ReadFile("/proc/sys/net/core/" + name)
		if err != nil {
			return Finding{Level: Warning, What: what, Saw: err.Error(), Do: "see that they are 4 MiB or more"}
		}
		if n, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil && n < wantBuffer {
			return Finding{Level: Warning, What: what, Saw: fmt.Sprintf("%s is %d bytes", name, n),
				Do: "for large meetings: sysctl -w net.core.rmem_max=4194304 net.core.wmem_max=4194304"}
		}
	}
	return Finding{What: what, Saw: "4 MiB or more"}
}

// priority asks for what the server will ask for.
func priority() Finding {
	what := "real-time priority"
	if err := realtime.Permitted(); err != nil {
		return Finding{Level: Warning, What: what, Saw: err.Error(), Do: "so that media does not wait for other programs: " + realtime.Advice(err)}
	}
	return Finding{What: what, Saw: "permitted"}
}

func openFiles() Finding {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return Finding{Level: Warning, What: "open files", Saw: err.Error(), Do: "see that the limit is 4096 or more"}
	}
	saw := fmt.Sprintf("limit %d", limit.Cur)
	if limit.Cur < wantFiles {
		return Finding{Level: Warning, What: "open files", Saw: saw, Do: "raise it: LimitNOFILE=65536 in the systemd unit"}
	}
	return Finding{What: "open files", Saw: saw}
}

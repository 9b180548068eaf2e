package capacity

import (
	"io/fs"
	"os"
	"runtime"
	"runtime/metrics"
	"strconv"

	"palabre/internal/cgroup"
)

// memoryInUse is what the Go runtime has of the system and could not give back
// at once, in bytes; that is what GOMEMLIMIT counts.
func memoryInUse(collected bool) uint64 {
	if collected {
		runtime.GC()
	}
	s := []metrics.Sample{
		{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}, {Name: "/memory/classes/heap/free:bytes"},
	}
	metrics.Read(s)
	return s[0].Value.Uint64() - s[1].Value.Uint64() - s[2].Value.Uint64()
}

// groupMemory is the memory limit of the control group this process is in, in bytes; 0 without one.
func groupMemory() uint64 { return groupLimit(os.DirFS("/")) }

// unlimited is what version 1 writes for no limit, and what no machine has.
const unlimited = 1 << 60

// groupLimit is the lowest limit on the way from the process's group to the root.
func groupLimit(root fs.FS) (lowest uint64) {
	for value := range cgroup.Values(root, cgroup.File{Controller: "memory", First: "memory.limit_in_bytes", Second: "memory.max"}) {
		n, err := strconv.ParseUint(value, 10, 64) // "max" is no number
		if err == nil && 0 < n && n < unlimited && (lowest == 0 || n < lowest) {
			lowest = n
		}
	}
	return lowest
}

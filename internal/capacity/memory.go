package capacity

import (
	"bufio"
	"bytes"
	"io/fs"
	"os"
	"path"
	"runtime"
	"runtime/metrics"
	"strconv"
	"strings"
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

// groupLimit reads the lowest limit on the way from the process's group to the
// root of either version (cgroups(7)). A container may see its own group as the root.
func groupLimit(root fs.FS) uint64 {
	text, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return 0
	}
	lowest := uint64(0)
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		parts := strings.SplitN(lines.Text(), ":", 3) // number:controllers:path
		if len(parts) != 3 {
			continue
		}
		mount, name := "sys/fs/cgroup", "memory.max"
		switch {
		case parts[1] == "memory":
			mount, name = "sys/fs/cgroup/memory", "memory.limit_in_bytes"
		case parts[1] != "":
			continue
		}
		for group := path.Clean("/" + parts[2]); ; group = path.Dir(group) {
			if n := readLimit(root, path.Join(mount, group, name)); n > 0 && (lowest == 0 || n < lowest) {
				lowest = n
			}
			if group == "/" {
				break
			}
		}
	}
	return lowest
}

func readLimit(root fs.FS, file string) uint64 {
	text, err := fs.ReadFile(root, file)
	if err != nil {
		return 0
	}
	n, err := strconv.ParseUint(string(bytes.TrimSpace(text)), 10, 64) // "max" is no number
	if err != nil || n >= unlimited {
		return 0
	}
	return n
}

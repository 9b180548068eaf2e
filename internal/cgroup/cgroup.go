// Package cgroup reads what the control groups say that this process is in (cgroups(7)).
package cgroup

import (
	"bufio"
	"bytes"
	"io/fs"
	"iter"
	"path"
	"slices"
	"strings"
)

// File is a file of a controller under its name in either version.
type File struct {
	Controller string // "memory"
	First      string // "memory.limit_in_bytes"
	Second     string // "memory.max"
}

// Values are what the file says in the process's group and in those around it,
// up to the root; nothing where there is none. A container may see its own group
// as the root. root is where /proc and /sys are, without the slash.
func Values(root fs.FS, file File) iter.Seq[string] {
	return func(yield func(string) bool) {
		text, err := fs.ReadFile(root, "proc/self/cgroup")
		if err != nil {
			return
		}
		for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
			parts := strings.SplitN(lines.Text(), ":", 3) // number:controllers:path
			if len(parts) != 3 {
				continue
			}
			mount, name := "sys/fs/cgroup", file.Second
			switch {
			case slices.Contains(strings.Split(parts[1], ","), file.Controller):
				mount, name = path.Join(mount, file.Controller), file.First
			case parts[1] != "":
				continue
			}
			for group := path.Clean("/" + parts[2]); ; group = path.Dir(group) {
				value, err := fs.ReadFile(root, path.Join(mount, group, name))
				if err == nil && !yield(string(bytes.TrimSpace(value))) {
					return
				}
				if group == "/" {
					break
				}
			}
		}
	}
}

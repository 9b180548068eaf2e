package load

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// procfs reads what Linux tells of processes. On other systems the files are
// not there and every method says so.
type procfs struct{ root string }

// userHZ is the kernel's unit of process times towards programs: 100 a
// second on every architecture Go runs on.
const userHZ = 100

// ErrNotLocal says that the server's process cannot be seen from here.
var ErrNotLocal = errors.New("the server's process is not visible on this machine")

// cpuTime returns the user and system time of all threads of a process so far.
func (p procfs) cpuTime(pid int) (time.Duration, error) {
	raw, err := os.ReadFile(p.path(pid, "stat"))
	if err != nil {
		return 0, fmt.Errorf("reading the server's CPU time: %w", err)
	}
	return parseStat(raw)
}

// parseStat reads /proc/<pid>/stat (proc_pid_stat(5)). The second field is the
// program's name in parentheses and may hold anything, parentheses too.
func parseStat(raw []byte) (time.Duration, error) {
	const utime, stime = 14 - 3, 15 - 3 // counted behind the name
	end := bytes.LastIndexByte(raw, ')')
	if end < 0 {
		return 0, errors.New("reading the server's CPU time: no process name in stat")
	}
	fields := strings.Fields(string(raw[end+1:]))
	if len(fields) <= stime {
		return 0, errors.New("reading the server's CPU time: stat is cut short")
	}
	var ticks uint64
	for _, i := range []int{utime, stime} {
		n, err := strconv.ParseUint(fields[i], 10, 48)
		if err != nil {
			return 0, fmt.Errorf("reading the server's CPU time: %w", err)
		}
		ticks += n
	}
	return time.Duration(ticks) * time.Second / userHZ, nil
}

// memory returns the resident memory of a process in bytes.
func (p procfs) memory(pid int) (uint64, error) {
	raw, err := os.ReadFile(p.path(pid, "status"))
	if err != nil {
		return 0, fmt.Errorf("reading the server's memory: %w", err)
	}
	return parseStatus(raw)
}

// parseStatus finds VmRSS in /proc/<pid>/status.
func parseStatus(raw []byte) (uint64, error) {
	for line := range strings.Lines(string(raw)) {
		rest, ok := strings.CutPrefix(line, "VmRSS:")
		if !ok {
			continue
		}
		fields := strings.Fields(rest)
		if len(fields) == 0 {
			break
		}
		kib, err := strconv.ParseUint(fields[0], 10, 48)
		if err != nil {
			return 0, fmt.Errorf("reading the server's memory: %w", err)
		}
		return kib << 10, nil
	}
	return 0, errors.New("reading the server's memory: no VmRSS in status")
}

// switches counts the context switches of all threads of a process that live.
func (p procfs) switches(pid int) (uint64, error) {
	threads, err := os.ReadDir(p.path(pid, "task"))
	if err != nil {
		return 0, fmt.Errorf("counting the server's context switches: %w", err)
	}
	var sum uint64
	for _, thread := range threads {
		raw, err := os.ReadFile(p.path(pid, filepath.Join("task", thread.Name(), "status")))
		if err != nil {
			continue // it ended
		}
		sum += parseSwitches(raw)
	}
	return sum, nil
}

// parseSwitches adds up what /proc/<pid>/task/<tid>/status tells of switches.
func parseSwitches(raw []byte) (sum uint64) {
	for line := range strings.Lines(string(raw)) {
		key, value, _ := strings.Cut(line, ":")
		if key != "voluntary_ctxt_switches" && key != "nonvoluntary_ctxt_switches" {
			continue
		}
		if n, err := strconv.ParseUint(strings.TrimSpace(value), 10, 64); err == nil {
			sum += n
		}
	}
	return sum
}

// listener returns the process that listens on the port of a URL whose host is this machine.
func (p procfs) listener(rawURL string) (int, error) {
	port, err := localPort(rawURL)
	if err != nil {
		return 0, err
	}
	inodes := map[string]bool{}
	for _, table := range []string{"tcp", "tcp6"} {
		raw, err := os.ReadFile(filepath.Join(p.root, "net", table))
		if err != nil {
			continue // IPv6 may be off
		}
		for _, inode := range parseListeners(raw, port) {
			inodes["socket:["+inode+"]"] = true
		}
	}
	if len(inodes) == 0 {
		return 0, fmt.Errorf("%w: nobody listens on port %d in this network namespace", ErrNotLocal, port)
	}
	return p.owner(inodes)
}

// parseListeners returns the socket inodes of a /proc/net/tcp table that
// listen on a port.
func parseListeners(raw []byte, port uint16) []string {
	const local, state, inode, listening = 1, 3, 9, "0A"
	var found []string
	for line := range strings.Lines(string(raw)) {
		fields := strings.Fields(line)
		if len(fields) <= inode || fields[state] != listening {
			continue
		}
		_, digits, ok := strings.Cut(fields[local], ":")
		if !ok {
			continue
		}
		number, err := hex.DecodeString(digits)
		if err == nil && len(number) == 2 && uint16(number[0])<<8|uint16(number[1]) == port {
			found = append(found, fields[inode])
		}
	}
	return found
}

// owner returns the process that holds one of the sockets.
func (p procfs) owner(sockets map[string]bool) (int, error) {
	entries, err := os.ReadDir(p.root)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrNotLocal, err)
	}
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		files, err := os.ReadDir(p.path(pid, "fd"))
		if err != nil {
			continue // it ended, or belongs to somebody else
		}
		for _, file := range files {
			target, err := os.Readlink(p.path(pid, filepath.Join("fd", file.Name())))
			if err == nil && sockets[target] {
				return pid, nil
			}
		}
	}
	return 0, fmt.Errorf("%w: its process belongs to another user; name it with --server-pid", ErrNotLocal)
}

func (p procfs) path(pid int, name string) string {
	return filepath.Join(p.root, strconv.Itoa(pid), name)
}

// localPort returns the port of a URL that points to this machine.
func localPort(rawURL string) (uint16, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return 0, fmt.Errorf("reading the server's address: %w", err)
	}
	if !isThisMachine(u.Hostname()) {
		return 0, fmt.Errorf("%w: %s is another one", ErrNotLocal, u.Hostname())
	}
	digits := u.Port()
	if digits == "" {
		digits = map[string]string{"http": "80", "ws": "80"}[u.Scheme]
	}
	if digits == "" {
		digits = "443"
	}
	port, err := strconv.ParseUint(digits, 10, 16)
	if err != nil {
		return 0, fmt.Errorf("reading the server's port: %w", err)
	}
	return uint16(port), nil
}

func isThisMachine(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	if ip == nil {
		return false
	}
	if ip.IsLoopback() {
		return true
	}
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	for _, a := range addresses {
		if network, ok := a.(*net.IPNet); ok && network.IP.Equal(ip) {
			return true
		}
	}
	return false
}

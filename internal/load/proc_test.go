package load

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

const statLine = "4242 (a (strange) name) S 1 4242 4242 0 -1 4194560 5000 0 12 0 250 175 3 4 20 0 9 0 100 1000 200 184 0\n"

const tcpTable = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 111 1 0 100 0 0 10 0
   1: 0100007F:1F90 0100007F:C000 01 00000000:00000000 00:00000000 00000000     0        0 222 1 0 100 0 0 10 0
   2: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 333 1 0 100 0 0 10 0
`

func TestStatIsRead(t *testing.T) {
	got, err := parseStat([]byte(statLine))
	if err != nil || got != 4250*time.Millisecond {
		t.Errorf("CPU time %v (%v), want 4.25 s", got, err)
	}
	for _, bad := range []string{
		"", "12 no name", "1 (x) S 1 2", "1 (x) S 1 2 3 4 5 6 7 8 9 10 11", "1 (x) S 1 1 1 0 -1 4 5 0 1 0 a b",
	} {
		if _, err := parseStat([]byte(bad)); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestListenersAreRead(t *testing.T) {
	if got := parseListeners([]byte(tcpTable), 8080); len(got) != 1 || got[0] != "111" {
		t.Errorf("port 8080: %v", got)
	}
	if got := parseListeners([]byte(tcpTable), 80); len(got) != 1 || got[0] != "333" {
		t.Errorf("port 80: %v", got)
	}
	if got := parseListeners([]byte(tcpTable), 49152); got != nil {
		t.Errorf("a connection is not a listener: %v", got)
	}
}

// writeProc builds a /proc with one process that listens on port 8080.
func writeProc(t *testing.T) procfs {
	t.Helper()
	root := t.TempDir()
	for name, text := range map[string]string{
		"net/tcp": tcpTable, "4242/stat": statLine,
		"4242/status": "Name:\tpalabre\nVmRSS:\t    2048 kB\nThreads:\t9\n",
		"17/stat":     "17 (other) S", "self/stat": "",
	} {
		path := filepath.Join(root, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	fd := filepath.Join(root, "4242", "fd")
	if err := errors.Join(os.Mkdir(fd, 0o755), os.Symlink("socket:[111]", filepath.Join(fd, "3"))); err != nil {
		t.Fatal(err)
	}
	return procfs{root}
}

func TestServerIsFoundByItsPort(t *testing.T) {
	p := writeProc(t)
	pid, err := p.listener("http://localhost:8080/")
	if err != nil || pid != 4242 {
		t.Fatalf("found %d (%v), want 4242", pid, err)
	}
	if used, err := p.cpuTime(pid); err != nil || used != 4250*time.Millisecond {
		t.Errorf("CPU time %v (%v)", used, err)
	}
	if bytes, err := p.memory(pid); err != nil || bytes != 2<<20 {
		t.Errorf("memory %d (%v)", bytes, err)
	}
	for url, why := range map[string]string{
		"http://localhost:81/": "nobody listens", "http://127.0.0.1:80": "its process is hidden",
		"https://meet.example/": "another machine",
	} {
		if _, err := p.listener(url); !errors.Is(err, ErrNotLocal) {
			t.Errorf("%s (%s): %v", url, why, err)
		}
	}
	if _, err := (procfs{t.TempDir()}).cpuTime(1); err == nil {
		t.Error("a machine without /proc has no figures")
	}
}

func TestServerFiguresComeFromTwoSamples(t *testing.T) {
	at := time.Now()
	before := sample{cpu: time.Second, at: at}
	after := sample{cpu: 2 * time.Second, at: at.Add(10 * time.Second), memory: 64 << 20}
	got := server{pid: 7}.compare(before, after, Report{Received: Flow{Audio: 20_000, Video: 80_000}})
	want := Process{PID: 7, CPUSeconds: 1, CorePercent: 10, MicrosPerPacket: 10, MemoryMiB: 64}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	missing := server{err: ErrNotLocal}
	if got := missing.compare(missing.sample(), missing.sample(), Report{}); got.Unknown == "" {
		t.Error("figures from nowhere")
	}
}

func FuzzProc(f *testing.F) {
	f.Add([]byte(statLine))
	f.Add([]byte(tcpTable))
	f.Add([]byte("VmRSS: 1 kB"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if used, err := parseStat(raw); err == nil && used < 0 {
			t.Errorf("CPU time %v", used)
		}
		_, _ = parseStatus(raw)
		_ = parseListeners(raw, 8080)
	})
}

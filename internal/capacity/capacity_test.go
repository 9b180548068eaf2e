package capacity

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// machine is what a test says is in use.
type machine struct {
	memory, garbage, files uint64
	collections            int
	clock                  time.Time
	registry               *prometheus.Registry
}

// refused is what the metric says.
func (m *machine) refused(t *testing.T) (n float64) {
	t.Helper()
	families, err := m.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, metric := range f.GetMetric() {
			if f.GetName() == "palabre_full_refusals_total" {
				n += metric.GetCounter().GetValue()
			}
		}
	}
	return n
}

func watch(t *testing.T, l Limits) (*Capacity, *machine, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	m := &machine{clock: time.Now(), registry: prometheus.NewRegistry()}
	c, err := New(l, slog.New(slog.NewTextHandler(&log, nil)), m.registry)
	if err != nil {
		t.Fatal(err)
	}
	c.files, c.now = func() uint64 { return m.files }, func() time.Time { return m.clock }
	c.memory = func(collected bool) uint64 {
		if collected {
			m.garbage = 0
			m.collections++
		}
		return m.memory + m.garbage
	}
	return c, m, &log
}

func (m *machine) later() { m.clock = m.clock.Add(time.Second) }

func TestWhoIsNewIsRefusedFrom85PercentOn(t *testing.T) {
	c, m, log := watch(t, Limits{Memory: 1000 << 20, Files: 256})
	for _, step := range []struct {
		memory, garbage, files uint64 // MiB, MiB, descriptors
		full                   string
	}{
		{100, 0, 20, ""},
		{849, 0, 20, ""},
		{850, 0, 20, "memory"},
		{500, 400, 20, ""}, // what is garbage is no reason
		{900, 0, 20, "memory"},
		{100, 0, 217, ""},
		{100, 0, 218, "files"},
		{100, 0, 20, ""},
	} {
		m.clock = m.clock.Add(10 * time.Second)
		m.memory, m.garbage, m.files = step.memory<<20, step.garbage<<20, step.files
		err := c.Room()
		full, _ := errors.AsType[*Full](err)
		if (full == nil) != (step.full == "") || full != nil && full.What != step.full {
			t.Errorf("%+v: %v", step, err)
		}
	}
	if n := strings.Count(log.String(), "the server is full"); n != 1 {
		t.Errorf("said %d times within a minute that it is full:\n%s", n, log)
	}
	if got := m.refused(t); got != 3 {
		t.Errorf("%v refusals counted, want 3", got)
	}
}

func TestACrowdIsMeasuredAsItComes(t *testing.T) {
	c, m, _ := watch(t, Limits{Files: 100})
	let := 0
	for range 200 { // all within one moment
		if c.Room() == nil {
			m.files++
			let++
		}
	}
	if let < 85 || let >= 85+crowd {
		t.Errorf("%d of 200 let in, want 85 and less than %d more", let, crowd)
	}
}

func TestGarbageIsCollectedNowAndThenOnly(t *testing.T) {
	c, m, _ := watch(t, Limits{Memory: 1000})
	m.memory = 900
	for range 100 {
		_ = c.Room()
		m.clock = m.clock.Add(fresh)
	}
	if m.collections > 3 {
		t.Errorf("%d collections in ten seconds", m.collections)
	}
	m.memory = 100
	m.later()
	if err := c.Room(); err != nil {
		t.Errorf("still full: %v", err)
	}
}

func TestWithoutLimitsThereIsRoom(t *testing.T) {
	c, m, _ := watch(t, Limits{})
	m.memory, m.files = 1<<50, 1<<20
	if err := c.Room(); err != nil {
		t.Error(err)
	}
}

func TestTheLowestLimitOfTheGroupsCounts(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text + "\n")} }
	for name, c := range map[string]struct {
		files fstest.MapFS
		want  uint64
	}{
		"none": {fstest.MapFS{}, 0},
		"version 2, of a parent": {fstest.MapFS{
			"proc/self/cgroup": file("0::/system.slice/palabre.service"), "sys/fs/cgroup/system.slice/palabre.service/memory.max": file("max"),
			"sys/fs/cgroup/system.slice/memory.max": file("268435456"),
		}, 256 << 20},
		"version 2, inside a container": {fstest.MapFS{"proc/self/cgroup": file("0::/"), "sys/fs/cgroup/memory.max": file("1048576")}, 1 << 20},
		"version 1": {fstest.MapFS{
			"proc/self/cgroup": file("4:memory:/docker/abc\n1:cpu:/\n0::/"),
			"sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes": file("268435456"), "sys/fs/cgroup/memory/memory.limit_in_bytes": file("9223372036854771712"),
		}, 256 << 20},
		"nonsense": {fstest.MapFS{"proc/self/cgroup": file("what"), "sys/fs/cgroup/memory.max": file("a lot")}, 0},
	} {
		if got := groupLimit(c.files); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

// TestThisProcessIsMeasured compares what is measured with what is done.
func TestThisProcessIsMeasured(t *testing.T) {
	before := memoryInUse(true)
	block := make([]byte, 32<<20)
	for i := range block {
		block[i] = 1
	}
	if got := memoryInUse(true) - before; got < 31<<20 || got > 40<<20 {
		t.Errorf("32 MiB more are %d bytes more in use", got)
	}
	block[0] = 2 // keeps it until here
	if filesLimit() == 0 {
		t.Skip("descriptors are not counted on this system")
	}
	open := filesOpen()
	for range 10 {
		f, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = f.Close() }()
	}
	if got := filesOpen() - open; got != 10 {
		t.Errorf("10 files more are %d more", got)
	}
}

package bench_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"palabre/internal/bench"
)

const output = `goos: linux
pkg: palabre/sfu/udp
cpu: AMD EPYC
BenchmarkFlush/8-2 	     336	      1317 floor-ns/packet	 1400 ns/packet	 1.06 x/floor	 0 allocs/packet
BenchmarkFlush/8-2 	     300	      1320 floor-ns/packet	 1900 ns/packet	 1.44 x/floor	 0 allocs/packet
some noise
BenchmarkFlush/8-2 	     320	      1310 floor-ns/packet	 1410 ns/packet	 1.08 x/floor	 0 allocs/packet
PASS
ok  	palabre/sfu/udp	1.660s
pkg: palabre/sfu
BenchmarkFanOut/1x200/fast-16 	 1	 2000 ns/packet	 1.50 x/floor	 1.20 x/paced-floor	 0 allocs/packet
BenchmarkFanOut/1x200/pion-16 	 1	 9000 ns/packet	 6.00 x/floor	 5.2 allocs/packet
BenchmarkObserve 	 500	 31.5 ns/op	 0 B/op	 0 allocs/op
`

func read(t *testing.T, text string) []bench.Result {
	t.Helper()
	results, err := bench.Read(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return results
}

func TestTheMedianOfSeveralRunsCounts(t *testing.T) {
	results := read(t, output)
	if len(results) != 4 {
		t.Fatalf("%d results, want 4: %v", len(results), results)
	}
	want := bench.Result{Package: "sfu/udp", Name: "Flush/8", Runs: 3, Metrics: map[string]float64{
		bench.Floor: 1317, bench.Nanoseconds: 1410, bench.Ratio: 1.08, bench.Allocations: 0,
	}}
	if diff := cmp.Diff(want, results[0]); diff != "" {
		t.Error(diff)
	}
	if id := results[1].ID(); id != "sfu FanOut/1x200/fast" {
		t.Errorf("the second is %q", id)
	}
}

func TestTableComparesWithPion(t *testing.T) {
	var b strings.Builder
	if err := bench.Write(&b, read(t, output)); err != nil {
		t.Fatal(err)
	}
	var row, other string
	for line := range strings.Lines(b.String()) {
		switch fields := strings.Fields(line); {
		case len(fields) > 1 && fields[1] == "FanOut/1x200/fast":
			row = strings.Join(fields, " ")
		case len(fields) > 1 && fields[1] == "Observe":
			other = strings.Join(fields, " ")
		}
	}
	if want := "sfu FanOut/1x200/fast 2000 0.00 - 1.50 1.20 0.25"; row != want {
		t.Errorf("the row is %q, want %q", row, want)
	}
	if want := "sfu Observe 31.5 0"; other != want {
		t.Errorf("what does not count by packet is %q, want %q", other, want)
	}
}

func TestGate(t *testing.T) {
	baseline := bench.Baseline{"sfu Seal": {Ratio: 1.2}}
	line := func(metrics string) string { return "pkg: palabre/sfu\nBenchmarkSeal-2 10 " + metrics + "\n" }
	for _, c := range []struct {
		name string
		runs []string
		want string // part of the one fault; empty for none
	}{
		{"as before", []string{line("1.2 x/floor 0 allocs/packet")}, ""},
		{"a little worse", []string{line("1.49 x/floor 0 allocs/packet")}, ""},
		{"over a quarter worse", []string{line("1.51 x/floor 0 allocs/packet")}, "1.51 times the floor"},
		{"worse in the first try alone", []string{line("3 x/floor 0 allocs/packet"), line("1.3 x/floor 0 allocs/packet")}, ""},
		{"worse in every try", []string{line("3 x/floor 0 allocs/packet"), line("2 x/floor 0 allocs/packet")}, "2.00 times the floor"},
		{"allocates now and then", []string{line("1.2 x/floor 0.02 allocs/packet")}, "0.02 allocations"},
		{"says nothing of allocations", []string{line("1.2 x/floor 5 ns/packet")}, "counted no allocations"},
		{"says nothing of the floor", []string{line("5 ns/packet 0 allocs/packet")}, "no ratio"},
		{"did not run", []string{"PASS\n"}, "did not run"},
	} {
		t.Run(c.name, func(t *testing.T) {
			best := map[string]bench.Result{}
			for _, run := range c.runs {
				bench.Better(best, read(t, run))
			}
			faults := baseline.Check(best)
			if (len(faults) > 0) != (c.want != "") || len(faults) > 0 && !strings.Contains(faults[0].Text, c.want) {
				t.Errorf("faults %v, want %q", faults, c.want)
			}
		})
	}
}

// TestGateAgainstAnother holds a benchmark against another of the same run.
func TestGateAgainstAnother(t *testing.T) {
	baseline := bench.Baseline{"sfu FanOut/1x200/fast": {Ratio: 0.5, Against: "sfu FanOut/1x200/pion"}}
	if got := baseline.With([]string{"sfu FanOut/1x200/fast"}); !slices.Contains(got, "sfu FanOut/1x200/pion") {
		t.Errorf("these are run: %v", got)
	}
	for theirs, want := range map[string]string{"6.00": "", "2.00": "0.75 times sfu FanOut/1x200/pion", "": "no ratio to sfu FanOut/1x200/pion"} {
		run := "pkg: palabre/sfu\nBenchmarkFanOut/1x200/fast-16 1 1.50 x/floor 0 allocs/packet\n"
		if theirs != "" {
			run += "BenchmarkFanOut/1x200/pion-16 1 " + theirs + " x/floor 5 allocs/packet\n"
		}
		best, results := map[string]bench.Result{}, read(t, run)
		baseline.Relate(results)
		bench.Better(best, results)
		faults := baseline.Check(best)
		if (len(faults) > 0) != (want != "") || len(faults) > 0 && !strings.Contains(faults[0].Text, want) {
			t.Errorf("against %q: faults %v, want %q", theirs, faults, want)
		}
	}
}

func TestBaselineIsKept(t *testing.T) {
	b := bench.Baseline{"sfu/udp Flush/8": {}, "sfu/seal Seal": {Ratio: 2}}
	b.Take(read(t, output))
	file := filepath.Join(t.TempDir(), "baseline.json")
	if err := b.Save(file); err != nil {
		t.Fatal(err)
	}
	again, err := bench.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(bench.Baseline{"sfu/udp Flush/8": {Ratio: 1.08}, "sfu/seal Seal": {Ratio: 2}}, again); diff != "" {
		t.Error(diff)
	}
}

func TestEveryBenchmarkIsRunByItsDepth(t *testing.T) {
	got := bench.Runs([]string{"sfu Ingress/fast", "sfu FanOut/1x20/fast", "sfu FanOut/6x6/fast", "sfu/seal Seal"})
	want := []bench.Run{
		{Package: "sfu", Pattern: "^(BenchmarkFanOut)$/^(1x20|6x6)$/^(fast)$"},
		{Package: "sfu", Pattern: "^(BenchmarkIngress)$/^(fast)$"},
		{Package: "sfu/seal", Pattern: "^(BenchmarkSeal)$"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

const traces = `File: sfu.test
Type: cpu
-----------+-------------------------------------------------------
      60ms   internal/runtime/syscall/linux.Syscall6
             syscall.RawSyscall6
             palabre/sfu/udp.sendMessages
             palabre/sfu/udp.(*Outbox).sendAll
             palabre/sfu/shard.(*Shard).run
-----------+-------------------------------------------------------
      20ms   runtime.memmove
             palabre/sfu/rewrite.(*Stream).Forward
             palabre/sfu/shard.(*Line).deliver
-----------+-------------------------------------------------------
      20ms   runtime.netpoll
             runtime.findRunnable
-----------+-------------------------------------------------------
      900ms   internal/runtime/syscall/linux.Syscall6
             palabre/internal/bench/floor.(*Floor).flush
             palabre/sfu_test.fanOut
`

func TestProfileIsToldByLayer(t *testing.T) {
	var b strings.Builder
	if err := bench.Layers(&b, strings.NewReader(traces), 1000); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"kernel: sending 60 % 600", "numbers of the viewer's stream 20 % 200", "runtime: waking, sleeping, collecting 20 % 200"} {
		if !strings.Contains(strings.Join(strings.Fields(b.String()), " "), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
	if err := bench.Layers(&b, strings.NewReader("File: x\n"), 1000); err == nil {
		t.Error("a profile without samples is taken")
	}
}

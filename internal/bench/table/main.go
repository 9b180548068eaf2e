// Command table runs benchmarks and prints them as a table, each the median of
// several runs.
//
//	table [-tags t] [-bench pattern] [-benchtime d] [-count n] packages…
//	table -gate baseline.json [-save]
//	go tool pprof -traces cpu.prof | table -layers 4500
//
// With -gate it runs the benchmarks of the baseline and exits with 1 when one
// of them allocates, or costs over a quarter more of the machine's floor than
// it did: what looks worse is measured again, and counts only when it is worse
// every time. With -save the baseline becomes what was measured.
//
// With -layers it reads a benchmark's profile from standard input and tells
// where so many nanoseconds a packet went.
package main

import (
	"bytes"
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"

	"palabre/internal/bench"
)

// tries is how often what looks worse than the baseline is measured in all.
const tries = 4

type options struct {
	tags, pattern, benchtime string
	count                    int
	gate                     string
	save                     bool
	layers                   float64
}

func main() {
	var o options
	flag.StringVar(&o.tags, "tags", "", "build tags")
	flag.StringVar(&o.pattern, "bench", ".", "which benchmarks")
	flag.StringVar(&o.benchtime, "benchtime", "500ms", "how long to run each")
	flag.IntVar(&o.count, "count", 1, "how often to run each")
	flag.StringVar(&o.gate, "gate", "", "baseline to hold the benchmarks against")
	flag.BoolVar(&o.save, "save", false, "make what is measured the baseline")
	flag.Float64Var(&o.layers, "layers", 0, "nanoseconds a packet, to be told by layer of the profile on standard input")
	flag.Parse()
	var err error
	switch {
	case o.layers > 0:
		err = bench.Layers(os.Stdout, os.Stdin, o.layers)
	case o.gate != "":
		err = o.hold()
	default:
		err = o.table(flag.Args())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// table runs the benchmarks of packages.
func (o *options) table(packages []string) error {
	results, err := o.run(o.pattern, packages...)
	if err != nil {
		return err
	}
	return bench.Write(os.Stdout, results)
}

// hold runs the benchmarks of the baseline.
func (o *options) hold() error {
	if runtime.GOOS != "linux" {
		fmt.Println("the machine's floor is known on Linux alone: nothing is held against the baseline")
		return nil
	}
	baseline, err := bench.Load(o.gate)
	if err != nil {
		return err
	}
	best, faults := o.measure(baseline)
	results := slices.SortedFunc(maps.Values(best), func(a, b bench.Result) int { return cmp.Compare(a.ID(), b.ID()) })
	if err := bench.Write(os.Stdout, results); err != nil {
		return err
	}
	if o.save {
		baseline.Take(results)
		return baseline.Save(o.gate)
	}
	for _, f := range faults {
		fmt.Fprintf(os.Stderr, "%s: %s\n", f.ID, f.Text)
	}
	if len(faults) > 0 {
		return fmt.Errorf("%d of %d benchmarks are worse than %s in each of %d tries", len(faults), len(baseline), o.gate, tries)
	}
	return nil
}

// measure runs the baseline's benchmarks, and those again that look worse.
func (o *options) measure(baseline bench.Baseline) (best map[string]bench.Result, faults []bench.Fault) {
	best = map[string]bench.Result{}
	ids := slices.Collect(maps.Keys(baseline))
	for range tries {
		for _, r := range bench.Runs(baseline.With(ids)) {
			results, err := o.run(r.Pattern, bench.Module+r.Package)
			if err != nil { // the machine stood still, for one: what did not run is tried again
				fmt.Fprintln(os.Stderr, err)
			}
			baseline.Relate(results)
			bench.Better(best, results)
		}
		if faults = baseline.Check(best); len(faults) == 0 || o.save {
			break
		}
		ids = ids[:0]
		for _, f := range faults {
			fmt.Fprintf(os.Stderr, "%s: %s\n", f.ID, f.Text)
			ids = append(ids, f.ID)
		}
	}
	return best, faults
}

// run calls go test; what it prints goes to standard error as it comes.
func (o *options) run(pattern string, packages ...string) ([]bench.Result, error) {
	goTool := os.Getenv("GO")
	if goTool == "" {
		goTool = "go"
	}
	args := []string{"test", "-tags", o.tags, "-run", "^$", "-bench", pattern, "-benchtime", o.benchtime, "-count", strconv.Itoa(o.count), "-timeout", "20m"}
	command := exec.Command(goTool, append(args, packages...)...)
	var out bytes.Buffer
	command.Stdout = io.MultiWriter(&out, os.Stderr)
	command.Stderr = os.Stderr
	failed := command.Run()
	if failed != nil {
		failed = fmt.Errorf("run the benchmarks %s of %v: %w", pattern, packages, failed)
	}
	results, err := bench.Read(&out)
	return results, errors.Join(failed, err)
}

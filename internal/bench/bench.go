// Package bench reads what "go test -bench" prints, makes a table of it and
// holds it against a committed baseline.
//
// The benchmarks stand next to what they measure. Those that count report
// ns/packet and allocs/packet, and x/floor: how many times what the machine
// itself needs for the same bytes, sealing and sending them and nothing else,
// measured in turns with them in one process (package floor). Nanoseconds are
// of one machine on one day; the ratios hold anywhere.
package bench

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Module is the start of package paths, left out of names.
const Module = "palabre/"

// The metrics of a benchmark that counts by packet.
const (
	Nanoseconds = "ns/packet"
	Allocations = "allocs/packet"
	Floor       = "floor-ns/packet"
	Ratio       = "x/floor"
	// Paced is the ratio to the floor that sends when the server does and finds
	// memory as cold as it; x/floor is to one that never pauses.
	Paced = "x/paced-floor"
	// Quotient is a ratio as a part of another benchmark's, see [Limit]; the
	// gate adds it.
	Quotient = "x/other"
)

// Result is one benchmark: of several runs the median of every metric. Noise
// only ever adds time, but to both sides of a ratio, so that the least of
// several ratios is the luckiest one and not the truest.
type Result struct {
	// Package is the path below the module, Name the benchmark's without
	// "Benchmark" and the number of processors: "sfu/udp", "Flush/8".
	Package, Name string
	Metrics       map[string]float64
	Runs          int
}

// ID names the benchmark in a baseline.
func (r Result) ID() string { return r.Package + " " + r.Name }

// Read takes the results out of the output of go test. Other lines are passed over.
func Read(r io.Reader) ([]Result, error) {
	var order []string
	runs := map[string][]Result{}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20) // a panic's stack in one benchmark may print long lines
	in := ""
	for lines.Scan() {
		if path, ok := strings.CutPrefix(lines.Text(), "pkg: "); ok {
			in = strings.TrimPrefix(path, Module)
			continue
		}
		result, ok := parse(lines.Text())
		if !ok {
			continue
		}
		result.Package = in
		if runs[result.ID()] == nil {
			order = append(order, result.ID())
		}
		runs[result.ID()] = append(runs[result.ID()], result)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read the benchmarks' output: %w", err)
	}
	results := make([]Result, len(order))
	for i, id := range order {
		results[i] = middle(runs[id])
	}
	return results, nil
}

// parse reads "BenchmarkName-8  1000  12.5 ns/op  3.0 ns/packet".
func parse(line string) (Result, bool) {
	fields := strings.Fields(line)
	if len(fields) < 4 || len(fields)%2 != 0 {
		return Result{}, false
	}
	name, ok := strings.CutPrefix(fields[0], "Benchmark")
	if _, err := strconv.ParseUint(fields[1], 10, 64); !ok || err != nil {
		return Result{}, false
	}
	if i := strings.LastIndexByte(name, '-'); i > 0 {
		if _, err := strconv.ParseUint(name[i+1:], 10, 32); err == nil {
			name = name[:i]
		}
	}
	r := Result{Name: name, Metrics: map[string]float64{}}
	for i := 2; i < len(fields); i += 2 {
		v, err := strconv.ParseFloat(fields[i], 64)
		if err != nil {
			return Result{}, false
		}
		r.Metrics[fields[i+1]] = v
	}
	return r, true
}

// middle makes one result of several runs.
func middle(runs []Result) Result {
	out := Result{Package: runs[0].Package, Name: runs[0].Name, Metrics: map[string]float64{}, Runs: len(runs)}
	for metric := range runs[0].Metrics {
		var values []float64
		for _, r := range runs {
			if v, ok := r.Metrics[metric]; ok {
				values = append(values, v)
			}
		}
		out.Metrics[metric] = Median(values)
	}
	return out
}

// Median is the middle of values, which it sorts; 0 of none.
func Median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	return (values[(len(values)-1)/2] + values[len(values)/2]) / 2
}

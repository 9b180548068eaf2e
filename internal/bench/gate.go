package bench

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
)

// Worse is how much a ratio may grow over the baseline: coarse, so that what
// fails is never the machine's mood.
const Worse = 1.25

// Limit is what a benchmark measured when the baseline was saved.
type Limit struct {
	// Ratio is to the machine's floor; 0 where there is none.
	Ratio  float64 `json:"ratio,omitempty"`
	Allocs float64 `json:"allocs"`
}

// Baseline is what every benchmark of the gate is held against, by [Result.ID].
type Baseline map[string]Limit

// Load reads a baseline.
func Load(file string) (Baseline, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("load the baseline: %w", err)
	}
	b := Baseline{}
	if err := json.Unmarshal(text, &b); err != nil {
		return nil, fmt.Errorf("load the baseline %s: %w", file, err)
	}
	if len(b) == 0 {
		return nil, fmt.Errorf("load the baseline %s: it holds nothing", file)
	}
	return b, nil
}

// Save writes a baseline.
func (b Baseline) Save(file string) error {
	text, err := json.MarshalIndent(b, "", "  ")
	if err == nil {
		err = os.WriteFile(file, append(text, '\n'), 0o644)
	}
	if err != nil {
		return fmt.Errorf("save the baseline: %w", err)
	}
	return nil
}

// Take puts the results of the baseline's benchmarks into it.
func (b Baseline) Take(results []Result) {
	for _, r := range results {
		if _, ok := b[r.ID()]; ok {
			b[r.ID()] = Limit{Ratio: math.Round(r.Metrics[Ratio]*100) / 100, Allocs: r.Metrics[Allocations]}
		}
	}
}

// Fault is a benchmark that does worse than its baseline.
type Fault struct{ ID, Text string }

// Check finds what is worse than the baseline, and what did not run.
func (b Baseline) Check(results map[string]Result) (faults []Fault) {
	for _, id := range slices.Sorted(maps.Keys(b)) {
		limit := b[id]
		r, ran := results[id]
		allocs, counted := r.Metrics[Allocations]
		ratio, compared := r.Metrics[Ratio]
		var text string
		switch {
		case !ran:
			text = "did not run"
		case !counted:
			text = "counted no allocations"
		case allocs > limit.Allocs:
			text = fmt.Sprintf("%g allocations a packet, the baseline has %g", allocs, limit.Allocs)
		case limit.Ratio > 0 && !compared:
			text = "has no ratio to the floor"
		case limit.Ratio > 0 && ratio > limit.Ratio*Worse:
			text = fmt.Sprintf("%.2f times the floor, the baseline has %.2f and may grow to %.2f", ratio, limit.Ratio, limit.Ratio*Worse)
		default:
			continue
		}
		faults = append(faults, Fault{id, text})
	}
	return faults
}

// Better puts new results among those there are, keeping of each metric the
// lower one: what is slow in every try is slow, what is so in one was disturbed.
func Better(have map[string]Result, results []Result) {
	for _, r := range results {
		if old, ok := have[r.ID()]; ok {
			for _, metric := range []string{Ratio, Allocations} {
				if v, ok := old.Metrics[metric]; ok {
					r.Metrics[metric] = min(r.Metrics[metric], v)
				}
			}
		}
		have[r.ID()] = r
	}
}

// Run is one call of go test: a package and which of its benchmarks.
type Run struct{ Package, Pattern string }

// Runs are the calls that cover ids. Go matches a pattern level by level of a
// name, and leaves out names with fewer levels than it: so one call for each depth.
func Runs(ids []string) (runs []Run) {
	type group struct {
		in    string
		depth int
	}
	levels := map[group][][]string{}
	var order []group
	for _, id := range slices.Sorted(slices.Values(ids)) {
		in, name, _ := strings.Cut(id, " ")
		parts := strings.Split("Benchmark"+name, "/")
		g := group{in, len(parts)}
		if levels[g] == nil {
			levels[g] = make([][]string, len(parts))
			order = append(order, g)
		}
		for i, part := range parts {
			if !slices.Contains(levels[g][i], part) {
				levels[g][i] = append(levels[g][i], part)
			}
		}
	}
	for _, g := range order {
		pattern := make([]string, g.depth)
		for i, parts := range levels[g] {
			pattern[i] = "^(" + strings.Join(parts, "|") + ")$"
		}
		runs = append(runs, Run{g.in, strings.Join(pattern, "/")})
	}
	return runs
}

package bench

import (
	"cmp"
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
	// Ratio is to the machine's floor; 0 where there is none. With Against it is to
	// that benchmark, run along: what is woken and put to sleep costs more on one
	// machine than on another, by whatever way its packets go.
	Ratio   float64 `json:"ratio,omitempty"`
	Against string  `json:"against,omitempty"`
	Allocs  float64 `json:"allocs"`
}

// metric is the one the limit holds.
func (l Limit) metric() string {
	if l.Against != "" {
		return Quotient
	}
	return Ratio
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
		if l, ok := b[r.ID()]; ok {
			l.Ratio, l.Allocs = math.Round(r.Metrics[l.metric()]*100)/100, r.Metrics[Allocations]
			b[r.ID()] = l
		}
	}
}

// With gives the benchmarks to run for ids: those they are held against as well.
func (b Baseline) With(ids []string) []string {
	all := slices.Clone(ids)
	for _, id := range ids {
		if other := b[id].Against; other != "" && !slices.Contains(all, other) {
			all = append(all, other)
		}
	}
	return all
}

// Relate adds the quotients to results of one run.
func (b Baseline) Relate(results []Result) {
	for _, r := range results {
		at := slices.IndexFunc(results, func(other Result) bool { return other.ID() == b[r.ID()].Against })
		if at >= 0 && results[at].Metrics[Ratio] > 0 {
			r.Metrics[Quotient] = r.Metrics[Ratio] / results[at].Metrics[Ratio]
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
		ratio, compared := r.Metrics[limit.metric()]
		var text string
		switch {
		case !ran:
			text = "did not run"
		case !counted:
			text = "counted no allocations"
		case allocs > limit.Allocs:
			text = fmt.Sprintf("%g allocations a packet, the baseline has %g", allocs, limit.Allocs)
		case limit.Ratio > 0 && !compared:
			text = fmt.Sprintf("has no ratio to %s", cmp.Or(limit.Against, "the floor"))
		case limit.Ratio > 0 && ratio > limit.Ratio*Worse:
			text = fmt.Sprintf("%.2f times %s, the baseline has %.2f and may grow to %.2f", ratio, cmp.Or(limit.Against, "the floor"), limit.Ratio, limit.Ratio*Worse)
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
			for _, metric := range []string{Ratio, Quotient, Allocations} {
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

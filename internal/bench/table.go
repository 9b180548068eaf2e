package bench

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// The last part of a benchmark's name says by which way the packets went.
const (
	fast = "/fast"
	pion = "/pion"
)

// Write prints results as a table: what counts by packet first, then the rest.
func Write(w io.Writer, results []Result) error {
	byID := map[string]Result{}
	for _, r := range results {
		byID[r.ID()] = r
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "what\tns/packet\tallocs/packet\tfloor ns\tx floor\tpaced\tx Pion\t")
	for _, r := range results {
		if _, ok := r.Metrics[Nanoseconds]; ok {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", r.ID(), figure(r, Nanoseconds, 0), figure(r, Allocations, 2),
				figure(r, Floor, 0), figure(r, Ratio, 2), figure(r, Paced, 2), againstPion(r, byID))
		}
	}
	rest := false
	for _, r := range results {
		if _, ok := r.Metrics[Nanoseconds]; ok {
			continue
		}
		if !rest {
			fmt.Fprintln(t, "\t\t\t\t\t\t\t\nwhat\tns/op\tallocs/op\t\t\t\t\t")
			rest = true
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t\t\t\t\t\n", r.ID(), figure(r, "ns/op", 1), figure(r, "allocs/op", 0))
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("print the table: %w", err)
	}
	return nil
}

func figure(r Result, metric string, digits int) string {
	v, ok := r.Metrics[metric]
	if !ok {
		return "-"
	}
	return fmt.Sprintf("%.*f", digits, v)
}

// againstPion is what a packet costs compared with Pion's way: each is measured
// in turns with the floor, not with the other, so it is the ratio of their ratios.
func againstPion(r Result, byID map[string]Result) string {
	base, ok := strings.CutSuffix(r.ID(), fast)
	if !ok {
		return ""
	}
	theirs, ok := byID[base+pion]
	if !ok || theirs.Metrics[Ratio] == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", r.Metrics[Ratio]/theirs.Metrics[Ratio])
}

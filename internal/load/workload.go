package load

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// workloads are the runs that docs/performance.md compares servers with.
func workloads() map[string]func(*Options) {
	return map[string]func(*Options){
		"w1": func(o *Options) { o.Publishers, o.Subscribers, o.Cheap = 1, 20, 0 },
		"w2": func(o *Options) { o.Publishers, o.Subscribers, o.AllToAll = 6, 0, true },
		"w3": func(o *Options) { o.Publishers, o.Subscribers, o.AudioOnly, o.Cheap = 1, 100, true, 100 },
		"w4": func(o *Options) { o.Publishers, o.Subscribers, o.Cheap, o.Sample = 1, 200, 200, comparedSample },
		"w5": func(o *Options) { o.Publishers, o.Subscribers, o.Cheap, o.Sample = 1, 400, 400, comparedSample },
		"j": func(o *Options) {
			o.Publishers, o.Subscribers, o.Cheap, o.JoinInterval = 1, 20, 0, 400*time.Millisecond
		},
	}
}

// comparedSample is how many packets one stands for in the largest workloads.
const comparedSample = 16

// comparedBitrate is of the workloads' pictures, in bit/s. Their packets are
// all of one size, as those were that other servers were measured with.
const comparedBitrate = 1_200_000

// Workload returns the options of a named workload: w1 is one speaker to 20
// full clients, w2 a meeting of six, w3 one voice to 100, w4 and w5 one speaker
// to 200 and 400, sampled by the kernel, j 20 joins one every 400 ms. What
// given holds beside the participants is kept; a Cheap of 0 or more and a
// Sample of 1 or more go before the workload's.
func Workload(name string, given Options) (Options, error) {
	shape, ok := workloads()[strings.ToLower(name)]
	if !ok {
		return given, fmt.Errorf("workload %q: use one of %s", name, strings.Join(slices.Sorted(maps.Keys(workloads())), ", "))
	}
	o := given
	o.AllToAll, o.AudioOnly, o.Simulcast, o.VideoBitrate = false, false, false, comparedBitrate
	o.Workload, o.WholePackets = strings.ToLower(name), true
	shape(&o)
	if given.Cheap >= 0 {
		o.Cheap = given.Cheap
	}
	if given.Sample >= 1 {
		o.Sample = given.Sample
	}
	return o, nil
}

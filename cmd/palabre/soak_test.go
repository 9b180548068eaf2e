//go:build linux

package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"testing"
	"time"

	"palabre/client"
	"palabre/internal/catalogue"
)

// soakTime is how long the call lasts unless SOAK says otherwise ("make soak").
const soakTime = 2 * time.Minute

const (
	// slope is what a server may grow by in an hour of the same call, in bytes.
	slope = 1 << 20
	// unsteady is how much two measurements of the same differ, in bytes: pools, a
	// sweep that is not over, and above all the events kept for people who come
	// back, which fill up for some minutes.
	unsteady = 512 << 10
	// between measurements as many visits are made as fit.
	between = 4 * time.Second
)

// moment is what the server held at a quiet moment of the call.
type moment struct {
	held
	at time.Duration
}

// TestS02_Soak has two people in a call for long, and others who come, look and
// leave, one after the other. The server is a process of its own: with the race
// detector, where the test has it.
//
// What counts is what a server holds at quiet moments with the garbage gone: a
// leak comes with what happens, so that minutes full of visits tell of hours.
func TestS02_Soak(t *testing.T) {
	if testing.Short() {
		t.Skip("takes minutes")
	}
	t.Parallel()
	span, err := time.ParseDuration(cmp.Or(os.Getenv("SOAK"), soakTime.String()))
	if err != nil {
		t.Fatalf("SOAK: %v", err)
	}
	p := spawn(t, "", nil)
	ana, bob := enter(t, p.config("garden", "Ana")), enter(t, p.config("garden", "Bob"))
	ana.seesAndHears(bob)
	bob.seesAndHears(ana)
	var samples []moment
	visits, start := 0, time.Now()
	for time.Since(start) < span {
		for since := time.Now(); time.Since(since) < between; visits++ {
			p.look(t, visits, ana, bob)
		}
		until(t, "the visitors to be gone", func() bool { return len(ana.Participants()) == 2 })
		samples = append(samples, moment{p.held(), time.Since(start)})
		t.Logf("%+v", samples[len(samples)-1])
	}
	ana.seesAndHears(bob)
	samples = samples[len(samples)/3:] // before, pools and caches fill
	third := max(1, len(samples)/3)
	first, last := middle(samples[:third]), middle(samples[len(samples)-third:])
	grown, hours := last.Heap-first.Heap, (last.at - first.at).Hours()
	allowed := int64(slope*hours) + unsteady
	catalogue.Report(t, catalogue.Item{
		ID: "S2", Injected: fmt.Sprintf("a call of two for %v, %d visits to it%s", span, visits, detector()),
		Measured: fmt.Sprintf("heap %+d kB of %d kB in %v, goroutines %+d, files %+d; restarts of the call: %d", grown>>10, first.Heap>>10, (last.at - first.at).Round(time.Second),
			last.Goroutines-first.Goroutines, last.Files-first.Files, len(happened[client.Resumed](ana))+len(happened[client.Resumed](bob))),
		Bar: fmt.Sprintf("≤ 1 MB an hour (here %d kB, %d of them for what is unsteady), goroutines within 8, files within 4, no race", allowed>>10, unsteady>>10),
		Pass: grown <= allowed && last.Goroutines-first.Goroutines <= 8 && last.Files-first.Files <= 4 && visits > len(samples) &&
			len(happened[client.Resumed](ana))+len(happened[client.Resumed](bob)) == 0,
	})
}

// detector says when races are looked for.
func detector() string {
	info, ok := debug.ReadBuildInfo()
	if ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		return ", with the race detector in the server"
	}
	return ""
}

// middle gives the medians of some samples.
func middle(samples []moment) (m moment) {
	of := func(value func(moment) int64) int64 {
		var all []int64
		for _, s := range samples {
			all = append(all, value(s))
		}
		slices.Sort(all)
		return all[len(all)/2]
	}
	m.Heap = of(func(s moment) int64 { return s.Heap })
	m.Goroutines = int(of(func(s moment) int64 { return int64(s.Goroutines) }))
	m.Files = int(of(func(s moment) int64 { return int64(s.Files) }))
	m.at = time.Duration(of(func(s moment) int64 { return int64(s.at) }))
	return m
}

// look is one visit: somebody comes, sees and hears the others, is seen, goes
// on over another path now and then, and leaves.
func (p *process) look(t *testing.T, n int, others ...*person) {
	t.Helper()
	guest := enter(t, p.config("garden", fmt.Sprint("Guest ", n)))
	for _, other := range others {
		guest.seesAndHears(other)
	}
	others[0].seesAndHears(guest)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if n%5 == 0 {
		if err := guest.RestartICE(ctx); err != nil {
			t.Errorf("a visitor's ICE restart: %v", err)
		}
		guest.seesAndHears(others[0])
	}
	guest.playing()
	if err := guest.Leave(ctx); err != nil {
		t.Errorf("a visitor leaves: %v", err)
	}
}

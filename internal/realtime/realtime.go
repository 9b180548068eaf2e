// Package realtime lets media go before what else a machine does.
//
// A packet is late when a backup or a database has the processor at the moment it
// comes, however idle the machine is on the whole. So where the system permits it,
// all threads of the process are scheduled round-robin at the lowest real-time
// priority (SCHED_RR, sched(7)), as telephone exchanges are: they need the
// processor for moments, and have it then.
//
// Nobody else may starve of that. The kernel leaves others a twentieth of the time
// (/proc/sys/kernel/sched_rt_runtime_us), and says when a thread of ours has run for
// long without waiting for anything (RLIMIT_RTTIME, getrlimit(2)): then the process is
// one among others again for a while. A limit on the processor time of its control group
// does not hold for real-time threads, so where there is one the process stays as it is.
package realtime

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	// longestSpell is how long a thread may run without ever waiting. A crowd that
	// joins, or a recording being put together, on a single core takes longer.
	longestSpell = 2 * time.Second
	// pause is for how long the process is one among others after that.
	pause = 10 * time.Second
	// againEvery is how often new threads are seen to, see [threads].
	againEvery = 10 * time.Second
	// sayEvery bounds the log lines of a server that overruns again and again.
	sayEvery = time.Hour
)

var (
	errUnsupported = errors.New("not known on this system")
	// errChosen is for a process that was started with another policy than the usual one.
	errChosen  = errors.New("who started the process chose how it is scheduled")
	errLimited = errors.New("the control group has a limit of processor time, which would not hold")
)

// Priority is the priority of this process. There is one in a process.
type Priority struct {
	log         *slog.Logger
	spell, rest time.Duration
	raised      atomic.Bool
}

// New makes the priority, which is the usual one until [Priority.Keep]. Nil registers no figures.
func New(log *slog.Logger, registry prometheus.Registerer) (*Priority, error) {
	p := &Priority{log: log, spell: longestSpell, rest: pause}
	if registry == nil {
		return p, nil
	}
	err := registry.Register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: "palabre", Name: "realtime", Help: "1 while the process goes before others (SCHED_RR), 0 while it is one among them.",
	}, func() float64 {
		if p.raised.Load() {
			return 1
		}
		return 0
	}))
	if err != nil {
		return nil, fmt.Errorf("register the figure of the priority: %w", err)
	}
	return p, nil
}

// Keep has the process go before others until ctx ends, or says in the log why it cannot.
func (p *Priority) Keep(ctx context.Context) {
	overruns, stop := overruns()
	defer stop()
	for said := (time.Time{}); ; {
		t, err := raise(p.spell)
		if err != nil {
			p.explain(err)
			return
		}
		p.raised.Store(true)
		overran := hold(ctx, overruns)
		p.lower(t)
		if !overran {
			return
		}
		if time.Since(said) >= sayEvery {
			said = time.Now()
			p.log.Info("the server was busy for long: for a while media does not go before other programs", "longest", p.spell, "while", p.rest)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(p.rest):
		}
	}
}

// hold keeps all threads where they are until one overruns, or ctx ends.
func hold(ctx context.Context, overruns <-chan os.Signal) (overran bool) {
	ticker := time.NewTicker(againEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-overruns:
			return true
		case <-ticker.C:
			_ = again() // what was permitted is, and what is not done now is in a while
		}
	}
}

func (p *Priority) lower(t threads) {
	p.raised.Store(false)
	if err := t.lower(); err != nil {
		p.log.Warn("the priority of media stays raised", "error", err)
	}
}

func (p *Priority) explain(err error) {
	if errors.Is(err, errUnsupported) || errors.Is(err, errChosen) {
		return // there is nothing to be done about it
	}
	p.log.Info("media waits its turn among other programs", "reason", err, "advice", Advice(err))
}

// Advice is what an administrator can do about what [Permitted] says.
func Advice(err error) string {
	if errors.Is(err, errLimited) {
		return "nothing, or instead of the limit (CPUQuota, --cpus) give weights (CPUWeight, --cpu-shares)"
	}
	return "LimitRTPRIO=2 in the systemd unit, or rtprio: 2 among the ulimits of a container; or --no-realtime"
}

// Permitted says whether the process may go before others, and why not.
func Permitted() error {
	t, err := raise(longestSpell)
	if err != nil {
		return err
	}
	return t.lower()
}

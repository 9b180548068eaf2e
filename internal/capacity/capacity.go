// Package capacity says whether the machine has room for one more person.
//
// A server that runs out of memory is killed with everybody in it, and one that
// runs out of file descriptors can let nobody in who comes back. So new people
// are refused while those who are there still have what they need: at 85 % of
// either. Who is inside, or comes back, is never asked.
package capacity

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"runtime/debug"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	// bar is the part of a limit that may be in use when somebody new comes.
	bar = 0.85
	// goal is the part of a container's memory the garbage collector keeps
	// within: the rest is for what the kernel counts too, such as socket buffers.
	goal = 0.9
	// fresh is how long a measurement serves, and crowd for how many newcomers: twenty
	// people with cameras take some 30 MB.
	fresh = 100 * time.Millisecond
	crowd = 8
	// collectEvery is how often those who are refused make us collect garbage to
	// see what is really in use; a crowd that is let in does so too.
	collectEvery = 5 * time.Second
	// sayEvery bounds the log lines of a server that is full again and again.
	sayEvery = time.Minute
)

// Limits are what the process may use; 0 where none is known.
type Limits struct {
	// Memory is in bytes: GOMEMLIMIT, or what the control group has where that is less.
	Memory uint64
	// Files is how many file descriptors may be open.
	Files uint64
}

// Read finds the limits of this process, once, and makes the garbage collector
// respect a control group's where GOMEMLIMIT says nothing.
func Read() Limits {
	l := Limits{Memory: groupMemory(), Files: filesLimit()}
	set := debug.SetMemoryLimit(-1) // asks
	switch {
	case set != math.MaxInt64 && (l.Memory == 0 || uint64(set) < l.Memory):
		l.Memory = uint64(set)
	case set == math.MaxInt64 && l.Memory > 0:
		debug.SetMemoryLimit(int64(float64(l.Memory) * goal))
	}
	return l
}

// Full says what there is no more room in.
type Full struct {
	What        string // "memory" or "files"
	Used, Limit uint64 // bytes, or descriptors
}

// Error says it with figures.
func (f *Full) Error() string {
	if f.What == "memory" {
		return fmt.Sprintf("%d of %d MiB of memory are in use", f.Used>>20, f.Limit>>20)
	}
	return fmt.Sprintf("%d of %d file descriptors are in use", f.Used, f.Limit)
}

// advice is what an administrator can do about it.
func (f *Full) advice() string {
	if f.What == "memory" {
		return "give the server more memory (its control group's limit, or GOMEMLIMIT), or lower --max-people"
	}
	return "raise the limit: LimitNOFILE=65536 in the systemd unit, or ulimit -n"
}

// Capacity watches the limits. It is safe for concurrent use.
type Capacity struct {
	limits Limits
	log    *slog.Logger
	// memory and files say what is in use; memory once garbage is gone, if asked.
	memory func(collected bool) uint64
	files  func() uint64
	now    func() time.Time
	turned *prometheus.CounterVec

	mu sync.Mutex
	// verdict is what was found at last, good for left newcomers.
	verdict   *Full
	at        time.Time
	left      int
	collected time.Time
	held      uint64 // after that collection
	since     int    // newcomers after it
	said      time.Time
}

// New watches limits. Nil registers no figures.
func New(limits Limits, log *slog.Logger, registry prometheus.Registerer) (*Capacity, error) {
	c := &Capacity{
		limits: limits, log: log, memory: memoryInUse, files: filesOpen, now: time.Now,
		turned: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: "palabre", Name: "full_refusals_total", Help: "People turned away because the server was full, by what it was full of.",
		}, []string{"what"}),
	}
	if registry == nil {
		return c, nil
	}
	faults := []error{registry.Register(c.turned)}
	for what, used := range map[string]func() float64{
		"memory": func() float64 { return part(c.memory(false), limits.Memory) },
		"files":  func() float64 { return part(c.files(), limits.Files) },
	} {
		faults = append(faults, registry.Register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Namespace: "palabre", Name: "capacity_used_ratio", ConstLabels: prometheus.Labels{"what": what},
			Help: "Part of a limit that is in use, garbage included; nobody new comes in from 0.85 on. 0: no limit known.",
		}, used)))
	}
	if err := errors.Join(faults...); err != nil {
		return nil, fmt.Errorf("register the figures of capacity: %w", err)
	}
	return c, nil
}

func part(used, limit uint64) float64 {
	if limit == 0 {
		return 0
	}
	return float64(used) / float64(limit)
}

// Room counts one more person in, or gives a [Full]. It costs a lock most of
// the time, and some microseconds ten times a second.
func (c *Capacity) Room() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.now(); c.left <= 0 || now.Sub(c.at) >= fresh {
		c.verdict, c.at, c.left = c.measure(now), now, crowd
		c.say(now)
	}
	c.left--
	if c.verdict == nil {
		c.since++
		return nil
	}
	c.turned.WithLabelValues(c.verdict.What).Inc()
	return c.verdict
}

func (c *Capacity) measure(now time.Time) *Full {
	if n := c.files(); part(n, c.limits.Files) >= bar {
		return &Full{"files", n, c.limits.Files}
	}
	if part(c.memory(false), c.limits.Memory) < bar {
		return nil
	}
	// Much of it may be garbage: who is refused is refused for what is left without.
	if now.Sub(c.collected) >= collectEvery || c.since >= crowd {
		c.held, c.collected, c.since = c.memory(true), now, 0
	}
	if part(c.held, c.limits.Memory) < bar {
		return nil
	}
	return &Full{"memory", c.held, c.limits.Memory}
}

func (c *Capacity) say(now time.Time) {
	if c.verdict == nil || now.Sub(c.said) < sayEvery {
		return
	}
	c.said = now
	c.log.Warn("the server is full: nobody new is let in, those inside are not touched", "reason", c.verdict, "advice", c.verdict.advice())
}

package gate

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// remembered is how many addresses' failures are kept. Forgetting the one
// seen longest ago only forgives it, so the bound costs no safety but memory.
const remembered = 1 << 16

// The refusals of [Gate.Enter].
var (
	ErrTooManyOpen     = errors.New("too many connections from this address")
	ErrTooManyFailures = errors.New("too many failed attempts from this address")
	ErrFull            = errors.New("the server has all the connections it can take")
)

// Limits bound what one address may do. Zero fields take the defaults.
type Limits struct {
	// PerMinute is how many failed attempts an address gets back each minute
	// (default 30), Burst how many it can spend at once (default 60).
	//
	// Only what fails or only looks is counted, and a person who joins gets
	// their count back: a whole office behind one address must be able to
	// join at nine o'clock, while somebody trying names or tokens must not.
	PerMinute, Burst int
	// Open is how many connections an address may hold (default 200).
	Open int
	// Total is how many connections there may be at all (default 10 000).
	Total int
	// CountLoopback makes the limits hold for this machine too. A proxy on
	// the same machine must be named as trusted before this is useful.
	CountLoopback bool
}

func (l Limits) withDefaults() Limits {
	set := func(field *int, value int) {
		if *field == 0 {
			*field = value
		}
	}
	set(&l.PerMinute, 30)
	set(&l.Burst, 60)
	set(&l.Open, 200)
	set(&l.Total, 10_000)
	return l
}

// Validate says which limit makes no sense.
func (l Limits) Validate() error {
	if l.PerMinute < 0 || l.Burst < 0 || l.Open < 0 || l.Total < 0 {
		return fmt.Errorf("limits per address must not be negative: %+v", l)
	}
	return nil
}

// Gate counts by address. The zero value is not ready: use [New].
type Gate struct {
	limits Limits

	mu       sync.Mutex
	total    int
	open     map[string]int
	failures *simplelru.LRU[string, failures]
}

// failures is a leaky bucket: spent attempts drain away with time.
type failures struct {
	spent float64
	at    time.Time
}

// New makes a gate.
func New(limits Limits) (*Gate, error) {
	limits = limits.withDefaults()
	if err := limits.Validate(); err != nil {
		return nil, err
	}
	seen, err := simplelru.NewLRU[string, failures](remembered, nil)
	if err != nil {
		return nil, fmt.Errorf("making the list of addresses: %w", err)
	}
	return &Gate{limits: limits, open: map[string]int{}, failures: seen}, nil
}

// Enter counts a connection in, or says why not. Leave must follow each Enter
// that gave no error.
func (g *Gate) Enter(addr netip.Addr) error {
	key, counted := g.key(addr)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.total >= g.limits.Total {
		return ErrFull
	}
	if counted {
		if g.exhausted(key) {
			return ErrTooManyFailures
		}
		if g.open[key] >= g.limits.Open {
			return ErrTooManyOpen
		}
		g.open[key]++
	}
	g.total++
	return nil
}

// Leave counts a connection out.
func (g *Gate) Leave(addr netip.Addr) {
	key, counted := g.key(addr)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.total--
	if !counted {
		return
	}
	if g.open[key]--; g.open[key] <= 0 {
		delete(g.open, key)
	}
}

// Take spends one attempt, or says that none is left.
func (g *Gate) Take(addr netip.Addr) error {
	key, counted := g.key(addr)
	if !counted {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.exhausted(key) {
		return ErrTooManyFailures
	}
	g.spend(key, 1)
	return nil
}

// Refused says whether an address has spent its attempts, and spends none.
func (g *Gate) Refused(addr netip.Addr) error {
	key, counted := g.key(addr)
	g.mu.Lock()
	defer g.mu.Unlock()
	if counted && g.exhausted(key) {
		return ErrTooManyFailures
	}
	return nil
}

// Charge spends one attempt of an address that failed or only looked.
func (g *Gate) Charge(addr netip.Addr) { g.settle(addr, 1) }

// Forgive gives one attempt back to an address that meant it.
func (g *Gate) Forgive(addr netip.Addr) { g.settle(addr, -1) }

// RetryAfter is how long an address without attempts waits for the next.
func (g *Gate) RetryAfter() time.Duration {
	return time.Minute / time.Duration(g.limits.PerMinute)
}

// Open is how many connections there are.
func (g *Gate) Open() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.total
}

func (g *Gate) settle(addr netip.Addr, by float64) {
	key, counted := g.key(addr)
	if !counted {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.spend(key, by)
}

// exhausted says that not a whole attempt is left.
func (g *Gate) exhausted(key string) bool { return g.spent(key) > float64(g.limits.Burst)-1 }

// spent is what an address has spent and not yet got back.
func (g *Gate) spent(key string) float64 {
	f, ok := g.failures.Peek(key)
	if !ok {
		return 0
	}
	return max(0, f.spent-time.Since(f.at).Minutes()*float64(g.limits.PerMinute))
}

func (g *Gate) spend(key string, by float64) {
	spent := min(max(0, g.spent(key)+by), float64(g.limits.Burst))
	g.failures.Add(key, failures{spent: spent, at: time.Now()})
}

// key is the host in IPv4 and the /64 in IPv6, where one host has 2^64 addresses.
func (g *Gate) key(addr netip.Addr) (key string, counted bool) {
	return network(addr, 32, 64), g.limits.CountLoopback || !addr.IsLoopback()
}

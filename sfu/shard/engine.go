// Package shard moves packets from publishers to viewers.
//
// A [Shard] is one goroutine, one a core, that owns the media state of the
// peers given to it: of a publisher the received streams, caches and key-frame
// arbiters ([Track]), of a viewer the outgoing lines, their numbering, the
// bandwidth estimate and the choice of layers ([Line]). Nothing of that has a
// lock. A packet crosses to another shard in that shard's inbox, at most one
// batch a turn; packets are immutable once received, subscriber lists are
// copied on write.
//
// Who watches whom is decided elsewhere and told by [Peer.Watch].
package shard

import (
	"log/slog"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"palabre/sfu/cache"
	"palabre/sfu/clock"
)

// Engine is the set of all shards.
type Engine struct {
	// Metrics counts what all shards do.
	Metrics *Metrics

	log        *slog.Logger
	holdVoices time.Duration
	start      time.Time
	wall       clock.Wall
	pool       *cache.Pool
	shards     []*Shard
	next       atomic.Uint32
	origin     atomic.Uint32

	// trap is called with every received packet, for tests of what happens when it panics.
	trap atomic.Pointer[func(id string, packet *cache.Packet)]
}

// Config says what an Engine works with.
type Config struct {
	// Shards is how many goroutines share the work; 0 means one a core. With
	// Ports there is one for each of them.
	Shards int
	// Ports are the shards' sockets; none where connections send by themselves.
	Ports []Port
	// HoldVoices is how long a voice's packet may wait for those of others who
	// speak in the same room, to leave together; 0 for not at all.
	HoldVoices time.Duration
	Logger     *slog.Logger
}

// New starts the shards.
func New(c Config) *Engine {
	if len(c.Ports) > 0 {
		c.Shards = len(c.Ports)
	} else if c.Shards < 1 {
		c.Shards = runtime.GOMAXPROCS(0)
	}
	e := build(c, time.Now())
	for _, s := range e.shards {
		go s.run()
	}
	return e
}

// build makes an engine whose shards do not run yet.
func build(c Config, now time.Time) *Engine {
	e := &Engine{Metrics: &Metrics{}, log: c.Logger, holdVoices: c.HoldVoices, start: now, wall: clock.NewWall(now), pool: cache.NewPool()}
	for i := range c.Shards {
		s := newShard(e, i, c.Shards)
		if i < len(c.Ports) {
			s.port = c.Ports[i]
		}
		e.shards = append(e.shards, s)
	}
	return e
}

// Place chooses the shard of a new peer, by its number.
func (e *Engine) Place() int { return int(e.next.Add(1)) % len(e.shards) }

// Close stops the shards and waits for them. Peers are to be closed before.
func (e *Engine) Close() {
	for _, s := range e.shards {
		s.stop()
	}
	for _, s := range e.shards {
		<-s.done
	}
}

// Settle waits until every shard has done what it was told before and what others
// told it because of that, as a publisher's that a viewer leaves, and what it sent
// until then has left.
func (e *Engine) Settle() {
	for range 2 {
		e.round()
	}
}

// round waits until every shard has done what it was told itself, and that has left.
func (e *Engine) round() {
	var settled sync.WaitGroup
	for _, s := range e.shards {
		settled.Add(1)
		// A command is done before its turn ends; the turn after it begins when
		// everything has left.
		after := func(*Shard, time.Time) { settled.Done() }
		turn := func(s *Shard, _ time.Time) {
			if !s.post(after, nil) {
				settled.Done()
			}
		}
		if !s.post(turn, nil) {
			settled.Done()
		}
	}
	settled.Wait()
}

// since is t on the server's clock that packets carry.
func (e *Engine) since(t time.Time) time.Duration { return t.Sub(e.start) }

// NewSSRC gives a random stream number that is not 0.
func NewSSRC() uint32 {
	for {
		if n := rand.Uint32(); n != 0 {
			return n
		}
	}
}

// Trap has do called with every packet published from now on, on the shard
// that handles it, with the peer's id. It is for tests of what a panic there does.
func (e *Engine) Trap(do func(id string, packet *cache.Packet)) { e.trap.Store(&do) }

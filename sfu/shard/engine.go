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
	"sync/atomic"
	"time"

	"palabre/sfu/cache"
	"palabre/sfu/clock"
)

// Engine is the set of all shards.
type Engine struct {
	// Metrics counts what all shards do.
	Metrics *Metrics

	log    *slog.Logger
	start  time.Time
	wall   clock.Wall
	pool   *cache.Pool
	shards []*Shard
	next   atomic.Uint32
	origin atomic.Uint32

	// trap is called with every received packet, for tests of what happens when it panics.
	trap atomic.Pointer[func(id string, packet *cache.Packet)]
}

// New starts count shards; fewer than one means one a core.
func New(count int, log *slog.Logger) *Engine {
	if count < 1 {
		count = runtime.GOMAXPROCS(0)
	}
	e := build(count, log, time.Now())
	for _, s := range e.shards {
		go s.run()
	}
	return e
}

// build makes an engine whose shards do not run yet.
func build(count int, log *slog.Logger, now time.Time) *Engine {
	e := &Engine{Metrics: &Metrics{}, log: log, start: now, wall: clock.NewWall(now), pool: cache.NewPool()}
	for i := range count {
		e.shards = append(e.shards, newShard(e, i, count))
	}
	return e
}

// Close stops the shards and waits for them. Peers are to be closed before.
func (e *Engine) Close() {
	for _, s := range e.shards {
		s.stop()
	}
	for _, s := range e.shards {
		<-s.done
	}
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

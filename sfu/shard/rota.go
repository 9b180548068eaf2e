package shard

import (
	"slices"
	"time"
)

// phases is how many ticks it takes to look at everybody once.
const phases = int(idleTick / tickEvery)

// rota says whose turn a tick is: of those who send, or wait for something, it
// is each; of those who only watch every fifth, another fifth each time. There
// may be hundreds of them, none of whose memory is near by then. The zero
// value is ready.
type rota struct {
	// phases are all peers, by whose turn it is together.
	phases [phases][]*Peer
	count  int
	next   int       // the phase that is due next
	turned time.Time // until when phases had their turn
	round  uint32    // of ticks
	// busy are those of them whose turn the next tick is in any case, spare the
	// space for those of the one after.
	busy, spare []*Peer
}

// turn is what the rota knows of a peer.
type turn struct {
	phase uint8
	busy  bool
	round uint32 // of the last tick that was its
}

// join adds a peer, where there are fewest.
func (r *rota) join(p *Peer) {
	for i := range r.phases {
		if len(r.phases[i]) < len(r.phases[p.turn.phase]) {
			p.turn.phase = uint8(i)
		}
	}
	phase := &r.phases[p.turn.phase]
	*phase = append(*phase, p)
	r.count++
}

// leave takes a peer out that has joined. It is not for use while others have their turn.
func (r *rota) leave(p *Peer) {
	is := func(have *Peer) bool { return have == p }
	phase := &r.phases[p.turn.phase]
	before := len(*phase)
	*phase = slices.DeleteFunc(*phase, is)
	r.count -= before - len(*phase)
	r.busy = slices.DeleteFunc(r.busy, is)
}

// hurry has the next tick look at a peer in any case, and each tick after that
// until it is idle.
func (r *rota) hurry(p *Peer) {
	if !p.turn.busy && !p.dead {
		p.turn.busy = true
		r.busy = append(r.busy, p)
	}
}

// tick calls look for everybody whose turn it is at now, once. Who is hurried
// meanwhile and had no turn yet has it at the next tick at the latest.
func (r *rota) tick(now time.Time, look func(p *Peer)) {
	r.round++
	busy := r.busy
	r.busy = r.spare[:0]
	for _, p := range busy {
		p.turn.busy = false // what is done now may change that
		r.visit(p, look)
		if !p.idle() {
			r.hurry(p)
		}
	}
	clear(busy)
	r.spare = busy
	for range r.steps(now) {
		for _, p := range r.phases[r.next] {
			r.visit(p, look)
		}
		r.next = (r.next + 1) % phases
	}
}

func (r *rota) visit(p *Peer, look func(p *Peer)) {
	if p.turn.round != r.round && !p.dead {
		p.turn.round = r.round
		look(p)
	}
}

// steps is how many phases are due: one a tick, more when ticks come late.
func (r *rota) steps(now time.Time) int {
	n := now.Sub(r.turned) / tickEvery
	if n >= time.Duration(phases) {
		r.turned = now
		return phases
	}
	r.turned = r.turned.Add(n * tickEvery)
	return int(n)
}

// all gives every peer.
func (r *rota) all(yield func(*Peer) bool) {
	for _, phase := range r.phases {
		for _, p := range phase {
			if !yield(p) {
				return
			}
		}
	}
}

package shard

import (
	"slices"
	"time"
)

// phases is how many ticks it takes to look at everybody once.
const phases = int(idleTick / tickEvery)

// rota says whose turn a tick is: of those who send, or wait for something, it
// is each; of those who only watch every fifth, another fifth each time, without
// those who rest. There may be hundreds of them, none of whose memory is near by
// then, so that who rests is known without looking there. The zero value is ready.
type rota struct {
	// phases are all peers, by whose turn it is together.
	phases [phases][]place
	count  int
	next   int       // the phase that is due next
	turned time.Time // until when phases had their turn
	round  uint32    // of ticks
	// busy are those of them whose turn the next tick is in any case, spare the
	// space for those of the one after.
	busy, spare []*Peer
}

// place is a peer's in its phase.
type place struct {
	peer  *Peer
	rests time.Time // until when it has no turn in its phase
}

// turn is what the rota knows of a peer.
type turn struct {
	phase uint8
	busy  bool
	place uint16 // in its phase
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
	p.turn.place = uint16(len(*phase))
	*phase = append(*phase, place{peer: p})
	r.count++
}

// leave takes a peer out that has joined. It is not for use while others have their turn.
func (r *rota) leave(p *Peer) {
	if at := r.of(p); at != nil {
		phase := &r.phases[p.turn.phase]
		last := &(*phase)[len(*phase)-1]
		last.peer.turn.place = p.turn.place
		*at, *last = *last, place{}
		*phase = (*phase)[:len(*phase)-1]
		r.count--
	}
	r.busy = slices.DeleteFunc(r.busy, func(have *Peer) bool { return have == p })
}

// of is the place of a peer, nil when it has none any more.
func (r *rota) of(p *Peer) *place {
	if phase, at := r.phases[p.turn.phase], int(p.turn.place); at < len(phase) && phase[at].peer == p {
		return &phase[at]
	}
	return nil
}

// hurry has the next tick look at a peer in any case, and each tick after that
// until it is idle.
func (r *rota) hurry(p *Peer) {
	if !p.turn.busy && !p.dead {
		p.turn.busy = true
		r.busy = append(r.busy, p)
	}
}

// tick calls look for everybody whose turn it is at now, once; it gives until when
// the peer may rest if it is idle. Who is hurried meanwhile and had no turn yet has it
// at the next tick at the latest.
func (r *rota) tick(now time.Time, look func(p *Peer) (rests time.Time)) {
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
		for i := range r.phases[r.next] {
			if at := &r.phases[r.next][i]; at.rests.IsZero() || !now.Before(at.rests) {
				r.visit(at.peer, look)
			}
		}
		r.next = (r.next + 1) % phases
	}
}

func (r *rota) visit(p *Peer, look func(p *Peer) time.Time) {
	if p.turn.round != r.round && !p.dead {
		p.turn.round = r.round
		rests := look(p)
		if at := r.of(p); at != nil {
			at.rests = rests
		}
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
		for i := range phase {
			if !yield(phase[i].peer) {
				return
			}
		}
	}
}

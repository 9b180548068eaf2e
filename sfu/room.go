package sfu

import (
	"slices"
	"sync"
	"time"

	"palabre/sfu/shard"
	"palabre/sfu/speakers"
)

// room decides who is seen and heard by whom: those of one [group] by each
// other. Its state is behind one lock, off the packets' way but for the look at
// a voice's level; the seating is worked out by the room's own goroutine, so
// that many changes at once, and many people who move, cost one pass.
type room struct {
	sfu     *SFU
	name    string
	holders int // peers open; the SFU's lock guards it
	kick    chan struct{}
	voiced  chan struct{}
	stop    chan struct{}
	done    chan struct{}

	mu      sync.Mutex
	members map[*Peer]*member
	groups  map[string]*group // the main one, "", and those somebody is in
	moves   []move
	entered uint64 // people so far
}

// speakersEvery is how often who speaks is looked at, at most.
const speakersEvery = 50 * time.Millisecond

// Who works out a seating for worthResting rests for restFor times as long before
// the next, longestRest at most.
const (
	worthResting = 200 * time.Microsecond
	restFor      = 3
	longestRest  = 30 * time.Millisecond
)

func newRoom(s *SFU, name string) *room {
	r := &room{
		sfu: s, name: name, members: map[*Peer]*member{}, groups: map[string]*group{"": newGroup("", s.config.Loudest)},
		kick: make(chan struct{}, 1), voiced: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{}),
	}
	go r.run()
	return r
}

func (r *room) close() {
	close(r.stop)
	<-r.done
}

// changed has the seating worked out anew, soon.
func (r *room) changed() {
	select {
	case r.kick <- struct{}{}:
	default:
	}
}

// spoken has who speaks looked at and told within speakersEvery.
func (r *room) spoken() {
	select {
	case r.voiced <- struct{}{}:
	default:
	}
}

// run looks at voices when one may have fallen silent, and soon after one was
// raised: a meeting in which nothing changes costs no waking.
func (r *room) run() {
	defer close(r.done)
	timer := time.NewTimer(speakersEvery)
	defer timer.Stop()
	soon := true // the timer is set to speakersEvery at most
	for {
		var change speakers.Change
		var next time.Duration
		select {
		case <-r.stop:
			return
		case <-r.voiced:
			if !soon {
				timer.Reset(speakersEvery)
				soon = true
			}
			continue
		case <-r.kick:
			start := time.Now()
			_, next = r.heed(start)
			r.reseat()
			r.arrive()
			r.rest(time.Since(start))
		case <-timer.C:
			if change, next = r.heed(time.Now()); change&(speakers.LoudestChanged|speakers.DominantChanged) != 0 {
				r.reseat()
			}
		}
		soon = false
		timer.Stop()
		if next > 0 {
			timer.Reset(max(next, speakersEvery))
		}
	}
}

// rest keeps a room of hundreds from being seated all the time while people
// come: what changes meanwhile is one change.
func (r *room) rest(took time.Duration) {
	if took < worthResting {
		return
	}
	timer := time.NewTimer(min(restFor*took, longestRest))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.stop:
	}
}

// heed lets time pass for the voices and tells who speaks where that changed. It
// gives all that changed in any group, and in how long that is to be looked at
// again; 0 for when somebody begins to speak.
func (r *room) heed(now time.Time) (all speakers.Change, next time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, g := range r.groups {
		change, due := g.heed(now)
		all |= change
		if in := due.Sub(now); !due.IsZero() && (next == 0 || in < next) {
			next = max(in, 1)
		}
		if change&(speakers.SpeakingChanged|speakers.DominantChanged) == 0 {
			continue
		}
		speaking, dominant := g.floor()
		for _, m := range g.people {
			m.peer.reports.add("speakers", func(to Report) { to.Speakers(speaking, dominant) })
		}
	}
	return all, next
}

func (r *room) member(p *Peer) *member {
	m := r.members[p]
	if m == nil {
		m = &member{peer: p, layout: Layout{Mode: LayoutGrid}}
		r.members[p] = m
	}
	return m
}

func (r *room) negotiated(p *Peer, tracks map[Source]*shard.Track, view lines) {
	r.mu.Lock()
	m := r.member(p)
	m.tracks, m.view = tracks, view
	m.mark()
	r.mu.Unlock()
	r.changed()
}

func (r *room) enter(p *Peer) {
	r.mu.Lock()
	m := r.member(p)
	if m.entered {
		r.mu.Unlock()
		return
	}
	r.entered++
	m.entered, m.turn = true, r.entered
	g := r.place(m)
	r.mu.Unlock()
	r.changed()
	// Who speaks is told when it changes, and a newcomer must not wait for that.
	if speaking, dominant := g.floor(); len(speaking) > 0 || dominant != "" {
		p.reports.add("speakers", func(to Report) { to.Speakers(speaking, dominant) })
	}
}

func (r *room) layout(p *Peer, l Layout) {
	l.Tiles = slices.Clone(l.Tiles)
	r.mu.Lock()
	r.member(p).layout = l
	r.mu.Unlock()
	r.changed()
}

func (r *room) sending(p *Peer, s Sending) {
	r.mu.Lock()
	m := r.member(p)
	m.sending = s
	m.mark()
	r.mu.Unlock()
	if g := p.group.Load(); g != nil && !s.Microphone {
		g.silence(p.id)
	}
	r.changed()
}

func (r *room) leave(p *Peer) {
	r.mu.Lock()
	if m := r.members[p]; m != nil {
		delete(r.members, p)
		r.part(m)
	}
	r.mu.Unlock()
	r.changed()
}

package sfu

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"palabre/sfu/seating"
	"palabre/sfu/speakers"
)

// group is those of a room who see and hear each other: everybody, unless
// some have gone apart. Each has its own loudest voices and its own floor.
type group struct {
	name   string
	people []*member // those who entered, in the order they came; the room's lock guards it

	// few says that so few microphones are open that everybody is heard.
	few atomic.Bool

	mu     sync.Mutex
	voices *speakers.Meeting
	news   speakers.Change
}

func newGroup(name string, loudest int) *group {
	return &group{name: name, voices: speakers.New(loudest)}
}

// heard takes one packet's audio level in and says whether it is forwarded,
// and what that changed.
func (g *group) heard(p *Peer, level uint8, voice bool, now time.Time) (forward bool, change speakers.Change) {
	g.mu.Lock()
	if p.group.Load() != g { // they went while the packet came
		g.mu.Unlock()
		return false, 0
	}
	change = g.voices.Observe(p.id, level, voice, now)
	loud := g.voices.Loud(p.id)
	g.news |= change
	g.mu.Unlock()
	return loud || g.few.Load(), change
}

// heed lets time pass for the voices and gives what changed since the last time,
// and when somebody may fall silent; zero for nobody.
func (g *group) heed(now time.Time) (change speakers.Change, due time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.voices.Quiet() {
		g.news |= g.voices.Tick(now)
	}
	change = g.news
	g.news = 0
	return change, g.voices.Due()
}

// silence forgets a voice that is no longer sent here.
func (g *group) silence(id string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.news |= g.voices.Remove(id, time.Now())
}

// floor is who speaks now, loudest first, and who holds the floor.
func (g *group) floor() (speaking []string, dominant string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.voices.Speaking()), g.voices.Dominant()
}

// loudest is whose voices are forwarded, and who holds the floor.
func (g *group) loudest() (ids []string, dominant string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.voices.Loudest()), g.voices.Dominant()
}

// seat works out the seating of everybody in the group, of which n voices are
// forwarded at once, and tells those for whom it changed.
func (g *group) seat(n int) {
	loudest, dominant := g.loudest()
	people := make([]seating.Participant, len(g.people))
	byID := make(map[string]*member, len(g.people))
	for i, m := range g.people {
		byID[m.peer.id] = m
		people[i] = seating.Participant{
			ID: m.peer.id, Microphone: m.state(Microphone), Camera: m.state(Camera),
			Screen: m.state(Screen), ScreenAudio: m.state(ScreenAudio),
		}
	}
	roster := seating.NewRoster(people, loudest, n, dominant)
	g.few.Store(live(people) <= n)
	for _, m := range g.people {
		m.assign(roster)
		m.show(byID, dominant)
	}
}

// move is somebody on the way to another group, in none meanwhile.
type move struct {
	*member
	unseated bool          // nobody watches them, and they nobody
	done     chan struct{} // closed once they are there, or gone
}

// move takes somebody to another group and waits until they are there: from
// then on nothing passes between them and those they left.
func (r *room) move(p *Peer, name string) {
	r.mu.Lock()
	m := r.member(p)
	there := m.goal == name && p.group.Load() != nil
	m.goal = name
	if there || !m.entered {
		r.mu.Unlock()
		return
	}
	r.part(m)
	way := move{member: m, done: make(chan struct{})}
	r.moves = append(r.moves, way)
	r.mu.Unlock()
	r.changed()
	select {
	case <-way.done:
	case <-r.done:
	}
}

// moving says whether somebody is between two groups: they may have left
// meanwhile, or arrived by a move before. The room's lock is held.
func (r *room) moving(m *member) bool {
	return r.members[m.peer] == m && m.entered && m.peer.group.Load() == nil
}

// part takes somebody out of their group; the room's lock is held.
func (r *room) part(m *member) {
	g := m.peer.group.Swap(nil)
	if g == nil {
		return
	}
	g.silence(m.peer.id)
	g.people = slices.DeleteFunc(g.people, func(other *member) bool { return other == m })
	if len(g.people) == 0 && g.name != "" {
		delete(r.groups, g.name)
	}
}

// place puts somebody into the group they are to be in; the room's lock is held.
func (r *room) place(m *member) *group {
	g := r.groups[m.goal]
	if g == nil {
		g = newGroup(m.goal, r.sfu.config.Loudest)
		r.groups[m.goal] = g
	}
	at, _ := slices.BinarySearchFunc(g.people, m.turn, func(other *member, turn uint64) int { return cmp.Compare(other.turn, turn) })
	g.people = slices.Insert(g.people, at, m)
	m.peer.media.Move(g)
	m.peer.group.Store(g)
	return g
}

// arrive lets those in who are on their way and have been unseated: once the
// shards have settled nothing of theirs is on its way to those they left, nor
// the other way round. Who set out since then has the next turn.
func (r *room) arrive() {
	r.mu.Lock()
	n := slices.IndexFunc(r.moves, func(way move) bool { return !way.unseated })
	if n < 0 {
		n = len(r.moves)
	}
	moves := slices.Clone(r.moves[:n])
	r.moves = slices.Delete(r.moves, 0, n)
	r.mu.Unlock()
	if len(moves) == 0 {
		return
	}
	r.sfu.engine.Settle()
	r.mu.Lock()
	for _, way := range moves {
		if !r.moving(way.member) {
			continue
		}
		g := r.place(way.member)
		speaking, dominant := g.floor()
		way.peer.reports.add("speakers", func(to Report) { to.Speakers(speaking, dominant) })
	}
	r.mu.Unlock()
	r.reseat()
	for _, way := range moves {
		close(way.done)
	}
}

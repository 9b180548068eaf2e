package sfu

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"palabre/sfu/shard"
	"palabre/sfu/speakers"
)

// room decides who is seen and heard by whom. Its state is behind one lock,
// off the packets' way but for the look at a voice's level; the seating is
// worked out by the room's own goroutine, so that many changes at once cost one pass.
type room struct {
	sfu     *SFU
	name    string
	holders int // peers open; the SFU's lock guards it
	kick    chan struct{}
	stop    chan struct{}
	done    chan struct{}

	mu      sync.Mutex
	members map[*Peer]*member
	people  []*member // those who entered, in order

	// few says that so few microphones are open that everybody is heard.
	few atomic.Bool

	voiceMu sync.Mutex
	voices  *speakers.Meeting
	news    speakers.Change
}

// speakersEvery is how often falling silent is looked at.
const speakersEvery = 50 * time.Millisecond

func newRoom(s *SFU, name string) *room {
	r := &room{
		sfu: s, name: name, members: map[*Peer]*member{}, voices: speakers.New(s.config.Loudest),
		kick: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{}),
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

func (r *room) run() {
	defer close(r.done)
	ticker := time.NewTicker(speakersEvery)
	defer ticker.Stop()
	for {
		select {
		case <-r.stop:
			return
		case <-r.kick:
			r.tell(r.heed(time.Now()))
			r.reseat()
		case <-ticker.C:
			if change := r.heed(time.Now()); change != 0 {
				r.tell(change)
				if change&speakers.LoudestChanged != 0 || change&speakers.DominantChanged != 0 {
					r.reseat()
				}
			}
		}
	}
}

// heard takes one packet's audio level in and says whether it is forwarded.
func (r *room) heard(id string, level uint8, voice bool, now time.Time) bool {
	r.voiceMu.Lock()
	change := r.voices.Observe(id, level, voice, now)
	loud := r.voices.Loud(id)
	r.news |= change
	r.voiceMu.Unlock()
	if change&speakers.LoudestChanged != 0 {
		r.changed()
	}
	return loud || r.few.Load()
}

// heed lets time pass for the voices and gives what changed since the last time.
func (r *room) heed(now time.Time) speakers.Change {
	r.voiceMu.Lock()
	defer r.voiceMu.Unlock()
	if !r.voices.Quiet() {
		r.news |= r.voices.Tick(now)
	}
	change := r.news
	r.news = 0
	return change
}

// tell reports who speaks to everyone.
func (r *room) tell(change speakers.Change) {
	if change&(speakers.SpeakingChanged|speakers.DominantChanged) == 0 {
		return
	}
	speaking, dominant := r.floor()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range r.people {
		m.peer.reports.add("speakers", func(to Report) { to.Speakers(speaking, dominant) })
	}
}

// silence forgets a voice that is no longer sent.
func (r *room) silence(id string) {
	r.voiceMu.Lock()
	defer r.voiceMu.Unlock()
	r.news |= r.voices.Remove(id, time.Now())
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
	if !m.entered {
		m.entered = true
		r.people = append(r.people, m)
	}
	r.mu.Unlock()
	r.changed()
	// Who speaks is told when it changes, and a newcomer must not wait for that.
	if speaking, dominant := r.floor(); len(speaking) > 0 || dominant != "" {
		p.reports.add("speakers", func(to Report) { to.Speakers(speaking, dominant) })
	}
}

// floor is who speaks now, loudest first, and who holds the floor.
func (r *room) floor() (speaking []string, dominant string) {
	r.voiceMu.Lock()
	defer r.voiceMu.Unlock()
	return slices.Clone(r.voices.Speaking()), r.voices.Dominant()
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
	if !s.Microphone {
		r.silence(p.id)
	}
	r.changed()
}

func (r *room) leave(p *Peer) {
	r.mu.Lock()
	m := r.members[p]
	delete(r.members, p)
	r.people = slices.DeleteFunc(r.people, func(other *member) bool { return other == m })
	r.mu.Unlock()
	r.silence(p.id)
	r.changed()
}

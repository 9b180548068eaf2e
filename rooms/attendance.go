package rooms

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// poorBars is the most bars a bad connection has.
	poorBars = 1
	// soonest is the join time of somebody whose media stood before they joined:
	// 0 would say that it never did.
	soonest = time.Microsecond
	// failuresEvery is how often failed joins are remembered, all of that time in one fact.
	failuresEvery = time.Minute
)

// conduct is what a connection's own reports say of its participant: how long
// they were heard, and how long the connection was bad. Each peer is told who
// speaks in the room, itself included, whenever that changes: so it costs
// nothing per packet and nothing on the room's goroutine.
type conduct struct {
	speaking, poor time.Time // since when; zero while not
	spoke, bad     time.Duration
	// up is when media first stood.
	up time.Time
}

func (c *conduct) speaks(on bool, now time.Time) { c.spoke += clocked(&c.speaking, on, now) }

func (c *conduct) graded(bars Bars, now time.Time) {
	c.bad += clocked(&c.poor, min(bars.Up, bars.Down) <= poorBars, now)
}

// clocked starts a clock, or stops it and gives what it showed.
func clocked(since *time.Time, on bool, now time.Time) time.Duration {
	switch {
	case on && since.IsZero():
		*since = now
	case !on && !since.IsZero():
		took := now.Sub(*since)
		*since = time.Time{}
		return took
	}
	return 0
}

// running is what a clock shows.
func running(since, now time.Time) time.Duration {
	if since.IsZero() {
		return 0
	}
	return max(now.Sub(since), 0)
}

// attended brings somebody's stay up to date. Where no personal figures are
// kept it says nothing of the person, so that counting is all that can be done with it.
func (r *room) attended(p *person, now time.Time) {
	c := p.link.behaviour()
	p.stay.Name, p.stay.Role = p.name, p.role
	p.stay.Spoke, p.stay.Poor = c.spoke+running(c.speaking, now), c.bad+running(c.poor, now)
	if !c.up.IsZero() {
		p.stay.Took = max(c.up.Sub(p.joined), soonest)
	}
	if r.rooms.cfg.Impersonal {
		p.stay.Participant, p.stay.Identity, p.stay.Name, p.stay.Client = r.rooms.veil.over(p.lasting(), p.joined), "", "", ""
		p.stay.Spoke, p.stay.Poor = 0, 0
	}
}

// logged is what the server's log calls somebody who came in, and the program
// they use. Where no personal figures are kept it is what their stay is kept
// under: an id may be the identity of a token.
func (r *room) logged(p *person) (participant, client string) {
	if r.rooms.cfg.Impersonal {
		return r.rooms.veil.over(p.lasting(), p.joined), ""
	}
	return p.id, p.client
}

// Veiled says that a stay was kept without personal figures: what it lacks is
// not known, rather than nothing.
func (s Stay) Veiled() bool {
	return s.Identity == "" && s.Name == "" && strings.HasPrefix(s.Participant, veiled)
}

// veiled begins the names that mean nothing.
const veiled = "anonymous-"

// veil gives people names that can be counted for a day and mean nothing: its
// key is nowhere but in this process.
type veil struct {
	once sync.Once
	key  [32]byte
}

func (v *veil) over(who string, at time.Time) string {
	v.once.Do(func() { _, _ = rand.Read(v.key[:]) }) // it cannot fail (crypto/rand)
	sum := hmac.New(sha256.New, v.key[:])
	sum.Write([]byte(at.UTC().Format(time.DateOnly) + " " + who))
	return veiled + hex.EncodeToString(sum.Sum(nil)[:12])
}

// JoinsFailed says how often somebody could not come in, by why. It is no one
// room's fact. It comes at most once a minute, and when the server stops.
type JoinsFailed struct {
	Codes map[Code]int `json:"codes"`
}

// Kind names the fact.
func (JoinsFailed) Kind() string { return "joins.failed" }

// failures counts failed joins until they are remembered.
type failures struct {
	mu    sync.Mutex
	codes map[Code]int
	// since is when the oldest of them was counted.
	since time.Time
}

// JoinFailed counts somebody who could not come in. The rooms count whom they
// refuse themselves; it is for whoever refuses people before.
func (r *Rooms) JoinFailed(code Code) {
	if r.cfg.Memory == nil || code == CodeResumeFailed || code == CodePasswordNeeded {
		return // such a client tries again by itself, or asks for the password
	}
	now := time.Now()
	r.failures.mu.Lock()
	if r.failures.codes == nil {
		r.failures.codes = map[Code]int{}
		r.failures.since = now
	}
	r.failures.codes[code]++
	r.failures.mu.Unlock()
	r.keepFailures(now, failuresEvery)
}

// keepFailures has what was counted remembered, if that began so long ago.
func (r *Rooms) keepFailures(now time.Time, age time.Duration) {
	r.failures.mu.Lock()
	codes := r.failures.codes
	if now.Sub(r.failures.since) < age {
		codes = nil
	}
	if len(codes) > 0 {
		r.failures.codes = nil
	}
	r.failures.mu.Unlock()
	if len(codes) > 0 {
		r.cfg.Memory.Keep([]Fact{{ID: newID(), At: now, Data: JoinsFailed{codes}}}, func() {})
	}
}

// joinFailed counts an error of somebody who wanted to come in.
func (r *Rooms) joinFailed(err error) {
	if err != nil {
		r.JoinFailed(CodeOf(err))
	}
}

// heard notes whether the participant is among those who speak, and says
// whether the peer that reports it still counts.
func (l *link) heard(h *hookup, speaking []string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.current != h {
		return false
	}
	l.conduct.speaks(slices.Contains(speaking, l.participant), time.Now())
	return true
}

// behaviour gives what is known of the participant's conduct.
func (l *link) behaviour() conduct {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.conduct
}

package rooms

import (
	"maps"
	"slices"
	"time"

	"palabre/rooms/succession"
)

const (
	// beatEvery is how often a meeting says that it is still on.
	beatEvery = 15 * time.Second
	// continueWithin is how long after it was last known to be on a meeting
	// goes on when its first person comes back; later it is another one.
	continueWithin = restartWindow
)

// tally counts who was in a meeting.
type tally struct {
	people map[string]bool // by identity (then true), or else participant id
	most   int
}

func (t *tally) add(p *person, inside int) {
	if t.people == nil {
		t.people = map[string]bool{}
	}
	t.people[p.lasting()] = p.identity != ""
	t.most = max(t.most, inside)
}

// identities lists who was in and can prove it.
func (t *tally) identities() []string {
	var list []string
	for who, proved := range t.people {
		if proved {
			list = append(list, who)
		}
	}
	slices.Sort(list)
	return list
}

// recall goes on with the count of a meeting that was on.
func (t *tally) recall(people map[string]bool, most int) {
	t.people, t.most = maps.Clone(people), most
}

// lasting is what somebody is known by over the sessions they have in one meeting.
func (p *person) lasting() string {
	if p.identity != "" {
		return p.identity
	}
	return p.id
}

// attend writes down that somebody comes in. The first one begins the meeting,
// or goes on with the one that a restart of the server broke off.
func (r *room) attend(p *person) {
	if len(r.inside) == 0 {
		r.convene(p)
	}
	p.stay = Stay{
		ID: newID(), Participant: p.id, Identity: p.identity, Name: p.name, Role: p.role, Joined: p.joined, Client: p.client,
	}
	r.tally.add(p, len(r.inside)+1)
	r.attended(p, p.joined)
	r.keep(p.actor(), ParticipantJoined{p.stay}, nil)
}

func (r *room) convene(p *person) {
	r.heartbeat = p.joined.Add(beatEvery)
	r.arm()
	if r.meeting.ID != "" && p.joined.Sub(r.seen) <= continueWithin {
		r.hostsUntil = p.joined.Add(succession.Grace) // everybody is on their way back
		r.keep(p.actor(), MeetingResumed{Meeting: r.meeting, Seen: r.seen}, nil)
		return
	}
	if r.meeting.ID != "" {
		r.over(Actor{}, ReasonLost)
	}
	r.meeting = Meeting{ID: newID(), Started: p.joined}
	r.keep(p.actor(), MeetingStarted{r.meeting}, nil)
}

// absent writes down that somebody went.
func (r *room) absent(p *person, reason Reason) {
	p.stay.Left = time.Now()
	r.attended(p, p.stay.Left)
	r.keep(p.actor(), ParticipantLeft{p.stay, reason}, nil)
}

// adjourn ends the meeting; who comes next begins another one.
func (r *room) adjourn(reason Reason) {
	if r.meeting.ID != "" {
		r.over(Actor{}, reason)
	}
}

// over writes down that the meeting has ended and forgets all that was of it.
func (r *room) over(by Actor, reason Reason) {
	r.keep(by, MeetingEnded{Meeting: r.meeting, People: len(r.tally.people), Most: r.tally.most, Reason: reason}, nil)
	r.meeting, r.tally, r.heartbeat = Meeting{}, tally{}, time.Time{}
	r.forgetTalk()
	r.polls, r.breaking = polling{}, breaking{}
	r.hostLost, r.hostsUntil, r.standsAt = time.Time{}, time.Time{}, time.Time{}
	r.rerank(nil, 0) // roles that were given are no more
}

// suspend leaves the meeting as the next server shall find it.
func (r *room) suspend() {
	if r.meeting.ID != "" && len(r.inside) > 0 {
		r.sight(time.Now())
	}
}

// changed writes down the state of the meeting that survives a restart.
func (r *room) changed(by Actor) {
	if r.meeting.ID != "" {
		r.keep(by, MeetingChanged{r.meeting}, nil)
	}
}

// beat says, when it is time, that the meeting is still on.
func (r *room) beat(now time.Time) {
	if r.heartbeat.IsZero() || now.Before(r.heartbeat) {
		return
	}
	r.heartbeat = now.Add(beatEvery)
	r.rooms.keepFailures(now, failuresEvery)
	if r.remembering() == nil { // otherwise the next one says the same
		r.sight(now)
	}
}

// sight writes down that the meeting is on, and what those in it did so far.
func (r *room) sight(now time.Time) {
	present := make([]Stay, len(r.inside))
	for i, p := range r.inside {
		r.attended(p, now)
		present[i] = p.stay
	}
	r.keep(Actor{}, MeetingSeen{present}, nil)
}

// about is the room as one person may know it.
func (r *room) about(p *person) About {
	s := r.profile.Settings
	if r.held(p) {
		// What they will send is theirs to prepare, at the door as in the lobby.
		may := slices.DeleteFunc([]Action{Publish, Share}, func(a Action) bool { return !r.allowed(p.role, a) })
		return About{Title: s.Title, Kind: r.profile.Kind, Role: p.role, May: may, Lobby: s.Lobby}
	}
	about := About{
		Title: s.Title, Kind: r.profile.Kind, Role: p.role, May: r.allows(p.role), Least: s.Least,
		Lobby: s.Lobby, Locked: r.meeting.Locked, Password: s.Password != "",
		MuteOnEntry: s.MuteOnEntry, AudioOnly: s.AudioOnly, MaxPeople: r.most(), Banned: r.bannedFor(p), Roles: r.rolesFor(p),
	}
	if r.may(p, Configure) {
		about.Retention, about.Origins = s.Retention, s.Origins
	}
	return about
}

// tellAbout tells everybody the room as they may know it now.
func (r *room) tellAbout(by *person, re Ref) {
	for _, p := range r.inside {
		if p == by {
			r.tell(p, re, r.about(p))
		} else {
			r.tell(p, 0, r.about(p))
		}
	}
}

// reconfigured has the room follow settings that are now others: who may no
// longer send something stops, who need no longer wait comes in.
func (r *room) reconfigured(by *person, re Ref) {
	var masked []*person
	for _, p := range r.inside {
		if sending := r.mask(p.role, p.sending); sending != p.sending {
			p.sending = sending
			p.link.setSending(sending)
			masked = append(masked, p)
		}
	}
	r.tellChanged(masked, nil, 0)
	r.tellAbout(by, re)
	for _, p := range slices.Clone(r.knocking()) {
		if !r.held(p) && r.barred(p) == nil && r.enter(p, 0) == nil {
			r.tellAdmitters(nil, 0, Knock{Participant: p.id, Name: p.name, Gone: true})
		}
	}
}

package rooms

import (
	"slices"
)

const (
	// maxBans is how many people one meeting keeps out.
	maxBans = 200
	// maxExpelled is how many of those put out a meeting knows, so that their
	// old resume tokens bring nobody back past the lobby.
	maxExpelled = 500
)

// claim is what somebody who wants to come in shows of themselves.
type claim struct {
	identity, participant, credential, address string
	// nameless: nothing vouches for them, so that only their network can tell them.
	nameless bool
}

func (a arrival) claim() claim {
	c := claim{identity: a.identity, credential: a.credential, address: a.address, nameless: a.nameless}
	if a.fresh || a.identity == "" {
		c.participant = a.id
	}
	return c
}

func (p *person) claim() claim {
	return claim{identity: p.identity, participant: p.id, credential: p.credential, address: p.address, nameless: p.nameless}
}

// keepsOut says whether a ban is about who makes a claim.
func (b Ban) keepsOut(c claim) bool {
	if b.Identity != "" {
		return b.Identity == c.identity
	}
	// One link may bring many people in, and one network hold many: only
	// together they tell somebody.
	from := b.Address == c.address && b.Address != "" && b.Credential == c.credential && (c.nameless || c.credential != "")
	return from || b.Participant == c.participant && b.Participant != ""
}

// banned says that somebody may not come in while this meeting lasts.
func (r *room) banned(c claim) error {
	if slices.ContainsFunc(r.meeting.Banned, func(b Ban) bool { return b.keepsOut(c) }) {
		return refuse(CodeBanned, "A host has put you out for the rest of this meeting.")
	}
	return nil
}

// locked says that nobody new may come in, and this is somebody new. In come
// who may lock, and who was in before: by the identity or the participant id
// they prove, empty ones prove nothing.
func (r *room) locked(role Role, proved ...string) error {
	switch table := r.rooms.cfg.Permissions; {
	case !r.meeting.Locked, r.allowed(role, Lock), table.Rank(role) >= table.Rank(Host),
		slices.ContainsFunc(proved, func(who string) bool { return who != "" && slices.Contains(r.meeting.Insiders, who) }):
		return nil
	}
	return refuse(CodeLocked, "This meeting is locked: nobody new may come in.")
}

// barred says what keeps somebody out who has come as far as the door.
func (r *room) barred(p *person) error {
	if err := r.banned(p.claim()); err != nil {
		return err
	}
	if p.chosen {
		return r.locked(p.role)
	}
	return r.locked(p.role, p.identity, p.id)
}

// barredAtDoor says what keeps somebody out who is only about to come.
func (r *room) barredAtDoor(a arrival) error {
	if err := r.banned(a.claim()); err != nil {
		return err
	}
	if a.fresh && slices.Contains(r.meeting.Expelled, a.id) {
		return resumeFailed("The session has ended.", nil)
	}
	if a.fresh {
		return r.locked(a.role, a.identity, a.id)
	}
	return r.locked(a.role, a.identity)
}

// lock lets nobody new in from now on, or does again.
func (r *room) lock(by *person, re Ref, locked bool) error {
	if err := r.require(by, Lock); err != nil {
		return err
	}
	if r.meeting.ID == "" {
		return refuse(CodeNotFound, "Nobody is in the room: there is no meeting to lock.")
	}
	if err := r.remembering(); err != nil {
		return err
	}
	if locked == r.meeting.Locked {
		r.tell(by, re, r.about(by))
		return nil
	}
	r.meeting.Locked, r.meeting.Insiders = locked, nil
	if locked {
		r.meeting.Insiders = r.tally.identities()
		for _, p := range r.inside {
			r.meeting.Insiders = append(r.meeting.Insiders, p.id)
		}
	}
	r.changed(by.actor())
	r.keep(by.actor(), RoomLocked{Locked: locked}, nil)
	r.tellAbout(by, re)
	return nil
}

// letPast notes that somebody has come into the locked meeting, so that they may come back.
func (r *room) letPast(p *person) {
	if r.meeting.Locked && !slices.Contains(r.meeting.Insiders, p.lasting()) {
		r.meeting.Insiders = append(slices.Clone(r.meeting.Insiders), p.lasting())
		r.changed(p.actor())
	}
}

// mayExpel says whether somebody may put another out.
func (r *room) mayExpel(by *person, id string) (*person, error) {
	if err := r.require(by, Remove); err != nil {
		return nil, err
	}
	p := r.people[id]
	switch {
	case p == nil || !p.visible() && p.place != waiting:
		return nil, refuse(CodeNotFound, "Nobody with this id is in the room.")
	case p == by:
		return nil, refuse(CodeForbidden, "Nobody puts themselves out: leave instead.")
	case !r.above(by, p):
		return nil, refuse(CodeForbidden, "They may not be put out by you.")
	}
	return p, nil
}

// expel puts somebody out, who may come back by the door.
func (r *room) expel(by *person, re Ref, id string) error {
	p, err := r.mayExpel(by, id)
	if err != nil {
		return err
	}
	r.putOut(p)
	r.changed(by.actor())
	r.keep(by.actor(), ParticipantRemoved{Whom: p.whom()}, nil)
	r.removeFor(p, ReasonRemoved, 0, by, re)
	return nil
}

// putOut has the meeting know whose resume token is no longer good.
func (r *room) putOut(p *person) {
	list := append(slices.Clone(r.meeting.Expelled), p.id)
	r.meeting.Expelled = list[max(0, len(list)-maxExpelled):]
}

// ban puts somebody out for the rest of the meeting.
func (r *room) ban(by *person, re Ref, id string) error {
	p, err := r.mayExpel(by, id)
	if err != nil {
		return err
	}
	if len(r.meeting.Banned) >= maxBans {
		return refuse(CodeTooLarge, "This meeting keeps out as many people as it can: end it, or let nobody new in.")
	}
	if err := r.remembering(); err != nil {
		return err
	}
	ban := Ban{ID: newID(), Name: p.name, Identity: p.identity}
	if ban.Identity == "" {
		ban.Participant, ban.Credential, ban.Address = p.id, p.credential, p.address
	}
	r.meeting.Banned = append(slices.Clone(r.meeting.Banned), ban)
	r.putOut(p)
	r.changed(by.actor())
	r.keep(by.actor(), ParticipantBanned{Whom: p.whom(), Ban: ban}, nil)
	r.removeFor(p, ReasonBanned, 0, by, re)
	for _, other := range r.everyone() {
		// Who is in already is no stranger, though they may come from the same network.
		if other != by && other.place != joined && ban.keepsOut(other.claim()) {
			r.remove(other, ReasonBanned, 0)
		}
	}
	r.tellAbout(nil, 0)
	return nil
}

// unban lets somebody come back.
func (r *room) unban(by *person, re Ref, id string) error {
	if err := r.require(by, Remove); err != nil {
		return err
	}
	i := slices.IndexFunc(r.meeting.Banned, func(b Ban) bool { return b.ID == id && id != "" })
	if i < 0 {
		return refuse(CodeNotFound, "There is no such ban.")
	}
	if err := r.remembering(); err != nil {
		return err
	}
	ban := r.meeting.Banned[i]
	r.meeting.Banned = slices.Delete(slices.Clone(r.meeting.Banned), i, i+1)
	r.changed(by.actor())
	r.keep(by.actor(), ParticipantUnbanned{Ban: ban}, nil)
	r.tellAbout(by, re)
	return nil
}

// finish ends the meeting for all at once. Nobody is told of each other's going.
func (r *room) finish(by *person, re Ref) error {
	if err := r.require(by, End); err != nil {
		return err
	}
	if r.meeting.ID == "" {
		return refuse(CodeNotFound, "Nobody is in the room: there is no meeting to end.")
	}
	for _, p := range r.inside {
		r.absent(p, ReasonEnded)
	}
	for _, p := range r.everyone() {
		if p.place != joined && p.place != waiting {
			continue
		}
		if p.place == joined {
			r.rooms.metrics.left(p, ReasonEnded)
		}
		answer := Ref(0)
		if p == by {
			answer = re
		}
		r.end(p, ReasonEnded, answer)
	}
	r.inside, r.hidden = nil, 0
	r.over(by.actor(), ReasonEnded)
	r.previewChanged()
	r.arm()
	return nil
}

// bannedFor lists the bans for who may put people out.
func (r *room) bannedFor(p *person) []Ban {
	if !r.may(p, Remove) {
		return nil
	}
	return r.meeting.Banned
}

package rooms

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
)

// open lets somebody to the door. Nothing has changed when it fails.
func (r *room) open(a arrival) (*Session, error) {
	a.born, a.role = a.role, r.dueOf(a)
	if err := r.mayOpen(a); err != nil {
		return nil, err
	}
	id, older, err := r.identify(a)
	if err != nil {
		return nil, err
	}
	if a.kind != Attendee {
		err = r.roomInside(r.replaced(a.identity, older, nil))
	}
	if err == nil && older == nil { // else one goes and one comes
		err = r.roomAtDoor()
	}
	if err != nil {
		return nil, err
	}
	p, reader := r.newPerson(a, id)
	token, err := r.rooms.seal(p)
	if err != nil {
		return nil, err
	}
	if older != nil {
		r.remove(older, replacedReason(older), 0)
	}
	r.people[id], r.sessions[p.session] = p, p
	r.rooms.keep(r) // until the link is freed
	r.linkOf(p)
	session := &Session{room: r, person: p, reader: reader, welcome: r.welcome(p, token)}
	if a.fresh {
		session.welcome.Outcome = Fresh
	}
	if a.kind != Attendee {
		p.deadline = time.Now().Add(r.rooms.cfg.ResumeWindow)
	}
	r.arm()
	return session, nil
}

// replacedReason says how somebody ends whose place the same client takes
// again: to others a lost connection is what it was.
func replacedReason(p *person) Reason {
	if p.away {
		return ReasonLost
	}
	return ReasonReplaced
}

// mayOpen asks what can be asked before anything is looked up.
func (r *room) mayOpen(a arrival) error {
	switch {
	case !r.rooms.cfg.Permissions.Known(a.role):
		return refuse(CodeForbidden, fmt.Sprintf("The role %.32q is unknown here.", a.role))
	case !r.recalled && !a.vouched && !a.fresh:
		return &Error{Code: CodeUnavailable, Message: "The server cannot read this room's settings now.", RetryAfter: recallPause}
	}
	if err := r.barredAtDoor(a); err != nil {
		return err
	}
	switch {
	case a.kind == Attendee:
		return r.known(a)
	case r.profile.Settings.Lobby && !r.allowed(a.role, Pass):
		return refuse(CodeNotAdmitted, fmt.Sprintf("The lobby holds the role %s back, and nobody could be asked: use a token with another role.", a.role))
	case a.kind == Publisher && !r.allowed(a.role, Publish):
		return refuse(CodeForbidden, fmt.Sprintf("The role %s may not publish here.", a.role))
	case a.kind == Spectator && a.watch != "" && r.find(a.watch) == nil:
		return refuse(CodeNotFound, "Whom to watch is not in the room.")
	}
	return nil
}

// identify gives the participant id of an arrival, and who must go for it.
func (r *room) identify(a arrival) (id string, older *person, err error) {
	switch {
	case a.fresh: // the passport proves that they had it
		return a.id, r.people[a.id], nil
	case a.kind == Publisher && a.identity != "":
		older = r.people[a.identity]
		if older != nil && older.identity != a.identity && !older.chosen {
			return "", nil, refuse(CodeForbidden, "This participant id belongs to somebody else.")
		}
		return a.identity, older, nil
	case a.kind == Publisher && a.id != "":
		older = r.find(a.id)
		if older != nil && (!older.chosen || a.credential == "" || older.credential != a.credential) {
			return "", nil, refuse(CodeForbidden, "This participant id belongs to somebody else.")
		}
		return a.id, older, nil
	case a.kind != Spectator && a.identity != "" && r.people[a.identity] == nil:
		return a.identity, nil, nil
	}
	return uuid.NewString(), nil, nil
}

// find gives the session with a participant id, or else the one inside with that identity.
func (r *room) find(idOrIdentity string) *person {
	if p := r.people[idOrIdentity]; p != nil {
		return p
	}
	for _, p := range r.inside {
		if p.identity == idOrIdentity {
			return p
		}
	}
	return nil
}

// roomAtDoor says whether one more may stand at the door.
func (r *room) roomAtDoor() error {
	if len(r.sessions)-len(r.inside)-r.hidden >= r.rooms.cfg.MaxDoor {
		return refuse(CodeRoomFull, "Too many people wait at the door of this room.")
	}
	return nil
}

// roomInside says whether one more may join once the replaced have gone.
func (r *room) roomInside(replaced []*person) error {
	n := len(r.inside) + r.hidden
	for _, p := range replaced {
		if p.place == joined {
			n--
		}
	}
	if most := r.most(); n >= most {
		return &Error{Code: CodeRoomFull, Message: fmt.Sprintf("The room has its %d people already.", most)}
	}
	return nil
}

// most is how many people the room holds.
func (r *room) most() int {
	most := r.rooms.cfg.MaxPeople
	if own := r.profile.Settings.MaxPeople; own > 0 {
		most = min(most, own)
	}
	return most
}

// replaced lists whom somebody with that identity replaces: older, and the
// same identity inside or waiting. Who merely looks through the door may go on looking.
func (r *room) replaced(identity string, older, by *person) []*person {
	var list []*person
	for _, p := range r.sessions {
		same := identity != "" && p.identity == identity && p.kind != Spectator && p.place != atDoor
		if p != by && (p == older || same) {
			list = append(list, p)
		}
	}
	slices.SortFunc(list, func(a, b *person) int { return cmp.Compare(a.session, b.session) })
	return list
}

// linkOf remembers a person's media until it is gone, and forgets those that are.
func (r *room) linkOf(p *person) {
	maps.DeleteFunc(r.links, func(_ string, link chan struct{}) bool {
		select {
		case <-link:
			return true
		default:
			return false
		}
	})
	r.links[p.id] = p.link.gone
}

func (r *room) welcome(p *person, token string) Welcome {
	w := Welcome{
		Participant: p.id, Room: r.name, Role: p.role, Name: p.name, NameFixed: p.nameFixed,
		Resume: token, Prepare: !r.held(p), Media: p.link.stands(), About: r.about(p),
	}
	if !r.held(p) {
		w.Preview = r.glimpse()
	}
	return w
}

// held says whether a lobby keeps somebody out.
func (r *room) held(p *person) bool {
	return p.place != joined && r.profile.Settings.Lobby && !p.admitted && !r.may(p, Pass)
}

// join is the wish of somebody at the door to come in.
func (r *room) join(p *person, re Ref, name string, sending Sending) error {
	switch {
	case p.place == joined:
		return refuse(CodeBadMessage, "This session has joined already.")
	case r.rooms.Draining():
		return errDraining
	}
	if !p.nameFixed {
		name, err := cleanName(name)
		if err != nil {
			return err
		}
		p.name = name
	}
	p.role = r.due(p) // a role given in a meeting that ended meanwhile counts no more
	if err := r.barred(p); err != nil {
		return err
	}
	p.sending = r.mask(p.role, sending)
	if !r.held(p) {
		return r.enter(p, re)
	}
	for _, older := range r.replaced(p.identity, nil, p) {
		if older.place == waiting {
			r.remove(older, ReasonReplaced, 0)
		}
	}
	p.place = waiting
	r.keep(p.actor(), LobbyKnocked{}, nil)
	r.tell(p, re, Waiting{})
	r.tellAdmitters(nil, 0, p.knock())
	return nil
}

// begin takes a machine in once its first offer is answered, so that nobody
// sees one come and go whose offer was no good.
func (r *room) begin(p *person) error {
	if p.place != atDoor {
		return nil
	}
	if r.rooms.Draining() {
		r.remove(p, ReasonShutdown, 0)
		return errDraining
	}
	p.role = r.due(p)
	err := r.barred(p)
	if err == nil {
		err = r.enter(p, 0)
	}
	if err != nil {
		r.remove(p, ReasonRemoved, 0)
	}
	return err
}

// enter takes somebody in. Nothing has changed when it fails.
func (r *room) enter(p *person, re Ref) error {
	replaced := r.replaced(p.identity, nil, p)
	if err := r.roomInside(replaced); err != nil {
		return err
	}
	admitted := p.admitted
	p.admitted = true
	token, err := r.rooms.seal(p)
	if err != nil {
		p.admitted = admitted
		return err
	}
	for _, older := range replaced {
		r.remove(older, ReasonReplaced, 0)
	}
	p.place, p.joined, p.picture = joined, time.Now(), nil
	p.sending = r.mask(p.role, p.sending) // the room may be another than when they knocked
	if !admitted {
		p.sending = r.quietly(p, p.sending)
	}
	r.rooms.metrics.joined(p)
	who, client := r.logged(p)
	r.log.Info("joined", "participant", who, "role", p.role, "kind", p.kind, "client", client)
	if p.kind == Spectator {
		r.hidden++
		p.link.setLayout(r.spectatorLayout(p))
	} else {
		r.appear(p, re, token)
	}
	p.link.enter(p.sending)
	return nil
}

// appear puts somebody before the eyes of the others.
func (r *room) appear(p *person, re Ref, token string) {
	r.attend(p)
	r.settleIn(p)
	r.tellOthers(p, p.public())
	r.inside = append(r.inside, p)
	r.tell(p, re, Joined{
		Participant: p.id, People: r.peopleFor(p), Chat: r.history(p), Started: r.meeting.Started, Resume: token,
		About: r.about(p),
	})
	r.tellQuality(p)
	r.tellDrawings(p)
	r.greetPolls(p)
	r.greetBreakouts(p)
	if p.hushed.Microphone {
		r.tell(p, 0, Asked{What: AskedMuted, Participant: p.id})
	}
	if r.may(p, Admit) {
		r.tellKnocks(p)
	}
	r.letPast(p)
	r.rerank(nil, 0)
	r.previewChanged()
	for _, watcher := range r.sessions {
		if watcher.kind == Spectator && watcher.watch != "" && (watcher.watch == p.id || watcher.watch == p.identity) {
			watcher.link.setLayout(r.spectatorLayout(watcher))
		}
	}
}

// peopleFor lists everyone for somebody who reads it when they are there, and
// therefore not away, even if they were let in while their connection was lost.
func (r *room) peopleFor(reader *person) []Person {
	people := make([]Person, len(r.inside))
	for i, p := range r.inside {
		people[i] = p.public()
		if p == reader {
			people[i].Away = false
		}
	}
	return people
}

// glimpse is what somebody at the door sees: how many, and the first three names.
func (r *room) glimpse() Preview {
	preview := Preview{Count: len(r.inside), Names: []string{}}
	for _, p := range r.inside[:min(3, len(r.inside))] {
		preview.Names = append(preview.Names, p.name)
	}
	return preview
}

// previewChanged tells those at the door, if what they see did change.
func (r *room) previewChanged() {
	now := r.glimpse()
	if now.Count == r.preview.Count && slices.Equal(now.Names, r.preview.Names) {
		return
	}
	r.preview = now
	for _, p := range r.sessions {
		if p.place == atDoor && !r.held(p) {
			r.tell(p, 0, now)
		}
	}
}

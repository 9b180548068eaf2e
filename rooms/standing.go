package rooms

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"palabre/rooms/succession"
)

// A person's role is, in this order: host, while they stand in for the hosts;
// what they were given in this meeting; what they came with (their token or
// link). Who acts on whom follows these rules, which [room.above] and
// [room.appoint] enforce:
//
//   - Only who has the higher rank puts somebody out or gives them a role.
//   - Among equals an owner may; and whose role came with them may do it to one
//     whose role was given in this meeting, never the other way round.
//   - Nobody gives a role above their own, and who stands in none above what
//     they are of right. Nobody changes their own role.
//   - Muting, stopping and lowering hands asks for no rank: the person
//     undoes it by themselves.

// due is the role somebody has of right.
func (r *room) due(p *person) Role {
	if role, given := r.given(p); given {
		return role
	}
	return p.born
}

// given is the role somebody was given in this meeting. An id that a machine
// chose for itself proves nothing, so its role is not looked up by it.
func (r *room) given(p *person) (Role, bool) {
	if p.chosen {
		return "", false
	}
	role, given := r.meeting.Roles[p.lasting()]
	return role, given && r.rooms.cfg.Permissions.Known(role)
}

// dueOf is due for somebody who is only about to come.
func (r *room) dueOf(a arrival) Role {
	p := person{identity: a.identity, born: a.role}
	if a.fresh {
		p.id = a.id
	}
	return r.due(&p)
}

// above says whether somebody may put another out, or give them another role.
func (r *room) above(by, p *person) bool {
	table := r.rooms.cfg.Permissions
	mine, theirs := table.Rank(by.role), table.Rank(r.due(p))
	if mine != theirs || r.may(by, Own) {
		return mine >= theirs
	}
	_, given := r.given(p)
	_, mineGiven := r.given(by)
	return given && !mineGiven && !by.acting
}

// ceiling is the highest rank somebody may give.
func (r *room) ceiling(by *person) int {
	if by.acting {
		return r.rooms.cfg.Permissions.Rank(r.due(by))
	}
	return r.rooms.cfg.Permissions.Rank(by.role)
}

// present finds somebody others see in the room.
func (r *room) present(id string) (*person, error) {
	if p := r.people[id]; p != nil && p.visible() {
		return p, nil
	}
	return nil, refuse(CodeNotFound, "Nobody with this id is in the room.")
}

// appoint gives somebody a role, which they have for the rest of the meeting.
func (r *room) appoint(by *person, re Ref, id string, role Role) error {
	if err := r.require(by, Appoint); err != nil {
		return err
	}
	p, err := r.present(id)
	if err != nil {
		return err
	}
	table := r.rooms.cfg.Permissions
	switch {
	case !table.Known(role):
		return refuse(CodeBadMessage, fmt.Sprintf("There is no role %.32q.", role))
	case p == by:
		return refuse(CodeForbidden, "Nobody changes their own role.")
	case !r.above(by, p):
		return refuse(CodeForbidden, fmt.Sprintf("The role %s may not be taken from them by you.", r.due(p)))
	case table.Rank(role) > r.ceiling(by):
		return refuse(CodeForbidden, "Nobody gives a role above their own.")
	}
	from := r.due(p)
	if from == role {
		r.tell(by, re, p.public())
		return nil
	}
	if err := r.remembering(); err != nil {
		return err
	}
	r.give(p, role)
	r.changed(by.actor())
	r.keep(by.actor(), RoleChanged{Whom: p.whom(), From: from, To: role}, nil)
	r.rerank(by, re)
	return nil
}

func (r *room) give(p *person, role Role) {
	if p.chosen {
		p.born = role
		return
	}
	roles := maps.Clone(r.meeting.Roles) // what was kept is not changed afterwards
	if roles == nil {
		roles = map[string]Role{}
	}
	roles[p.lasting()] = role
	r.meeting.Roles = roles
}

// rerank has everybody's role follow from what they were given and from who
// stands in. It is called whenever somebody comes, goes, is lost or comes back.
func (r *room) rerank(by *person, re Ref) {
	stand := r.standIn(time.Now())
	var news []*person
	for _, p := range r.inside {
		role, acting := r.due(p), p.id == stand
		if acting {
			role = Host
		}
		if role == p.role && acting == p.acting {
			continue
		}
		if acting != p.acting {
			r.keep(Actor{}, RoleChanged{Whom: p.whom(), From: p.role, To: role, Acting: acting}, nil)
		}
		r.become(p, role, acting)
		news = append(news, p)
	}
	for _, p := range r.sessions {
		if role := r.due(p); !p.visible() && role != p.role {
			r.become(p, role, false)
			r.tell(p, 0, r.about(p))
		}
	}
	r.tellChanged(news, by, re)
	for _, p := range news {
		r.tell(p, 0, r.about(p))
		r.greetBreakouts(p)
	}
	r.arm()
}

// become gives somebody the powers of a role, and takes those it has not.
func (r *room) become(p *person, role Role, acting bool) {
	admits := r.may(p, Admit)
	p.role, p.acting = role, acting
	if masked := r.mask(role, p.sending); masked != p.sending {
		p.sending = masked
		if p.place == joined {
			p.link.setSending(masked)
		}
	}
	if p.visible() && !admits && r.may(p, Admit) {
		r.tellKnocks(p)
	}
}

// standIn is who stands in for the hosts now, "" for nobody. A host who is
// merely lost is waited for, and so are all when the server was just restarted.
func (r *room) standIn(now time.Time) string {
	table := r.rooms.cfg.Permissions
	there, away := false, false
	people := make([]succession.Person, len(r.inside))
	for i, p := range r.inside {
		role := r.due(p)
		people[i] = succession.Person{
			ID: p.id, Rank: table.Rank(role), Hosts: r.allowed(role, Appoint), Away: p.away, Joined: p.joined,
			Able: p.kind == Attendee && table.May(role, Publish),
		}
		there = there || people[i].Hosts && !p.away
		away = away || people[i].Hosts && p.away
	}
	r.standsAt = time.Time{}
	if there {
		r.hostLost = time.Time{}
		r.hosted()
		return ""
	}
	if away && r.hostLost.IsZero() {
		r.hostLost = now
	}
	until := r.hostsUntil
	if lost := r.hostLost.Add(succession.Grace); away && lost.After(until) {
		until = lost
	}
	switch {
	case !r.meeting.Hosted:
		return ""
	case now.Before(until):
		r.standsAt = until
		return ""
	}
	return succession.Of(people)
}

// hosted notes that a host has been in the meeting.
func (r *room) hosted() {
	if r.meeting.ID != "" && !r.meeting.Hosted {
		r.meeting.Hosted = true
		r.changed(Actor{})
	}
}

// tellChanged tells everybody of people who changed: of one as always, of
// several in one event, so that nobody's outbox overflows in a large room.
func (r *room) tellChanged(people []*person, by *person, re Ref) {
	switch len(people) {
	case 0:
		return
	case 1:
		r.tellAll(by, re, people[0].public())
		return
	}
	news := Changed{People: make([]Person, len(people))}
	for i, p := range people {
		news.People[i] = p.public()
	}
	r.tellAll(by, re, news)
}

// rolesFor lists the roles somebody may give, or take by putting people out.
func (r *room) rolesFor(p *person) []Role {
	if !r.may(p, Appoint) && !r.may(p, Remove) {
		return nil
	}
	table := r.rooms.cfg.Permissions
	return slices.DeleteFunc(table.Roles(), func(role Role) bool { return table.Rank(role) > r.ceiling(p) })
}

package rooms

import (
	"math/rand/v2"
	"slices"
	"time"
)

// depart notes that a session's connection is lost; its place is kept a while.
func (r *room) depart(p *person) {
	p.away = true
	p.deadline = time.Now().Add(r.rooms.cfg.ResumeWindow)
	r.arm()
	if p.visible() {
		r.tellOthers(p, p.public())
		r.rerank(nil, 0)
	}
}

// detached is told by the connection that held the session.
func (r *room) detached(p *person, reader *reader) error {
	if p.kind == Attendee && p.place != gone && p.out.detach(reader, ErrDetached) {
		r.depart(p)
	}
	return nil
}

// resume gives a session to a new connection.
func (r *room) resume(pass passport, lastSeq uint64, client string) (*Session, error) {
	p := r.sessions[pass.Session]
	if p == nil || p.kind != Attendee {
		return nil, resumeFailed("The session has ended.", nil)
	}
	token, err := r.rooms.seal(p)
	if err != nil {
		return nil, err
	}
	reader, complete := p.out.attach(lastSeq)
	if !complete {
		// What they missed is no longer there: they come in anew under the same id.
		a := pass.arrival(client, p.address)
		a.admitted, a.name = p.admitted, p.name
		return r.open(a)
	}
	p.deadline = time.Time{}
	r.arm()
	if p.away {
		p.away = false
		if p.visible() {
			r.tellAll(nil, 0, p.public()) // themselves too: what waited for them may call them away
			r.rerank(nil, 0)
		}
	}
	if p.visible() {
		r.tellQuality(p)
	}
	session := &Session{room: r, person: p, reader: reader, welcome: r.welcome(p, token)}
	session.welcome.Outcome = Resumed
	return session, nil
}

// remove ends a session; re goes with its last event.
func (r *room) remove(p *person, reason Reason, re Ref) { r.removeFor(p, reason, re, nil, 0) }

// removeFor is remove at the wish of somebody, whom the news answers.
func (r *room) removeFor(p *person, reason Reason, re Ref, by *person, answer Ref) {
	if p.place == gone {
		return
	}
	before := *p
	r.end(p, reason, re)
	switch {
	case before.place == waiting:
		r.tellAdmitters(by, answer, Knock{Participant: p.id, Name: p.name, Gone: true})
	case before.visible():
		r.inside = slices.DeleteFunc(r.inside, func(other *person) bool { return other == p })
		r.absent(p, reason)
		r.strayed(p, reason)
		r.tellAll(by, answer, Left{Participant: p.id, Reason: reason})
		r.rerank(nil, 0)
		r.previewChanged()
	case before.place == joined:
		r.hidden--
	}
	if before.place == joined {
		r.rooms.metrics.left(p, reason)
		who, _ := r.logged(p)
		r.log.Info("left", "participant", who, "reason", reason, "stayed", time.Since(p.joined).Round(time.Second).String())
	}
	if len(r.inside) == 0 {
		r.adjourn(reason)
	}
	r.arm()
}

// end closes a session's stream and media and forgets it.
func (r *room) end(p *person, reason Reason, re Ref) {
	p.place, p.deadline = gone, time.Time{}
	delete(r.sessions, p.session)
	if r.people[p.id] == p {
		delete(r.people, p.id)
	}
	if reason != ReasonShutdown || !r.rooms.Draining() {
		p.out.push(re, Closed{Reason: reason})
	}
	p.out.end()
	close(p.done)
	p.link.close()
}

// restarting tells everybody to come back, each at a time of their own.
func (r *room) restarting(after time.Duration) error {
	for _, p := range r.sessions {
		r.tell(p, 0, Restarting{After: after + rand.N(max(after, 1))})
	}
	return nil
}

// shut ends every session without telling the others of each.
func (r *room) shut() error {
	r.suspend()
	for _, p := range r.everyone() {
		if p.place == joined {
			r.rooms.metrics.left(p, ReasonShutdown)
		}
		r.end(p, ReasonShutdown, 0)
	}
	r.inside, r.hidden = nil, 0
	r.arm()
	return nil
}

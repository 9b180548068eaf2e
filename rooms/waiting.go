package rooms

import (
	"cmp"
	"errors"
	"slices"

	"palabre/rooms/portrait"
)

const (
	// maxPictures is how many who wait may show a picture at once, and
	// maxPictureBytes how much these may be together: a host who comes in is
	// given them all in one go.
	maxPictures     = 30
	maxPictureBytes = 400 << 10
)

// knock is somebody who waits, as those who may admit are told.
func (p *person) knock() Knock {
	return Knock{Participant: p.id, Name: p.name, Picture: string(p.picture)}
}

// show takes the picture of somebody who waits, one for each time they wait.
func (r *room) show(p *person, re Ref, picture []byte) error {
	switch {
	case p.place != waiting:
		return refuse(CodeNotAdmitted, "A picture is for those who wait to be let in.")
	case p.picture != nil:
		return refuse(CodeRateLimited, "You have shown a picture already.")
	}
	err := portrait.Check(picture)
	switch {
	case errors.Is(err, portrait.ErrTooLarge):
		return &Error{Code: CodeTooLarge, Message: "A picture has at most 24 KiB and 640 pixels each way.", Err: err}
	case err != nil:
		return &Error{Code: CodeBadMessage, Message: "A picture is a JPEG or a WebP.", Err: err}
	}
	pictures, bytes := 1, len(picture)
	for _, other := range r.knocking() {
		if other.picture != nil {
			pictures, bytes = pictures+1, bytes+len(other.picture)
		}
	}
	if pictures > maxPictures || bytes > maxPictureBytes {
		return refuse(CodeTooLarge, "Too many who wait show a picture already.")
	}
	p.picture = picture
	r.tell(p, re, Waiting{})
	r.tellAdmitters(nil, 0, p.knock())
	return nil
}

// tellKnocks tells somebody who may admit of all who wait.
func (r *room) tellKnocks(p *person) {
	for _, other := range r.knocking() {
		r.tell(p, 0, other.knock())
	}
}

// mayAdmit says whether somebody may let another in: into a locked meeting
// only who may lock it.
func (r *room) mayAdmit(by, p *person) error {
	if r.meeting.Locked && !r.may(by, Lock) {
		return r.barred(p)
	}
	return r.banned(p.claim())
}

// letIn lets a waiting person in; re goes with the news for who did it.
func (r *room) letIn(by *person, re Ref, p *person) error {
	if err := r.mayAdmit(by, p); err != nil {
		return err
	}
	if err := r.enter(p, 0); err != nil {
		return err
	}
	r.keep(by.actor(), LobbyAdmitted{Whom: p.whom()}, nil)
	r.tellAdmitters(by, re, Knock{Participant: p.id, Name: p.name, Gone: true})
	return nil
}

// admitAll lets everybody in who waits, until the room is full.
func (r *room) admitAll(by *person, re Ref) error {
	if err := r.require(by, Admit); err != nil {
		return err
	}
	if r.rooms.Draining() {
		return errDraining
	}
	waiting := r.knocking()
	if len(waiting) == 0 {
		return refuse(CodeNotFound, "Nobody waits to be admitted.")
	}
	for i, p := range waiting {
		answer := Ref(0)
		if i == len(waiting)-1 {
			answer = re
		}
		if err := r.letIn(by, answer, p); err != nil {
			return err
		}
	}
	return nil
}

// knocking lists who waits, in a stable order.
func (r *room) knocking() []*person {
	list := slices.DeleteFunc(r.everyone(), func(p *person) bool { return p.place != waiting })
	slices.SortFunc(list, func(a, b *person) int { return cmp.Compare(a.id, b.id) })
	return list
}

// tellAdmitters tells those who may admit; re goes to the one who asked.
func (r *room) tellAdmitters(by *person, re Ref, data Data) {
	for _, p := range r.inside {
		switch {
		case p == by:
			r.tell(p, re, data)
		case r.may(p, Admit):
			r.tell(p, 0, data)
		}
	}
}

// admit lets a waiting person in.
func (r *room) admit(by *person, re Ref, id string) error {
	if err := r.require(by, Admit); err != nil {
		return err
	}
	p := r.people[id]
	if p == nil || p.place != waiting {
		return refuse(CodeNotFound, "Nobody with this id waits to be admitted.")
	}
	if r.rooms.Draining() {
		return errDraining
	}
	return r.letIn(by, re, p)
}

// deny refuses a waiting person.
func (r *room) deny(by *person, re Ref, id string) error {
	if err := r.require(by, Deny); err != nil {
		return err
	}
	p := r.people[id]
	if p == nil || p.place != waiting {
		return refuse(CodeNotFound, "Nobody with this id waits to be admitted.")
	}
	r.keep(by.actor(), LobbyDenied{Whom: p.whom()}, nil)
	p.place = atDoor // the knock is answered here, with its reference
	r.tellAdmitters(by, re, Knock{Participant: p.id, Name: p.name, Gone: true})
	r.remove(p, ReasonDenied, 0)
	return nil
}

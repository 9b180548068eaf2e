package rooms

import "context"

// Agent gives a session by which a program does to a room what a person in it
// could: it is in no list, sends and receives no media, needs no place, and is
// told nothing but the errors of its commands. Close it after use.
//
// It is for whoever was let in elsewhere, as by an API key; role says what may be done.
func (r *Rooms) Agent(ctx context.Context, name string, by Actor) (*Agent, error) {
	if !r.cfg.Permissions.Known(by.Role) {
		return nil, refuse(CodeForbidden, "This role is unknown here.")
	}
	held, err := r.hold(name)
	if err != nil {
		return nil, err
	}
	var session *Session
	err = held.call(ctx, func() error {
		if !held.recalled {
			return &Error{Code: CodeUnavailable, Message: "The server cannot read this room's settings now.", RetryAfter: recallPause}
		}
		session = held.agent(by)
		return nil
	})
	if err != nil {
		r.release(held)
		return nil, err
	}
	return &Agent{Session: session, rooms: r}, nil
}

// Agent is the session of a program that is not in the room.
type Agent struct {
	*Session
	rooms  *Rooms
	closed bool
}

// Close lets the room go.
func (a *Agent) Close() {
	if !a.closed {
		a.closed = true
		a.rooms.release(a.room)
	}
}

// agent is somebody who is in no list: what is told to them is told to nobody.
func (r *room) agent(by Actor) *Session {
	out, reader := newOutbox(true)
	p := &person{
		room: r.name, id: by.Participant, identity: by.Identity, name: by.Name, role: by.Role,
		key: by.Key, address: by.Address, kind: Spectator, place: joined, out: out, done: make(chan struct{}),
	}
	return &Session{room: r, person: p, reader: reader}
}

// Knows says whether there is such a role on this server.
func (r *Rooms) Knows(role Role) bool { return r.cfg.Permissions.Known(role) }

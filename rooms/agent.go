package rooms

import (
	"context"
	"errors"
	"maps"
	"slices"
)

// Agent gives a session by which a program does to a room what a person in it
// could: it is in no list, sends and receives no media, needs no place, and is
// told nothing but the errors of its commands. Close it after use.
//
// It is for whoever was let in elsewhere, as by an API key; role says what may
// be done, unless the meeting that is on has given them another or put them out.
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
		if err := held.banned(claim{identity: by.Identity}); by.Key == "" && err != nil {
			return err
		}
		if role, given := held.given(&person{identity: by.Identity}); by.Identity != "" && given {
			by.Role = role
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

// Live is the meeting that is on in a room; zero while nobody is in.
type Live struct {
	Meeting Meeting
	People  []Person
	// Waiting are those in the lobby.
	Waiting []Knock
}

// Live says who is in the room now.
func (a *Agent) Live(ctx context.Context) (live Live, err error) {
	err = a.command(ctx, func(r *room, p *person) error {
		live.Meeting = r.meeting
		live.Meeting.Roles, live.Meeting.Banned = maps.Clone(r.meeting.Roles), slices.Clone(r.meeting.Banned)
		for _, one := range r.inside {
			live.People = append(live.People, one.public())
		}
		for _, one := range r.knocking() {
			live.Waiting = append(live.Waiting, Knock{Participant: one.id, Name: one.name})
		}
		return nil
	})
	return live, err
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

// May answers for a role before a room's own settings are looked at.
func (r *Rooms) May(role Role, action Action) bool { return r.cfg.Permissions.May(role, action) }

// Knows says whether there is such a role on this server.
func (r *Rooms) Knows(role Role) bool { return r.cfg.Permissions.Known(role) }

// Rank is where a role stands among the others; unknown ones are below 0.
func (r *Rooms) Rank(role Role) int { return r.cfg.Permissions.Rank(role) }

// DefaultSettings are those of a room nobody has said anything about.
func (r *Rooms) DefaultSettings() Settings { return r.cfg.Settings }

// CheckSettings gives settings in the form they are kept in, or says what is wrong with them.
func (r *Rooms) CheckSettings(s Settings) (Settings, error) {
	return s.Clean(r.cfg.Permissions, r.cfg.MaxPeople)
}

// Reload has a room that lives follow what was changed on it elsewhere, as by
// an administrator. One nobody is in is read anew when somebody comes.
func (r *Rooms) Reload(ctx context.Context, profile Profile) error {
	r.mu.Lock()
	live := r.rooms[profile.Name]
	r.mu.Unlock()
	if live == nil {
		return nil
	}
	err := live.call(ctx, func() error {
		live.profile = profile
		live.reconfigured(nil, 0)
		return nil
	})
	if errors.Is(err, ErrEnded) {
		return nil
	}
	return err
}

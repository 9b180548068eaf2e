package rooms

import (
	"time"

	"palabre/rooms/breakout"
)

// Actor is who did something. The zero value is the server itself.
type Actor struct {
	Participant string `json:"participant,omitempty"`
	Identity    string `json:"identity,omitempty"`
	Name        string `json:"name,omitempty"`
	Role        Role   `json:"role,omitempty"`
	// Key names the API key of a program.
	Key string `json:"key,omitempty"`
	// Address is the network somebody came from, shortened so that it names no single person.
	Address string `json:"address,omitempty"`
}

// Fact is something that happened in a room and is remembered or told to the
// world: one stream that feeds the store, the audit log, attendance and webhooks.
type Fact struct {
	// ID is unique and grows with time (UUID version 7).
	ID string
	// Room is the room's name, Meeting the id of the meeting that was on.
	Room, Meeting string
	At            time.Time
	By            Actor
	Data          FactData
}

// FactData is what happened: one of the types below and in the files of what they are about.
type FactData interface {
	// Kind names the fact in the audit log and in webhooks: "meeting.started".
	Kind() string
}

type (
	// MeetingStarted: the first person came in.
	MeetingStarted struct{ Meeting Meeting }
	// MeetingResumed: people came back to a meeting that a restart of the server
	// broke off; it was last known to be on at Seen.
	MeetingResumed struct {
		Meeting Meeting
		Seen    time.Time
	}
	// MeetingChanged: the state of the meeting that survives a restart is now another.
	MeetingChanged struct{ Meeting Meeting }
	// MeetingSeen says that the meeting is still on, and who is in it with what
	// they did so far. It comes several times a minute, so that a server which
	// is killed knows when it was.
	MeetingSeen struct{ Present []Stay }
	// MeetingEnded: the last person went, or a host ended it.
	MeetingEnded struct {
		Meeting Meeting
		// People is how many different people were in, Most how many at once.
		People, Most int
		Reason       Reason
	}
	// ParticipantJoined: somebody came in. By is that person.
	ParticipantJoined struct{ Stay Stay }
	// ParticipantLeft: somebody went. By is that person.
	ParticipantLeft struct {
		Stay   Stay
		Reason Reason
	}
	// RoomCreated: a room is remembered from now on.
	RoomCreated struct{ Profile Profile }
	// RoomDeleted: a room is not remembered any more, and no link into it counts.
	RoomDeleted struct{ Name string }
	// RoomChanged: the room's settings are now others. Changed names what, in words of the API.
	RoomChanged struct {
		Profile Profile
		Changed []string
	}
)

// Stay is one person's time in a meeting, from joining to leaving.
type Stay struct {
	// ID is unique; Participant and Identity are as in [Person] and [Request].
	ID, Participant, Identity, Name string
	Role                            Role
	Joined                          time.Time
	// Left is zero while they are in.
	Left time.Time
	// Spoke is how long they were heard to speak.
	Spoke time.Duration
	// Poor is for how much of the time their connection was bad (no more than one bar).
	Poor time.Duration
	// Took is from joining until media stood: 0 while it does not, next to
	// nothing where it stood before.
	Took time.Duration
	// Client is the program they used.
	Client string
}

func (MeetingStarted) Kind() string    { return "meeting.started" }
func (MeetingResumed) Kind() string    { return "meeting.resumed" }
func (MeetingChanged) Kind() string    { return "meeting.changed" }
func (MeetingSeen) Kind() string       { return "meeting.seen" }
func (MeetingEnded) Kind() string      { return "meeting.ended" }
func (ParticipantJoined) Kind() string { return "participant.joined" }
func (ParticipantLeft) Kind() string   { return "participant.left" }
func (RoomCreated) Kind() string       { return "room.created" }
func (RoomDeleted) Kind() string       { return "room.deleted" }
func (RoomChanged) Kind() string       { return "room.changed" }

// Meeting is the state of a running meeting that survives a restart. Its JSON
// is what is stored: fields may be added, and none may change its meaning.
type Meeting struct {
	// ID is a UUID of version 7; empty while nobody is in.
	ID      string    `json:"id"`
	Started time.Time `json:"started"`
	// Locked lets nobody new in.
	Locked bool `json:"locked,omitempty"`
	// Hosted says that somebody who may host has been here, so that they are
	// followed by the next in rank while they are gone.
	Hosted bool `json:"hosted,omitempty"`
	// Roles were given or taken in this meeting, by identity or else participant id.
	Roles map[string]Role `json:"roles,omitempty"`
	// Banned may not come back while the meeting lasts.
	Banned []Ban `json:"banned,omitempty"`
	// Breakouts are the breakout rooms; never written to once it is here.
	Breakouts *breakout.State `json:"breakouts,omitempty"`
	// Insiders may come into the locked meeting: the identities that were in
	// before, and the participant ids of who was in then.
	Insiders []string `json:"insiders,omitempty"`
	// Expelled are the newest participant ids that were put out: a resume
	// token brings none of them back.
	Expelled []string `json:"expelled,omitempty"`
}

// Ban keeps somebody out of one meeting: by identity where a token proved one,
// else by participant id, and by the network they came from together with what
// they showed; who showed nothing is known by their network alone.
type Ban struct {
	// ID names the ban, to take it back.
	ID          string `json:"id,omitempty"`
	Identity    string `json:"identity,omitempty"`
	Participant string `json:"participant,omitempty"`
	Address     string `json:"address,omitempty"`
	// Credential stands for the token they showed, as in [Request].
	Credential string `json:"credential,omitempty"`
	Name       string `json:"name,omitempty"`
}

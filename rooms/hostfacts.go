package rooms

// What hosts did, for the audit log, the store and the world. Whom is who it
// was done to; the [Fact] says who did it.
type (
	// ParticipantStopped: somebody's microphone, camera or screen was taken off.
	ParticipantStopped struct {
		Source Source
		Whom   []Actor
		// All says that it was done to everybody at once.
		All bool
	}
	// ParticipantAsked: somebody was asked to turn microphone or camera on.
	ParticipantAsked struct {
		Source Source
		Whom   Actor
	}
	// HandsLowered: hands were lowered by somebody else.
	HandsLowered struct {
		Whom []Actor
		All  bool
	}
	// ParticipantRemoved: somebody was put out and may come back.
	ParticipantRemoved struct{ Whom Actor }
	// ParticipantBanned: somebody was put out for the rest of the meeting.
	ParticipantBanned struct {
		Whom Actor
		Ban  Ban
	}
	// ParticipantUnbanned: somebody may come back after all.
	ParticipantUnbanned struct{ Ban Ban }
	// RoleChanged: somebody was given a role, or with Acting stands in for
	// the hosts, or no longer does; then nobody did it.
	RoleChanged struct {
		Whom     Actor
		From, To Role
		Acting   bool
	}
	// RoomLocked: nobody new may come in, or they may again.
	RoomLocked struct{ Locked bool }
	// LobbyKnocked: somebody waits to be let in. By is that person.
	LobbyKnocked struct{}
	// LobbyAdmitted and LobbyDenied: what became of it.
	LobbyAdmitted struct{ Whom Actor }
	LobbyDenied   struct{ Whom Actor }
)

func (f ParticipantStopped) Kind() string {
	if f.Source == Microphone {
		return "participant.muted"
	}
	return "participant.stopped"
}

func (ParticipantAsked) Kind() string    { return "participant.asked" }
func (HandsLowered) Kind() string        { return "participant.hand-lowered" }
func (ParticipantRemoved) Kind() string  { return "participant.removed" }
func (ParticipantBanned) Kind() string   { return "participant.banned" }
func (ParticipantUnbanned) Kind() string { return "participant.unbanned" }
func (RoleChanged) Kind() string         { return "role.changed" }
func (LobbyKnocked) Kind() string        { return "lobby.knocked" }
func (LobbyAdmitted) Kind() string       { return "lobby.admitted" }
func (LobbyDenied) Kind() string         { return "lobby.denied" }

func (f RoomLocked) Kind() string {
	if f.Locked {
		return "room.locked"
	}
	return "room.unlocked"
}

// whom is somebody as the one something was done to: where they came from is
// not part of it.
func (p *person) whom() Actor {
	return Actor{Participant: p.id, Identity: p.identity, Name: p.name, Role: p.role}
}

func allOf(people []*person) []Actor {
	list := make([]Actor, len(people))
	for i, p := range people {
		list[i] = p.whom()
	}
	return list
}

package signaling

import (
	"time"

	"palabre/rooms"
	"palabre/signaling/protocol"
)

// message puts an event of the domain into its form on the wire. Lists are
// never null there.
func message(e rooms.Event) protocol.ServerMessage {
	m := protocol.ServerMessage{Seq: e.Seq, Re: uint32(e.Re)}
	switch d := e.Data.(type) {
	case rooms.Waiting:
		m.Type = protocol.TypeWaiting
	case rooms.Joined:
		m.Type, m.Data = protocol.TypeJoined, wireJoined(d)
	case rooms.Preview:
		m.Type, m.Data = protocol.TypePreview, wirePreview(d)
	case rooms.Person:
		m.Type, m.Data = protocol.TypeParticipant, wirePerson(d)
	case rooms.Left:
		m.Type, m.Data = protocol.TypeLeft, protocol.Left{Participant: d.Participant, Reason: protocol.Reason(d.Reason)}
	case rooms.Knock:
		m.Type, m.Data = protocol.TypeKnock, wireKnock(d)
	case rooms.Changed:
		m.Type, m.Data = protocol.TypeChanged, wireChanged(d)
	case rooms.Asked:
		m.Type, m.Data = protocol.TypeAsked, protocol.Asked{What: protocol.AskedWhat(d.What), Participant: d.Participant, By: d.By, Name: d.Name}
	case rooms.Line:
		m.Type, m.Data = protocol.TypeChatLine, wireLine(d.Line)
	case rooms.LineEdited, rooms.LineDeleted, rooms.LineReacted, rooms.History:
		m.Type, m.Data = wireChat(d)
	case rooms.Reaction:
		m.Type, m.Data = protocol.TypeReaction, protocol.Reaction(d)
	case rooms.Seating:
		m.Type, m.Data = protocol.TypeSeats, wireSeats(d)
	case rooms.Speakers:
		m.Type, m.Data = protocol.TypeSpeakers, protocol.Speakers{Speaking: list(d.Speaking), Dominant: d.Dominant}
	case rooms.Layers:
		m.Type, m.Data = protocol.TypeLayers, wireLayers(d)
	case rooms.Quality:
		m.Type, m.Data = protocol.TypeQuality, wireQuality(d)
	case rooms.About:
		m.Type, m.Data = protocol.TypeRoom, wireRoom(d)
	case rooms.Polls, rooms.Ballots:
		m.Type, m.Data = wirePolling(d)
	case rooms.Invitation:
		m.Type, m.Data = protocol.TypeLink, wireLink(d)
	case rooms.InvitationList:
		m.Type, m.Data = protocol.TypeLinks, wireLinks(d)
	case rooms.Drawings:
		m.Type, m.Data = protocol.TypeDrawings, wireDrawings(d)
	case rooms.Breakouts, rooms.BreakoutNotice:
		m.Type, m.Data = wireBreakingOut(d)
	case rooms.RestartICE:
		m.Type = protocol.TypeICERestart
	case rooms.MediaLost:
		m.Type, m.Data = protocol.TypeMediaLost, protocol.MediaLost(d)
	case rooms.Restarting:
		m.Type, m.Data = protocol.TypeRestarting, protocol.Restarting{After: d.After.Milliseconds()}
	case rooms.Closed:
		m.Type, m.Data = protocol.TypeClosed, protocol.Closed{Reason: protocol.Reason(d.Reason)}
	default:
		// A gap in the numbers would be worse than a frame without a meaning.
		m.Type, m.Data = protocol.TypeError, protocol.Error{Code: protocol.CodeInternal, Message: "Internal error."}
	}
	return m
}

func wireJoined(j rooms.Joined) protocol.Joined {
	out := protocol.Joined{
		Participant: j.Participant, Started: millis(j.Started), Resume: j.Resume, About: wireRoom(j.About),
		Participants: make([]protocol.Participant, len(j.People)), Chat: wireLines(j.Chat),
	}
	for i, p := range j.People {
		out.Participants[i] = wirePerson(p)
	}
	return out
}

func wireRoom(a rooms.About) protocol.Room {
	r := protocol.Room{
		Title: a.Title, Kind: protocol.RoomKind(a.Kind), Role: protocol.Role(a.Role), May: make([]protocol.Action, len(a.May)),
		Lobby: a.Lobby, Locked: a.Locked, Password: a.Password, MuteOnEntry: a.MuteOnEntry, AudioOnly: a.AudioOnly, MaxPeople: a.MaxPeople,
		RetentionDays: a.Retention.Hours() / 24, Origins: a.Origins,
		Banned: wireBans(a.Banned), Roles: wireRoles(a.Roles),
	}
	for i, action := range a.May {
		r.May[i] = protocol.Action(action)
	}
	if len(a.Least) > 0 {
		r.Least = make(map[protocol.Action]protocol.Role, len(a.Least))
	}
	for action, role := range a.Least {
		r.Least[protocol.Action(action)] = protocol.Role(role)
	}
	return r
}

func wirePerson(p rooms.Person) protocol.Participant {
	return protocol.Participant{
		ID: p.ID, Name: p.Name, Role: protocol.Role(p.Role), Media: protocol.Media(p.Sending),
		Hand: millis(p.Hand), Away: p.Away, Joined: millis(p.Joined), Group: p.Group, Acting: p.Acting,
	}
}

func wirePreview(p rooms.Preview) protocol.Preview {
	return protocol.Preview{Count: p.Count, Names: list(p.Names)}
}

func wireSeats(s rooms.Seating) protocol.Seats {
	out := protocol.Seats{Seats: make([]protocol.Seat, len(s.Seats))}
	for i, seat := range s.Seats {
		out.Seats[i] = protocol.Seat{
			Kind: protocol.SeatKind(seat.Kind), Index: seat.Index, Participant: seat.Participant,
			Video: seat.Video, Audio: seat.Audio, Paused: seat.Paused,
		}
	}
	return out
}

func wireLayers(l rooms.Layers) protocol.Layers {
	out := protocol.Layers{Source: protocol.Source(l.Source), RIDs: make([]string, len(l.Wishes)), Wishes: make([]protocol.LayerWish, len(l.Wishes))}
	for i, w := range l.Wishes {
		out.RIDs[i], out.Wishes[i] = w.RID, protocol.LayerWish(w)
	}
	return out
}

func wireDrawings(d rooms.Drawings) protocol.Drawings {
	out := protocol.Drawings{Canvases: make([]protocol.DrawingCanvas, len(d.Canvases))}
	for i, c := range d.Canvases {
		out.Canvases[i] = protocol.DrawingCanvas{Canvas: c.Canvas, Participant: c.Participant, Rule: protocol.DrawingRule(c.Rule), People: c.People, Used: c.Used}
	}
	return out
}

func wireQuality(q rooms.Quality) protocol.Quality {
	out := protocol.Quality{People: make([]protocol.LinkQuality, len(q.People))}
	for i, l := range q.People {
		out.People[i] = protocol.LinkQuality{Participant: l.Participant, Up: l.Up, Down: l.Down}
	}
	return out
}

func list(texts []string) []string {
	if texts == nil {
		return []string{}
	}
	return texts
}

// millis is a moment in milliseconds since 1970 UTC; 0 for none.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

package webhook

import (
	"encoding/json"
	"time"

	"palabre/rooms"
	"palabre/rooms/chat"
	"palabre/rooms/poll"
)

// kindOf describes one kind of event, with a fact that makes its sample.
type kindOf struct {
	name, about string
	optIn       bool
	sample      rooms.FactData
}

var exampleStart = time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)

// types is the table of everything the world is told. Other facts are not told.
func types() []kindOf {
	meeting := rooms.Meeting{ID: exampleMeeting, Started: exampleStart}
	stay := rooms.Stay{Participant: "p_7xk2m9", Identity: "ana@example.org", Name: "Ana", Role: rooms.Member, Joined: exampleStart}
	gone := stay
	gone.Left = exampleStart.Add(45 * time.Minute)
	question := poll.Poll{ID: exampleMeeting, Question: poll.Question{Text: "Tea or coffee?", Options: []string{"Tea", "Coffee"}}}
	return []kindOf{
		{"meeting.started", "The first person came in.", false, rooms.MeetingStarted{Meeting: meeting}},
		{"meeting.ended", "The last person went, or a host ended the meeting.", false, rooms.MeetingEnded{Meeting: meeting, People: 4, Most: 3, Reason: rooms.ReasonLeft}},
		{"participant.joined", "Somebody came in.", false, rooms.ParticipantJoined{Stay: stay}},
		{"participant.left", "Somebody went.", false, rooms.ParticipantLeft{Stay: gone, Reason: rooms.ReasonLeft}},
		{"participant.removed", "A host put somebody out.", false, rooms.ParticipantRemoved{Whom: rooms.Actor{Participant: stay.Participant, Name: stay.Name, Role: stay.Role}}},
		{"lobby.knocked", "Somebody waits to be admitted.", false, rooms.LobbyKnocked{}},
		{"chat.written", "Somebody wrote to everybody. Messages to one person are never told.", true, chat.Written{
			Line: chat.Line{ID: exampleMeeting, By: chat.Person{Name: "Ana"}, Text: "Shall we begin?", At: exampleStart},
		}},
		{"poll.opened", "A poll was opened.", false, rooms.PollOpened{Poll: question}},
		{"poll.closed", "A poll was closed; counts are there where everybody may see them.", false, rooms.PollClosed{
			Poll: rooms.PollResult{ID: exampleMeeting, Text: question.Text, Options: question.Options, Counts: []int{3, 1}, People: 4},
		}},
		{"room.created", "A room is remembered from now on.", false, rooms.RoomCreated{Profile: rooms.Profile{Settings: rooms.Settings{Title: "Monday round"}}}},
		{"room.deleted", "A room was deleted.", false, rooms.RoomDeleted{Name: exampleRoom}},
		{"room.changed", "The room's settings are now others.", false, rooms.RoomChanged{
			Profile: rooms.Profile{Settings: rooms.Settings{Title: "Monday round"}}, Changed: []string{"title", "lobby"},
		}},
	}
}

const (
	exampleMeeting = "0195553c-7a40-7c4e-9d57-3f1f2a6b8c01"
	exampleRoom    = "monday-round"
)

// Catalogue lists every kind of event, with a sample of each.
func Catalogue() []EventType {
	kinds := types()
	list := make([]EventType, 0, len(kinds)+1)
	for _, kind := range kinds {
		list = append(list, EventType{Name: kind.name, About: kind.about, OptIn: kind.optIn, Sample: sample(kind)})
	}
	return append(list, EventType{
		Name: Test, About: "Somebody asked for a test; every subscription takes it.", OptIn: true,
		Sample: body(TestEvent("00000000-0000-7000-8000-000000000000", exampleRoom, exampleStart)),
	})
}

func sample(kind kindOf) json.RawMessage {
	event, _ := Of(rooms.Fact{
		ID: exampleMeeting, Room: exampleRoom, Meeting: exampleMeeting, By: rooms.Actor{Participant: "p_3fh6tz", Name: "Ben", Role: rooms.Host}, At: exampleStart.Add(47 * time.Minute), Data: kind.sample,
	})
	return body(event)
}

func body(e Event) json.RawMessage {
	text, err := e.Body()
	if err != nil {
		return nil // a test sees that every kind has one
	}
	return text
}

// Test is the type of the event that somebody asks for to see whether deliveries arrive.
const Test = "webhook.test"

// TestEvent is such an event; id is a new UUID of version 7.
func TestEvent(id, room string, at time.Time) Event {
	return Event{ID: "msg_" + id, Type: Test, Room: room, At: at, OptIn: true, Data: struct {
		Room    string `json:"room,omitempty"`
		Message string `json:"message"`
	}{room, "This is a test: deliveries arrive."}}
}

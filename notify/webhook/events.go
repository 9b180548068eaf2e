package webhook

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"palabre/rooms"
	"palabre/rooms/chat"
)

// All is every event but those that must be asked for by name.
const All = "*"

// Event is what the world is told of a fact.
type Event struct {
	// ID is the fact's; the same in every delivery.
	ID   string
	Type string
	Room string
	At   time.Time
	// OptIn is told only to who asks for it by name.
	OptIn bool
	// Data is encoded as JSON.
	Data any
}

// EventType describes one kind of event.
type EventType struct {
	// Name is what a subscription asks for and payloads say as their type.
	Name string `json:"name"`
	// About says in a sentence when it comes.
	About string `json:"about"`
	// OptIn: "*" does not include it.
	OptIn bool `json:"optIn,omitempty"`
	// Sample is a payload of it.
	Sample json.RawMessage `json:"sample"`
}

// Body is the payload of an event: {"type", "timestamp", "data"}. One that
// would be larger than [MaxBody] says so instead of what it was about.
func (e Event) Body() ([]byte, error) {
	text, err := e.encode(e.Data)
	if err == nil && len(text) > MaxBody {
		text, err = e.encode(oversized{Room: e.Room, Truncated: true})
	}
	if err != nil {
		return nil, fmt.Errorf("write the payload of the event %s: %w", e.Type, err)
	}
	return text, nil
}

func (e Event) encode(data any) ([]byte, error) {
	return json.Marshal(struct {
		Type      string    `json:"type"`
		Timestamp time.Time `json:"timestamp"`
		Data      any       `json:"data"`
	}{e.Type, e.At.UTC().Truncate(time.Millisecond), data})
}

type oversized struct {
	Room      string `json:"room"`
	Truncated bool   `json:"truncated"`
}

// Of translates a fact into what the world is told of it. Facts that concern
// nobody outside give none.
func Of(fact rooms.Fact) (Event, bool) {
	data, known := public(fact)
	if !known {
		return Event{}, false
	}
	kind := fact.Data.Kind()
	i := slices.IndexFunc(types(), func(t kindOf) bool { return t.name == kind })
	if i < 0 {
		return Event{}, false
	}
	return Event{ID: "msg_" + fact.ID, Type: kind, Room: fact.Room, At: fact.At, OptIn: types()[i].optIn, Data: data}, true
}

// The data of each event. Field names are the API's and stay; nothing of a
// person goes out but the name they show everybody, their id in the meeting,
// their role, and the identity that the receiver's own system signed for.
type (
	place struct {
		Room    string `json:"room"`
		Meeting string `json:"meeting,omitempty"`
	}
	whom struct {
		ID       string     `json:"id,omitempty"`
		Identity string     `json:"identity,omitempty"`
		Name     string     `json:"name,omitempty"`
		Role     rooms.Role `json:"role,omitempty"`
	}
	meetingStarted struct {
		place
		Started time.Time `json:"startedAt"`
	}
	meetingEnded struct {
		place
		Started  time.Time    `json:"startedAt"`
		Ended    time.Time    `json:"endedAt"`
		Duration float64      `json:"durationSeconds"`
		People   int          `json:"people"`
		Most     int          `json:"mostAtOnce"`
		Reason   rooms.Reason `json:"reason,omitempty"`
	}
	participantJoined struct {
		place
		Participant whom      `json:"participant"`
		Joined      time.Time `json:"joinedAt"`
	}
	participantLeft struct {
		place
		Participant whom         `json:"participant"`
		Joined      time.Time    `json:"joinedAt"`
		Left        time.Time    `json:"leftAt"`
		Duration    float64      `json:"durationSeconds"`
		Reason      rooms.Reason `json:"reason,omitempty"`
	}
	participantRemoved struct {
		place
		Participant whom `json:"participant"`
		By          whom `json:"by"`
	}
	lobbyKnocked struct {
		place
		Participant whom `json:"participant"`
	}
	chatWritten struct {
		place
		Line string `json:"line"`
		By   whom   `json:"by"`
		Text string `json:"text"`
		// File is the name of what is attached.
		File string `json:"file,omitempty"`
	}
	pollChanged struct {
		place
		Poll     string   `json:"poll"`
		Question string   `json:"question"`
		Options  []string `json:"options"`
		// Counts come with the end of polls whose results everybody may see.
		Counts []int `json:"counts,omitempty"`
		// People is how many voted.
		People int `json:"people"`
	}
	roomChanged struct {
		place
		Changed []string `json:"changed"`
		Title   string   `json:"title,omitempty"`
	}
)

func public(fact rooms.Fact) (any, bool) {
	at := place{Room: fact.Room, Meeting: fact.Meeting}
	switch data := fact.Data.(type) {
	case rooms.MeetingStarted:
		at.Meeting = data.Meeting.ID
		return meetingStarted{at, data.Meeting.Started.UTC()}, true
	case rooms.MeetingEnded:
		at.Meeting = data.Meeting.ID
		return meetingEnded{
			at, data.Meeting.Started.UTC(), fact.At.UTC(), seconds(fact.At.Sub(data.Meeting.Started)), data.People, data.Most, data.Reason,
		}, true
	case rooms.ParticipantJoined:
		return participantJoined{at, somebody(data.Stay), data.Stay.Joined.UTC()}, true
	case rooms.ParticipantLeft:
		left := data.Stay.Left
		return participantLeft{
			at, somebody(data.Stay), data.Stay.Joined.UTC(), left.UTC(), seconds(left.Sub(data.Stay.Joined)), data.Reason,
		}, true
	case rooms.ParticipantRemoved:
		return participantRemoved{at, actor(data.Whom), actor(fact.By)}, true
	case rooms.LobbyKnocked:
		return lobbyKnocked{at, actor(fact.By)}, true
	case chat.Written:
		// What is for one person alone is told to nobody.
		line := data.Line
		return chatWritten{at, line.ID, whom{Name: line.By.Name}, line.Text, line.File.Name}, !line.Private()
	case rooms.PollOpened:
		return pollChanged{place: at, Poll: data.Poll.ID, Question: data.Poll.Text, Options: data.Poll.Options}, true
	case rooms.PollClosed:
		return pollChanged{at, data.Poll.ID, data.Poll.Text, data.Poll.Options, data.Poll.Counts, data.Poll.People}, true
	case rooms.RoomCreated:
		return roomChanged{at, []string{}, data.Profile.Settings.Title}, true
	case rooms.RoomDeleted:
		return at, true
	case rooms.RoomChanged:
		return roomChanged{at, data.Changed, data.Profile.Settings.Title}, true
	}
	return nil, false
}

func somebody(s rooms.Stay) whom {
	return whom{ID: s.Participant, Identity: s.Identity, Name: s.Name, Role: s.Role}
}

func actor(a rooms.Actor) whom {
	return whom{ID: a.Participant, Identity: a.Identity, Name: a.Name, Role: a.Role}
}

// seconds are whole milliseconds, and never negative where a clock was set back.
func seconds(d time.Duration) float64 { return max(0, d.Round(time.Millisecond).Seconds()) }

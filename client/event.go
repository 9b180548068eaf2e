package client

import (
	"time"

	"github.com/pion/webrtc/v4"

	"palabre/signaling/protocol"
)

// eventQueue is how many events may wait for a slow reader of
// [Session.Events]. Later ones are dropped and counted in a [Missed].
const eventQueue = 256

// Event is something that happened to a session. The types below are all
// there are; switch on them.
type Event interface{ event() }

// Waiting says that a host must let the session in.
type Waiting struct{}

// Joined says that the session is in the room now.
type Joined struct{ protocol.Joined }

// Preview says who is in the room, while the session is at the door.
type Preview struct{ protocol.Preview }

// ParticipantChanged says that somebody came or changed.
type ParticipantChanged struct{ protocol.Participant }

// ParticipantLeft says that somebody is gone.
type ParticipantLeft struct{ protocol.Left }

// Knocked says that somebody waits to be admitted, or no longer does.
type Knocked struct{ protocol.Knock }

// PeopleChanged says that several people changed at once.
type PeopleChanged struct{ Participants []protocol.Participant }

// Asked says what a host did to the session, or asks it for; with a
// participant that is somebody else, that this session's own wish was passed on.
// What was taken off is off already: [Session.SetMedia] turns it on again.
type Asked struct{ protocol.Asked }

// RoomChanged says what of the room, or of what the session may do in it, is now other.
type RoomChanged struct{ protocol.Room }

// Seated is the new seating of the session's receivers.
type Seated struct{ Seats []protocol.Seat }

// Speaking says who speaks.
type Speaking struct{ protocol.Speakers }

// QualityChanged says how good people's connections are: of those named, the
// session's own among them; of the others what was told before still holds.
type QualityChanged struct{ protocol.Quality }

// LayersWanted says which layers of a line somebody watches, and how much of each.
type LayersWanted struct{ protocol.Layers }

// ChatReceived is a message somebody sent, the session itself included.
type ChatReceived struct{ protocol.ChatLine }

// Reacted is a reaction somebody sent.
type Reacted struct{ protocol.Reaction }

// MediaChanged is the new state of the PeerConnection.
type MediaChanged struct{ State webrtc.PeerConnectionState }

// Disconnected says that the WebSocket was lost and is being looked for.
type Disconnected struct{ Err error }

// Resumed says that the WebSocket is back.
type Resumed struct{ protocol.Resumed }

// Restarting says that the server goes away and when the session comes back.
type Restarting struct{ After time.Duration }

// Failed is the server's refusal of a command.
type Failed struct{ Err *ServerError }

// Missed counts events dropped because nobody read them in time.
type Missed struct{ Count int }

// Closed is the last event.
type Closed struct{ Err error }

func (Waiting) event()            {}
func (Joined) event()             {}
func (Preview) event()            {}
func (ParticipantChanged) event() {}
func (ParticipantLeft) event()    {}
func (Knocked) event()            {}
func (PeopleChanged) event()      {}
func (Asked) event()              {}
func (RoomChanged) event()        {}
func (Seated) event()             {}
func (Speaking) event()           {}
func (QualityChanged) event()     {}
func (LayersWanted) event()       {}
func (ChatReceived) event()       {}
func (Reacted) event()            {}
func (MediaChanged) event()       {}
func (Disconnected) event()       {}
func (Resumed) event()            {}
func (Restarting) event()         {}
func (Failed) event()             {}
func (Missed) event()             {}
func (Closed) event()             {}

// Package seating decides who sits where for one viewer.
//
// A viewer negotiates a fixed number of receiving lines once: seats (a voice
// and a camera), stages (a shared screen and its sound) and voices (sound
// only). [Assign] maps the people of a meeting onto those lines. It is a pure
// function: what it knows of the past is the seating it is handed back.
//
// Two rules shape it. Nobody moves without need, because every move costs the
// viewer a key frame; and nobody's sound arrives twice, because that echoes.
package seating

// Source names one of a participant's tracks.
type Source string

// The sources a participant can send. The empty source is "nothing".
const (
	Nothing     Source = ""
	Microphone  Source = "microphone"
	Camera      Source = "camera"
	Screen      Source = "screen"
	ScreenAudio Source = "screenAudio"
)

// Mode says who chooses what the viewer is shown.
type Mode string

// The modes. An empty or unknown mode is [Grid].
const (
	Tiles   Mode = "tiles"   // exactly the tiles
	Grid    Mode = "grid"    // everybody in the order they came
	Speaker Mode = "speaker" // the stage, else who speaks
)

// Kind is the list of lines that a seat's index counts in.
type Kind string

// The kinds of line.
const (
	Person Kind = "seat"  // a person's voice and camera
	Stage  Kind = "stage" // a shared screen and its sound
	Voice  Kind = "voice" // the voice of a loud person who sits in no seat
)

// The reasons why a line does not carry the picture of whoever sits in it.
// The allocator of bandwidth has one more of its own.
const (
	PausedHidden  = "hidden"   // the viewer does not show it
	PausedMuted   = "muted"    // there is a track, its owner switched it off
	PausedNoVideo = "no video" // there is no such track
)

// State is what became of one track of a participant.
type State uint8

// The states of a track.
const (
	Absent State = iota // not negotiated
	Muted               // negotiated, sends nothing now
	Live                // sends
)

// Participant is somebody in the meeting, with the tracks they publish.
type Participant struct {
	ID                                      string
	Microphone, Camera, Screen, ScreenAudio State
}

// Tile is one picture on the viewer's page, in device pixels; 0 when hidden.
type Tile struct {
	Participant   string
	Source        Source
	Width, Height int
}

// Lines says how many lines of each kind the viewer has negotiated.
type Lines struct{ Seats, Stages, Voices int }

// View is everything [Assign] looks at, besides the seating before.
type View struct {
	// Viewer is whose seating it is; they never see or hear themselves.
	Viewer string
	Mode   Mode
	// Tiles are the pictures shown, most important first. In the modes
	// [Grid] and [Speaker] they only give sizes.
	Tiles []Tile
	Lines Lines
	// Roster is who is in the meeting; nil means nobody.
	Roster *Roster
}

// Seat says what one line carries.
type Seat struct {
	Kind  Kind
	Index int
	// Participant is empty while the line is free.
	Participant string
	// Picture is the source the line's video shows: [Camera], [Screen], or
	// [Nothing] when no video is to be sent; then Paused says why.
	Picture Source
	// Width and Height are what the viewer shows of it, in device pixels; 0
	// when it shows nothing.
	Width, Height int
	// Sound is the source the line's audio carries, or [Nothing].
	Sound  Source
	Paused string

	// shows is what the occupant sits here for, kept while Picture is off.
	shows Source
	// idle counts the calls since the occupant was last wanted here.
	idle uint32
}

// Free says whether nobody sits in the line.
func (s Seat) Free() bool { return s.Participant == "" }

// Shows is the source the occupant sits here with ([Camera] or [Screen]),
// whether or not it is sent now; [Nothing] on a voice line and on a free one.
func (s Seat) Shows() Source { return s.shows }

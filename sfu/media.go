package sfu

import "errors"

// ErrBadOffer is wrapped by every refusal of an SDP offer.
var ErrBadOffer = errors.New("the SDP offer was refused")

// ErrClosed says that the peer or the whole media plane is closed.
var ErrClosed = errors.New("the media connection is closed")

// Report is how a peer tells what happened. It is called from one goroutine
// of the peer, in order, and must not block; Message has a goroutine of its own.
type Report interface {
	// Connected: ICE and DTLS are up, for the first time or again.
	Connected()
	// Disconnected: no path any more (consent lost, RFC 7675); an ICE restart may mend it.
	Disconnected()
	// Failed: the connection is gone for good, the client must make a new one.
	Failed(reason string)
	// Seated is the new seating of this participant.
	Seated([]Seat)
	// Layers says which layers of a source somebody wants from this
	// participant, lowest first, and how much of each.
	Layers(source Source, wishes []LayerWish)
	// Speakers says who speaks in the room, loudest first, and who holds the floor.
	Speakers(speaking []string, dominant string)
	// Quality grades the connection as bars of package quality: up what the
	// participant sends, down what they receive. At most once a second, and only
	// when it changed.
	Quality(up, down int)
	// Message came over the participant's data channel; data is valid during the call.
	Message(data []byte)
	// Writable: there is room again for what [Peer.Send] refused.
	Writable()
}

// Offer is an SDP offer with the meaning of its media sections, by mid.
type Offer struct {
	SDP                                     string
	Microphone, Camera, Screen, ScreenAudio string
	Seats, Stages                           []Pair
	Voices                                  []string
	// Data is the section of data channels (RFC 8841); empty where the client has no use for one.
	Data string
	// KeepTwo: the client stops sending altogether when only its lowest layer
	// is wanted, so the two lowest are wanted while anything is.
	KeepTwo bool
}

// Pair is the two media sections of one seat, by mid.
type Pair struct{ Audio, Video string }

// Source names one of a participant's tracks.
type Source string

// The sources a participant can send.
const (
	Microphone  Source = "microphone"
	Camera      Source = "camera"
	Screen      Source = "screen"
	ScreenAudio Source = "screenAudio"
)

// Sending says which sources a participant means to send.
type Sending struct {
	Microphone, Camera, Screen, ScreenAudio bool
	// Motion: the screen shows moving pictures rather than text.
	Motion bool
}

// LayerWish is the most anybody shows of one simulcast layer (RID, RFC 8851; empty
// where there is only one); 0 is no limit. A layer larger than MaxWidth x MaxHeight, in
// pixels of the whole picture, may be sent scaled down to that.
type LayerWish struct {
	RID                 string
	MaxWidth, MaxHeight int
	// MaxFramerate is in frames a second.
	MaxFramerate int
	// MaxBitrate is in bit/s: what the widest line of those who show it has room for.
	MaxBitrate int
}

// LayoutMode says who chooses what a participant is shown.
type LayoutMode string

// The layout modes.
const (
	LayoutTiles   LayoutMode = "tiles"   // exactly the tiles
	LayoutGrid    LayoutMode = "grid"    // everybody in the order they came
	LayoutSpeaker LayoutMode = "speaker" // the stage, else who speaks
)

// Layout says what one participant shows.
type Layout struct {
	Mode  LayoutMode
	Tiles []Tile
}

// Tile is one picture, most important first, in device pixels; 0 when hidden.
type Tile struct {
	Participant   string
	Source        Source
	Width, Height int
}

// SeatKind is the list in an [Offer] that a seat's index counts in.
type SeatKind string

// The kinds of seat.
const (
	SeatPerson SeatKind = "seat"
	SeatStage  SeatKind = "stage"
	SeatVoice  SeatKind = "voice"
)

// Seat says who sits in one seat of one viewer.
type Seat struct {
	Kind         SeatKind
	Index        int
	Participant  string
	Video, Audio bool
	// Paused says why a video that exists is not sent: "bandwidth", "hidden",
	// "muted", "no video" or "codec".
	Paused string
}

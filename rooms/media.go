package rooms

import "context"

// Media is what the rooms ask of the media plane. The SFU implements it
// through a small adapter in cmd/palabre: neither imports the other.
type Media interface {
	// Open makes a media peer for one participant. It is cheap: no socket, no
	// handshake until the first offer. report is called from one goroutine of
	// the peer, in order, and must not block.
	Open(room, participant string, report MediaReport) (MediaPeer, error)
}

// MediaPeer is one participant's connection to the media plane.
// All methods are safe for concurrent use.
type MediaPeer interface {
	// Answer negotiates: the client's offer in, the answer with all of the
	// server's candidates out (RFC 8829). A bad offer gives an error that wraps [ErrBadOffer].
	Answer(ctx context.Context, offer Offer) (sdp string, err error)
	// Enter lets media flow: what the peer sends reaches the room and the other way round.
	Enter(ctx context.Context) error
	// Move takes the peer to a group of its room, "" for the main one: who is in
	// another group is neither seen nor heard. Lines go on as they were. When it
	// returns nothing passes any more between the peer and those it left.
	Move(group string)
	// SetLayout says what this participant shows.
	SetLayout(Layout)
	// SetSending says which sources this participant means to send now, so
	// that seats show "muted" rather than wait for packets.
	SetSending(Sending)
	// Send sends a message over the participant's data channel, without waiting.
	// It is false when the message was not taken, because there is no channel or
	// too much waits; [MediaReport.Writable] then says when there is room.
	Send(message []byte) bool
	// Stats says what is sent and received, and how the connection does.
	Stats() MediaStats
	// Close ends the connection and waits until nothing of it runs.
	Close() error
}

// MediaReport is how a media peer tells its room what happened.
type MediaReport interface {
	// Connected: ICE and DTLS are up.
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
	// Quality grades the connection's two directions as in [Bars]; at most once
	// a second, and only when they changed.
	Quality(up, down int)
	// Message came over the participant's data channel. It has a goroutine of its
	// own and data is valid during the call; how much comes is bounded.
	Message(data []byte)
	// Writable: there is room again for what [MediaPeer.Send] refused.
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
	Paused       string
}

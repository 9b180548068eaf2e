package protocol

// MaxTiles is the most tiles a layout may name.
const MaxTiles = 64

// What a client says of what it shows.
const (
	TypeLayout ClientType = "layout" // [Layout]
)

// What the server says of who sits where and who is heard.
const (
	TypeSeats    ServerType = "seats"    // [Seats]
	TypeSpeakers ServerType = "speakers" // [Speakers]
)

// Layout says what the client shows. The server seats and sends by it.
type Layout struct {
	// Mode "grid" (default of programs) seats everybody in order, "speaker"
	// the stage or else who speaks, "tiles" exactly Tiles.
	Mode  LayoutMode `json:"mode"`
	Tiles []Tile     `json:"tiles,omitempty"`
}

// LayoutMode says who chooses what is shown.
type LayoutMode string

const (
	LayoutTiles   LayoutMode = "tiles"
	LayoutGrid    LayoutMode = "grid"
	LayoutSpeaker LayoutMode = "speaker"
)

// Tile is one picture on the client's page, in order of importance.
type Tile struct {
	Participant string `json:"participant"`
	Source      Source `json:"source"`
	// Width and Height are in device pixels (CSS pixels x device pixel ratio); 0 when hidden.
	Width  int `json:"width"`
	Height int `json:"height"`
}

// Seats is the whole seating of one client; it replaces the one before.
type Seats struct {
	Seats []Seat `json:"seats"`
}

// Seat says who is in one seat now.
type Seat struct {
	Kind  SeatKind `json:"kind"`
	Index int      `json:"index"`
	// Participant is empty while the seat is free.
	Participant string `json:"participant,omitempty"`
	// Video and Audio say whether the seat carries them now.
	Video bool `json:"video"`
	Audio bool `json:"audio"`
	// Paused says why a video that exists is not sent: "bandwidth", "hidden", "muted" or "no video".
	Paused string `json:"paused,omitempty"`
}

// SeatKind is the list in [Lines] that a seat's index counts in.
type SeatKind string

const (
	SeatPerson SeatKind = "seat"
	SeatStage  SeatKind = "stage"
	SeatVoice  SeatKind = "voice"
)

// Speakers says who speaks, loudest first; Dominant holds the floor.
type Speakers struct {
	Speaking []string `json:"speaking"`
	Dominant string   `json:"dominant,omitempty"`
}

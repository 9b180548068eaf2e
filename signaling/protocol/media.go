package protocol

// What a client says of its media connection and of what it sends.
const (
	TypeOffer ClientType = "offer" // [Offer], answered by "answer"
	TypeMedia ClientType = "media" // [Media]
)

// What the server says of the media connection.
const (
	TypeAnswer     ServerType = "answer"      // [Answer], answers offer
	TypeICERestart ServerType = "ice-restart" // no data: send a new offer with an ICE restart
	TypeMediaLost  ServerType = "media-lost"  // [MediaLost]: make a new PeerConnection and send its offer
	TypeLayers     ServerType = "layers"      // [Layers], to a publisher
	TypeQuality    ServerType = "quality"     // [Quality]: how good people's connections are
)

// ICEServer has the shape of RTCIceServer (W3C WebRTC section 4.2.4).
type ICEServer struct {
	URLs       []string `json:"urls"`
	Username   string   `json:"username,omitempty"`
	Credential string   `json:"credential,omitempty"`
}

// Offer carries the client's SDP offer (RFC 3264, RFC 8829). Only clients
// offer. Candidates in it are ignored: the server answers where checks come from.
type Offer struct {
	SDP   string `json:"sdp"`
	Lines Lines  `json:"lines"`
}

// Lines says which media section, by its mid (RFC 5888), carries what.
type Lines struct {
	Microphone  string `json:"microphone,omitempty"`
	Camera      string `json:"camera,omitempty"`
	Screen      string `json:"screen,omitempty"`
	ScreenAudio string `json:"screenAudio,omitempty"`
	// Seats receive one person each: voice and camera.
	Seats []Pair `json:"seats"`
	// Stages receive one shared screen each, with its sound.
	Stages []Pair `json:"stages"`
	// Voices receive the loudest people who sit in no seat.
	Voices []string `json:"voices"`
	// Data is the section of data channels, for drawings on shared screens.
	Data string `json:"data,omitempty"`
}

// Pair is the two media sections of one seat, by mid.
type Pair struct {
	Audio string `json:"audio"`
	Video string `json:"video"`
}

// Answer carries the server's SDP answer, all its candidates included.
type Answer struct {
	SDP string `json:"sdp"`
}

// MediaLost says why the media connection is gone for good; the session goes on.
type MediaLost struct {
	Reason string `json:"reason"`
}

// Media is what a participant sends now. A microphone that is off sends nothing.
type Media struct {
	Microphone  bool `json:"microphone"`
	Camera      bool `json:"camera"`
	Screen      bool `json:"screen"`
	ScreenAudio bool `json:"screenAudio"`
	// Motion says that the screen shows moving pictures: when a line is narrow
	// they keep their frame rate rather than their resolution. Without it a
	// screen is there to be read and keeps its resolution.
	Motion bool `json:"motion,omitempty"`
}

// Source names one of a participant's tracks.
type Source string

const (
	SourceMicrophone  Source = "microphone"
	SourceCamera      Source = "camera"
	SourceScreen      Source = "screen"
	SourceScreenAudio Source = "screenAudio"
)

// Layers tells a publisher which simulcast layers (RFC 8851 rids) somebody wants.
type Layers struct {
	Source Source   `json:"source"`
	RIDs   []string `json:"rids"`
	// Wishes says of every layer in RIDs how much of it somebody shows.
	Wishes []LayerWish `json:"wishes,omitempty"`
}

// LayerWish is the most anybody shows of one layer; 0 is no limit. A layer
// larger than MaxWidth x MaxHeight may be sent scaled down to that.
type LayerWish struct {
	RID string `json:"rid"`
	// MaxWidth and MaxHeight are in pixels, of the whole picture.
	MaxWidth  int `json:"maxWidth,omitempty"`
	MaxHeight int `json:"maxHeight,omitempty"`
	// MaxFramerate is in frames a second.
	MaxFramerate int `json:"maxFramerate,omitempty"`
	// MaxBitrate is in bit/s: what the widest line of those who show it has
	// room for. It is said of text, which can be made to fit any line in time.
	MaxBitrate int `json:"maxBitrate,omitempty"`
}

// Quality says how good the connections of people are, as the server measures
// it: of those whose quality changed since the last message, and of everyone
// in the first. It comes at most once a second.
type Quality struct {
	People []LinkQuality `json:"people"`
}

// LinkQuality is one participant's connection to the server. Up is what they
// send, Down what they receive.
type LinkQuality struct {
	Participant string `json:"participant"`
	Up          int    `json:"up"`
	Down        int    `json:"down"`
}

// How a direction of a connection is graded: good while nobody notices it, fair
// when somebody may, poor when everybody does; lost also while not known yet.
const (
	BarsLost = 0
	BarsPoor = 1
	BarsFair = 2
	BarsGood = 3
)

package protocol

// MaxName is the longest display name, in runes after NFC normalisation.
const MaxName = 64

// What a client says of its own session.
const (
	TypeHello ClientType = "hello" // [Hello], first frame, within 10 s
	TypeJoin  ClientType = "join"  // [Join], answered by "joined" or "waiting"
	TypeLeave ClientType = "leave" // no data; answered by "closed"
)

// What the server says of a client's session.
const (
	TypeWelcome    ServerType = "welcome"    // [Welcome], answers hello
	TypeResumed    ServerType = "resumed"    // [Resumed], answers hello with a resume token
	TypePreview    ServerType = "preview"    // [Preview]: who is in, for those not yet in
	TypeWaiting    ServerType = "waiting"    // no data: a host must admit you
	TypeJoined     ServerType = "joined"     // [Joined]
	TypeRestarting ServerType = "restarting" // [Restarting]: the server goes away, come back
	TypeClosed     ServerType = "closed"     // [Closed], last frame
)

// Hello opens a session in a room: a new one, or with Resume an old one.
type Hello struct {
	Room string `json:"room"`
	// Token is a join token (JWT); without it a person comes as a guest where
	// the server allows open rooms.
	Token string `json:"token,omitempty"`
	// Resume is the token of the last welcome, resumed or joined message. It is
	// valid for 30 s after the connection was lost, and over a restart of the server.
	Resume string `json:"resume,omitempty"`
	// LastSeq is the last Seq seen; what came after it is sent again.
	LastSeq uint64 `json:"lastSeq,omitempty"`
	// Name is what the client would join as, known early for the lobby.
	Name string `json:"name,omitempty"`
	// Password is what the person says the room's password is, after "password-needed".
	Password string `json:"password,omitempty"`
	// Client says which program this is, for the logs: "web/0.1".
	Client string `json:"client,omitempty"`
}

// Welcome tells a new session who it is and what it may do next.
type Welcome struct {
	// Participant is this session's identity in the room.
	Participant string `json:"participant"`
	Resume      string `json:"resume"`
	Room        string `json:"room"`
	Role        Role   `json:"role"`
	// Name is fixed by the token; empty when the person chooses.
	Name string `json:"name,omitempty"`
	// Prepare says that an offer may be sent before join, so that the
	// connection is ready when the person is. False where a host must admit.
	Prepare    bool        `json:"prepare"`
	Preview    Preview     `json:"preview"`
	About      Room        `json:"about"`
	ICEServers []ICEServer `json:"iceServers"`
	// Version is the server's version.
	Version string `json:"version"`
}

// Resumed tells a returning session what became of it.
type Resumed struct {
	Participant string `json:"participant"`
	Resume      string `json:"resume"`
	// Media says whether the PeerConnection still stands on the server. If
	// not, the client makes a new one and sends its offer.
	Media bool `json:"media"`
	// Fresh says that the server no longer had the session (it restarted):
	// nothing is repeated, Seq starts again at 1 and the client sends join.
	Fresh bool `json:"fresh"`
	// ICEServers replace those of the welcome where they are given: their
	// credentials do not last for ever.
	ICEServers []ICEServer `json:"iceServers,omitempty"`
}

// Preview is what somebody at the door may see.
type Preview struct {
	Count int `json:"count"`
	// Names are at most three display names.
	Names []string `json:"names"`
}

// Join enters the room.
type Join struct {
	Name  string `json:"name"`
	Media Media  `json:"media"`
}

// Joined is the room as the newcomer finds it.
type Joined struct {
	Participant string `json:"participant"`
	// Participants holds everyone in the room, oneself included, in the order they came.
	Participants []Participant `json:"participants"`
	Chat         []ChatLine    `json:"chat"`
	// Started is when the first person joined, in milliseconds since 1970 UTC.
	Started int64 `json:"started"`
	// Resume replaces the token of the welcome: it says that the person was let
	// in, so that nobody is asked again after a restart.
	Resume string `json:"resume"`
	About  Room   `json:"about"`
}

// Restarting says when to come back, in milliseconds, jitter included.
type Restarting struct {
	After int64 `json:"after"`
}

// Closed says why the session ended. After it the server closes the connection.
type Closed struct {
	Reason Reason `json:"reason"`
}

// Reason says why a session or a participation ended.
type Reason string

const (
	ReasonLeft     Reason = "left"     // by own wish
	ReasonLost     Reason = "lost"     // did not come back in time
	ReasonDenied   Reason = "denied"   // a host did not admit
	ReasonReplaced Reason = "replaced" // the same identity joined elsewhere
	ReasonShutdown Reason = "shutdown" // the server stops
	ReasonRemoved  Reason = "removed"  // a host or the server put them out
	ReasonBanned   Reason = "banned"   // a host put them out for the rest of the meeting
	ReasonEnded    Reason = "ended"    // a host ended the meeting for all
)

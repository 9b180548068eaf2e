package protocol

// What hosts do; who may is in docs/protocol.md.
const (
	TypeMute      ClientType = "mute"      // [Target]: take a microphone off; without a participant everybody's but one's own
	TypeStop      ClientType = "stop"      // [Aim]: take somebody's camera or screen off
	TypeAsk       ClientType = "ask"       // [Aim]: ask somebody to turn microphone or camera on
	TypeLower     ClientType = "lower"     // [Target]: lower a hand; without a participant all
	TypeRemove    ClientType = "remove"    // [Target]: put somebody out, who may come back
	TypeBan       ClientType = "ban"       // [Target]: put somebody out for the rest of the meeting
	TypeUnban     ClientType = "unban"     // [Unban]
	TypeAppoint   ClientType = "appoint"   // [Appoint]: give somebody a role
	TypeLock      ClientType = "lock"      // [Lock]
	TypeConfigure ClientType = "configure" // [Configure]
	TypeEnd       ClientType = "end"       // no data: end the meeting for all
)

// What the server says of what hosts did.
const (
	TypeAsked ServerType = "asked" // [Asked]: a host did something to you, or asks you for something
)

// Aim names one source of a participant.
type Aim struct {
	Participant string `json:"participant"`
	Source      Source `json:"source"`
}

// Unban names a ban of [Room.Banned].
type Unban struct {
	ID string `json:"id"`
}

// Appoint gives somebody a role.
type Appoint struct {
	Participant string `json:"participant"`
	Role        Role   `json:"role"`
}

// Lock says whether somebody new may come in.
type Lock struct {
	Locked bool `json:"locked"`
}

// Configure changes settings of the room; what is missing stays as it is.
type Configure struct {
	Title       *string `json:"title,omitempty" tstype:"string"`
	Lobby       *bool   `json:"lobby,omitempty" tstype:"boolean"`
	MuteOnEntry *bool   `json:"muteOnEntry,omitempty" tstype:"boolean"`
	AudioOnly   *bool   `json:"audioOnly,omitempty" tstype:"boolean"`
	// MaxPeople is the most people inside; 0 is the server's limit.
	MaxPeople *int `json:"maxPeople,omitempty" tstype:"number"`
	// Least is the lowest role that may do something; an empty role takes the limit away.
	Least map[Action]Role `json:"least,omitempty"`
	// Password is what newcomers must know whose role may not walk past the
	// lobby; an empty one asks for none.
	Password *string `json:"password,omitempty" tstype:"string"`
	// RetentionDays is how long chat, polls and attendance are kept after a
	// meeting, at most 3650; 0 is the server's time.
	RetentionDays *float64 `json:"retentionDays,omitempty" tstype:"number"`
	// Origins are all sites that may embed the room, at most 20, each like https://chat.example.
	Origins *[]string `json:"origins,omitempty" tstype:"string[]"`
}

// Asked tells what a host did to somebody or asks them for. Its reader is
// the one it is about, or the one who asked and is told that it was passed on.
type Asked struct {
	What AskedWhat `json:"what"`
	// Participant is whom it is about.
	Participant string `json:"participant"`
	// By is the id of who did it, and Name what they are called; both are
	// empty where the room itself did, as by its setting to come in muted.
	By   string `json:"by,omitempty"`
	Name string `json:"name,omitempty"`
}

// AskedWhat is what a host did or asks for.
type AskedWhat string

const (
	AskedMuted     AskedWhat = "muted"      // your microphone was taken off
	AskedCameraOff AskedWhat = "camera-off" // your camera was taken off
	AskedShareOff  AskedWhat = "share-off"  // your shared screen was taken off
	AskedUnmute    AskedWhat = "unmute"     // please turn your microphone on
	AskedCameraOn  AskedWhat = "camera-on"  // please turn your camera on
)

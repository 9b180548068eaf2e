package protocol

// What the server says of the room.
const (
	TypeRoom ServerType = "room" // [Room]: the room, or what you may do in it, is now other
)

// Room is the room as its reader may know it. Who waits in the lobby is told
// its title, and what they may send once they are let in.
type Room struct {
	// Title is what people call it; empty shows its name.
	Title string   `json:"title,omitempty"`
	Kind  RoomKind `json:"kind"`
	// Role is the reader's own, May all they may do here.
	Role Role     `json:"role"`
	May  []Action `json:"may"`
	// Least is the lowest role that may do something, where the room asks for more than the table.
	Least       map[Action]Role `json:"least,omitempty"`
	Lobby       bool            `json:"lobby"`
	Locked      bool            `json:"locked"`
	Password    bool            `json:"password"`
	MuteOnEntry bool            `json:"muteOnEntry"`
	AudioOnly   bool            `json:"audioOnly"`
	MaxPeople   int             `json:"maxPeople,omitempty"`
	// RetentionDays is how long chat, polls and attendance are kept after a
	// meeting, missing where the server says; Origins are the sites that may
	// embed the room. Both are told to who may change them.
	RetentionDays float64  `json:"retentionDays,omitempty"`
	Origins       []string `json:"origins,omitempty"`
	// Banned are those who may not come back, told to who may put people out.
	Banned []Banned `json:"banned,omitempty"`
	// Roles are those that rank no higher than the reader's, the highest first:
	// told to who may give them, or put people out.
	Roles []Role `json:"roles,omitempty"`
}

// Banned is somebody who may not come back while the meeting lasts.
type Banned struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// RoomKind says how long a room is there.
type RoomKind string

const (
	RoomTemporary RoomKind = "temporary"
	RoomPermanent RoomKind = "permanent"
	RoomScheduled RoomKind = "scheduled"
)

// Action is something a role may or may not do; the table is in docs/protocol.md.
type Action string

const (
	MayPublish   Action = "publish"
	MayShare     Action = "share"
	MayChat      Action = "chat"
	MayWhisper   Action = "whisper"
	MayAttach    Action = "attach"
	MaySignal    Action = "signal"
	MayVote      Action = "vote"
	MayDraw      Action = "draw"
	MayPass      Action = "pass"
	MayAdmit     Action = "admit"
	MayDeny      Action = "deny"
	MayInvite    Action = "invite"
	MayAsk       Action = "ask"
	MayRecord    Action = "record"
	MayModerate  Action = "moderate"
	MayRemove    Action = "remove"
	MayBreak     Action = "break"
	MayInspect   Action = "inspect"
	MayLock      Action = "lock"
	MayAppoint   Action = "appoint"
	MayConfigure Action = "configure"
	MayExport    Action = "export"
	MayEnd       Action = "end"
	MayOwn       Action = "own"
)

// Role is a name from the table of permissions in docs/protocol.md; a server may have others.
type Role string

const (
	RoleOwner     Role = "owner"
	RoleHost      Role = "host"
	RoleCoHost    Role = "co-host"
	RolePresenter Role = "presenter"
	RoleMember    Role = "member"
	RoleGuest     Role = "guest"
	RoleViewer    Role = "viewer"
)

package protocol

// Limits of breakout rooms.
const (
	// MaxBreakouts is how many there are at most, MaxBreakoutName the longest
	// name of one, MaxBreakoutText the longest message to all, in characters.
	MaxBreakouts    = 50
	MaxBreakoutName = 40
	MaxBreakoutText = 500
)

// What somebody does with the breakout rooms; answered by "breakouts", but for
// the broadcast.
const (
	TypeBreakoutPlan      ClientType = "breakout-plan"      // [BreakoutPlan]: before they open; without rooms there are none any more
	TypeBreakoutAssign    ClientType = "breakout-assign"    // [BreakoutAssign]: who belongs where; moves them while the rooms are open
	TypeBreakoutShuffle   ClientType = "breakout-shuffle"   // no data: assign everybody at random
	TypeBreakoutOpen      ClientType = "breakout-open"      // no data
	TypeBreakoutJoin      ClientType = "breakout-join"      // [BreakoutTarget]: go to a room, or back to the main one
	TypeBreakoutHelp      ClientType = "breakout-help"      // [BreakoutHelp]: ask a host to come
	TypeBreakoutAnswer    ClientType = "breakout-answer"    // [Target]: somebody who asked for help has it
	TypeBreakoutBroadcast ClientType = "breakout-broadcast" // [BreakoutText]: tell everybody; answered by "breakout-notice"
	TypeBreakoutExtend    ClientType = "breakout-extend"    // [BreakoutExtend]: more time
	TypeBreakoutClose     ClientType = "breakout-close"     // [BreakoutClose]: everybody comes back after a countdown
)

// What the server says of the breakout rooms.
const (
	TypeBreakouts      ServerType = "breakouts"       // [Breakouts]: the breakout rooms, as the reader may know them
	TypeBreakoutNotice ServerType = "breakout-notice" // [BreakoutNotice]: a host tells everybody in every room
)

// BreakoutPlan replaces the plan. Durations are in milliseconds.
type BreakoutPlan struct {
	// Rooms named by an id keep it and who belongs there; others are new.
	Rooms []Breakout  `json:"rooms"`
	Way   BreakoutWay `json:"way"`
	// Return lets people go back to the main room, and to theirs again, by themselves.
	Return bool `json:"return,omitempty"`
	// Length is how long the rooms are open; 0 until somebody closes them.
	Length int64 `json:"length,omitempty"`
}

// Breakout is one breakout room. Each opening gives new ids.
type Breakout struct {
	ID   string `json:"id,omitempty"`
	Name string `json:"name"`
}

// BreakoutWay is how people come into breakout rooms.
type BreakoutWay string

const (
	BreakoutByHand   BreakoutWay = "hand"
	BreakoutAtRandom BreakoutWay = "random"
	BreakoutByChoice BreakoutWay = "choice"
)

// BreakoutAssign says where people belong, by participant id, or by identity of
// who is not here yet. An empty room is the main one.
type BreakoutAssign struct {
	People []string `json:"people"`
	Room   string   `json:"room"`
}

// BreakoutTarget names a breakout room; empty is the main one.
type BreakoutTarget struct {
	Room string `json:"room"`
}

// BreakoutHelp asks for help, or no longer does.
type BreakoutHelp struct {
	Asking bool `json:"asking"`
}

// BreakoutText is a message to everybody in every room.
type BreakoutText struct {
	Text string `json:"text"`
}

// BreakoutExtend gives more time, in milliseconds. Where the rooms were closing
// they no longer are.
type BreakoutExtend struct {
	By int64 `json:"by"`
}

// BreakoutClose has everybody come back after a countdown in milliseconds; 0 is
// 30 s. Now has them come back at once.
type BreakoutClose struct {
	Countdown int64 `json:"countdown,omitempty"`
	Now       bool  `json:"now,omitempty"`
}

// Breakouts is the breakout rooms as their reader may know them; no rooms where
// there are none, or where they are not open and the reader may not make them.
// Who is where is in [Participant].
type Breakouts struct {
	Rooms  []Breakout  `json:"rooms"`
	Way    BreakoutWay `json:"way,omitempty"`
	Return bool        `json:"return,omitempty"`
	Length int64       `json:"length,omitempty"`
	Open   bool        `json:"open"`
	// Left is in how many milliseconds the rooms close; 0 while nobody has said.
	Left int64 `json:"left,omitempty"`
	// Closing: a host has closed the rooms, and people come to an end.
	Closing bool `json:"closing,omitempty"`
	// Own is the room the reader belongs to.
	Own string `json:"own,omitempty"`
	// Asking: the reader asks for help.
	Asking bool `json:"asking,omitempty"`
	// Assigned is where everybody belongs, by participant id, or by identity of
	// who is not here; told to who may break, as Calls.
	Assigned map[string]string `json:"assigned,omitempty"`
	// Calls are who asks for help, oldest first.
	Calls []BreakoutCall `json:"calls,omitempty"`
}

// BreakoutCall is somebody who asks for help in a breakout room.
type BreakoutCall struct {
	Participant string `json:"participant"`
	Name        string `json:"name"`
	Room        string `json:"room"`
	// At is in milliseconds since 1970 UTC.
	At int64 `json:"at"`
}

// BreakoutNotice is a message of a host to everybody in every breakout room.
type BreakoutNotice struct {
	ID          string `json:"id"`
	Participant string `json:"participant"`
	Name        string `json:"name"`
	Text        string `json:"text"`
	// At is in milliseconds since 1970 UTC.
	At int64 `json:"at"`
}

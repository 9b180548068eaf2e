package protocol

// What somebody does in the sight of all.
const (
	TypeHand   ClientType = "hand"   // [Hand]
	TypeReact  ClientType = "react"  // [React]
	TypeRename ClientType = "rename" // [Rename]
)

// What the server says of the people in the room.
const (
	TypeParticipant ServerType = "participant" // [Participant]: somebody came or changed
	TypeChanged     ServerType = "changed"     // [Changed]: several participants at once
	TypeLeft        ServerType = "left"        // [Left]
	TypeReaction    ServerType = "reaction"    // [Reaction]
)

// Participant is somebody in the room.
type Participant struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Role  Role   `json:"role"`
	Media Media  `json:"media"`
	// Hand is when the hand was raised, in milliseconds since 1970 UTC; 0 while down.
	Hand int64 `json:"hand,omitempty"`
	// Away says that the connection is lost and may come back.
	Away bool `json:"away,omitempty"`
	// Acting says that they stand in for a host who is not there.
	Acting bool `json:"acting,omitempty"`
	// Joined is in milliseconds since 1970 UTC.
	Joined int64 `json:"joined"`
	// Group is the breakout room they are in; empty is the main room.
	Group string `json:"group,omitempty"`
}

// Target names the participant a command is about.
type Target struct {
	Participant string `json:"participant"`
}

// Changed tells of several participants at once, each as in a participant message.
type Changed struct {
	Participants []Participant `json:"participants"`
}

// Left says that a participant is gone.
type Left struct {
	Participant string `json:"participant"`
	Reason      Reason `json:"reason"`
}

// Hand raises or lowers one's own hand.
type Hand struct {
	Raised bool `json:"raised"`
}

// React sends one reaction from the allowed set.
type React struct {
	Emoji string `json:"emoji"`
}

// Reaction is a reaction somebody sent.
type Reaction struct {
	Participant string `json:"participant"`
	Emoji       string `json:"emoji"`
}

// Rename changes one's own display name.
type Rename struct {
	Name string `json:"name"`
}

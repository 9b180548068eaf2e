package rooms

import "fmt"

// Role is what somebody is in a room. What a role may do is written in
// [Permissions] and nowhere else.
type Role string

// The roles.
const (
	Host   Role = "host"
	Member Role = "member"
	Guest  Role = "guest"
	Viewer Role = "viewer"
)

// ParseRole gives the role of a name.
func ParseRole(name string) (Role, error) {
	switch role := Role(name); role {
	case Host, Member, Guest, Viewer:
		return role, nil
	}
	return "", refuse(CodeBadMessage, fmt.Sprintf("unknown role %.32q: use host, member, guest or viewer", name))
}

// Action is something a role may or may not do.
type Action string

// The actions.
const (
	Publish Action = "publish" // send microphone and camera
	Share   Action = "share"   // send a screen and its sound
	Chat    Action = "chat"    // write to everybody
	Signal  Action = "signal"  // raise a hand, send a reaction
	Admit   Action = "admit"   // let somebody in from the lobby
	Deny    Action = "deny"    // refuse somebody in the lobby
	Pass    Action = "pass"    // walk past the lobby
	Inspect Action = "inspect" // see the statistics of everybody's media
)

// Permissions is the table of what each role may do.
type Permissions map[Role]map[Action]bool

// DefaultPermissions is the table of a server nobody configured.
func DefaultPermissions() Permissions {
	return Permissions{
		Host:   allow(Publish, Share, Chat, Signal, Admit, Deny, Pass, Inspect),
		Member: allow(Publish, Share, Chat, Signal, Admit, Pass),
		Guest:  allow(Publish, Share, Chat, Signal),
		// A viewer holds a token somebody signed for them, so the lobby has nothing to ask.
		Viewer: allow(Pass),
	}
}

func allow(actions ...Action) map[Action]bool {
	row := make(map[Action]bool, len(actions))
	for _, action := range actions {
		row[action] = true
	}
	return row
}

// May answers whether a role may do something; everything asks here.
func (p Permissions) May(role Role, action Action) bool { return p[role][action] }

package rooms

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
)

// Role is what somebody is in a room. What a role may do is written in
// [Permissions] and nowhere else.
type Role string

// The roles every server has, highest first. Others come by configuration.
const (
	Owner     Role = "owner"
	Host      Role = "host"
	CoHost    Role = "co-host"
	Presenter Role = "presenter"
	Member    Role = "member"
	Guest     Role = "guest"
	Viewer    Role = "viewer"
)

// Action is something a role may or may not do.
type Action string

// The actions.
const (
	Publish   Action = "publish"   // send microphone and camera
	Share     Action = "share"     // send a screen and its sound
	Chat      Action = "chat"      // write to everybody
	Whisper   Action = "whisper"   // write to one person
	Attach    Action = "attach"    // send files
	Signal    Action = "signal"    // raise a hand, send a reaction
	Vote      Action = "vote"      // answer a poll
	Draw      Action = "draw"      // draw and point on a shared screen
	Pass      Action = "pass"      // walk past the lobby
	Admit     Action = "admit"     // let somebody in from the lobby
	Deny      Action = "deny"      // refuse somebody in the lobby
	Invite    Action = "invite"    // make links for others, no higher than oneself
	Ask       Action = "ask"       // open and close polls
	Record    Action = "record"    // start and stop the recording
	Moderate  Action = "moderate"  // mute, stop, lower hands, delete others' lines and drawings
	Remove    Action = "remove"    // put somebody out, for now or for this meeting
	Break     Action = "break"     // open, fill and close breakout rooms
	Inspect   Action = "inspect"   // see the statistics of everybody's media
	Lock      Action = "lock"      // let nobody new in
	Appoint   Action = "appoint"   // give others a role, no higher than one's own
	Configure Action = "configure" // change the settings of the room
	Export    Action = "export"    // take the chat, polls and attendance away
	End       Action = "end"       // end the meeting for all
	Own       Action = "own"       // hand the room over, delete it
)

// actions is the whole vocabulary, in the order people are shown it.
func actions() []Action {
	return []Action{
		Publish, Share, Chat, Whisper, Attach, Signal, Vote, Draw, Pass, Admit, Deny, Invite, Ask, Record,
		Moderate, Remove, Break, Inspect, Lock, Appoint, Configure, Export, End, Own,
	}
}

// Powers is one row of [Permissions].
type Powers struct {
	// Rank orders the roles: nobody gives a role, or takes one, above their own,
	// and the highest present follows a host who is lost. 0 to 100.
	Rank int
	// May is what the role may do.
	May []Action
}

// Permissions is the table of what each role may do.
type Permissions map[Role]Powers

// DefaultPermissions is the table of a server nobody configured.
func DefaultPermissions() Permissions {
	guest := []Action{Publish, Share, Chat, Whisper, Attach, Signal, Vote, Draw}
	member := slices.Concat(guest, []Action{Pass, Admit, Invite})
	presenter := slices.Concat(member, []Action{Ask})
	coHost := slices.Concat(presenter, []Action{Deny, Record, Moderate, Remove, Break, Inspect, Lock})
	host := slices.Concat(coHost, []Action{Appoint, Configure, Export, End})
	return Permissions{
		Owner:     {Rank: 70, May: slices.Concat(host, []Action{Own})},
		Host:      {Rank: 60, May: host},
		CoHost:    {Rank: 50, May: coHost},
		Presenter: {Rank: 40, May: presenter},
		Member:    {Rank: 30, May: member},
		Guest:     {Rank: 20, May: guest},
		// A viewer holds a token somebody signed for them, so the lobby has nothing to ask.
		Viewer: {Rank: 10, May: []Action{Pass, Vote}},
	}
}

// May answers whether a role may do something, before a room's settings are looked at.
func (p Permissions) May(role Role, action Action) bool { return slices.Contains(p[role].May, action) }

// Rank is a role's place; unknown roles are below all.
func (p Permissions) Rank(role Role) int {
	powers, known := p[role]
	if !known {
		return -1
	}
	return powers.Rank
}

// Known says whether there is such a role.
func (p Permissions) Known(role Role) bool { _, ok := p[role]; return ok }

// With adds roles to the table, or changes rows of it.
func (p Permissions) With(custom Permissions) Permissions {
	table := maps.Clone(p)
	maps.Copy(table, custom)
	return table
}

// Roles lists the table's roles, highest first.
func (p Permissions) Roles() []Role {
	return slices.SortedFunc(maps.Keys(p), func(a, b Role) int {
		return cmp.Or(cmp.Compare(p[b].Rank, p[a].Rank), cmp.Compare(a, b))
	})
}

var roleName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)

// Validate says everything that is wrong with a table.
func (p Permissions) Validate() error {
	var faults []error
	for role, powers := range p {
		if !roleName.MatchString(string(role)) {
			faults = append(faults, fmt.Errorf("role %.40q: use up to 32 small letters, digits and -", role))
		}
		if powers.Rank < 0 || powers.Rank > 100 {
			faults = append(faults, fmt.Errorf("role %s: its rank %d is not between 0 and 100", role, powers.Rank))
		}
		for _, action := range powers.May {
			if !slices.Contains(actions(), action) {
				faults = append(faults, fmt.Errorf("role %s: there is no action %.40q", role, action))
			}
		}
	}
	for _, role := range []Role{Owner, Host, Guest} {
		if !p.Known(role) {
			faults = append(faults, fmt.Errorf("the role %s is missing: rooms need it", role))
		}
	}
	return errors.Join(faults...)
}

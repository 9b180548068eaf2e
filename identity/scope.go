package identity

import (
	"fmt"
	"slices"
	"strings"
)

// Scope is one right of a program that holds an API key.
type Scope string

// The scopes. Of each pair, write does not hold read.
const (
	RoomsRead      Scope = "rooms:read"
	RoomsWrite     Scope = "rooms:write"
	MeetingsRead   Scope = "meetings:read"
	MeetingsWrite  Scope = "meetings:write"
	LinksRead      Scope = "links:read"
	LinksWrite     Scope = "links:write"
	ChatRead       Scope = "chat:read"
	ChatWrite      Scope = "chat:write"
	PollsRead      Scope = "polls:read"
	PollsPrivate   Scope = "polls:private"
	PollsWrite     Scope = "polls:write"
	AttendanceRead Scope = "attendance:read"
	UsageRead      Scope = "usage:read"
	AuditRead      Scope = "audit:read"
	WebhooksRead   Scope = "webhooks:read"
	WebhooksWrite  Scope = "webhooks:write"
	MailRead       Scope = "mail:read"
	MailWrite      Scope = "mail:write"
	KeysRead       Scope = "keys:read"
	KeysWrite      Scope = "keys:write"
)

// scopes is the whole vocabulary, in the order it is shown, with what each is for.
func scopes() []struct {
	scope Scope
	help  string
} {
	return []struct {
		scope Scope
		help  string
	}{
		{RoomsRead, "see rooms and their settings"},
		{RoomsWrite, "make, change and delete rooms, with their appointments"},
		{MeetingsRead, "see who is in a meeting and how it stands"},
		{MeetingsWrite, "do in a meeting what a host does"},
		{LinksRead, "see the join links of rooms"},
		{LinksWrite, "make and revoke join links"},
		{ChatRead, "read, search and export chat, with its files"},
		{ChatWrite, "write into the chat and delete from it"},
		{PollsRead, "read polls and the results everybody may see"},
		{PollsPrivate, "with polls:read, also read in exports the results that only who asked sees, and drafts"},
		{PollsWrite, "open, change and close polls"},
		{AttendanceRead, "see who was in which meeting, when and how long"},
		{UsageRead, "see the figures of the whole server"},
		{AuditRead, "read the audit log"},
		{WebhooksRead, "see webhooks and their deliveries"},
		{WebhooksWrite, "make, change and delete webhooks"},
		{MailRead, "see which mail waits or could not be sent, with its recipients"},
		{MailWrite, "have mail tried again that could not be sent, and delete it"},
		{KeysRead, "see which API keys there are"},
		{KeysWrite, "make API keys with no more rights than one's own, and revoke them"},
	}
}

// Scopes is the whole vocabulary.
func Scopes() []Scope {
	var list []Scope
	for _, s := range scopes() {
		list = append(list, s.scope)
	}
	return list
}

// Help says what a scope is for.
func (s Scope) Help() string {
	for _, known := range scopes() {
		if known.scope == s {
			return known.help
		}
	}
	return ""
}

// checkScopes says what is wrong with a list of scopes.
func checkScopes(scopes []Scope) error {
	if len(scopes) == 0 {
		return fmt.Errorf("%w: it needs at least one scope", ErrBadKey)
	}
	for _, s := range scopes {
		if !slices.Contains(Scopes(), s) {
			return fmt.Errorf("%w: there is no scope %.40q", ErrBadKey, s)
		}
	}
	return nil
}

const (
	// maxPatterns is how many patterns name the rooms of one key.
	maxPatterns = 50
	// maxPattern is the longest pattern, in bytes.
	maxPattern = 4 * MaxRoomName
)

// Patterns name rooms: each is a room's name in its canonical form, in which *
// stands for any letters or none. Without patterns all rooms are meant.
type Patterns []string

// Match says whether a room is one of those meant.
func (p Patterns) Match(room string) bool {
	if len(p) == 0 {
		return true
	}
	return slices.ContainsFunc(p, func(pattern string) bool { return matches(pattern, room) })
}

// Within says whether every room meant is one that other means as well, as far
// as that shows without trying names: each pattern is matched as if it were a name.
func (p Patterns) Within(other Patterns) bool {
	if len(other) == 0 {
		return true
	}
	return len(p) > 0 && !slices.ContainsFunc(p, func(pattern string) bool { return !other.Match(pattern) })
}

// Validate says which pattern can match no room.
func (p Patterns) Validate() error {
	if len(p) > maxPatterns {
		return fmt.Errorf("%w: more than %d patterns of rooms", ErrBadKey, maxPatterns)
	}
	for _, pattern := range p {
		name, err := ParseRoomName(strings.ReplaceAll(pattern, "*", "x"))
		if err != nil || len(pattern) > maxPattern || name != strings.ReplaceAll(pattern, "*", "x") {
			return fmt.Errorf("%w: %.80q is no pattern of room names: use small letters, digits, -, _ and *", ErrBadKey, pattern)
		}
	}
	return nil
}

// matches walks over the pieces between the stars, leftmost first, which is
// right where only stars stand for anything. It takes linear time.
func matches(pattern, text string) bool {
	pieces := strings.Split(pattern, "*")
	first, last := pieces[0], pieces[len(pieces)-1]
	if len(pieces) == 1 {
		return pattern == text
	}
	if len(text) < len(first)+len(last) || !strings.HasPrefix(text, first) || !strings.HasSuffix(text, last) {
		return false
	}
	text = text[len(first) : len(text)-len(last)]
	for _, piece := range pieces[1 : len(pieces)-1] {
		at := strings.Index(text, piece)
		if at < 0 {
			return false
		}
		text = text[at+len(piece):]
	}
	return true
}

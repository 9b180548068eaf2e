package rooms

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	// maxTitle is the longest title of a room, in characters.
	maxTitle = 120
	// hostChars are all a host and port consist of, in their canonical form: an
	// origin becomes part of a Content Security Policy.
	hostChars = "abcdefghijklmnopqrstuvwxyz0123456789.-:[]"
	// maxOrigins is how many sites may embed one room.
	maxOrigins = 20
	// MaxRetention is the longest time a room may keep what happened in it.
	MaxRetention = 10 * 365 * 24 * time.Hour
)

// Settings is what can be said about one room. Its JSON is what is stored and
// what the REST API shows, but for the password.
type Settings struct {
	// Title is what people call the room; empty shows its name.
	Title string `json:"title,omitempty"`
	// Lobby makes people whose role may not [Pass] wait until somebody admits them.
	Lobby bool `json:"lobby"`
	// Password is the hash of what newcomers must know whose role may not [Pass];
	// empty asks for none. It leaves the server never.
	Password string `json:"password,omitempty"`
	// Least is the lowest role that may do something here. It takes away from
	// [Permissions] and never adds.
	Least map[Action]Role `json:"least,omitempty"`
	// MaxPeople is the most people inside; 0 is the server's limit.
	MaxPeople int `json:"maxPeople,omitempty"`
	// MuteOnEntry has everybody but hosts come in with the microphone off.
	MuteOnEntry bool `json:"muteOnEntry"`
	// AudioOnly lets nobody send pictures.
	AudioOnly bool `json:"audioOnly"`
	// Retention is how long chat, polls and attendance are kept after a
	// meeting, in nanoseconds; 0 is the server's default.
	Retention time.Duration `json:"retention,omitempty"`
	// Origins are the sites that may embed the room, beside this server's own.
	Origins []string `json:"origins,omitempty"`
}

const day = 24 * time.Hour

// Days is a time of so many days, as people and programs give a retention. What
// is out of all range stays so, for [Settings.Clean] to refuse.
func Days(days float64) time.Duration {
	return time.Duration(min(max(days, -1), 1e5) * float64(day))
}

// RetentionDays is the retention in days; 0 is the server's default.
func (s Settings) RetentionDays() float64 { return s.Retention.Hours() / 24 }

// limitable are the actions a room may keep for higher roles.
func limitable() []Action {
	return []Action{Publish, Share, Chat, Whisper, Attach, Signal, Vote, Draw, Admit, Invite, Ask, Record}
}

// Clean gives the settings in the form they are kept in, or says what is wrong with them.
func (s Settings) Clean(table Permissions, most int) (Settings, error) {
	s.Least, s.Origins = maps.Clone(s.Least), slices.Clone(s.Origins)
	s.Title = strings.TrimSpace(stripControls(s.Title))
	if title := firstRunes(s.Title, maxTitle); title != s.Title {
		return s, refuse(CodeTooLarge, fmt.Sprintf("A title has at most %d characters.", maxTitle))
	}
	for action, role := range s.Least {
		if !slices.Contains(limitable(), action) {
			return s, refuse(CodeBadMessage, fmt.Sprintf("The action %.32q cannot be kept for higher roles.", action))
		}
		if !table.Known(role) {
			return s, refuse(CodeBadMessage, fmt.Sprintf("There is no role %.32q.", role))
		}
	}
	if s.MaxPeople < 0 || s.MaxPeople > most {
		return s, refuse(CodeBadMessage, fmt.Sprintf("A room holds 1 to %d people, or 0 for the server's limit.", most))
	}
	if s.Retention < 0 || s.Retention > MaxRetention {
		return s, refuse(CodeBadMessage, "What happened in a room is kept for at most ten years.")
	}
	if len(s.Origins) > maxOrigins {
		return s, refuse(CodeTooLarge, fmt.Sprintf("At most %d sites may embed a room.", maxOrigins))
	}
	for _, origin := range s.Origins {
		u, err := url.Parse(origin)
		if err != nil || u.Host == "" || strings.Trim(u.Host, hostChars) != "" || u.Scheme != "https" && u.Scheme != "http" || origin != u.Scheme+"://"+u.Host {
			return s, refuse(CodeBadMessage, fmt.Sprintf("%.80q is no origin: write it like https://chat.example.", origin))
		}
	}
	return s, nil
}

// may answers whether a role may do something in a room with these settings.
func (s Settings) may(table Permissions, role Role, action Action) bool {
	if !table.May(role, action) {
		return false
	}
	least, limited := s.Least[action]
	return !limited || table.Rank(role) >= table.Rank(least)
}

// RoomKind says how long a room is there.
type RoomKind string

// The kinds of room.
const (
	// Temporary rooms come into being with their first visitor and are
	// forgotten some time after the last one.
	Temporary RoomKind = "temporary"
	// Permanent rooms are there until somebody deletes them.
	Permanent RoomKind = "permanent"
	// Scheduled rooms belong to one appointment or a series of them.
	Scheduled RoomKind = "scheduled"
)

// Profile is a room as it is remembered. Temporary rooms of the open door have none.
type Profile struct {
	Name     string
	Kind     RoomKind
	Settings Settings
	// Owner is who the room belongs to: an identity, or empty while only the
	// holder of the owner link is known.
	Owner            string
	Created, Updated time.Time
}

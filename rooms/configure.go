package rooms

import (
	"maps"
	"slices"
	"time"
)

// Change is a change of a room's settings; nil fields stay as they are.
type Change struct {
	Title                         *string
	Lobby, MuteOnEntry, AudioOnly *bool
	// MaxPeople is the most people inside; 0 is the server's limit.
	MaxPeople *int
	// Password is what newcomers must know; an empty one asks for none.
	Password *string
	// Least holds the limits that change; an empty role takes one away.
	Least map[Action]Role
	// Retention is how long what happened is kept; 0 is the server's default.
	Retention *time.Duration
	// Origins are all sites that may embed the room.
	Origins *[]string
}

// on gives the settings as they would be.
func (c Change) on(s Settings) Settings {
	set(&s.Title, c.Title)
	set(&s.Lobby, c.Lobby)
	set(&s.MuteOnEntry, c.MuteOnEntry)
	set(&s.AudioOnly, c.AudioOnly)
	set(&s.MaxPeople, c.MaxPeople)
	set(&s.Password, c.Password)
	set(&s.Retention, c.Retention)
	set(&s.Origins, c.Origins)
	if len(c.Least) == 0 {
		return s
	}
	least := map[Action]Role{}
	maps.Copy(least, s.Least)
	for action, role := range c.Least {
		if least[action] = role; role == "" {
			delete(least, action)
		}
	}
	s.Least = least
	return s
}

func set[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}

// Differences names what two versions of a room differ in, in words of the API.
func Differences(a, b Profile) []string {
	names := differences(a.Settings, b.Settings)
	if a.Owner != b.Owner {
		names = append(names, "owner")
	}
	if a.Kind != b.Kind {
		names = append(names, "kind")
	}
	return names
}

// differences names what two settings differ in, in words of the API.
func differences(a, b Settings) []string {
	var names []string
	for _, field := range []struct {
		name string
		same bool
	}{
		{"title", a.Title == b.Title},
		{"lobby", a.Lobby == b.Lobby},
		{"muteOnEntry", a.MuteOnEntry == b.MuteOnEntry},
		{"audioOnly", a.AudioOnly == b.AudioOnly},
		{"maxPeople", a.MaxPeople == b.MaxPeople},
		{"least", maps.Equal(a.Least, b.Least)},
		{"password", a.Password == b.Password},
		{"retentionDays", a.Retention == b.Retention},
		{"origins", slices.Equal(a.Origins, b.Origins)},
	} {
		if !field.same {
			names = append(names, field.name)
		}
	}
	return names
}

// configure changes settings of the room for everybody in it, now and later.
func (r *room) configure(by *person, re Ref, change Change) error {
	if err := r.require(by, Configure); err != nil {
		return err
	}
	before := r.profile.Settings
	settings, err := change.on(before).Clean(r.rooms.cfg.Permissions, r.rooms.cfg.MaxPeople)
	if err != nil {
		return err
	}
	if err := r.mayLimit(by, before, settings); err != nil {
		return err
	}
	changed := differences(before, settings)
	if len(changed) == 0 {
		r.tell(by, re, r.about(by))
		return nil
	}
	if err := r.remembering(); err != nil {
		return err
	}
	r.profile.Settings, r.profile.Updated = settings, time.Now()
	if r.profile.Created.IsZero() {
		r.profile.Created = r.profile.Updated
	}
	r.keep(by.actor(), RoomChanged{Profile: r.profile, Changed: changed}, nil)
	r.reconfigured(by, re)
	return nil
}

// mayLimit refuses limits nobody present could lift again: an action is kept
// for no role above that of who asks for it.
func (r *room) mayLimit(by *person, before, after Settings) error {
	table := r.rooms.cfg.Permissions
	for _, action := range slices.Sorted(maps.Keys(after.Least)) {
		role := after.Least[action]
		if before.Least[action] != role && table.Rank(role) > table.Rank(by.role) {
			return refuse(CodeForbidden, "Nothing is kept for roles above one's own.")
		}
	}
	return nil
}

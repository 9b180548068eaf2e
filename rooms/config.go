package rooms

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Config says how the rooms of a server behave. Zero values mean the default.
type Config struct {
	// ResumeWindow is how long a place is kept for somebody whose connection is lost. Default 30 s.
	ResumeWindow time.Duration
	// MaxPeople is the most people in one room, hidden viewers included. Default 200.
	// A room's own settings may ask for fewer.
	MaxPeople int
	// MaxDoor is the most sessions of one room that have not joined yet. Default 256.
	MaxDoor int
	// MaxRooms is the most rooms that live at once. Default 10 000.
	MaxRooms int
	// Settings are those of a room nobody has said anything about.
	Settings Settings
	// Memory keeps what must survive a restart. Default none: rooms then forget.
	Memory Memory
	// Permissions is what each role may do. Default [DefaultPermissions].
	Permissions Permissions
	// Reactions is the set of allowed reactions. Default [DefaultReactions].
	Reactions []string
	// Files bounds what people attach to lines of chat. Default: nothing.
	Files Files
	// Tokens signs and opens resume tokens. Required.
	Tokens Tokens
	// Passwords hashes and compares the passwords of rooms. Without it no room
	// can be given one, and nobody comes into a room that has one by knowing it.
	Passwords Passwords
	// Invitations signs and keeps links; without it nobody can make any.
	Invitations Invitations
	// Room counts one more person in, or says why the machine has no room for
	// one; who comes back to a place they hold is not asked. Default: always room.
	Room func() error
	// Impersonal keeps attendance without names, and without how long each
	// person spoke and had a bad connection: counts are all that is left.
	Impersonal bool
	// Logger is where the rooms write what happened. Default discards.
	Logger *slog.Logger
	// Metrics is where the figures are registered; nil registers none.
	Metrics prometheus.Registerer
}

// Tokens is what the rooms need of whoever holds the keys: a signature over
// what a person needs to come back, with a time limit.
type Tokens interface {
	// SealResume signs state for that long.
	SealResume(state []byte, lifetime time.Duration) (token string, err error)
	// OpenResume gives the state back, or an error when the token is forged,
	// expired or made for another purpose.
	OpenResume(token string) (state []byte, err error)
}

// DefaultReactions is the set a server allows when nobody configured one.
func DefaultReactions() []string {
	return []string{"👍", "👎", "👏", "❤️", "😂", "😮", "😢", "🎉", "🙏", "🔥", "👋", "✅"}
}

// withDefaults fills in what was left open and says what cannot be right.
func (c Config) withDefaults() (Config, error) {
	if c.Tokens == nil {
		return c, errors.New("rooms need somebody to sign resume tokens (Config.Tokens)")
	}
	if c.ResumeWindow < 0 || c.MaxPeople < 0 || c.MaxDoor < 0 || c.MaxRooms < 0 {
		return c, errors.New("the limits of rooms may not be negative")
	}
	c.ResumeWindow = cmp.Or(c.ResumeWindow, 30*time.Second)
	c.MaxPeople = cmp.Or(c.MaxPeople, 200)
	c.MaxDoor = cmp.Or(c.MaxDoor, 256)
	c.MaxRooms = cmp.Or(c.MaxRooms, 10_000)
	if c.Room == nil {
		c.Room = func() error { return nil }
	}
	c.Logger = cmp.Or(c.Logger, slog.New(slog.DiscardHandler))
	if c.Permissions == nil {
		c.Permissions = DefaultPermissions()
	}
	if err := c.Permissions.Validate(); err != nil {
		return c, fmt.Errorf("the table of permissions: %w", err)
	}
	settings, err := c.Settings.Clean(c.Permissions, c.MaxPeople)
	if err != nil {
		return c, fmt.Errorf("the settings of rooms: %w", err)
	}
	c.Settings = settings
	if c.Reactions == nil {
		c.Reactions = DefaultReactions()
	}
	return c, nil
}

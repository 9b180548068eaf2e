package identity

import "errors"

// ErrRoomName is wrapped by every refusal of a room name.
var ErrRoomName = errors.New("not a room name")

// NewRoomName makes a name nobody guesses: calm-olive-7xk2m9qd4t.
func NewRoomName() (string, error) { return "", ErrRoomName }

// ParseRoomName gives the canonical form of a room name somebody typed or
// followed a link to: lower case, NFC, at most 64 letters, digits, - and _; spaces become -.
func ParseRoomName(name string) (string, error) { return "", ErrRoomName }

package webhook

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	// MaxSubscriptions is how many one server keeps.
	MaxSubscriptions = 1000
	// MaxBacklog is how many deliveries may wait for one subscription: a busy
	// day of a large organisation. What happens beyond it is dropped and counted.
	MaxBacklog = 10_000
	// MaxBody is the largest payload, in bytes (the specification's advice).
	MaxBody = 20_000
	// maxURL is the longest address, in bytes.
	maxURL = 2000
	// maxEvents is how many names one subscription may list.
	maxEvents = 50
	// RotateFor is how long the secret before the newest still signs as well.
	RotateFor = 24 * time.Hour
)

// ErrInvalid marks a subscription that cannot be; the text says why.
var ErrInvalid = errors.New("invalid subscription")

// ErrNotFound: there is no such subscription or delivery, or it is another owner's.
var ErrNotFound = errors.New("no such webhook")

// ErrTooMany: the server keeps [MaxSubscriptions] already.
var ErrTooMany = errors.New("too many webhooks")

// Subscription is somebody's wish to be told of events.
type Subscription struct {
	// ID is a UUID of version 7.
	ID  string
	URL string
	// Events are names of [Catalogue], or "*" for all that need not be asked for by name.
	Events []string
	// Room limits it to one room; empty means all rooms.
	Room string
	// Secrets sign its deliveries, the newest first.
	Secrets []string
	// Rotated is when the newest secret replaced the one before.
	Rotated time.Time
	Created time.Time
	// By says who made it: the name of an API key, or "room" for a room's owner.
	By string
	// Expires ends it by itself; zero never does.
	Expires time.Time
	// Disabled is since when nothing more is sent, and Why.
	Disabled time.Time
	Why      Why
	// Failing is since when no delivery went well; zero while they do.
	Failing time.Time
	// Waiting is how many deliveries wait, Dropped how many found no place.
	Waiting, Dropped int
}

// Why says why a subscription is disabled.
type Why string

// The reasons.
const (
	WhyGone    Why = "gone"    // the receiver answered 410
	WhyFailing Why = "failing" // no delivery went well for [GiveUpAfter]
	WhyAdmin   Why = "admin"   // somebody switched it off
)

// Check says what is wrong with a new subscription. allowed are networks that
// may be reached although they are not public, and without https.
func (s Subscription) Check(now time.Time, allowed []netip.Prefix) error {
	if err := checkURL(s.URL, len(allowed) > 0); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if len(s.Events) == 0 || len(s.Events) > maxEvents {
		return fmt.Errorf("%w: name 1 to %d events, or \"*\"", ErrInvalid, maxEvents)
	}
	for _, name := range s.Events {
		if name != All && !slices.ContainsFunc(Catalogue(), func(e EventType) bool { return e.Name == name }) {
			return fmt.Errorf("%w: there is no event %.40q", ErrInvalid, name)
		}
	}
	if !s.Expires.IsZero() && !s.Expires.After(now) {
		return fmt.Errorf("%w: it would have expired already", ErrInvalid)
	}
	return nil
}

// checkURL refuses early what a dial would refuse later; the address a name
// resolves to is judged when it is dialled, since it may change.
func checkURL(text string, plainAllowed bool) error {
	u, err := url.Parse(text)
	switch {
	case len(text) > maxURL:
		return fmt.Errorf("an address has at most %d bytes", maxURL)
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return fmt.Errorf("%.80q is no address: write one like https://hooks.example/palabre", text)
	case u.Scheme == "http" && !plainAllowed:
		return errors.New("the address must begin with https")
	case u.User != nil:
		return errors.New("the address may hold no user name or password")
	case u.Fragment != "":
		return errors.New("the address may hold no fragment")
	case strings.ContainsAny(u.Hostname(), " %\\"):
		return errors.New("the address has no proper host")
	}
	return nil
}

// Wants says whether a subscription is told of an event.
func (s Subscription) Wants(e Event, now time.Time) bool {
	if !s.Disabled.IsZero() || !s.Expires.IsZero() && !s.Expires.After(now) {
		return false
	}
	if s.Room != "" && s.Room != e.Room {
		return false
	}
	return slices.Contains(s.Events, e.Type) || !e.OptIn && slices.Contains(s.Events, All)
}

// signing gives the secrets that hold at a time.
func (s Subscription) signing(now time.Time) []string {
	if len(s.Secrets) > 1 && now.Sub(s.Rotated) > RotateFor {
		return s.Secrets[:1]
	}
	return s.Secrets[:min(len(s.Secrets), 2)]
}
